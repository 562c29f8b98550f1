import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._text import plain
from dashboard.views import _batches_coverage as coverage
from dashboard.views import _batches_figures as figures
from dashboard.views._batches_made import by_group, every_step, made_of
from ethnoshard.charts import Delivery, batch_composition, coverage_bars, quota_error
from ethnoshard.charts._delivery import farthest_in_blocks
from ethnoshard.runs import BATCHES_SCHEMA

Page = Callable[..., AppTest]
COLOURS = {"A": "#0077BB", "B": "#D55E00"}
RECORD = {
    "arm": "natural",
    "dataset": {"groups": [{"name": "A", "faces": 30, "identities": 10}, {"name": "B", "faces": 10, "identities": 9}]},
}


def made(people: list[tuple[int, int]], wanted: tuple[float, float] | None = (3, 1), arm: str = "natural") -> Delivery:
    rows = [
        {
            "step": step,
            "epoch": (step - 1) // 2,
            "loader_epoch": (step - 1) // 2,
            "group": group,
            "wanted": None if wanted is None else float(wanted[number]),
            "people": counts[number],
            "faces": 4 * counts[number],
        }
        for step, counts in enumerate(people, start=1)
        for number, group in enumerate("AB")
    ]
    return made_of("run", {**RECORD, "arm": arm}, pl.DataFrame(rows, BATCHES_SCHEMA))


def test_the_error_is_summed_anew_in_each_epoch_of_the_loader() -> None:
    found = made([(4, 0), (3, 1), (3, 1), (2, 2)])
    assert found.ahead.tolist() == [[1, -1], [1, -1], [0, 0], [-1, 1]]
    assert found.farthest == 1
    assert found.off_in_a_batch == 1


def test_an_arm_without_target_is_held_against_the_dataset_and_promises_nothing() -> None:
    found = made([(4, 0), (2, 2)], wanted=None, arm="base")
    assert not found.promised
    assert found.wanted.tolist() == [[3, 1], [3, 1]]
    assert figures.error_title(found) == "run: up to 1.0 people off the dataset's composition in 2 batches"
    assert "off what the dataset holds" in figures.composition_title(found)


def test_the_plan_says_what_a_dataset_holds_where_it_is_on_record() -> None:
    record = {**RECORD, "arm": "base", "plan": {"coverage": [{"group": "A", "draws": 10}, {"group": "B", "draws": 30}]}}
    table = pl.DataFrame(
        [{"step": 1, "epoch": 0, "loader_epoch": 0, "group": group, "people": 2, "faces": 8} for group in "AB"]
    )
    found = made_of("run", record, pl.concat([BATCHES_SCHEMA.to_frame(), table], how="diagonal_relaxed"))
    assert found.wanted.tolist() == [[1, 3]]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (3 + 1 / 3, "run: never more than 0.34 people off the target in 1 batch"),
        (4.0, "run: never more than 1.00 people off the target in 1 batch"),
        (5.25, "run: up to 2.25 people off the target in 1 batch, more than the 1 promised"),
    ],
)
def test_the_title_states_the_worst_and_never_rounds_it_down(wanted: float, said: str) -> None:
    assert figures.error_title(made([(3, 1)], (wanted, 1))) == said


def test_one_epoch_can_be_looked_at() -> None:
    found = made([(4, 0), (3, 1), (3, 1), (2, 2)]).of_epoch(1)
    assert found.steps.tolist() == [3, 4]
    assert found.people.tolist() == [[3, 1], [2, 2]]
    assert "in 2 batches" in figures.error_title(found)


def test_a_thinned_error_hides_no_excess() -> None:
    values = np.zeros((1000, 2))
    values[517, 1] = -9
    begins, kept = farthest_in_blocks(values, 100)
    assert len(begins) == len(kept) == 100
    assert kept[:, 1].min() == -9
    assert kept[51, 1] == -9
    assert farthest_in_blocks(np.array([[1.0, -2.0]]), 100)[1].tolist() == [[1.0, -2.0]]
    assert farthest_in_blocks(np.arange(7.0)[:, None], 3)[1].ravel().tolist() == [2, 5, 6]


def test_the_band_of_one_person_is_drawn_around_each_group() -> None:
    drawn = quota_error(made([(4, 0), (3, 1)]), COLOURS)
    bands = [shape for shape in drawn.layout.shapes if shape.type == "rect"]
    assert [shape.y1 - shape.y0 for shape in bands] == [2, 2]
    assert [trace.customdata.tolist() for trace in drawn.data] == [[1, 1], [-1, -1]]


def test_people_who_come_together_are_promised_as_many_ahead_or_behind() -> None:
    def together(people: int) -> Delivery:
        record = {**RECORD, "settings": {"together": people}}
        rows = [
            {"step": step, "epoch": 0, "loader_epoch": 0, "group": group, "wanted": wanted, "people": number}
            for step, counts in enumerate([(4, 0), (4, 0), (1, 3)], start=1)
            for group, wanted, number in zip("AB", (3.0, 1.0), counts, strict=True)
        ]
        return made_of("run", record, pl.DataFrame(rows).with_columns(faces=pl.col("people")))

    assert figures.error_title(together(1)).endswith(
        "up to 2.00 people off the target in 3 batches, more than the 1 promised"
    )
    assert figures.error_title(together(2)) == "run: never more than 2.00 people off the target in 3 batches"
    bands = [shape for shape in quota_error(together(2), COLOURS).layout.shapes if shape.type == "rect"]
    assert [shape.y1 - shape.y0 for shape in bands] == [4, 4]


def test_titles_say_how_batches_swing() -> None:
    assert "differs by at most 1" in figures.numbers_title(made([(3, 1), (2, 2)]))
    assert figures.numbers_title(made([(4, 0), (2, 2)])) == "run: A has 2 to 4 people in a batch, the widest swing"


def test_shares_of_a_batch_are_drawn_with_the_borders_of_the_target() -> None:
    two = made([(4, 0), (2, 2)])
    three = replace(
        two,
        groups=("A", "B", "C"),
        people=np.array([[4.0, 0, 0], [2, 1, 1]]),
        wanted=np.array([[2.0, 1, 1], [2, 1, 1]]),
    )
    drawn = batch_composition(three, {**COLOURS, "C": "#777777"})
    bars = [trace for trace in drawn.data if trace.type == "bar"]
    assert [trace.y.tolist() for trace in bars] == [[100, 50], [0, 25], [0, 25]]
    dashed = [trace for trace in drawn.data if trace.type == "scatter"]
    assert [set(trace.y) for trace in dashed] == [{50}, {75}]


def test_tables_hold_what_is_drawn() -> None:
    found = made([(4, 0), (2, 2)])
    rows = by_group(found)
    assert rows["target, %"].to_list() == [75, 25]
    assert rows["actual, %"].to_list() == [75, 25]
    assert rows.select("fewest", "most", "behind", "ahead").rows() == [(2, 4, 0, 1), (0, 2, -1, 0)]
    assert every_step(found).select("step", "group", "people").rows() == [
        (1, "A", 4), (1, "B", 0), (2, "A", 2), (2, "B", 2)
    ]  # fmt: skip


def test_a_table_that_lacks_rows_is_refused() -> None:
    rows = [{"step": 1, "group": "A"}, {"step": 1, "group": "B"}, {"step": 2, "group": "A"}]
    table = pl.DataFrame(
        [{"epoch": 0, "loader_epoch": 0, "wanted": 1.0, "people": 1, "faces": 4, **row} for row in rows]
    )
    with pytest.raises(ValueError, match="3 rows of 2 steps and 2 groups"):
        made_of("run", RECORD, table)


def test_coverage_is_summed_over_the_epochs_and_says_why() -> None:
    row = {"faces": 10, "draws": 12, "used": 10, "repeated": 2, "dropped": 0, "excluded": 0}
    less = {**row, "used": 6, "repeated": 6, "dropped": 4}
    record = {
        "coverage": [
            {"epoch": 0, "groups": [{"group": "A", **row}, {"group": "B", **row}]},
            {"epoch": 1, "groups": [{"group": "A", **row}, {"group": "B", **less}]},
        ],
        "plan": {"coverage": [{"group": name, "reasons": {"repeated to fill short cells": 2}} for name in "AB"]},
    }
    rows, epochs = coverage.coverage_of(record, None)
    assert rows.select("group", "faces", "used", "dropped").rows() == [("A", 20, 20, 0), ("B", 20, 16, 4)]
    assert coverage.title("run", rows, epochs) == (
        "run: 90.0 % of the faces were used an epoch, 25 % of the places repeat one"
    )
    first, epochs = coverage.coverage_of(record, 0)
    assert (
        coverage.title("run", first, epochs) == "run: every face was used in the epoch, 17 % of the places repeat one"
    )
    assert "4 repeated to fill short cells" in coverage.why(coverage.reasons_of(record))
    assert [list(trace.x) for trace in coverage_bars(rows, COLOURS).data] == [[100, 80], [0, 20], [0, 0], [20, 40]]


def test_two_runs_stand_beside_each_other_and_base_promises_nothing(page: Page, full: Given) -> None:
    test = page("batches", full)
    assert (test.selectbox(key="run").value, test.selectbox(key="beside").value) == ("natural-0", "base-0")
    titles = [block.value.replace("\\", "") for block in test.markdown]
    assert any(re.search(r"natural-0: never more than (0\.\d\d|1\.00) people", text) for text in titles)
    assert any("base-0: up to" in text and "off the dataset" in text for text in titles)
    assert any("does not promise" in caption.value for caption in test.caption)


def test_a_link_gives_run_and_epoch(page: Page, full: Given) -> None:
    test = page("batches", full, run="base-0", beside="none", epoch="2")
    assert test.selectbox(key="run").value == "base-0"
    assert test.selectbox(key="epoch").value == "2"
    assert not any(plain("natural-0") in block.value for block in test.markdown)


def test_a_run_of_before_batches_were_recorded_says_how_to_have_them(page: Page, broken: Given) -> None:
    test = page("batches", broken, run="no-table", beside="none")
    assert not test.exception
    test = page("batches", broken, run="bad-table", beside="good")
    assert plain("bad-table") in " ".join(warning.value for warning in test.warning)
    assert any("good" in block.value for block in test.markdown)
