"""Along the ROC lies a band that is, at each FAR, the interval that VAL has there."""

from typing import Any

import numpy as np
import pytest
from made_people import Pairs, made_pairs
from weighted_recount import at_far, pair_weights, share

from ethnoshard.evaluation import Verification, pair_distances, verification_of_distances
from ethnoshard.evaluation._draws import people_of_pairs, percentile_interval
from ethnoshard.evaluation._folded_pairs import FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold
from ethnoshard.results import CurveBand, Evaluation, result_from_json
from tests.kit.whole_reports import as_file, evaluation

DRAWS, FARS = 30, (0.05, 0.1, 0.3)


def measured(pairs: Pairs, *, draws: int = DRAWS, people: bool = True) -> Verification:
    return verification_of_distances(
        pair_distances(pairs.first, pairs.second), pairs.same, fold=pairs.fold,
        people=pairs.people if people else None, fars=FARS, draws=draws, seed=3,
    )  # fmt: skip


def band_of(found: Verification) -> CurveBand:
    assert found.band is not None
    return found.band


def test_where_thresholds_are_from_the_same_pairs_it_is_vals_interval_to_the_last_digit() -> None:
    found = measured(made_pairs(0, folds=1, number=120, people=40))
    band = band_of(found)
    for at in found.validation:
        (row,) = np.flatnonzero(band.fmr == at.far_asked)
        assert at.val is not None and at.val.people_interval == (band.low[row], band.high[row])


def test_with_thresholds_from_other_folds_it_is_nearly_vals_interval() -> None:
    found = measured(made_pairs(1, folds=4, number=200, people=150), draws=100)
    band = band_of(found)
    for at in found.validation:
        (row,) = np.flatnonzero(band.fmr == at.far_asked)
        assert at.val is not None and at.val.people_interval is not None
        assert (band.low[row], band.high[row]) == pytest.approx(at.val.people_interval, abs=0.05)


def test_each_point_is_the_middle_of_a_recount_of_every_draw() -> None:
    pairs = made_pairs(2, folds=3, number=20, people=15)
    distance = pair_distances(pairs.first, pairs.second)
    by_fold = DistancesByFold.of(distance[None], pairs.same, pairs.fold)
    spread = FoldedPairs(by_fold, None, people_of_pairs(*pairs.people, pairs.same)).spread(FARS)
    times = pair_weights(pairs, DRAWS, 3, spread)
    band = band_of(measured(pairs))
    same, compared = pairs.same, 0
    for row in range(0, len(band.fmr), 3):
        far = float(band.fmr[row])
        exact = at_far(distance[~same], np.ones((~same).sum()), far, None)
        if not 0 < np.count_nonzero(distance[same] < exact) < same.sum():
            continue
        compared += 1
        shares = []
        for draw in range(DRAWS):
            threshold = at_far(distance[~same], times[~same, draw], far * (1 + 1e-9), None)
            shares.append(share(distance[same] < threshold, times[same, draw]))
        assert (band.low[row], band.high[row]) == pytest.approx(percentile_interval(np.array(shares)), abs=1e-12)
    assert compared >= 5


def test_it_begins_where_pairs_enough_are_accepted_and_ends_at_1_with_people_as_trials() -> None:
    pairs = made_pairs(0, folds=1, number=120, people=40)
    band = band_of(measured(pairs))
    assert band.fmr[0] == 2.5 / np.count_nonzero(~pairs.same) and band.fmr[-1] == 1
    assert (np.diff(band.fmr) > 0).all() and (band.low <= band.high).all() and (np.diff(band.high) >= 0).all()
    people = len(set(pairs.people[0][pairs.same].tolist()))
    assert (band.low[-1], band.high[-1]) == (pytest.approx(0.025 ** (1 / people)), 1)


def test_without_draws_or_people_there_is_none_and_reports_keep_it_if_they_have_it() -> None:
    pairs = made_pairs(0, folds=1, number=120, people=40)
    assert measured(pairs, draws=0).band is None and measured(pairs, people=False).band is None
    found = measured(pairs)
    content = as_file(evaluation(None, {}, verification=found))
    kept = read_back(content).band
    assert kept is not None and (kept.fmr == band_of(found).fmr).all() and (kept.low == band_of(found).low).all()
    del content["verification"]["band"]
    assert read_back(content).band is None


def read_back(content: dict[str, Any]) -> Verification:
    found = result_from_json(content, "made")
    assert isinstance(found, Evaluation)
    return found.verification
