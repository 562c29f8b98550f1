"""The certainty of suspicions, on scores drawn from a mixture that is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import Certainty, Correction, suspicions
from ethnoshard.lookalikes._certainty import LEAST_COMPARED, LEAST_PLANTED

Floats = NDArray[np.float64]


def scores_at(distance: float, number: int, rng: np.random.Generator) -> Floats:
    """Scores whose roots below 40 lie about a distance, as log ratios of normal models do."""
    return 40 - rng.normal(distance, 1.0, number) ** 2


def mixture(seed: int, faults: int = 40, ordinary: int = 20_000) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Scores, which of them are faults, and scores of planted faults."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([scores_at(9, ordinary, rng), scores_at(4.2, faults, rng)])
    return scores, np.arange(len(scores)) >= ordinary, scores_at(4.2, 500, rng)


def fitted(scores: Floats, planted: Floats, **more: Floats | float) -> Certainty:
    found = Certainty.fit(scores, planted, **{"most": 0.05, **more})  # type: ignore[arg-type]
    assert found is not None
    return found


def test_of_what_is_so_sure_as_large_a_share_is_right() -> None:
    sure, right = [], []
    for seed in range(30):
        scores, faulty, planted = mixture(seed)
        sure.append(fitted(scores, planted)(scores))
        right.append(faulty)
    at, is_right = np.concatenate(sure), np.concatenate(right)
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        some = (at >= low) & (at < high)
        deviation = np.sqrt(0.25 / np.count_nonzero(some))
        assert at[some].mean() - 0.1 - 2 * deviation < is_right[some].mean()
    assert is_right[at >= 0.5].mean() > 0.9
    assert (at >= 0.5)[is_right].mean() > 0.8
    assert at.sum() == pytest.approx(is_right.sum(), rel=0.15)


def test_how_many_faults_there_are_is_told() -> None:
    for faults in (20, 80, 320):
        scores, _, planted = mixture(1, faults)
        assert fitted(scores, planted).faults == pytest.approx(faults, rel=0.3)


def test_where_no_faults_are_nothing_is_sure() -> None:
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores = scores_at(9, 20_000, rng)
        assert fitted(scores, scores_at(2, 500, rng))(scores).max() < 0.5
        # Of planted ones that reach into the ordinary a few may be mistaken.
        wrong += np.count_nonzero(fitted(scores, scores_at(4.2, 500, rng))(scores) >= 0.5)
    assert wrong <= 5


def test_higher_scores_are_never_less_sure_and_what_is_no_score_is_not_sure() -> None:
    scores, _, planted = mixture(2)
    certainty = fitted(scores, planted)
    at = certainty(np.linspace(scores.min() - 10, 100, 5000))
    assert (np.diff(at) >= 0).all() and at[0] == 0 and at[-1] > 0.99
    assert certainty(np.array([-np.inf, np.nan])).tolist() == [0, 0]
    below = certainty(np.array([certainty.begin]))
    assert below.tolist() == [0]


def test_a_sample_of_comparisons_with_the_highest_scores_of_all_serves_as_well_as_all() -> None:
    scores, _, planted = mixture(3)
    rng = np.random.default_rng(0)
    whole = fitted(scores, planted)
    part = fitted(
        rng.choice(scores[:20_000], 4000, replace=False), planted, top=np.sort(scores)[-2000:], compared=20_040.0
    )
    assert part.faults == pytest.approx(whole.faults, rel=0.5)
    by_all, by_some = whole(scores), part(scores)
    assert by_some[by_all > 0.9].min() > 0.5 and by_some[by_all < 0.05].max() < 0.5


def test_of_too_few_nothing_is_told() -> None:
    scores, _, planted = mixture(4)
    enough = planted[:LEAST_PLANTED], scores[:LEAST_COMPARED]
    assert Certainty.fit(enough[1], enough[0], most=0.1) is not None
    assert Certainty.fit(enough[1][1:], enough[0], most=0.1) is None
    assert Certainty.fit(enough[1], enough[0][1:], most=0.1) is None
    gone = np.concatenate([enough[0][1:], [np.nan, np.inf]])
    assert Certainty.fit(enough[1], gone, most=0.1) is None


def test_a_correction_keeps_the_order_and_without_numbers_changes_nothing() -> None:
    at = np.linspace(0, 1, 101)
    assert Correction()(at) == pytest.approx(at, abs=1e-12)
    corrected = Correction(shift=-1.3, slope=0.6)(at)
    assert (np.diff(corrected) > 0).all() and corrected[[0, -1]].tolist() == [0, 1]
    assert np.log(corrected[50] / (1 - corrected[50])) == pytest.approx(-1.3)
    scores, _, planted = mixture(5)
    plain = fitted(scores, planted)(scores)
    lower = fitted(scores, planted, correction=Correction(shift=-1.0, slope=1.0))(scores)  # type: ignore[arg-type]
    assert (lower[plain > 0] <= plain[plain > 0]).all() and lower.max() > 0.5


@pytest.mark.parametrize(("shift", "slope"), [(0.0, 0.0), (1.0, -2.0), (0.0, np.nan), (np.inf, 1.0)])
def test_a_correction_that_would_turn_the_order_is_one_clear_error(shift: float, slope: float) -> None:
    with pytest.raises(EthnoshardError, match="a finite shift and a slope above 0, got"):
        Correction(shift=shift, slope=slope)


def test_suspicions_come_surest_first_without_what_is_less_sure_or_no_score() -> None:
    scores, _, planted = mixture(6)
    certainty = fitted(scores, planted)
    # Those above the origin are all as sure.
    scores[:6] = [np.nan, -np.inf, *(certainty.origin + np.array([1.0, 3.0, 3.0, 2.0]))]
    order, found = suspicions(certainty, scores, planted, 0.5)
    assert order[:4].tolist() == [3, 4, 5, 2]
    sure = certainty(scores)
    assert set(order.tolist()) == set(np.flatnonzero(sure >= 0.5).tolist()) and len(order) > 20
    assert order.tolist() == sorted(order.tolist(), key=lambda each: (-sure[each], -scores[each], each))
    assert found.sure.tolist() == sure[order].tolist()
    assert (found.planted, found.expected) == (len(planted), np.nansum(sure))
    assert found.expected == pytest.approx(44, abs=6)  # 40, and the four above the origin
    assert found.recall == np.mean(certainty(planted) >= 0.5) > 0.8
    every, _ = suspicions(certainty, scores, planted, 0)
    assert len(every) == len(scores) - 2


def test_what_does_not_score_enough_is_never_suspected_planted_or_not() -> None:
    scores, _, planted = mixture(7)
    certainty, above = fitted(scores, planted), float(np.median(planted))
    order, found = suspicions(certainty, scores, planted, 0.5, above=above)
    assert len(order) and scores[order].min() > above
    assert found.recall == pytest.approx(0.5, abs=0.01)


def test_where_nothing_can_be_told_nothing_is_suspected() -> None:
    order, found = suspicions(None, np.arange(9.0), np.arange(3.0), 0)
    assert order.tolist() == found.sure.tolist() == []
    assert (found.planted, found.recall, found.expected) == (3, None, None)
