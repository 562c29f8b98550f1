from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._text import plain
from dashboard.views import _training_series as series
from dashboard.views._training_charts import CHARTS, PERCENT
from ethnoshard.charts import training_curves
from ethnoshard.runs import METRICS_SCHEMA

Page = Callable[..., AppTest]


def training(arm: str, seed: int, losses: list[float], *, epoch_steps: int = 2) -> series.Training:
    steps = len(losses)
    metrics = pl.concat(
        [
            METRICS_SCHEMA.to_frame(),
            pl.DataFrame(
                {
                    "step": range(1, steps + 1),
                    "images": [128 * step for step in range(1, steps + 1)],
                    "loss": losses,
                    "triplets_possible": [1000.0] * steps,
                    "triplets_mined": [100.0] * steps,
                    "triplets_active": [50.0] * steps,
                    "in_group": [0.5] * steps,
                    "in_group_by_chance": [0.25] * steps,
                    "seconds": [2.0] * steps,
                    "waiting": [0.5] * steps,
                    "lfw_auc": [None] * (steps - 1) + [0.8],
                }
            ),
        ],
        how="diagonal_relaxed",
    )
    return series.training_of(f"{arm}-{seed}", {"arm": arm, "seed": seed, "steps_an_epoch": epoch_steps}, metrics)


def test_shares_and_speed_follow_from_the_metrics() -> None:
    table = training("base", 0, [0.2, 0.1]).table
    row = {name: table[name][1] for name in ("epochs", "mined", "active", "in_group", "by_chance", "speed", "waiting")}
    assert row == pytest.approx(
        {"epochs": 1, "mined": 10, "active": 50, "in_group": 50, "by_chance": 25, "speed": 64, "waiting": 25}
    )


def test_smoothing_is_the_mean_of_the_last_steps_and_leaves_out_what_is_no_number() -> None:
    values = np.array([4.0, 2.0, np.nan, 6.0])
    assert series.smoothed(values, 2).tolist() == [4.0, 3.0, 2.0, 6.0]
    assert series.smoothed(values, 1)[[0, 1, 3]].tolist() == [4.0, 2.0, 6.0]
    assert np.isnan(series.smoothed(values, 1)[2])
    rng = np.random.default_rng(0).normal(size=50)
    wanted = [rng[max(0, end - 7) : end].mean() for end in range(1, 51)]
    np.testing.assert_allclose(series.smoothed(rng, 7), wanted)


def test_a_long_line_is_thinned_and_keeps_both_ends() -> None:
    kept = series.thinned(100_000)
    assert len(kept) <= series.POINTS
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert series.thinned(3).tolist() == [0, 1, 2]


def test_seeds_of_an_arm_are_a_band_with_their_mean_as_far_as_all_got() -> None:
    arms = series.by_arm([training("base", 0, [4, 4, 4, 4]), training("base", 1, [2, 2]), training("other", 0, [1, 1])])
    found = series.curves(arms, "loss", x="epochs")
    assert [curve.name for curve in found] == ["base, 2 seeds", "other, 1 run"]
    both = found[0]
    assert both.low is not None
    assert both.high is not None
    assert (both.low.tolist(), both.y.tolist(), both.high.tolist()) == ([2, 2], [3, 3], [4, 4])
    assert both.x.tolist() == [0.5, 1.0]
    assert found[1].low is None


def test_titles_say_what_it_came_to_by_arm_and_what_chance_gives() -> None:
    arms = series.by_arm([training("base", 0, [9, 9, 1, 2]), training("natural", 0, [9, 9, 3, 4])])
    titles = {chart.name: chart.title(arms) for chart in CHARTS}
    assert titles["loss"] == "Loss ends at: base 1.500, natural 3.500"
    assert titles["in-group"] == (
        "In-group negatives end at: base 50 % (by chance 25 %), natural 50 % (by chance 25 %)".replace(" %", PERCENT)
    )
    assert titles["lfw-auc"] == "LFW AUC at the end: base 0.800, natural 0.800"
    assert titles["lfw-accuracy"] == "LFW accuracy at the end: not measured"


def test_the_highest_is_that_of_all_runs_of_an_arm() -> None:
    arms = series.by_arm([training("base", 0, [1, 7, 2]), training("base", 1, [3, 1, 1])])
    assert series.at_the_highest(arms, "loss") == {"base": 7}


def test_arms_differ_in_more_than_colour() -> None:
    arms = series.by_arm([training(arm, 0, [1, 2]) for arm in ("base", "natural", "uniform")])
    colours = dict.fromkeys(arms, "#777777")
    drawn = training_curves(series.curves(arms, "loss", x="images"), colours, x="Images seen", y="Loss")
    assert len({trace.line.dash for trace in drawn.data}) == 3
    assert drawn.data[0].x.tolist() == [128, 256]


def test_a_hostile_name_is_text_in_a_chart() -> None:
    arms = {"<b>x": [training("<b>x", 0, [1, 2])]}
    drawn = training_curves(series.curves(arms, "loss", x="epochs"), {"<b>x": "#777777"}, x="", y="")
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
    arms = series.by_arm([training("base", 0, [1, 2])])
    drawn = training_curves(
        series.curves(arms, "auc", x="epochs"), {"base": "#777777"}, x="", y="", points=True, until=2.0
    )
    assert drawn.layout.yaxis.range == pytest.approx((0.795, 0.805))
    assert drawn.layout.xaxis.range == pytest.approx((0, 2.04))
