"""The ROC is exact at its corners, and a thinned one lies beside it everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.evaluation import verification_of_distances
from ethnoshard.evaluation._thresholds import equal_error_rate, roc, thinned
from tests.kit.examples import usual_examples


def scored(seed: int, number: int = 20_000, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    same = rng.random(number) < 0.5
    distance = rng.normal(np.where(same, 0.0, 2.5), 1.0)
    return (np.round(distance, 1) if ties else distance), same


@pytest.mark.parametrize("ties", [False, True])
def test_every_corner_is_a_threshold_that_does_what_it_says(ties: bool) -> None:
    distance, same = scored(0, 500, ties)
    curve = roc(distance, same)
    for fmr, tar, threshold in zip(curve.fmr, curve.tar, curve.distance, strict=True):
        assert (distance[~same] <= threshold).mean() == pytest.approx(fmr, abs=1e-12)
        assert (distance[same] <= threshold).mean() == pytest.approx(tar, abs=1e-12)
    assert (curve.fmr[0], curve.tar[0], curve.fmr[-1], curve.tar[-1]) == (0, 0, 1, 1)
    assert curve.fnmr == pytest.approx(1 - curve.tar)


@pytest.mark.parametrize("seed", range(3))
def test_thinning_moves_no_rate_by_more_than_a_step(seed: int) -> None:
    distance, same = scored(seed)
    whole = roc(distance, same)
    few = thinned(whole, 200)
    assert len(whole.fmr) > 2000 > 1000 >= len(few.fmr)
    assert set(zip(few.fmr, few.tar, strict=True)) <= set(zip(whole.fmr, whole.tar, strict=True))
    # Curves have upright and level parts: beside a point lies the nearer of the two, across or along.
    along = np.abs(np.interp(whole.fmr, few.fmr, few.tar) - whole.tar)
    across = np.abs(np.interp(whole.tar, few.tar, few.fmr) - whole.fmr)
    assert np.minimum(along, across).max() <= 1 / 199
    # On a logarithmic axis the rare ones stay as well: a point for the very first false match, and the last miss.
    assert few.fmr[few.fmr > 0].min() == whole.fmr[whole.fmr > 0].min()
    assert few.fnmr[few.fnmr > 0].min() == whole.fnmr[whole.fnmr > 0].min()
    rare = np.geomspace(1e-4, 1, 50)
    assert np.abs(np.interp(rare, few.fmr, few.tar) - np.interp(rare, whole.fmr, whole.tar)).max() < 0.01


def test_a_short_curve_is_left_alone() -> None:
    distance, same = scored(0, 300)
    curve = roc(distance, same)
    assert thinned(curve) is curve


def test_the_equal_error_rate_by_hand() -> None:
    # One of four same pairs is farther than one of four different ones: both rates are 1/4 between 0.4 and 0.5.
    distance = np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.7, 0.8, 0.9])
    same = np.array([True] * 4 + [False] * 4)
    assert equal_error_rate(roc(distance, same)) == pytest.approx(0.25)


@settings(max_examples=usual_examples(0.5))
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=2, max_size=80).filter(
        lambda rows: len({same for _, same in rows}) == 2
    )
)
def test_auc_is_how_often_a_same_pair_is_closer(rows: list[tuple[int, bool]]) -> None:
    found = verification_of_distances([d for d, _ in rows], [s for _, s in rows], draws=0)
    ours, others = [d for d, s in rows if s], [d for d, s in rows if not s]
    wins = sum((a < b) + 0.5 * (a == b) for a in ours for b in others)
    assert found.auc == pytest.approx(wins / len(ours) / len(others))
    assert 0 <= found.eer <= 1
