import math
from dataclasses import replace

import numpy as np
import pytest
from made_evaluations import GROUPS, made_curves, made_evaluation, made_picked

from dashboard.views._groups_change import change_table, clear_changes
from dashboard.views._groups_cross import cross_title
from dashboard.views._groups_det import det as group_det
from dashboard.views._groups_figures import figures_plain, figures_table
from dashboard.views._groups_found import Found, Shown, move
from dashboard.views._groups_rates import each_rate, rates_plain, rates_table, spread
from dashboard.views._verification_curves import curves_of, roc_title
from dashboard.views._verification_folds import folds_table
from ethnoshard._stamp import Stamp
from ethnoshard.charts import (
    GREY,
    GROUP_METRICS,
    det,
    fold_accuracies,
    folds,
    group_cells_of,
    group_matrix,
    group_rates,
    group_rates_of,
    log_axis,
    roc,
)
from ethnoshard.evaluation import IDEALS, compare_demographics
from ethnoshard.results import Change, GroupErrorsChange, Interval
from tests.kit.whole_reports import rate

COLOURS = {"A": "#0077BB", "B": "#D55E00", "C": "#008F68"}


def made_found(seed: int = 0, *, kept: bool = True) -> Found:
    picked = made_picked(seed)
    curves = made_curves(seed) if kept else None
    return Found(
        picked=picked,
        own=picked.evaluation.demographics[0],
        curves=curves,
        reason=None,
        stamp=Stamp(f"made {seed}", 0, 0, 0, 0, 0),
    )


def made_shown(place: int = 4) -> Shown:
    found = made_found()
    return Shown(found=found, place=place, rates=found.at(place))


def test_roc_and_det_show_all_reports_and_intervals_on_the_axis() -> None:
    picked = [made_picked(0), made_picked(1, dash="dash")]
    for each in picked:
        # People were drawn in which not one pair was accepted: a logarithmic axis has no such place.
        each.report.content["verification"]["validation"][0]["far"]["people_interval"] = [0.0, 0.05]
    for drawn in (roc(curves_of(picked)), det(curves_of(picked))):
        names = [trace.name for trace in drawn.data]
        assert names.count("made 0") == 1 and names.count("made 1") == 1
        for trace in drawn.data:
            assert min(trace.x) > 0
            if trace.error_x.array is not None:
                assert trace.x[0] - trace.error_x.arrayminus[0] > 0
    val = picked[0].evaluation.verification.validation[0].val
    assert val is not None and f"made 0 {val.mean:.4f}" in roc_title(picked)


def test_a_rate_of_zero_and_a_missing_interval_do_not_break_the_curves() -> None:
    picked = made_picked()
    for at in picked.report.content["verification"]["validation"]:
        at["far"].update(mean=0.0, people_interval=[None, 0.01])
        at["val"].update(mean=1.0)
    for drawn in (roc(curves_of([picked])), det(curves_of([picked]))):
        assert all(value > 0 for trace in drawn.data for value in trace.x)
        assert all(value > 0 or drawn.layout.yaxis.type != "log" for trace in drawn.data for value in trace.y)


def test_where_there_is_no_val_there_is_no_point_and_a_dash() -> None:
    picked = made_picked()
    picked.report.content["verification"]["validation"][0].update(val=None, reason="because")
    for drawn in (roc(curves_of([picked])), det(curves_of([picked]))):
        points = [trace.name for trace in drawn.data if trace.mode == "markers"]
        assert points == ["VAL for a FAR of 0.1"]
    assert roc_title([picked]) == "VAL for a FAR of 0.01: made 0 –"
    table = folds_table(picked.evaluation.verification)
    assert "VAL at 0.01" not in table.columns and "FAR reached for 0.01" in table.columns


def test_every_fold_has_both_searches() -> None:
    verified = made_evaluation().verification
    drawn = folds(fold_accuracies(verified), "#777777")
    assert list(drawn.data[0].y) == list(verified.accuracy.by_fold)
    assert list(drawn.data[2].y) == list(verified.accuracy_exact.by_fold)
    table = folds_table(verified)
    assert table["threshold, exact"].to_list() == list(verified.accuracy_exact.thresholds)
    val = verified.validation[1].val
    assert val is not None and table["VAL at 0.1"].to_list() == list(val.by_fold)


def test_each_group_s_own_rates_stand_with_people_and_pairs() -> None:
    shown = made_shown()
    rates = shown.rates.by_group
    table = rates_plain([shown])
    for row in table.iter_rows(named=True):
        if row["group"] != "all":
            cell = rates[row["group"]].fnmr
            assert (row["fnmr"], row["fnmr_pairs"], row["fnmr_people"]) == (cell.rate, cell.pairs, cell.people)
    assert rates_table([shown])["group"].to_list() == ["all", "A", "B", "C (too few)"]
    for group in "AB":
        assert f"{group} FMR" in each_rate(shown.rates)
    assert "C" not in each_rate(shown.rates) and "(C)" not in spread(shown.rates, "fmr")


def test_what_rests_on_too_few_is_grey_with_its_counts() -> None:
    shown = made_shown()
    drawn = group_rates([group_rates_of(shown.rates, "made")], COLOURS)
    colours = {trace.hovertemplate.partition("<extra>")[2][0]: trace.marker.color for trace in drawn.data}
    assert colours == {"A": COLOURS["A"], "B": COLOURS["B"], "C": GREY}
    pairs = shown.rates.by_group["C"].fmr.pairs
    assert any(text.startswith("C (too few)") and f"{pairs} pairs" in text for text in drawn.layout.yaxis.ticktext)
    heat = group_matrix(group_cells_of(shown.rates))
    grey, coloured = heat.data
    few = [[shown.rates.cross[one][other].too_few for other in GROUPS] for one in GROUPS]
    missing = [[shown.rates.cross[one][other].rate is None for other in GROUPS] for one in GROUPS]
    greyed = [[a or b for a, b in zip(*rows, strict=True)] for rows in zip(few, missing, strict=True)]
    assert [[value is not None for value in row] for row in grey.z] == greyed
    assert [[value is None for value in row] for row in coloured.z] == greyed
    assert "C" not in cross_title(shown.rates)


def test_the_map_s_words_are_seen_on_every_colour_and_rates_over_decades_have_a_logarithmic_scale() -> None:
    values = {"AA": 0.02, "AB": 0.0001, "AC": 0.0, "BB": 0.003, "BC": 0.0005, "CC": 0.01}
    cells = {
        one: {other: rate(values["".join(sorted(one + other))], few=one == other == "C") for other in GROUPS}
        for one in GROUPS
    }
    drawn = group_matrix(group_cells_of(replace(made_shown().rates, cross=cells)))
    heights = {
        (x, y): value
        for y, row in zip(GROUPS, drawn.data[1].z, strict=True)
        for x, value in zip(GROUPS, row, strict=True)
    }
    assert heights["A", "A"] == pytest.approx(math.log10(0.02))
    # A rate of 0 has no logarithm: it is as dark as the least there is.
    assert heights["A", "C"] == pytest.approx(math.log10(0.0001)) == drawn.data[1].zmin
    assert heights["C", "C"] is None
    inks = {(words.x, words.y): words.font.color for words in drawn.layout.annotations}
    assert (inks["A", "A"], inks["A", "B"], inks["C", "C"]) == ("black", "white", "black")


def test_where_nobody_errs_there_is_one_colour_and_an_axis_of_shares() -> None:
    own = made_shown().rates
    cells = {one: {other: rate(0.0) for other in row} for one, row in own.cross.items()}
    nothing = {
        group: replace(of, fmr=replace(of.fmr, rate=0.0, people_interval=Interval(0.0, 0.0)))
        for group, of in own.by_group.items()
    }
    rates = replace(own, cross=cells, by_group=nothing)
    drawn = group_matrix(group_cells_of(rates))
    assert not drawn.data[1].showscale
    assert {words.font.color for words in drawn.layout.annotations} == {"white"}
    assert cross_title(rates) == "FMR 0 wherever there are people and pairs enough"
    low, high = group_rates([group_rates_of(rates, "made")], COLOURS).layout.xaxis.range
    assert low <= 0 < 0.01 <= high < 0.02


def test_the_one_threshold_is_marked_on_every_group_s_curve() -> None:
    for place in (0, 4, 8):
        shown = made_shown(place)
        drawn = group_det(shown, COLOURS)
        assert [trace.name for trace in drawn.data] == ["A", "B", "C (too few)"]
        for trace, group in zip(drawn.data, GROUPS, strict=True):
            (marked,) = np.flatnonzero(trace.marker.size)
            fnmr = shown.rates.by_group[group].fnmr.rate
            assert trace.y[marked] == pytest.approx(fnmr) or fnmr == 0
            assert trace.customdata[marked][0] == f"{shown.threshold:.4f}"


def test_every_figure_of_the_literature_has_its_interval_ideal_and_meaning() -> None:
    shown = made_shown()
    assert list(GROUP_METRICS) == list(IDEALS)
    table = figures_table([shown])
    assert table["ideal"].to_list() == [f"{ideal:g}" for ideal in IDEALS.values()]
    assert all("[" in value or value == "undefined" for value in table["list"])
    plain = figures_plain([shown])
    assert plain["value"].to_list() == [metric.value for metric in shown.rates.figures.values()]


def test_at_the_report_s_own_threshold_all_are_at_their_own_and_else_as_strict() -> None:
    one, other = made_found(0), made_found(1)
    kept = other.curves
    assert kept is not None
    # Its own threshold is another than the one that is as strict as the first report's.
    other = replace(other, own=replace(other.own, **vars(kept.at(7).errors())))
    own = one.thresholds[one.own_place]
    ((first, second),) = move([[one, other]], own)
    assert (first.threshold, second.threshold) == (own, other.own.threshold)
    assert first.rates.by_group == one.own.by_group
    for threshold in one.thresholds:
        ((first, second),) = move([[one, other]], threshold)
        fmr = first.rates.overall.fmr.rate
        if threshold != own and fmr:
            assert first.threshold == threshold
            aims = np.abs(np.log(np.maximum(kept.overall_fmr[:, 0], 1e-300) / fmr))
            assert second.place == int(np.argmin(aims))


def test_thresholds_that_are_close_are_told_apart_by_their_digits() -> None:
    found = made_found()
    assert found.curves is not None
    thresholds = np.array([1 - 1e-9 * place for place in range(9, 0, -1)], np.float64)
    close = replace(found, curves=replace(found.curves, thresholds=thresholds))
    assert (found.text(4), close.text(4)) == ("0.8000", "0.999999995")
    assert len({close.text(place) for place in range(9)}) == 9


def test_a_report_without_curves_has_its_own_threshold_alone() -> None:
    found = made_found(kept=False)
    assert found.thresholds == [found.own.threshold]
    assert found.at(0) == found.own


def test_a_comparison_is_read_either_way_round() -> None:
    drawn = [made_curves(seed).at(4).drawn for seed in (0, 0)]
    changes = compare_demographics(*drawn)
    changes.by_group["A"]["fmr"] = Change(
        difference=-0.02, people_interval=Interval(-0.03, -0.01), base=0.1, other=0.08, undefined_draws=0
    )
    found = GroupErrorsChange(
        source="one", labels="one", thresholds=(0.1, 0.1), thresholds_from=("a", "b"), too_few=("C",), **vars(changes)
    )
    assert clear_changes(found, turned=False) == ["A's FMR falls"]
    assert clear_changes(found, turned=True) == ["A's FMR rises"]
    assert change_table(found, turned=False)["FMR"][1] == "-0.0200 [-0.0300, -0.0100]"
    assert change_table(found, turned=True)["FMR"][1] == "+0.0200 [+0.0100, +0.0300]"


@pytest.mark.parametrize(("low", "high"), [(0.3, 1), (0.03, 1), (0.0002, 1), (1e-7, 0.2), (0.5, 0.51)])
def test_a_logarithmic_axis_has_ticks_that_can_be_read(low: float, high: float) -> None:
    axis = log_axis(low, high)
    assert all(low / 1.01 <= tick <= high * 1.01 for tick in axis["tickvals"])
    assert len(axis["tickvals"]) <= 12 and len(set(axis["ticktext"])) == len(axis["ticktext"])
    assert len(axis["tickvals"]) >= 2 or high / low < 1.1
    assert axis["range"][0] <= math.log10(low) and math.log10(high) <= axis["range"][1]


def test_two_decades_have_ticks_between_the_powers_of_ten() -> None:
    assert log_axis(0.01, 1)["ticktext"] == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
    assert log_axis(1e-5, 1)["ticktext"] == ["10<sup>-5</sup>", "0.0001", "0.001", "0.01", "0.1", "1"]
