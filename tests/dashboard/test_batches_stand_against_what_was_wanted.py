import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._show import plain
from dashboard.views._delivered import composition_title, coverage_title, error_title, numbers_title, reason_words
from ethnoshard.charts import batch_composition, coverage_bars, quota_error
from ethnoshard.charts._delivery import farthest_in_blocks
from ethnoshard.results import Delivery
from ethnoshard.runs import coverage_table, delivery_of, reason_table
from tests.kit.runs import made_batches, made_delivery, made_record, made_use

Page = Callable[..., AppTest]
COLOURS = {"A": "#0077BB", "B": "#D55E00"}


def test_an_arm_without_target_is_held_against_the_dataset_and_promises_nothing() -> None:
    found = made_delivery([(4, 0), (2, 2)], wanted=None, arm="base")
    assert not found.promised
    assert found.wanted.tolist() == [[3, 1], [3, 1]]
    assert error_title(found) == "run: up to 1.0 people off the dataset's composition in 2 batches"
    assert "off what the dataset holds" in composition_title(found)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (3 + 1 / 3, "run: never more than 0.34 people off the target in 1 batch"),
        (4.0, "run: never more than 1.00 people off the target in 1 batch"),
        (5.25, "run: up to 2.25 people off the target in 1 batch, more than the 1 promised"),
    ],
)
def test_the_title_states_the_worst_and_never_rounds_it_down(wanted: float, said: str) -> None:
    assert error_title(made_delivery([(3, 1)], (wanted, 1))) == said


def test_one_epoch_can_be_looked_at() -> None:
    found = made_delivery([(4, 0), (3, 1), (3, 1), (2, 2)]).of_epoch(1)
    assert found.steps.tolist() == [3, 4]
    assert found.people.tolist() == [[3, 1], [2, 2]]
    assert "in 2 batches" in error_title(found)


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
    drawn = quota_error(made_delivery([(4, 0), (3, 1)]), COLOURS)
    bands = [shape for shape in drawn.layout.shapes if shape.type == "rect"]
    assert [shape.y1 - shape.y0 for shape in bands] == [2, 2]
    assert [trace.customdata.tolist() for trace in drawn.data] == [[1, 1], [-1, -1]]


def test_people_who_come_together_are_promised_as_many_ahead_or_behind() -> None:
    def together(people: int) -> Delivery:
        settings = {"epochs": 1, "together": people}
        batches = made_batches([(4, 0), (4, 0), (1, 3)]).with_columns(loader_epoch=pl.lit(0, pl.Int32))
        return delivery_of("run", made_record(settings=settings), batches)

    assert error_title(together(1)).endswith("up to 2.00 people off the target in 3 batches, more than the 1 promised")
    assert error_title(together(2)) == "run: never more than 2.00 people off the target in 3 batches"
    bands = [shape for shape in quota_error(together(2), COLOURS).layout.shapes if shape.type == "rect"]
    assert [shape.y1 - shape.y0 for shape in bands] == [4, 4]


def test_titles_say_how_batches_swing() -> None:
    assert "differs by at most 1" in numbers_title(made_delivery([(3, 1), (2, 2)]))
    assert numbers_title(made_delivery([(4, 0), (2, 2)])) == "run: A has 2 to 4 people in a batch, the widest swing"


def test_shares_of_a_batch_are_drawn_with_the_borders_of_the_target() -> None:
    two = made_delivery([(4, 0), (2, 2)])
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


def test_coverage_is_summed_over_the_epochs_and_has_its_reasons() -> None:
    whole = {"faces": 10, "draws": 12, "used": 10, "repeated": 2}
    less = {**whole, "used": 6, "repeated": 6, "dropped": 4}
    record = made_record(
        coverage=[
            {"epoch": 0, "groups": [made_use("A", **whole), made_use("B", **whole)]},
            {"epoch": 1, "groups": [made_use("A", **whole), made_use("B", **less)]},
        ],
        plan={"coverage": [made_use(name, reasons={"repeated to fill short cells": 2}) for name in "AB"]},
    )
    rows, epochs = coverage_table(record)
    assert rows.select("group", "faces", "used", "dropped").rows() == [("A", 20, 20, 0), ("B", 20, 16, 4)]
    assert coverage_title("run", rows, epochs) == (
        "run: 90.0 % of the faces were used an epoch, 25 % of the slots repeat one"
    )
    first, epochs = coverage_table(record, 0)
    assert coverage_title("run", first, epochs) == (
        "run: every face was used in the epoch, 17 % of the slots repeat one"
    )
    assert "4 repeated to fill short cells" in reason_words(reason_table(record))
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
