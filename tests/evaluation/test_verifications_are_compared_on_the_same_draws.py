"""Differences of two models on the same pairs, against measuring everything again in every draw."""

import numpy as np
import pytest
from made_people import Pairs, made_pairs
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from weighted_recount import pair_weights, recount

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import VerifiedPairs, compare_verifications, pair_distances, verification
from ethnoshard.evaluation._draws import people_of_pairs, percentile_interval
from ethnoshard.evaluation._folded_pairs import FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold

DRAWS, FARS = 40, (0.05, 0.1)


def verified(pairs: Pairs, first: NDArray[np.float64], *, subtract_mean: bool = False) -> VerifiedPairs:
    result = verification(
        first, pairs.second, pairs.same, fold=pairs.fold, people=pairs.people, subtract_mean=subtract_mean,
        fars=FARS, draws=DRAWS,
    )  # fmt: skip
    return VerifiedPairs(
        result=result, distance=pair_distances(first, pairs.second, fold=pairs.fold, subtract_mean=subtract_mean)
    )


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return made_pairs(1, folds=4, number=25)


@pytest.fixture(scope="module")
def models(pairs: Pairs) -> tuple[VerifiedPairs, VerifiedPairs]:
    worse = pairs.first + 0.8 * np.random.default_rng(5).normal(size=pairs.first.shape)
    return verified(pairs, pairs.first), verified(pairs, worse)


def test_a_model_against_itself_differs_by_nothing_in_any_draw(
    pairs: Pairs, models: tuple[VerifiedPairs, VerifiedPairs]
) -> None:
    changes = compare_verifications(models[0], models[0], pairs.same, fold=pairs.fold, people=pairs.people, draws=DRAWS)
    assert set(changes) == {
        "accuracy", "accuracy_exact", "val_at_0.05", "far_at_0.05", "val_at_0.1", "far_at_0.1", "auc", "eer",
    }  # fmt: skip
    for change in changes.values():
        assert change.difference == 0
        assert change.people_interval == (0, 0)


def test_each_draw_measures_both_models_with_the_same_weights(
    pairs: Pairs, models: tuple[VerifiedPairs, VerifiedPairs]
) -> None:
    draws = 8
    found = compare_verifications(*models, pairs.same, fold=pairs.fold, people=pairs.people, draws=draws, seed=3)
    spread = max(spread_at(pairs, np.asarray(model.distance)) for model in models)
    times = pair_weights(pairs, draws, 3, spread)
    values, areas = [], []
    for model in models:
        distance = np.asarray(model.distance)
        seen = np.tile(distance, (4, 1))
        values.append([recount(seen, pairs, times[:, draw], 0.1, stepped=True) for draw in range(draws)])
        areas.append([roc_auc_score(pairs.same, -distance, sample_weight=times[:, draw]) for draw in range(draws)])
    differences = np.array(values[1]) - np.array(values[0])
    names = ("accuracy", "accuracy_exact", "val_at_0.1", "far_at_0.1")
    for name, column in zip(names, differences.T, strict=True):
        assert found[name].people_interval == pytest.approx(percentile_interval(column), abs=1e-12)
    expected = percentile_interval(np.array(areas[1]) - np.array(areas[0]))
    assert found["auc"].people_interval == pytest.approx(expected, abs=1e-12)
    assert found["auc"].difference == models[1].result.auc - models[0].result.auc


def spread_at(pairs: Pairs, distance: NDArray[np.float64]) -> float:
    by_fold = DistancesByFold.of(distance[None], pairs.same, pairs.fold)
    return FoldedPairs(by_fold, (0.0, 4.0), people_of_pairs(*pairs.people, pairs.same)).spread(FARS)


def test_ties_count_half_in_the_area(pairs: Pairs, models: tuple[VerifiedPairs, VerifiedPairs]) -> None:
    coarse = [VerifiedPairs(result=model.result, distance=np.round(np.asarray(model.distance), 1)) for model in models]
    found = compare_verifications(*coarse, pairs.same, fold=pairs.fold, people=pairs.people, draws=1, seed=0)
    spread = max(spread_at(pairs, np.asarray(model.distance)) for model in coarse)
    times = pair_weights(pairs, 1, 0, spread)[:, 0]
    areas = [roc_auc_score(pairs.same, -np.asarray(model.distance), sample_weight=times) for model in coarse]
    assert found["auc"].people_interval == pytest.approx([areas[1] - areas[0]] * 2, abs=1e-12)


def test_distances_are_those_that_were_tested_with_the_mean_of_other_folds_taken_off(pairs: Pairs) -> None:
    model = verified(pairs, pairs.first, subtract_mean=True)
    distance = np.asarray(model.distance)
    taken = distance < np.array(model.result.accuracy.thresholds)[pairs.fold]
    assert int((taken == pairs.same).sum()) == model.result.accuracy.events
    plain = pair_distances(pairs.first, pairs.second, fold=pairs.fold)
    assert not np.allclose(plain, distance)


def test_other_pairs_and_folds_are_refused(pairs: Pairs, models: tuple[VerifiedPairs, VerifiedPairs]) -> None:
    fewer = made_pairs(1, folds=2, number=25)
    other = verified(fewer, fewer.first)
    with pytest.raises(EthnoshardError, match="200 and 100 pairs"):
        compare_verifications(models[0], other, pairs.same, fold=pairs.fold)
    refolded = pairs._replace(fold=pairs.fold % 2)
    with pytest.raises(EthnoshardError, match="4 and 2 folds"):
        compare_verifications(models[0], verified(refolded, pairs.first), pairs.same, fold=pairs.fold)


def test_without_people_there_is_a_difference_but_no_interval(
    pairs: Pairs, models: tuple[VerifiedPairs, VerifiedPairs]
) -> None:
    changes = compare_verifications(*models, pairs.same, fold=pairs.fold)
    assert all(change.people_interval is None and change.difference is not None for change in changes.values())
