"""RFW's protocol: each group's list alone, ten folds, each fold's threshold from the other nine of the same list."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard.evaluation import verification_by_group, verification_of_distances

FOLDS = 10


class Lists(NamedTuple):
    """Four lists of pairs in ten folds, one after the other, and some pairs across groups."""

    distance: NDArray[np.float64]
    same: NDArray[np.bool_]
    groups: tuple[NDArray[np.str_], NDArray[np.str_]]
    fold: NDArray[np.int64]
    people: tuple[NDArray[np.str_], NDArray[np.str_]]


@pytest.fixture(scope="module")
def lists() -> Lists:
    rng = np.random.default_rng(0)
    of_group = 400
    group = np.repeat(["African", "Asian", "Caucasian", "Indian"], of_group)
    number = np.tile(np.arange(of_group), 4)
    same, fold = number % 2 == 0, number * FOLDS // of_group
    centre = np.repeat([1.2, 1.3, 1.0, 1.1], of_group)
    distance = np.clip(rng.normal(np.where(same, centre, centre + 0.7), 0.25), 0, 3.99)
    first = np.char.add(group, (number // 2 % 90).astype(str))
    second = np.where(same, first, np.char.add(group, ((number // 2 + 1) % 90).astype(str)))
    other = np.where(np.arange(len(group)) % 40 == 1, np.roll(group, of_group), group)
    return Lists(distance, same, (group, other), fold, (first, second))


def by_facenets_loops(distance: NDArray[np.float64], same: NDArray[np.bool_], fold: NDArray[np.int64]) -> list[float]:
    """Accuracy of each fold, thresholds 0, 0.01 ... 3.99, a loop a threshold, as the published evaluation has it."""
    found = []
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        right = [sum((distance[row] < step / 100) == same[row] for row in train) for step in range(400)]
        threshold = right.index(max(right)) / 100
        found.append(sum((distance[row] < threshold) == same[row] for row in test) / len(test))
    return found


def test_accuracies_are_those_of_the_published_evaluation(lists: Lists) -> None:
    found = verification_by_group(
        lists.distance, lists.same, lists.groups, fold=lists.fold, metric="euclidean", fars=(), draws=0
    )
    means = []
    for group, own in found.by_group.items():
        rows = (lists.groups[0] == group) & (lists.groups[1] == group)
        expected = by_facenets_loops(lists.distance[rows], lists.same[rows], lists.fold[rows])
        assert own.accuracy.by_fold == pytest.approx(expected, abs=1e-15)
        assert (own.folds, own.pairs) == (10, 390)
        means.append(sum(expected) / FOLDS)
    assert list(found.by_group) == ["African", "Asian", "Caucasian", "Indian"]
    squares = sum((mean - sum(means) / 4) ** 2 for mean in means)
    assert found.mean == pytest.approx(sum(means) / 4)
    assert found.std == pytest.approx((squares / 4) ** 0.5)
    assert found.std_of_sample == pytest.approx((squares / 3) ** 0.5)
    assert found.ser == pytest.approx((1 - min(means)) / (1 - max(means)))


def test_of_scores_thresholds_are_searched_exactly_and_intervals_are_the_groups_own(lists: Lists) -> None:
    found = verification_by_group(
        lists.distance, lists.same, lists.groups, fold=lists.fold, people=lists.people, fars=(0.1,), draws=9, seed=4
    )
    rows = (lists.groups[0] == "Asian") & (lists.groups[1] == "Asian")
    people = lists.people[0][rows], lists.people[1][rows]
    alone = verification_of_distances(
        lists.distance[rows], lists.same[rows], fold=lists.fold[rows], people=people, fars=(0.1,), draws=9, seed=4
    )
    asian = found.by_group["Asian"]
    assert (asian.accuracy, asian.validation, asian.auc_interval) == (
        alone.accuracy,
        alone.validation,
        alone.auc_interval,
    )


def test_a_group_that_cannot_be_verified_alone_is_left_out_with_its_reason(lists: Lists) -> None:
    one, other = (side.copy() for side in lists.groups)
    indian = one == "Indian"
    one[indian & lists.same & (lists.fold == 3)] = other[indian & lists.same & (lists.fold == 3)] = "Few"
    found = verification_by_group(lists.distance, lists.same, (one, other), fold=lists.fold, draws=0)
    assert set(found.by_group) == {"African", "Asian", "Caucasian"}
    assert found.left_out["Indian"].startswith("fold 3 has") and "all different" in found.left_out["Indian"]
    assert "all 20 pairs are of the same person" in found.left_out["Few"]


def test_of_one_group_nothing_is_compared_and_without_an_error_there_is_no_ratio(lists: Lists) -> None:
    rows = (lists.groups[0] == "Asian") & (lists.groups[1] == "Asian")
    alone = verification_by_group(lists.distance[rows], lists.same[rows], (lists.groups[0][rows],) * 2, draws=0)
    assert (alone.mean, alone.std, alone.ser) == (None, None, None)
    perfect = verification_by_group(np.where(lists.same, 0.1, 2.0), lists.same, lists.groups, draws=0)
    assert (perfect.mean, perfect.ser) == (1.0, None)
