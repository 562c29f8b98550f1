from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._show import plain
from dashboard.views.training import CHARTS, PERCENT
from ethnoshard.charts import training_curves
from ethnoshard.runs import by_arm, series_of
from tests.kit.runs import made_training

Page = Callable[..., AppTest]


def test_titles_say_what_it_came_to_by_arm_and_what_chance_gives() -> None:
    arms = by_arm([made_training("base", 0, [9, 9, 1, 2]), made_training("natural", 0, [9, 9, 3, 4])])
    titles = {chart.name: chart.title(arms) for chart in CHARTS}
    assert titles["loss"] == "Loss ends at: base 1.500, natural 3.500"
    assert titles["in-group"] == (
        "In-group negatives end at: base 50 % (by chance 25 %), natural 50 % (by chance 25 %)".replace(" %", PERCENT)
    )
    assert titles["lfw-auc"] == "LFW AUC at the end: base 0.800, natural 0.800"
    assert titles["lfw-accuracy"] == "LFW accuracy at the end: not measured"


def test_arms_differ_in_more_than_colour() -> None:
    arms = by_arm([made_training(arm, 0, [1, 2]) for arm in ("base", "natural", "uniform")])
    colours = dict.fromkeys(arms, "#777777")
    drawn = training_curves(series_of(arms, "loss", x="images"), colours, x="Images seen", y="Loss")
    assert len({trace.line.dash for trace in drawn.data}) == 3
    assert drawn.data[0].x.tolist() == [128, 256]


def test_a_hostile_name_is_text_in_a_chart() -> None:
    arms = {"<b>x": [made_training("<b>x", 0, [1, 2])]}
    drawn = training_curves(series_of(arms, "loss", x="epochs"), {"<b>x": "#777777"}, x="", y="")
    assert drawn.data[0].name == "&lt;b&gt;x, 1 run"


def test_a_link_gives_runs_axis_and_smoothing(page: Page, full: Given) -> None:
    test = page("training", full, runs=["natural-0"], x="images", smooth="2")
    assert test.multiselect(key="runs").value == ["natural-0"]
    assert test.selectbox(key="x").value == "images"
    assert test.slider(key="smooth").value == 2
    assert any("Mean of the last 2 steps" in caption.value for caption in test.caption)
    assert list(test.dataframe[0].value["run"]) == ["natural-0"]


def test_runs_without_a_table_and_failed_ones_are_said_and_the_rest_is_shown(page: Page, broken: Given) -> None:
    test = page("training", broken)
    assert "good" in list(test.dataframe[0].value["run"])
    said = " ".join(warning.value for warning in test.warning)
    assert plain("bad-table") in said
    assert plain("no-table") in said
    assert any("failed" in error.value for error in test.error)


def test_a_lone_point_is_not_drawn_on_an_axis_from_minus_to_plus_one() -> None:
    arms = by_arm([made_training("base", 0, [1, 2])])
    drawn = training_curves(series_of(arms, "auc", x="epochs"), {"base": "#777777"}, x="", y="", points=True, until=2.0)
    assert drawn.layout.yaxis.range == pytest.approx((0.795, 0.805))
    assert drawn.layout.xaxis.range == pytest.approx((0, 2.04))
