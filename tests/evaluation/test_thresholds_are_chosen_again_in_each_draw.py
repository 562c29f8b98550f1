"""In each draw of people thresholds are chosen again by the rule of the whole, as a recount of every pair does it."""

import numpy as np
import pytest
from made_people import Pairs, made_pairs
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve
from weighted_recount import pair_weights, recount

from ethnoshard.evaluation import Verification, pair_distances, verification, verification_of_distances
from ethnoshard.evaluation._draws import people_of_pairs, percentile_interval
from ethnoshard.evaluation._folded_pairs import FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold, distances_by_fold
from ethnoshard.evaluation._pair_weights import spread_of, weights_in_draws

DRAWS, FAR = 6, 0.1


def folded(pairs: Pairs, distance: NDArray[np.float64], span: tuple[float, float] | None) -> FoldedPairs:
    by_fold = DistancesByFold.of(np.atleast_2d(distance), pairs.same, pairs.fold)
    return FoldedPairs(by_fold, span, people_of_pairs(*pairs.people, pairs.same))


def few(seed: int = 0, folds: int = 3) -> Pairs:
    return made_pairs(seed, folds=folds, number=20, people=15)


@pytest.mark.parametrize(("far", "folds"), [(0.1, 3), (0.03, 3), (0.1, 1)])
@pytest.mark.parametrize("stepped", [True, False])
def test_each_draw_is_a_recount(far: float, folds: int, stepped: bool) -> None:
    pairs = few(folds=folds)
    distance = pair_distances(pairs.first, pairs.second)
    drawn = folded(pairs, distance, (0.0, 4.0) if stepped else None).redraws((far,), DRAWS, 5, spread=0.6)
    times = pair_weights(pairs, DRAWS, 5, 0.6)
    for draw in range(DRAWS):
        expected = recount(np.tile(distance, (folds, 1)), pairs, times[:, draw], far, stepped=stepped)
        ours = drawn.accuracy[draw], drawn.accuracy_exact[draw], drawn.val[far][draw], drawn.far[far][draw]
        assert ours == pytest.approx(expected, abs=1e-12)


def test_where_each_fold_sees_other_distances_its_thresholds_are_chosen_from_those() -> None:
    pairs = few()
    seen = distances_by_fold(pairs.first, pairs.second, pairs.fold, metric="euclidean", subtract_mean=True)
    drawn = folded(pairs, seen, (0.0, 4.0)).redraws((FAR,), DRAWS, 1, spread=0.6)
    times = pair_weights(pairs, DRAWS, 1, 0.6)
    for draw in range(DRAWS):
        expected = recount(seen, pairs, times[:, draw], FAR, stepped=True)
        ours = drawn.accuracy[draw], drawn.accuracy_exact[draw], drawn.val[FAR][draw], drawn.far[FAR][draw]
        assert ours == pytest.approx(expected, abs=1e-12)


def test_a_report_has_the_middle_of_these_draws_for_every_metric() -> None:
    pairs = few()
    distance = pair_distances(pairs.first, pairs.second)
    found = verification(
        pairs.first, pairs.second, pairs.same, fold=pairs.fold, people=pairs.people, fars=(FAR,), draws=DRAWS, seed=2
    )
    spread = folded(pairs, distance, (0.0, 4.0)).spread((FAR,))
    times = pair_weights(pairs, DRAWS, 2, spread)
    draws = [recount(np.tile(distance, (3, 1)), pairs, times[:, draw], FAR, stepped=True) for draw in range(DRAWS)]
    expected = [percentile_interval(np.array(values)) for values in zip(*draws, strict=True)]
    at = found.validation[0]
    assert at.val is not None
    ours = [each.people_interval for each in (found.accuracy, found.accuracy_exact, at.val, at.far)]
    for one, other in zip(ours, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    areas = [roc_auc_score(pairs.same, -distance, sample_weight=times[:, draw]) for draw in range(DRAWS)]
    assert found.auc_interval == pytest.approx(percentile_interval(np.array(areas)), abs=1e-12)
    rates = [equal_error_rate(-distance, pairs.same, times[:, draw]) for draw in range(DRAWS)]
    assert found.eer_interval == pytest.approx(percentile_interval(np.array(rates)), abs=1e-12)


def equal_error_rate(score: NDArray[np.float64], same: NDArray[np.bool_], times: NDArray[np.float64]) -> float:
    fmr, tar, _ = roc_curve(same, score, sample_weight=times, drop_intermediate=False)
    even = np.linspace(0, 1, 2_000_001)
    # Both rates along the ROC, a point far between its corners: where they cross.
    along = np.interp(even, np.linspace(0, 1, len(fmr)), fmr), np.interp(even, np.linspace(0, 1, len(fmr)), 1 - tar)
    corner = int(np.argmax(fmr >= 1 - tar))
    part = (1 - tar - fmr)[corner - 1] / ((1 - tar - fmr)[corner - 1] - (1 - tar - fmr)[corner])
    crossing = float(fmr[corner - 1] + part * (fmr[corner] - fmr[corner - 1]))
    assert crossing == pytest.approx(float(along[0][int(np.argmin(np.abs(along[0] - along[1])))]), abs=1e-4)
    return crossing


def test_draws_are_the_same_however_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = few()
    model = folded(pairs, pair_distances(pairs.first, pairs.second), (0.0, 4.0))
    whole = model.redraws((FAR,), DRAWS, 0, spread=0.5, band=np.array([0.2, 0.5]))
    monkeypatch.setattr("ethnoshard.evaluation._redraws._MOST", 5)
    monkeypatch.setattr("ethnoshard.evaluation._pair_weights._AT_ONCE", 30)
    pieces = model.redraws((FAR,), DRAWS, 0, spread=0.5)
    for name in ("accuracy", "accuracy_exact", "auc", "eer"):
        assert getattr(whole, name).tolist() == pytest.approx(getattr(pieces, name).tolist(), abs=1e-14)
    assert whole.val[FAR].tolist() == pytest.approx(pieces.val[FAR].tolist(), abs=1e-14)


@pytest.mark.parametrize("folds", [1, 4])
def test_a_long_list_whose_neighbours_are_summed_gets_nearly_the_same_draws(
    folds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = made_pairs(0, folds=folds, number=24_000 // folds, people=60)
    distance = pair_distances(pairs.first, pairs.second)
    model = folded(pairs, distance, None)
    summed = model.redraws((0.001, 0.01), 6, 0, spread=0.5)
    monkeypatch.setattr("ethnoshard.evaluation._pair_weights._SHORT", 10**9)
    whole = model.redraws((0.001, 0.01), 6, 0, spread=0.5)
    for far in (0.001, 0.01):
        assert summed.val[far] == pytest.approx(whole.val[far], abs=1e-3)
        assert summed.far[far] == pytest.approx(whole.far[far], abs=1e-4)
    assert summed.accuracy == pytest.approx(whole.accuracy, abs=5e-4)
    assert summed.auc == pytest.approx(whole.auc, abs=1e-5)
    assert summed.eer == pytest.approx(whole.eer, abs=5e-4)


@pytest.mark.parametrize("spread", [0.4143, 0.7, 1.0])
def test_weights_have_the_mean_1_and_the_variances_that_are_asked_for(spread: float) -> None:
    (weights,) = weights_in_draws(40, 20_000, 0, spread=spread, at_once=20_000)
    assert weights.alone.mean() == pytest.approx(1, abs=0.01) and weights.alone.var() == pytest.approx(1, abs=0.02)
    assert weights.together.mean() == pytest.approx(1, abs=0.01)
    assert weights.together.var() == pytest.approx(spread, abs=0.02)
    product = weights.together[0] * weights.together[1]
    assert product.var() == pytest.approx((1 + spread) ** 2 - 1, rel=0.15)


def test_pairs_without_a_person_in_common_spread_as_independent_ones_and_goats_as_people() -> None:
    rng = np.random.default_rng(0)
    apart = np.arange(1000)
    events = rng.random(1000) < 0.1
    assert (1 + spread_of([events], 2 * apart, 2 * apart + 1, 2000)) ** 2 - 1 == pytest.approx(1)
    first, second = np.triu_indices(60, 1)
    goats = rng.random(60) < 0.2
    assert spread_of([goats[first] | goats[second]], first, second, 60) > 0.9
    assert spread_of([rng.random(len(first)) < 0.1], first, second, 60) < 0.6


def found_at(far: float, *, people: bool = True) -> Verification:
    pairs = few(folds=4)
    distance = pair_distances(pairs.first, pairs.second)
    return verification_of_distances(
        distance, pairs.same, fold=pairs.fold, people=pairs.people if people else None, fars=(far,), draws=20
    )


def test_without_people_nothing_is_drawn() -> None:
    found = found_at(0.1, people=False)
    assert (found.draws, found.auc_interval, found.eer_interval, found.accuracy.people_interval) == (
        0,
        None,
        None,
        None,
    )
    assert found_at(0.1).draws == 20


def test_a_threshold_below_the_nearest_pair_goes_down_the_tail() -> None:
    """Of 3 of 60 different pairs some draws' threshold accepts none: VAL falls below what the nearest pair gives."""
    pairs = few()
    distance = pair_distances(pairs.first, pairs.second)
    drawn = folded(pairs, distance, None).redraws((0.02,), 400, 0, spread=0.5)
    nothing = drawn.far[0.02] == 0
    assert 0.05 < nothing.mean() < 0.9
    assert len(np.unique(drawn.val[0.02][nothing].round(3))) > 10


def test_a_threshold_that_rests_on_too_few_pairs_gives_a_val_without_an_interval_and_says_so() -> None:
    few_pairs, enough = (found_at(far).validation[0] for far in (0.03, 0.1))
    assert few_pairs.val is not None and few_pairs.val.people_interval is None
    assert str(few_pairs.interval_reason).startswith(
        "no interval of VAL at FAR 0.03: that is 1.8 of 60 different pairs"
    )
    assert enough.val is not None and enough.val.people_interval is not None and enough.interval_reason is None
