"""Every chart of the room, small, without colours given: their names choose them."""

import json
import re
from collections.abc import Callable, Iterator
from inspect import isfunction
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io
import polars as pl
import pytest

from ethnoshard import charts
from ethnoshard.charts import (
    ARM_COLOURS,
    Curve,
    Difference,
    ErrorRate,
    FoldAccuracy,
    GroupCurve,
    GroupRates,
    Mark,
    OperatingPoint,
    RunPoint,
    SweepLine,
    page,
    titled,
)
from ethnoshard.results import Contestant, CurveBand, Delivery, Encounters, Series, SimilarityHistograms
from tests.kit.made_audits import finding, made_audit, table_of

GROUPS = ("Asian", "<b>Few")
RATE = ErrorRate(rate=0.01, errors=1, pairs=100, people=20, interval=(0.001, None))
FEW = ErrorRate(rate=0.0, errors=0, pairs=3, too_few=True)
CELLS = {one: {other: RATE if one == other else FEW for other in GROUPS} for one in GROUPS}
POINT = OperatingPoint(far_asked=0.01, fmr=0.0, tar=0.8, tar_interval=(0.7, 0.9))
CURVE = Curve(
    name="<b>", fmr=np.array([0, 0.1, 1]), tar=np.array([0.5, 0.9, 1]), points=(POINT,),
    band=CurveBand(fmr=np.array([0.1, 1]), low=np.array([0.7, 0.9]), high=np.array([0.95, 1])),
)  # fmt: skip
XY = np.arange(12.0).reshape(4, 3)
PEOPLE = charts.points_of_people(list("abca"), {"a": "<b>", "b": "B", "c": "C"})
STEPS = np.arange(1, 4)
SIMILARITIES = SimilarityHistograms(
    groups=GROUPS, edges=np.array([0, 0.5, 1]), same=np.array([[0.2, 0.8], [np.nan, np.nan]]),
    different=np.array([[0.9, 0.1], [1, 0]]),
)  # fmt: skip
DELIVERY = Delivery(
    run="r", arm="natural", groups=GROUPS, promised=True, within=1, steps=STEPS, ranks=np.ones(3, np.int64),
    epochs=np.zeros(3, np.int64),
    people=np.full((3, 2), 2.0), wanted=np.full((3, 2), 2.0), ahead=np.zeros((3, 2)),
)  # fmt: skip
MET = [
    Encounters(
        group=group, people=2, dispersion=0.5, pairs=2, pairs_at_random=3, nearest=0.2, nearest_by_chance=0.1
    )
    for group in GROUPS
]  # fmt: skip
LOADER = Contestant(
    loader="ethnoshard", decoder="simplejpeg", version="1", rounds=1, rate=9, least=8, most=10, of_limit=0.9, worst=1,
    off=0.5, people=4, seen=9, repeated=0, never=0, memory=1, first=1,
)  # fmt: skip
FINDINGS_TABLE = table_of([finding("same-person", "<b>", sure, group="A") for sure in (0.6, 0.9)])
DATASET = pl.DataFrame(
    {"group": GROUPS, "people": [2, 1], "faces": [5, 1], "people_share": [0.6, 0.4], "faces_share": [0.8, 0.2]}
)
IDENTITIES = pl.DataFrame({"group": [*GROUPS, "Asian"], "faces": [3, 1, 2], "confidence": [0.9, None, 0.8]})
COVERED = pl.DataFrame(
    {"group": GROUPS, "faces": [9, 9], "used": [8, 9], "dropped": [1, 0], "excluded": [0, 0], "repeated": [0, 3]}
)

ALL: dict[str, Callable[[], go.Figure]] = {
    "agreement": lambda: charts.agreement({"k-means": {"ARI": [0.5, 0.6]}}),
    "arm_spread": lambda: charts.arm_spread({"<b>": [RunPoint(name="r", value=0.5, interval=(0.4, 0.6))] * 2}, "AUC"),
    "batch_composition": lambda: charts.batch_composition(DELIVERY),
    "coverage_bars": lambda: charts.coverage_bars(COVERED),
    "dataset_composition": lambda: charts.dataset_composition(DATASET),
    "det": lambda: charts.det([CURVE], Mark(name="here", fmr=0.1, fnmr=0)),
    "differences": lambda: charts.differences([Difference(name="<b>", value=0.1, interval=(0, 0.2))], "other - base"),
    "dispersion": lambda: charts.dispersion(MET),
    "distances": lambda: charts.distances(np.array([1.0, 2]), np.array([2.0, 3]), unit="distance", threshold=2),
    "embedding_map": lambda: charts.embedding_map(XY[:, :2], PEOPLE),
    "empty_chart": lambda: charts.empty_chart("x", "y"),
    "finding_distributions": lambda: charts.finding_distributions(FINDINGS_TABLE, "sure"),
    "finding_shares": lambda: charts.finding_shares(made_audit(FINDINGS_TABLE).kinds),
    "eps_sweep": lambda: charts.eps_sweep(
        [SweepLine(name="<b>", eps=[0.4], values=[[0.5, 0.6]], colour=ARM_COLOURS[1])], "ARI"
    ),
    "faces_per_person": lambda: charts.faces_per_person(IDENTITIES, GROUPS),
    "folds": lambda: charts.folds([FoldAccuracy(name="exact", by_fold=[0.8, 0.9], thresholds=[1, 1], mean=0.85)]),
    "group_det": lambda: charts.group_det(
        [GroupCurve(group=group, fmr=np.array([0.5, 0.1]), fnmr=np.array([0, 0.2])) for group in GROUPS], ["1", "2"], 0
    ),
    "group_matrix": lambda: charts.group_matrix(CELLS),
    "group_rates": lambda: charts.group_rates(
        [GroupRates(name=name, fmr=CELLS["Asian"], fnmr=CELLS["Asian"]) for name in ("one", "<b>")]
    ),
    "group_similarities": lambda: charts.group_similarities(SIMILARITIES, 0.5),
    "identification": lambda: charts.identification({"SVC, rank 1": [0.5, 0.6]}),
    "label_confidence": lambda: charts.label_confidence(IDENTITIES, GROUPS),
    "loader_rates": lambda: charts.loader_rates([LOADER], (9, 10, 11)),
    "median_rates": lambda: charts.median_rates({"ethnoshard": (1, 2, 3), "<b>": (1, 2, 3)}, "images a second"),
    "memory_growth": lambda: charts.memory_growth([10, 100], [("loader", [1.0, 2.0])]),
    "nearest_met": lambda: charts.nearest_met(MET),
    "node_map": lambda: charts.node_map(XY, np.arange(4)),
    "own_pairs": lambda: charts.own_pairs(MET),
    "people_per_batch": lambda: charts.people_per_batch(DELIVERY),
    "quota_deviation": lambda: charts.quota_deviation([LOADER]),
    "quota_error": lambda: charts.quota_error(DELIVERY),
    "roc": lambda: charts.roc([CURVE], Mark(name="<b>", fmr=0.1, fnmr=0.1)),
    "som_map": lambda: charts.som_map(np.arange(4), PEOPLE),
    "training_curves": lambda: charts.training_curves(
        [Series(name="<b>", arm="base", x=STEPS, y=STEPS / 2, low=STEPS / 3, high=STEPS / 1)], x="Epochs", y="Loss"
    ),
}


def luminance(colour: str) -> float:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.fixture(params=["plotly_white", "plotly_dark"])
def template(request: pytest.FixtureRequest) -> Iterator[str]:
    """The one that whoever draws has chosen."""
    before = plotly.io.templates.default
    plotly.io.templates.default = request.param
    yield request.param
    plotly.io.templates.default = before


def test_none_is_missing_here() -> None:
    everything = {name: getattr(charts, name) for name in charts.__all__}
    drawing = {
        name for name, each in everything.items() if isfunction(each) and each.__annotations__["return"] is go.Figure
    }
    assert drawing - {"titled"} == set(ALL)


@pytest.mark.parametrize("name", list(ALL))
def test_its_colours_are_seen_on_the_template_s_ground(name: str, template: str) -> None:
    chart = ALL[name]()
    layout = chart.layout
    assert layout.template == plotly.io.templates[template]
    assert layout.paper_bgcolor is layout.plot_bgcolor is layout.font.color is None
    drawn = chart.to_plotly_json()
    del drawn["layout"]["template"]
    for trace in drawn["data"]:
        # The colours of a heat map fill their cells.
        trace.pop("colorscale", None)
    ground = luminance({"plotly_white": "#FFFFFF", "plotly_dark": "#111111"}[template])
    for colour in set(re.findall('"(#[0-9A-Fa-f]{6})"', plotly.io.to_json(drawn, validate=False))):
        dark, light = sorted((luminance(colour), ground))
        assert (light + 0.05) / (dark + 0.05) >= 3, colour
    assert "Plotly.newPlot" in chart.to_html(include_plotlyjs=False, full_html=False)


@pytest.mark.parametrize("name", list(ALL))
def test_no_name_is_taken_for_html(name: str) -> None:
    def texts(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [text for value in node.values() for text in texts(value)]
        if isinstance(node, list):
            return [text for value in node for text in texts(value)]
        return [node] if isinstance(node, str) else []

    # What the charts write themselves comes in pairs.
    assert not [text for text in texts(json.loads(ALL[name]().to_json())) if text.count("<b>") != text.count("</b>")]


def test_a_page_has_its_title_and_no_network_and_the_chart_keeps_having_none() -> None:
    chart = ALL["roc"]()
    text = page(chart, "ROC of <b>", "a note of <i> " * 20, script="directory")
    assert "<title>ROC of &lt;b&gt;</title>" in text and re.findall('src="(.*?)"', text) == ["plotly.min.js"]
    assert chart.layout.title.text is None and chart.layout.template != plotly.io.templates["plotly_white"]
    long, short = titled(chart, "t", "a note " * 60), titled(chart, "t")
    # A note's lines have their room above the chart.
    assert long.layout.margin.t > short.layout.margin.t
    assert long.layout.height - long.layout.margin.t == short.layout.height - short.layout.margin.t
