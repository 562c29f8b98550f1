import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_evaluations import make_lively
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views.groups import labels_note
from ethnoshard.charts import number, share, with_interval
from ethnoshard.evaluation import GroupCurves
from ethnoshard.reports import read_report
from ethnoshard.results import GroupErrors

Page = Callable[..., AppTest]
BASE, NATURAL = "base-0/reports/drawn", "natural-0/reports/drawn"


@pytest.fixture(scope="module")
def lively(full: Given, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """With models that tell people apart."""
    return make_lively(full, tmp_path_factory.mktemp("lively"))


def curves(given: Given, name: str) -> GroupCurves:
    """Of the first source."""
    return read_report(given.runs / name).group_curves("one")


def own(given: Given, name: str) -> GroupErrors:
    """Of the first source, at the report's own threshold."""
    return read_report(given.runs / name).evaluation.demographics[0]


def rates(test: AppTest) -> Any:
    """The table of each group's own rates, of the first source."""
    (table,) = (table.value for table in test.dataframe if "FNMR" in table.value and "false matches" in table.value)
    return table[table["labels"] == "one"] if "labels" in table else table


def heads(test: AppTest) -> list[str]:
    return [block.value.removeprefix("##### ").replace("\\", "") for block in test.markdown]


def captions(test: AppTest) -> str:
    return " ".join(block.value.replace("\\", "") for block in test.caption)


def test_it_starts_at_the_report_s_own_threshold(page: Page, lively: Given) -> None:
    test = page("groups", lively, report=BASE)
    found = own(lively, BASE)
    assert test.select_slider(key="similarity").value == f"{found.threshold:.4f}"
    fnmr = [with_interval(cells.fnmr.rate, cells.fnmr.people_interval) for cells in found.by_group.values()]
    assert rates(test)["FNMR"].tolist()[1:] == fnmr
    assert found.chosen_on.text in captions(test) and found.note in captions(test)


@pytest.mark.parametrize("place", [3, 30])
def test_a_link_s_threshold_is_that_of_rates_figures_and_map(page: Page, lively: Given, place: int) -> None:
    kept = curves(lively, BASE)
    there = kept.at(place)
    test = page("groups", lively, report=BASE, similarity=f"{kept.thresholds[place]:.4f}")
    table = rates(test)
    assert table["false matches"].tolist()[1:] == [
        f"{cells.fmr.errors:,} of {cells.fmr.pairs:,}" for cells in there.by_group.values()
    ]
    assert any(
        f"at {there.threshold:.4f}: FMR" in head and "Perceived ethnicity as given by" in head for head in heads(test)
    )
    specs = [json.loads(chart.proto.spec) for chart in test.get("plotly_chart")]
    heat, _ = (spec for spec in specs if spec["data"][0]["type"] == "heatmap")
    said = {words["text"].partition("</b>")[0].removeprefix("<b>") for words in heat["layout"]["annotations"]}
    assert said == {share(cell.rate) for row in there.cross.values() for cell in row.values()}


def test_only_what_a_source_calls_perceived_ethnicity_is_called_so(page: Page, lively: Given) -> None:
    test = page("groups", lively, report=BASE)
    for source, attribute in (("one", "Perceived ethnicity"), ("other", "Sex")):
        whose = f"{attribute} as given by {source}"
        assert any(head.startswith(f"{whose}, at ") for head in heads(test)), source
        assert f"{whose}: " in captions(test)
        assert any(f"by {whose[0].lower()}{whose[1:]}" in head for head in heads(test)), source
    assert not any("ethnicity as given by other" in text for text in (*heads(test), captions(test)))
    sources = read_report(lively.runs / BASE).evaluation.demographics
    assert "Perceived ethnicity: never" in labels_note(sources)
    assert labels_note(sources[1:]) == sources[1].note


def test_searches_of_a_gallery_stand_by_group(page: Page, lively: Given) -> None:
    test = page("groups", lively, report=BASE)
    tables = [table.value for table in test.dataframe if "FNIR" in table.value]
    kept = [at for own in read_report(lively.runs / BASE).evaluation.demographics for at in own.open_set if at.overall]
    assert len(tables) == len(kept) > 0
    for table, at in zip(tables, kept, strict=True):
        fpir = [with_interval(own.fpir.rate, own.fpir.people_interval) for own in at.by_group.values()]
        assert table["FPIR"].tolist()[1:] == fpir
    assert any("where the FPIR of all is 0.1 at most" in head for head in heads(test))


def test_absolute_rates_stand_beside_every_ratio(page: Page, lively: Given) -> None:
    test = page("groups", lively, report=BASE)
    found = own(lively, BASE)
    assert found.metrics, "the fixture's groups are large enough"
    behind = captions(test).partition("The rates behind: ")[2]
    for group, cells in found.by_group.items():
        if not cells.too_few:
            assert f"{group} FMR {share(cells.fmr.rate)}, FNMR {share(cells.fnmr.rate)}" in behind


def test_groups_left_out_and_people_without_one_are_said(page: Page, lively: Given) -> None:
    said = captions(page("groups", lively, report=BASE))
    for group, why in own(lively, BASE).left_out.items():
        assert f"{group} enters no metric: {why}" in said
    assert "C enters no metric" in said and "10 no label" in said


def test_two_reports_have_their_paired_difference_from_the_comparison(page: Page, lively: Given) -> None:
    for one, other, sign in ((BASE, NATURAL, 1), (NATURAL, BASE, -1)):
        test = page("groups", lively, report=one, beside=[other])
        found = read_report(lively.runs / "compare").comparison.demographics[0]
        tables = [table.value for table in test.dataframe]
        table, _ = (each for each in tables if "accuracy" in each and len(each.columns) == 4)
        assert table["FNMR"][0].startswith(f"{sign * (found.overall['fnmr'].difference or 0):+.4f}")
        assert sorted(set(rates(test)["model"])) == ["base-0", "natural-0"]


def test_without_a_comparison_the_command_is_said(page: Page, lively: Given, tmp_path: Path) -> None:
    for run in ("base-0", "natural-0"):
        shutil.copytree(lively.runs / run, tmp_path / "runs" / run)
    test = page("groups", dataclasses.replace(lively, runs=tmp_path / "runs"), report=BASE, beside=[NATURAL])
    (code,) = test.code
    assert code.value.startswith(f"ethnoshard compare {tmp_path / 'runs' / BASE} {tmp_path / 'runs' / NATURAL} --out")


def test_a_report_without_curves_shows_its_threshold_and_how_to_have_more(
    page: Page, lively: Given, tmp_path: Path
) -> None:
    shutil.copytree(lively.runs / "base-0", tmp_path / "runs" / "base-0")
    file = tmp_path / "runs" / BASE / "groups-one.npz"
    with np.load(file) as arrays:
        kept = {name: arrays[name] for name in arrays if not name.startswith("curve_")}
    np.savez(file, **kept)
    test = page("groups", dataclasses.replace(lively, runs=tmp_path / "runs"), report=BASE)
    assert not test.exception and not test.select_slider
    assert any("ethnoshard evaluate again" in info.value.replace("\\", "") for info in test.info)
    assert len(rates(test)) == 1 + len(own(lively, BASE).by_group)


@pytest.mark.parametrize("run", ["no-scores", "bad-scores"])
def test_damaged_arrays_leave_what_the_record_holds(page: Page, broken: Given, run: str) -> None:
    name = f"{run}/reports/drawn"
    test = page("groups", broken, report=name)
    assert not test.exception
    assert len(rates(test)) == 1 + len(own(broken, name).by_group)


def test_labels_and_groups_from_files_are_text(page: Page, lively: Given, tmp_path: Path) -> None:
    hostile = "<b>x</b> **y** $z$"
    shutil.copytree(lively.runs / "base-0", tmp_path / "runs" / "base-0")
    file = tmp_path / "runs" / BASE / "report.json"
    record = json.loads(file.read_text())
    found = record["demographics"][0]
    found["labels"] = f"as given by {hostile}"
    # A source's name that leads to another folder opens no arrays there.
    found["source"] = "../../../secret"
    group = next(iter(found["by_group"]))
    found["by_group"][hostile] = found["by_group"].pop(group)
    file.write_text(json.dumps(record))
    test = page("groups", dataclasses.replace(lively, runs=tmp_path / "runs"), report=BASE)
    assert not test.exception
    blocks = [block.value for block in (*test.markdown, *test.caption) if "x" in block.value]
    assert not any("<b>" in block or "**y" in block for block in blocks)
    # Read and written again, as the files themselves write < as a number.
    specs = " ".join(json.dumps(json.loads(chart.proto.spec)) for chart in test.get("plotly_chart"))
    assert "<b>x" not in specs and "&lt;b&gt;x" in specs


def test_both_sources_of_labels_stand_side_by_side(page: Page, lively: Given) -> None:
    test = page("groups", lively, report=BASE)
    figures = next(table.value for table in test.dataframe if "ideal" in table.value)
    assert list(figures.columns) == ["metric", "one", "other", "ideal", "what it says"]
    titles = heads(test)
    for labels in ("as given by one", "as given by other"):
        assert sum(labels in title for title in titles) == 7


def test_what_stands_beside_errors_stands_below_and_a_report_of_before_shows_none(
    page: Page, lively: Given, tmp_path: Path
) -> None:
    test = page("groups", lively, report=BASE)
    shift = own(lively, BASE).score_shift
    assert shift is not None
    tables = [table.value for table in test.dataframe if "d'" in table.value]
    assert len(tables) == 2 and tables[0]["d'"].tolist() == [
        number(each.d_prime) for each in (shift.overall, *shift.by_group.values())
    ]
    assert sum("Where similarities lie" in head for head in heads(test)) == 2
    tars = next(table.value for table in test.dataframe if "own threshold" in table.value)
    at, _ = own(lively, BASE).tar_at_far
    assert tars["TAR"].tolist()[: len(at.by_group)] == [share(each.tar) for each in at.by_group.values()]
    assert tars["FAR"].tolist()[0] == "0.05" and at.chosen_on is not None and at.chosen_on.text in captions(test)
    shutil.copytree(lively.runs / "base-0", tmp_path / "runs" / "base-0")
    file = tmp_path / "runs" / BASE / "report.json"
    record = json.loads(file.read_text())
    for found in record["demographics"]:
        del found["score_shift"], found["failures"], found["tar_at_far"]
    file.write_text(json.dumps(record))
    before = page("groups", dataclasses.replace(lively, runs=tmp_path / "runs"), report=BASE)
    assert not before.exception and not any({"d'", "own threshold"} & {*table.value} for table in before.dataframe)
