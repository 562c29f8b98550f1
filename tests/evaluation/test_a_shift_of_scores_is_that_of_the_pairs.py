"""Where a group's similarities lie equals a recount of its pairs, and a shift that was put in is found."""

import numpy as np
import pytest
from made_people import made_crowd
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupOptions, Roster, ScoreList, Weighting, group_curves, score_shift
from ethnoshard.results import NamedArrays, Similarities, SimilarityHistograms, as_json

NONE = GroupOptions(draws=0)
STEP = 1e-5


def scored(seed: int, *, shift: float = 0.0) -> ScoreList:
    """Listed pairs of groups A and B, those of B ``shift`` more alike; some across the groups."""
    rng = np.random.default_rng(seed)
    same = np.arange(6000) % 2 == 0
    group = np.array(["A", "B"])[rng.integers(0, 2, 6000)]
    other = np.where(same | (rng.random(6000) < 0.9), group, np.where(group == "A", "B", "A"))
    score = rng.normal(np.where(same, 3.0, 0.0) + shift * (group == "B"), 1.0)
    return ScoreList.of(score, same, (group, other))


def weighted(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float, float]:
    mean = float(np.average(values, weights=weights))
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return mean, float(values[order][half]), float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))


def assert_are(found: Similarities, values: NDArray[np.float64], weights: NDArray[np.float64], near: float) -> None:
    assert found.pairs == len(values)
    assert (found.mean, found.median, found.std) == pytest.approx(weighted(values, weights), abs=near)


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_of_all_pairs_of_images(weighting: Weighting) -> None:
    crowd = made_crowd(5, {"A": 14, "B": 9, "C": 6}, noise=1.1)
    roster = Roster.of(crowd.embeddings, crowd.people, crowd.groups)
    found, _ = score_shift(roster, group_curves(roster, [0.5], GroupOptions(draws=0, weighting=weighting)))
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    one, other = np.triu_indices(len(unit), 1)
    score = (unit[one] * unit[other]).sum(axis=1)
    images = np.array([np.count_nonzero(crowd.people == who) for who in crowd.people])
    same, within = crowd.people[one] == crowd.people[other], crowd.groups[one] == crowd.groups[other]
    own = np.maximum(images[one] * (images[one] - 1) / 2, 1)
    weight = np.where(same, 1 / own, 1 / (images[one] * images[other])) if weighting == "person" else np.ones(len(one))
    for group, mine in {"": found.overall, **found.by_group}.items():
        rows = within & ((crowd.groups[one] == group) | (group == ""))
        assert_are(mine.same, score[rows & same], weight[rows & same], 2 * STEP)
        assert_are(mine.different, score[rows & ~same], weight[rows & ~same], 2 * STEP)


def test_of_a_list_to_the_last_digit_and_no_pair_across_groups() -> None:
    pairs = scored(0)
    assert pairs.groups is not None
    found, _ = score_shift(pairs, group_curves(pairs, [1.5], NONE))
    within = pairs.groups[0] == pairs.groups[1]
    for group, mine in {"": found.overall, **found.by_group}.items():
        rows = within & ((pairs.groups[0] == group) | (group == ""))
        for kind, measured in ((pairs.same, mine.same), (~pairs.same, mine.different)):
            values = pairs.score[rows & kind]
            assert_are(measured, values, np.ones(len(values)), 1e-12)
    assert found.overall.same.shift == found.overall.different.shift == 0


def test_a_shift_that_was_put_in_is_found_with_its_sign() -> None:
    pairs = scored(0, shift=1.0)
    found, _ = score_shift(pairs, group_curves(pairs, [1.5], NONE))
    a, b = found.by_group["A"], found.by_group["B"]
    # A mixture of two laws one deviation apart has the variance 1.25, half a deviation away from either.
    expected = 0.5 / np.sqrt((1 + 1.25) / 2)
    assert (b.same.shift, b.different.shift) == pytest.approx((expected, expected), abs=0.06)
    assert (a.same.shift, a.different.shift) == pytest.approx((-expected, -expected), abs=0.06)
    assert (a.d_prime, b.d_prime) == pytest.approx((3, 3), abs=0.15)


def test_histograms_share_their_bins_and_hold_every_pair_within() -> None:
    pairs = scored(1, shift=1.0)
    assert pairs.groups is not None
    _, histograms = score_shift(pairs, group_curves(pairs, [1.5], NONE))
    within = pairs.groups[0] == pairs.groups[1]
    assert (histograms.edges[0], histograms.edges[-1]) == (pairs.score[within].min(), pairs.score[within].max())
    for index, group in enumerate(histograms.groups):
        values = pairs.score[within & pairs.same & (pairs.groups[0] == group)]
        expected = np.histogram(values, histograms.edges)[0] / len(values)
        np.testing.assert_allclose(histograms.same[index], expected, atol=1e-12)
        assert histograms.different[index].sum() == pytest.approx(1)
    read = SimilarityHistograms.of_arrays(NamedArrays(histograms.arrays(), "x.npz"))
    assert as_json(read) == as_json(histograms)
    with pytest.raises(EthnoshardError, match="edges must have shape"):
        SimilarityHistograms.of_arrays(NamedArrays({**histograms.arrays(), "edges": np.zeros(3)}, "x.npz"))


def test_a_kind_without_a_pair_has_no_number() -> None:
    group = np.array(["A", "A", "B", "A"])
    pairs = ScoreList.of([1.0, 0.0, 0.9, 0.3], [True, False, True, False], (group, group))
    found, histograms = score_shift(pairs, group_curves(pairs, [0.5], NONE))
    lone = found.by_group["B"]
    assert (lone.different.pairs, lone.different.mean, lone.different.shift, lone.d_prime) == (0, None, None, None)
    assert np.isnan(histograms.different[1]).all() and not np.isnan(histograms.different[0]).any()
