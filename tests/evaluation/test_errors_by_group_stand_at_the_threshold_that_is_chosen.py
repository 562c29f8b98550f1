from dataclasses import replace

import numpy as np

from ethnoshard.evaluation import GroupErrorsOverThresholds, indices_at
from tests.kit.scored import made_curves
from tests.kit.whole_reports import group_errors


def over_thresholds(seed: int = 0, *, kept: bool = True) -> GroupErrorsOverThresholds:
    curves = made_curves(seed)
    own = replace(group_errors({}, "as given by list.csv"), **vars(curves.at(4).errors()))
    return GroupErrorsOverThresholds(own=own, curves=curves if kept else None)


def test_at_the_report_s_own_threshold_all_are_at_their_own_and_else_as_strict() -> None:
    one, other = over_thresholds(0), over_thresholds(1)
    kept = other.curves
    assert kept is not None
    # Its own threshold is another than the one that is as strict as the first report's.
    other = replace(other, own=replace(other.own, **vars(kept.at(7).errors())))
    own = one.thresholds[one.own_index]
    assert indices_at([[one, other]], own) == [[4, 7]]
    assert one.at(4).by_group == one.own.by_group
    for index, threshold in enumerate(one.thresholds):
        ((first, second),) = indices_at([[one, other]], threshold)
        fmr = one.at(index).overall.fmr.rate
        if threshold != own and fmr:
            assert first == index and one.at(first).threshold == threshold
            aims = np.abs(np.log(np.maximum(kept.overall_fmr, 1e-300) / fmr))
            assert second == int(np.argmin(aims))


def test_the_fmr_of_all_pairs_is_that_of_the_errors_there() -> None:
    for errors in (over_thresholds(), over_thresholds(kept=False)):
        for index in range(len(errors.thresholds)):
            assert errors.fmr_at(index) == (errors.at(index).overall.fmr.rate or 0.0)


def test_thresholds_that_are_close_are_told_apart_by_their_digits() -> None:
    errors = over_thresholds()
    assert errors.curves is not None
    thresholds = np.array([1 - 1e-9 * step for step in range(9, 0, -1)], np.float64)
    close = replace(errors, curves=replace(errors.curves, thresholds=thresholds))
    assert (errors.text(4), close.text(4)) == ("0.8000", "0.999999995")
    assert len({close.text(index) for index in range(9)}) == 9


def test_a_report_without_curves_has_its_own_threshold_alone() -> None:
    errors = over_thresholds(kept=False)
    assert errors.thresholds == [errors.own.threshold]
    assert errors.at(0) == errors.own
