"""Accuracy, VAL, FAR, AUC and EER are those that anybody gets who compares every pair with every threshold."""

import itertools
import json
from typing import Any

import numpy as np
import pytest
from made_people import Pairs, made_pairs
from sklearn.metrics import roc_auc_score

from ethnoshard.evaluation import FoldRate, flip_averaged, verification, verification_of_distances, wilson
from ethnoshard.results import as_json

Array = np.ndarray[Any, Any]


def unit(rows: Array) -> Array:
    return np.array([row / np.sqrt(sum(value * value for value in row)) for row in rows])


def squared(pairs: Pairs) -> Array:
    return np.array([sum((a - b) ** 2) for a, b in zip(unit(pairs.first), unit(pairs.second), strict=True)])


def right(distance: Array, same: Array, threshold: float) -> float:
    return sum(bool(d < threshold) == bool(s) for d, s in zip(distance, same, strict=True)) / len(same)


def below(distance: Array, threshold: float) -> float:
    return float(np.count_nonzero(distance < threshold)) / len(distance)


def best_threshold(distance: Array, same: Array, thresholds: list[float]) -> float:
    numbers = [int(((distance < threshold) == same).sum()) for threshold in thresholds]
    return thresholds[numbers.index(max(numbers))]


def far_threshold(different: Array, far: float, thresholds: list[float]) -> float:
    reached = [below(different, threshold) for threshold in thresholds]
    for (low, before), (high, after) in itertools.pairwise(zip(thresholds, reached, strict=True)):
        if before < far <= after:
            return low + (far - before) / (after - before) * (high - low)
    raise AssertionError("not reached")


def brute_force(distance: Array, pairs: Pairs, fars: tuple[float, ...]) -> dict[str, list[float]]:
    coarse, fine = [k / 100 for k in range(401)], [k / 1000 for k in range(4001)]
    found: dict[str, list[float]] = {"accuracy": [], "exact": []}
    for fold in range(10):
        train, test = pairs.fold != fold, pairs.fold == fold
        threshold = best_threshold(distance[train], pairs.same[train], coarse)
        found["accuracy"].append(right(distance[test], pairs.same[test], threshold))
        ordered = sorted(set(distance[train].tolist()))
        exact = [ordered[0], *[(a + b) / 2 for a, b in itertools.pairwise(ordered)], 9.0]
        threshold = best_threshold(distance[train], pairs.same[train], exact)
        found["exact"].append(right(distance[test], pairs.same[test], threshold))
        for far in fars:
            threshold = far_threshold(distance[train & ~pairs.same], far, fine)
            found.setdefault(f"val {far}", []).append(below(distance[test & pairs.same], threshold))
            found.setdefault(f"far {far}", []).append(below(distance[test & ~pairs.same], threshold))
    return found


def check(figure: FoldRate, shares: list[float]) -> None:
    assert list(figure.by_fold) == pytest.approx(shares, abs=1e-12)
    assert figure.mean == pytest.approx(sum(shares) / len(shares))
    assert figure.std == pytest.approx(np.sqrt(np.mean((np.array(shares) - np.mean(shares)) ** 2)))
    assert figure.events == round(sum(shares) * figure.pairs / len(shares))
    assert figure.wilson == wilson(figure.events, figure.pairs)


@pytest.mark.parametrize("seed", range(3))
def test_all_figures(seed: int) -> None:
    pairs = made_pairs(seed)
    # 0.1 is a share that the 270 different pairs of nine folds reach exactly and keep over several thresholds.
    fars = (0.01, 0.05, 0.1)
    found = verification(pairs.first, pairs.second, pairs.same, fold=pairs.fold, fars=fars, draws=0)
    expected = brute_force(squared(pairs), pairs, fars)
    check(found.accuracy, expected["accuracy"])
    check(found.accuracy_exact, expected["exact"])
    for at in found.validation:
        assert at.val is not None
        check(at.val, expected[f"val {at.far_asked}"])
        check(at.far, expected[f"far {at.far_asked}"])
    assert found.auc == pytest.approx(roc_auc_score(pairs.same, -squared(pairs)), abs=1e-12)
    assert (found.pairs, found.same, found.different, found.folds) == (600, 300, 300, 10)
    assert found.thresholds_from == "the other folds"
    json.dumps(as_json(found), allow_nan=False)


def test_the_threshold_of_a_fold_takes_nothing_from_the_fold() -> None:
    pairs = made_pairs(1)
    before = verification(pairs.first, pairs.second, pairs.same, fold=pairs.fold, draws=0)
    inside = pairs.fold == 4
    second = pairs.second.copy()
    second[inside] = np.roll(second[inside], 7, axis=0)
    after = verification(pairs.first, second, pairs.same, fold=pairs.fold, draws=0)
    for one, other in ((before.accuracy, after.accuracy), (before.validation[1].val, after.validation[1].val)):
        assert one.thresholds[4] == other.thresholds[4]
        assert one.by_fold[4] != other.by_fold[4] or one.thresholds != other.thresholds


def test_subtracting_the_mean_takes_it_from_the_other_folds() -> None:
    pairs = made_pairs(2)
    shift = np.full(16, 3.0)
    one, other = unit(pairs.first + shift), unit(pairs.second + shift)
    found = verification(one, other, pairs.same, fold=pairs.fold, subtract_mean=True, draws=0)
    shares = []
    for fold in range(10):
        train = pairs.fold != fold
        mean = np.concatenate([one[train], other[train]]).mean(axis=0)
        distance = np.square(unit(one - mean) - unit(other - mean)).sum(axis=1)
        threshold = best_threshold(distance[train], pairs.same[train], [k / 100 for k in range(401)])
        shares.append(right(distance[~train], pairs.same[~train], threshold))
    check(found.accuracy, shares)
    plain = verification(one, other, pairs.same, fold=pairs.fold, draws=0)
    assert found.auc > plain.auc and found.subtract_mean and not plain.subtract_mean


def test_cosine_is_the_angle_and_orders_pairs_alike() -> None:
    pairs = made_pairs(3)
    squares = verification(pairs.first, pairs.second, pairs.same, fold=pairs.fold, draws=0)
    angle = verification(pairs.first, pairs.second, pairs.same, fold=pairs.fold, metric="cosine", draws=0)
    assert angle.auc == pytest.approx(squares.auc) and angle.eer == pytest.approx(squares.eer)
    assert angle.accuracy_exact.by_fold == squares.accuracy_exact.by_fold
    threshold = squares.accuracy_exact.thresholds[0]
    assert np.arccos(1 - threshold / 2) / np.pi == pytest.approx(angle.accuracy_exact.thresholds[0], abs=0.01)


def test_any_systems_distances_come_to_the_same() -> None:
    pairs = made_pairs(4)
    distance = squared(pairs)
    by_embeddings = verification(pairs.first, pairs.second, pairs.same, fold=pairs.fold, draws=0)
    given = verification_of_distances(distance, pairs.same, fold=pairs.fold, draws=0)
    assert given.accuracy == given.accuracy_exact
    assert given.accuracy.by_fold == by_embeddings.accuracy_exact.by_fold
    assert given.accuracy.thresholds == pytest.approx(by_embeddings.accuracy_exact.thresholds)
    for stretched in (5 * distance - 100, np.exp(distance)):
        found = verification_of_distances(stretched, pairs.same, fold=pairs.fold, draws=0)
        assert found.accuracy.events == pytest.approx(given.accuracy.events, abs=3)
        assert [at.far.events for at in found.validation] == [at.far.events for at in given.validation]
        assert found.auc == pytest.approx(given.auc)


def test_of_given_distances_a_far_accepts_no_more_pairs_than_it_allows() -> None:
    pairs = made_pairs(4)
    distance = squared(pairs)
    found = verification_of_distances(distance, pairs.same, fold=pairs.fold, fars=(0.05, 0.1), draws=0)
    for at, accepted in zip(found.validation, (13, 27), strict=True):
        assert at.val is not None
        for fold, threshold in enumerate(at.val.thresholds):
            train = pairs.fold != fold
            assert np.count_nonzero(distance[train & ~pairs.same] < threshold) == accepted
            assert at.val.by_fold[fold] == below(distance[~train & pairs.same], threshold)


def test_one_fold_says_that_its_threshold_saw_the_same_pairs() -> None:
    pairs = made_pairs(5)
    found = verification(pairs.first, pairs.second, pairs.same, draws=0)
    assert (found.folds, found.thresholds_from) == (1, "the same pairs")
    distance = squared(pairs)
    most = max(right(distance, pairs.same, threshold) for threshold in [*distance, 9])
    assert found.accuracy_exact.mean == pytest.approx(most)


def test_flips_are_averaged_by_direction() -> None:
    pairs = made_pairs(6)
    joined = flip_averaged(pairs.first, pairs.second)
    assert joined == pytest.approx(unit(pairs.first + pairs.second))
    assert flip_averaged(pairs.first, pairs.first) == pytest.approx(unit(pairs.first))
