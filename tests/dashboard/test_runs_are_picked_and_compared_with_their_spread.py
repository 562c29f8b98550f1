import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._text import plain
from dashboard.views import _runs_changes as changes
from dashboard.views import _runs_spread as spread
from dashboard.views._runs_lines import Line, newest, picked_at_first, shown
from dashboard.views._runs_seed import PUBLISHED, table_5_1
from ethnoshard.charts import arm_spread
from ethnoshard.reports import ReportSummary, WorstGroup
from ethnoshard.results import Change, Compared, Comparison, GroupErrorsChange, Interval, Model

Page = Callable[..., AppTest]
ACCURACY = spread.MEASURES["accuracy"]


def line(arm: str, seed: int, accuracy: float) -> Line:
    return Line(
        name=f"{arm}-{seed}",
        is_run=True,
        arm=arm,
        seed=seed,
        status="finished",
        epoch=10,
        epochs=10,
        accuracy=(accuracy, 0.01),
        val=(0.03, 0.01),
        far=0.00133,
        auc=0.8,
    )


def report(name: str, written: float, **more: Any) -> ReportSummary:
    about = {"kind": "evaluation", "accuracy": (0.7, 0.01), **more}
    return ReportSummary(path=Path(name), name=name, written=written, **about)


def test_a_runs_figures_are_from_its_newest_evaluation() -> None:
    reports = [
        report("a/reports/new", 2, run="a"),
        report("a/reports/old", 1, run="a"),
        report("a/reports/cut", 3, run="a", reason="cut"),
        report("a/reports/clusters", 4, run="a", kind="clustering", accuracy=None),
        report("other-old", 1, model_digest="d"),
        report("other-new", 2, model_digest="d"),
    ]
    assert [found.name for found in newest(reports, ["a"])] == ["a/reports/new", "other-new"]


def test_a_report_of_a_run_that_is_not_here_is_a_model_told_by_its_weights() -> None:
    reports = [
        report("old", 1, run="gone", model_digest="d"),
        report("x", 2, run="gone too", model_digest="d"),
        report("y", 3, run="a", model_digest="d"),
    ]
    assert [found.name for found in newest(reports, ["a"])] == ["x", "y"]


def test_all_arms_are_picked_at_first_with_their_first_seeds() -> None:
    lines = [line(arm, seed, 0.7) for arm in ("base", "natural", "uniform") for seed in range(10)]
    assert picked_at_first(lines) == [f"{arm}-{seed}" for arm in ("base", "natural", "uniform") for seed in range(4)]


def test_columns_of_the_table_sort_by_their_figure() -> None:
    worst = WorstGroup(group="A", rate=0.98, source="as given by x")
    rows = shown(
        [replace(line("base", seed, value), worst_fnmr=worst) for seed, value in enumerate((0.7, 0.69, 0.999))]
    )
    assert rows["Accuracy"].sort().to_list() == ["0.690 ± 0.010", "0.700 ± 0.010", "0.999 ± 0.010"]
    assert rows["Highest FNMR"][0] == "0.980 A"
    assert rows["Groups"][0] == "as given by x"


@pytest.mark.parametrize(
    ("values", "numbers", "farther"),
    [
        ({"base": (0.70, 0.71), "natural": (0.75, 0.76)}, ["0.050", "0.010"], True),
        ({"base": (0.70, 0.74), "natural": (0.71, 0.74)}, ["0.005", "0.040"], False),
        ({"base": (0.70,), "natural": (0.80,)}, ["0.100"], None),
        ({"base": (0.70, 0.72)}, ["0.710", "0.020"], None),
    ],
)
def test_the_title_says_whether_arms_differ_more_than_seeds_and_by_how_much(
    values: dict[str, tuple[float, ...]], numbers: list[str], farther: bool | None
) -> None:
    lines = [line(arm, seed, value) for arm, each in values.items() for seed, value in enumerate(each)]
    title = spread.title(spread.by_arm(lines, ACCURACY), ACCURACY)
    assert re.findall(r"\d\.\d+", title) == numbers
    # One run an arm, or one arm: there is nothing to compare the difference with.
    assert ("farther" in title, "no farther" in title) == (farther is not None, farther is False)


def test_how_often_alike_arms_stay_apart_by_chance_is_counted() -> None:
    for one, other in ((1, 1), (1, 2), (2, 2), (2, 3)):
        # Of all ways to hand out the places in a row, those in which neither arm reaches into the other.
        places = range(one + other)
        ways = list(itertools.combinations(places, one))
        apart = [way for way in ways if way in (tuple(places[:one]), tuple(places[-one:]))]
        arms = {
            arm: [line(arm, seed, 0.7) for seed in range(runs)] for arm, runs in (("base", one), ("natural", other))
        }
        assert f"{one} and {other} runs apart in {len(apart)} of {len(ways)} orders" in spread.by_chance(arms)
    assert not spread.by_chance({"base": [line("base", 0, 0.7)]})


def test_every_seed_is_a_point_and_other_models_are_none() -> None:
    lines = [line("natural", 0, 0.7), line("base", 0, 0.7), line("base", 1, 0.71)]
    arms = spread.by_arm([*lines, replace(lines[0], name="model", is_run=False)], ACCURACY)
    assert {arm: [each.name for each in found] for arm, found in arms.items()} == {
        "base": ["base-0", "base-1"],
        "natural": ["natural-0"],
    }
    drawn = arm_spread(spread.points_of(arms, ACCURACY), "Accuracy")
    points = [trace for trace in drawn.data if trace.mode == "markers+text"]
    assert [list(trace.x) for trace in points] == [[0.7, 0.71], [0.7]]


def test_several_seeds_get_a_row_of_their_mean_and_range_with_their_number() -> None:
    rows = table_5_1([line("base", 0, 0.7), line("natural", 0, 0.71), line("base", 1, 0.72)])
    assert rows["Run"].to_list() == ["base-0", "base-1", "mean of 2 seeds", "natural-0"]
    assert rows["Accuracy"].to_list()[:3] == ["0.70000 ± 0.01000", "0.72000 ± 0.01000", "0.7100 (0.7000 to 0.7200)"]
    assert rows["VAL"][0] == "0.03000 ± 0.01000 @ FAR=0.00133"


def test_another_epoch_is_not_averaged_with() -> None:
    rows = table_5_1([line("base", 0, 0.7), replace(line("base", 1, 0.72), epoch=5)])
    assert rows["Run"].to_list() == ["base-0", "base-1"]


def comparison(low: float | None, high: float | None) -> list[changes.Change]:
    change = Change(base=0.7, other=0.71, difference=0.01, people_interval=Interval(low, high), undefined_draws=0)
    by_group = GroupErrorsChange(
        source="x",
        labels="as given by x",
        thresholds=(0.5, 0.5),
        thresholds_from=("given", "given"),
        too_few=("A",),
        overall={},
        by_group={"A": {"fmr": change, "fnmr": change}},
        figures={},
        compared=(),
        draws=9,
    )
    found = Comparison(
        of="evaluation",
        base=Compared(report="one", model=Model(name="base-0", kind="run", digest="ab12")),
        other=Compared(report="two"),
        draws=9,
        verification={"accuracy": change, "far_at_0.001": change, "val_at_0.001": change},
        demographics=(by_group,),
    )
    return changes.changes_of("cmp", found)


@pytest.mark.parametrize(
    ("ends", "excludes_0", "verdict", "title"),
    [
        ((-0.01, 0.03), False, "no difference", "no difference"),
        ((0.0, 0.03), False, "no difference", "no difference"),
        ((0.001, 0.03), True, "other is higher", "1 of 1"),
        ((None, None), False, "no interval", "without intervals"),
    ],
)
def test_an_interval_that_holds_0_is_no_difference(
    ends: tuple[float | None, float | None], excludes_0: bool, verdict: str, title: str
) -> None:
    found = comparison(*ends)[0]
    assert found.excludes_0 is excludes_0
    assert found.verdict.startswith(verdict)
    assert title in changes.title([found])


def test_the_figures_of_a_comparison_say_what_they_are_of_and_which_are_grey() -> None:
    found = comparison(-0.1, 0.1)
    assert [change.of for change in found] == [
        "Accuracy", "VAL at FAR 0.001", "FMR of A, as given by x", "FNMR of A, as given by x"
    ]  # fmt: skip
    assert (found[0].base, found[0].other) == ("base-0", "two")
    assert found[2].verdict.endswith("too few people or pairs")


def test_a_link_ticks_the_runs_that_it_names(page: Page, full: Given) -> None:
    test = page("runs", full, runs=["natural-0"])
    assert test.multiselect(key="runs").value == ["natural-0"]
    assert test.session_state["runs-table"]["selection"]["rows"] == [1]
    test.multiselect(key="runs").set_value(["base-0"]).run()
    assert test.session_state["runs-table"]["selection"]["rows"] == [0]


def test_runs_stand_with_the_figures_of_their_reports_and_the_seeds_beside(page: Page, full: Given) -> None:
    test = page("runs", full)
    rows = test.dataframe[0].value
    assert list(rows["Figures from"]) == ["base-0/reports/drawn", "natural-0/reports/drawn"]
    assert list(rows["Status"]) == ["finished"] * 2
    said = [block.value for block in test.markdown]
    assert any("Kalinga 2020, table 5" in text and "Not from here" in text for text in said)
    beside = next(table.value for table in test.dataframe if "published" in list(table.value.get("Run", ())))
    published = beside[beside["Run"] == "published"].drop(columns="Run")
    assert [tuple(row) for row in published.to_numpy()] == PUBLISHED.rows()
    assert any("comparison" in text for text in said)


def test_what_cannot_be_read_is_listed_with_its_reason_and_the_rest_is_shown(page: Page, broken: Given) -> None:
    test = page("runs", broken)
    said = " ".join(warning.value for warning in test.warning)
    for name in ("cut", "newer", "list", "lacking", "bad-report/reports/drawn", "newer-report/reports/drawn"):
        assert plain(name) in said
    assert "good" in list(test.dataframe[0].value["Run"])


def test_a_name_in_a_link_that_is_not_here_is_said(page: Page, full: Given) -> None:
    test = page("runs", full, runs=["../../etc"])
    assert "not here" in test.warning[0].value
    assert test.multiselect(key="runs").value == ["base-0", "natural-0"]


def test_a_folder_above_that_of_the_runs_says_which_to_give(page: Page, full: Given) -> None:
    test = page("runs", Given(runs=full.runs.parent))
    said = [element.value for element in test.info]
    assert any(plain(full.runs) in text for text in said), said
    assert not page("runs", full).info
