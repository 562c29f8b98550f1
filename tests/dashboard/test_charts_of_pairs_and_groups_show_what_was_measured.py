import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_evaluations import made_evaluation, made_picked

from dashboard.views._comparisons import (
    clear_group_changes,
    clear_search_changes,
    group_change_table,
    search_change_table,
)
from dashboard.views._group_rates import (
    ErrorsInView,
    SourceErrors,
    cross_title,
    each_rate,
    metric_numbers,
    metric_table,
    rate_numbers,
    rate_table,
    spread,
)
from dashboard.views._worst_pairs import WORST, worst_table
from dashboard.views.groups import det_by_group
from dashboard.views.verification import curves_of, fold_table, histogram_title, roc_title
from ethnoshard.charts import (
    GREY,
    GROUP_METRICS,
    NONE,
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
from ethnoshard.evaluation import IDEALS, GroupErrorsOverThresholds, RankedPairs, compare_demographics
from ethnoshard.results import Change, GroupErrorsChange, Interval, OpenSetChange, PairScores, SearchErrorsChange
from tests.kit.scored import GROUPS, made_curves, made_pairs, made_tally
from tests.kit.whole_reports import rate

COLOURS = {"A": "#0077BB", "B": "#D55E00", "C": "#008F68"}


def in_view(index: int = 4) -> ErrorsInView:
    picked = made_picked()
    errors = GroupErrorsOverThresholds(own=picked.evaluation.demographics[0], curves=made_curves())
    source = SourceErrors(picked=picked, errors=errors, reason=None, stamp=None)
    return ErrorsInView(of=source, index=index, rates=errors.at(index))


def no_pair_accepted(content: dict[str, Any]) -> None:
    """People were drawn in which not one pair was accepted: a logarithmic axis doesn't have it."""
    content["verification"]["validation"][0]["far"]["people_interval"] = [0.0, 0.05]


def test_roc_and_det_show_all_reports_and_intervals_on_the_axis() -> None:
    picked = [made_picked(0, change=no_pair_accepted), made_picked(1, change=no_pair_accepted, dash="dash")]
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
    def of_zero(content: dict[str, Any]) -> None:
        for at in content["verification"]["validation"]:
            at["far"].update(mean=0.0, people_interval=[None, 0.01])
            at["val"].update(mean=1.0)

    picked = made_picked(change=of_zero)
    for drawn in (roc(curves_of([picked])), det(curves_of([picked]))):
        assert all(value > 0 for trace in drawn.data for value in trace.x)
        assert all(value > 0 or drawn.layout.yaxis.type != "log" for trace in drawn.data for value in trace.y)


def test_where_there_is_no_val_there_is_no_point_and_a_dash() -> None:
    def without_val(content: dict[str, Any]) -> None:
        content["verification"]["validation"][0].update(val=None, reason="because")

    picked = made_picked(change=without_val)
    for drawn in (roc(curves_of([picked])), det(curves_of([picked]))):
        points = [trace.name for trace in drawn.data if trace.mode == "markers"]
        assert points == ["VAL for a FAR of 0.1"]
    assert roc_title([picked]) == "VAL for a FAR of 0.01: made 0 –"
    table = fold_table(picked.evaluation.verification)
    assert "VAL at 0.01" not in table.columns and "FAR reached for 0.01" in table.columns


def test_a_val_that_rests_on_too_few_pairs_has_no_bar_not_even_wilson_s() -> None:
    def too_few(content: dict[str, Any]) -> None:
        content["verification"]["validation"][0].update(interval_reason="too few")

    first, second = curves_of([made_picked(change=too_few)])[0].points
    assert first.tar_interval is None and first.fmr_interval is not None
    assert second.tar_interval is not None


def test_every_fold_has_both_searches() -> None:
    verified = made_evaluation().verification
    drawn = folds(fold_accuracies(verified), "#777777")
    assert list(drawn.data[0].y) == list(verified.accuracy.by_fold)
    assert list(drawn.data[2].y) == list(verified.accuracy_exact.by_fold)
    table = fold_table(verified)
    assert table["threshold, exact"].to_list() == list(verified.accuracy_exact.thresholds)
    val = verified.validation[1].val
    assert val is not None and table["VAL at 0.1"].to_list() == list(val.by_fold)


def test_each_group_s_own_rates_stand_with_people_and_pairs() -> None:
    shown = in_view()
    rates = shown.rates.by_group
    table = rate_numbers([shown])
    for row in table.iter_rows(named=True):
        if row["group"] != "all":
            cell = rates[row["group"]].fnmr
            assert (row["fnmr"], row["fnmr_pairs"], row["fnmr_people"]) == (cell.rate, cell.pairs, cell.people)
    assert rate_table([shown])["group"].to_list() == ["all, within groups", "A", "B", "C (too few)"]
    for group in "AB":
        assert f"{group} FMR" in each_rate(shown.rates)
    assert "C" not in each_rate(shown.rates) and "(C)" not in spread(shown.rates, "fmr")


def test_what_rests_on_too_few_is_grey_with_its_counts() -> None:
    shown = in_view()
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
    drawn = group_matrix(group_cells_of(replace(in_view().rates, cross=cells)))
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
    own = in_view().rates
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
        shown = in_view(place)
        drawn = det_by_group(shown, COLOURS)
        assert [trace.name for trace in drawn.data] == ["A", "B", "C (too few)"]
        for trace, group in zip(drawn.data, GROUPS, strict=True):
            (marked,) = np.flatnonzero(trace.marker.size)
            fnmr = shown.rates.by_group[group].fnmr.rate
            assert trace.y[marked] == pytest.approx(fnmr) or fnmr == 0
            assert trace.customdata[marked][0] == f"{shown.threshold:.4f}"


def test_every_metric_of_the_literature_has_its_interval_ideal_and_meaning() -> None:
    shown = in_view()
    assert list(GROUP_METRICS) == list(IDEALS)
    table = metric_table([shown])
    assert table["ideal"].to_list() == [f"{ideal:g}" for ideal in IDEALS.values()]
    assert all("[" in value or value == "undefined" for value in table["list"])
    plain = metric_numbers([shown])
    assert plain["value"].to_list() == [metric.value for metric in shown.rates.metrics.values()]


def test_a_comparison_is_read_either_way_round() -> None:
    changes = compare_demographics(made_tally(0), made_tally(0))
    changes.by_group["A"]["fmr"] = Change(
        difference=-0.02,
        people_interval=Interval(-0.03, -0.01),
        base=0.1,
        other=0.08,
        undefined_draws=0,
        p_value=0.004,
        p_adjusted=0.012,
    )
    found = GroupErrorsChange(
        source="one", labels="one", thresholds=(0.1, 0.1), thresholds_from=("a", "b"), too_few=("C",), **vars(changes)
    )
    assert clear_group_changes(found, turned=False) == ["A's FMR falls"]
    assert clear_group_changes(found, turned=True) == ["A's FMR rises"]
    assert group_change_table(found, turned=False)["FMR"][1] == "-0.0200 [-0.0300, -0.0100]"
    assert group_change_table(found, turned=True)["FMR"][1] == "+0.0200 [+0.0100, +0.0300]"


def test_searches_by_two_models_are_read_either_way_round_and_claimed_where_adjusted() -> None:
    def change(p_adjusted: float) -> Change:
        return Change(
            base=0.1, other=0.08, difference=-0.02, people_interval=Interval(-0.03, -0.01), undefined_draws=0,
            p_value=0.004, p_adjusted=p_adjusted,
        )  # fmt: skip

    by_group = {
        "A": SearchErrorsChange(fnir=change(0.012), fpir=change(0.3)),
        "B": SearchErrorsChange(fnir=change(0.012), fpir=None),
    }
    overall = SearchErrorsChange(fnir=change(0.01), fpir=None)
    found = OpenSetChange(
        fpir_asked=0.1, gallery=9, thresholds=(0.4, 0.5), overall=overall, by_group=by_group, too_few=("B",)
    )
    assert clear_search_changes(found, turned=False) == ["A's FNIR falls"]
    assert clear_search_changes(found, turned=True) == ["A's FNIR rises"]
    table = search_change_table(found, turned=True)
    assert table["group"].to_list() == ["all", "A", "B (too few)"]
    assert table["FNIR"][1] == "+0.0200 [+0.0100, +0.0300]" and table["FPIR"][0] == NONE


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


def test_the_title_counts_the_errors() -> None:
    distance, same, _ = made_pairs()
    errors = RankedPairs.of_scores(PairScores(distance=distance, same=same), "euclidean", "made").at(1.4)
    title = histogram_title(errors, "1.40")
    assert f"{errors.accepted} of 300 different pairs" in title and f"{errors.refused} of 300 same pairs" in title


def test_the_worst_pairs_are_told_right_or_wrong_at_the_threshold() -> None:
    distance, same, fold = made_pairs()
    pairs = RankedPairs.of_scores(PairScores(distance=distance, same=same, fold=fold), "euclidean", "made")
    nearest = pairs.worst(same=False, number=3)
    table = worst_table(pairs, nearest, WORST[1], float(distance[nearest[1]]), {})
    verdicts = next(table[name] for name in table.columns if name.startswith("at "))
    assert verdicts.to_list() == ["false match", "right", "right"]
    assert table["row"].to_list() == nearest.tolist()
    assert table["fold"].to_list() == (fold[nearest] + 1).tolist()
