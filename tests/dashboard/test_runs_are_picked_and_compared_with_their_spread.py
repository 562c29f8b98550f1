import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._show import plain
from dashboard.views import _arms, runs
from dashboard.views import _comparisons as comparisons
from dashboard.views._arms import MEASURES
from ethnoshard.charts import arm_spread
from ethnoshard.results import MetricChange, Verdict, WorstGroup, kalinga2020
from ethnoshard.runs import ModelSummary

Page = Callable[..., AppTest]
ACCURACY = MEASURES["accuracy"]


def line(arm: str, seed: int, accuracy: float) -> ModelSummary:
    return ModelSummary(
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


def test_columns_of_the_table_sort_by_their_figure() -> None:
    worst = WorstGroup(group="A", rate=0.98, source="as given by x")
    rows = runs.model_table(
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
    title = _arms.arm_title(_arms.runs_by_arm(lines, ACCURACY), ACCURACY)
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
        assert f"{one} and {other} runs apart in {len(apart)} of {len(ways)} orders" in _arms.apart_by_chance(arms)
    assert not _arms.apart_by_chance({"base": [line("base", 0, 0.7)]})


def test_every_seed_is_a_point_and_other_models_are_none() -> None:
    lines = [line("natural", 0, 0.7), line("base", 0, 0.7), line("base", 1, 0.71)]
    arms = _arms.runs_by_arm([*lines, replace(lines[0], name="model", is_run=False)], ACCURACY)
    assert {arm: [each.name for each in found] for arm, found in arms.items()} == {
        "base": ["base-0", "base-1"],
        "natural": ["natural-0"],
    }
    drawn = arm_spread(_arms.points_of(arms, ACCURACY), "Accuracy")
    points = [trace for trace in drawn.data if trace.mode == "markers+text"]
    assert [list(trace.x) for trace in points] == [[0.7, 0.71], [0.7]]


def test_several_seeds_get_a_row_of_their_mean_and_range_with_their_number() -> None:
    rows = runs.table_5_1([line("base", 0, 0.7), line("natural", 0, 0.71), line("base", 1, 0.72)])
    assert rows["Run"].to_list() == ["base-0", "base-1", "mean of 2 seeds", "natural-0"]
    assert rows["Accuracy"].to_list()[:3] == ["0.70000 ± 0.01000", "0.72000 ± 0.01000", "0.7100 (0.7000 to 0.7200)"]
    assert rows["VAL"][0] == "0.03000 ± 0.01000 @ FAR=0.00133"


def test_another_epoch_is_not_averaged_with() -> None:
    rows = runs.table_5_1([line("base", 0, 0.7), replace(line("base", 1, 0.72), epoch=5)])
    assert rows["Run"].to_list() == ["base-0", "base-1"]


def change(interval: tuple[float, float] | None, **about: Any) -> MetricChange:
    facts = {"report": "cmp", "base": "base-0", "other": "two", "metric": "accuracy", "draws": 9, **about}
    return MetricChange(before=0.7, after=0.71, difference=0.01, interval=interval, **facts)


@pytest.mark.parametrize(
    ("interval", "verdict", "title"),
    [
        ((-0.01, 0.03), Verdict.INCLUDES_0, "include 0 in 1 comparison"),
        ((0.001, 0.03), Verdict.HIGHER, "1 of 1"),
        (None, Verdict.NO_INTERVAL, "without intervals"),
    ],
)
def test_a_title_counts_the_differences_that_are_any(
    interval: tuple[float, float] | None, verdict: Verdict, title: str
) -> None:
    assert change(interval).verdict is verdict
    assert title in comparisons.change_title([change(interval)])


def test_a_change_is_called_by_its_metric_and_whose_it_is() -> None:
    names = [
        comparisons.change_name(change(None, **about))
        for about in (
            {},
            {"metric": "val_at_0.001"},
            {"metric": "fmr", "group": "A", "labels": "as given by x"},
            {"metric": "ari", "method": "kmeans"},
        )
    ]
    assert names == ["Accuracy", "VAL at FAR 0.001", "FMR of A, as given by x", "ARI of k-means"]
    few = change((-0.1, 0.1), metric="fmr", group="A", labels="x", too_few=True)
    assert comparisons.verdict_words(few).endswith("too few people or pairs")
    assert [row.too_few for row in comparisons.difference_rows([few])] == [True]
    assert "other is higher in 4 of 9 draws" in comparisons.verdict_words(
        change(None, metric="ari", method="som", better=4)
    )


def test_a_link_ticks_the_runs_that_it_names(page: Page, full: Given) -> None:
    test = page("runs", full, runs=["natural-0"])
    assert test.multiselect(key="runs").value == ["natural-0"]
    assert test.session_state["runs-table"]["selection"]["rows"] == [1]
    test.multiselect(key="runs").set_value(["base-0"]).run()
    assert test.session_state["runs-table"]["selection"]["rows"] == [0]


def test_runs_stand_with_the_metrics_of_their_reports_and_kalingas_beside(page: Page, full: Given) -> None:
    test = page("runs", full)
    rows = test.dataframe[0].value
    assert list(rows["Metrics from"]) == ["base-0/reports/drawn", "natural-0/reports/drawn"]
    assert list(rows["Status"]) == ["finished"] * 2
    said = [block.value for block in test.markdown]
    assert any("Kalinga 2020, table 5" in text and "Not from here" in text for text in said)
    beside = next(table.value for table in test.dataframe if "published" in list(table.value.get("Run", ())))
    published = beside[beside["Run"] == "published"].drop(columns="Run")
    assert [tuple(row) for row in published.to_numpy()] == list(map(tuple, kalinga2020.TABLE_5_1))
    assert any("comparison" in text for text in said)


def test_what_cannot_be_read_is_listed_with_its_reason_and_the_rest_is_shown(page: Page, broken: Given) -> None:
    test = page("runs", broken)
    said = " ".join(warning.value for warning in test.warning)
    for name in ("cut", "newer", "list", "lacking", "bad-report/reports/drawn", "newer-report/reports/drawn"):
        assert plain(name) in said
    assert "good" in list(test.dataframe[0].value["Run"])


def test_a_name_in_a_link_that_is_not_here_is_said(page: Page, full: Given) -> None:
    test = page("runs", full, runs=["../../etc"])
    assert "was not found" in test.warning[0].value
    assert test.multiselect(key="runs").value == ["base-0", "natural-0"]


def test_a_folder_above_that_of_the_runs_says_which_to_give(page: Page, full: Given) -> None:
    test = page("runs", Given(runs=full.runs.parent))
    said = [element.value for element in test.info]
    assert any(plain(full.runs) in text for text in said), said
    assert not page("runs", full).info
