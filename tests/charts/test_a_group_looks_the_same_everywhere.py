import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.colors
import pytest

from ethnoshard.charts import (
    GREY,
    ErrorRate,
    GroupCurve,
    GroupRates,
    colours_of_groups,
    curve_of,
    det,
    fold_accuracies,
    folds,
    group_det,
    group_matrix,
    group_rates,
    group_rates_of,
    roc,
)
from ethnoshard.reports._pages import group_pages
from tests.kit.whole_reports import evaluation, group_errors
from tests.kit.whole_reports import group_rates as measured

GROUPS = ("Asian", "Black", "White", "Few")


def made_rates(name: str = "made") -> GroupRates:
    def rate(group: str, value: float) -> ErrorRate:
        few = group == "Few"
        return ErrorRate(rate=value, errors=3, pairs=400, people=40, interval=(value / 2, None), too_few=few)

    fmr = {group: rate(group, 0.01 * place) for place, group in enumerate(GROUPS)}
    return GroupRates(name=name, threshold="0.5", fmr=fmr, fnmr=dict(reversed(fmr.items())))


def made_cells(values: dict[str, float | None]) -> dict[str, dict[str, ErrorRate]]:
    return {
        one: {
            other: ErrorRate(rate=values.get(one[0] + other[0], 0.01), errors=1, pairs=9, too_few=other == "Few")
            for other in GROUPS
        }
        for one in GROUPS
    }


def colours_of(traces: Any) -> dict[str, str]:
    """Group -> colour of its points."""
    return {
        re.split("[<,]", trace["hovertemplate"].partition("<extra>")[2])[0]: trace["marker"]["color"]
        for trace in traces
        if trace.get("hovertemplate")
    }


def drawn_in(page: str) -> Any:
    """Data of the chart that a page of a report draws."""
    begin = page.index("[", page.index("Plotly.newPlot("))
    return json.JSONDecoder().raw_decode(page[begin:])[0]


def test_a_group_has_the_colour_of_its_name_in_charts_and_pages_of_reports_and_too_few_is_grey() -> None:
    named = colours_of_groups(GROUPS)
    expected = {group: GREY if group == "Few" else named[group] for group in GROUPS}
    assert len(set(expected.values())) == 4
    chart = group_rates([made_rates()], named)
    assert colours_of(trace.to_plotly_json() for trace in chart.data) == expected
    rates = made_rates()
    of_groups = {
        group: measured(rates.fmr[group].rate, rates.fnmr[group].rate, few=rates.fmr[group].too_few) for group in GROUPS
    }
    found = replace(group_errors(of_groups, "as given"), source="list", cross={"Few": {"Few": of_groups["Few"].fmr}})
    page = group_pages(found, "made")["groups-list"]
    assert colours_of(drawn_in(page)) == expected


def test_a_group_s_curve_has_its_colour_and_a_threshold_s_sign() -> None:
    curves = [
        GroupCurve(group=group, fmr=np.array([0.4, 0.1, 0]), fnmr=np.array([0, 0.2, 0.5]), too_few=group == "Few")
        for group in GROUPS
    ]
    chart = group_det(curves, ["0.1", "0.2", "0.3"], 1)
    named = colours_of_groups(GROUPS)
    assert [trace.line.color for trace in chart.data] == [*(named[group] for group in GROUPS[:3]), GREY]
    for trace in chart.data:
        assert trace.customdata[np.flatnonzero(trace.marker.size)[0]][0] == "0.2"


def test_models_beside_each_other_differ_in_symbol_not_in_colour() -> None:
    chart = group_rates([made_rates("one"), made_rates("other")])
    legend = {trace.name: trace.marker.symbol for trace in chart.data if trace.name}
    assert list(legend) == ["one at 0.5", "other at 0.5"] and len(set(legend.values())) == 2
    assert {trace.marker.symbol for trace in chart.data} == set(legend.values())


def test_no_grey_is_among_the_heat_map_s_colours() -> None:
    grey, coloured = group_matrix(made_cells({"AA": 0.02, "AB": 0.0001})).data
    assert {colour for _, colour in grey.colorscale} == {GREY}
    scale = [list(step) for step in coloured.colorscale]
    steps = plotly.colors.sample_colorscale(scale, 64)
    spans = [np.ptp(plotly.colors.unlabel_rgb(step)) for step in steps]
    # The three channels of a grey are alike.
    assert min(spans) > 50
    greys = plotly.colors.sample_colorscale("Cividis", 64)
    assert min(np.ptp(plotly.colors.unlabel_rgb(step)) for step in greys) < 10


def test_what_rests_on_too_few_is_grey_in_the_heat_map_and_a_rate_of_0_is_not() -> None:
    grey, coloured = group_matrix(made_cells({"AA": 0.0, "BB": None})).data
    few = [[other == "Few" or one == other == "Black" for other in GROUPS] for one in GROUPS]
    assert [[value is not None for value in row] for row in grey.z] == few
    assert [[value is None for value in row] for row in coloured.z] == few


@pytest.mark.parametrize("file", ["ethnoshard", "dashboard"])
def test_no_chart_has_a_grey_of_its_own(file: str) -> None:
    root = Path(__file__).parents[2]
    for path in (root / file).rglob("*.py"):
        if path.parent.name != "ethnicity" and path.name != "_palette.py":
            assert "8C8C8C" not in path.read_text() and "B0B0B0" not in path.read_text(), path


def test_a_notebook_gives_a_chart_what_a_report_holds() -> None:
    found = evaluation(None, {"A": measured(0.1, 0.2), "B": measured(0.2, 0.1)})
    (own,) = found.demographics
    for drawn, expected in (
        (roc(found), roc([curve_of(found.verification, "scores")])),
        (det([found]), det([curve_of(found.verification, "scores")])),
        (folds(found), folds(fold_accuracies(found.verification))),
        (group_rates(own), group_rates([group_rates_of(own, "0.5000")])),
        (group_matrix(replace(own, cross={"A": {"A": own.by_group["A"].fmr}})), None),
    ):
        assert len(drawn.data) > 0
        assert expected is None or drawn.to_json() == expected.to_json()
