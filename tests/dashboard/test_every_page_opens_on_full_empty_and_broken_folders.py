import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._main import PAGES

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

Page = Callable[..., AppTest]


@pytest.mark.parametrize("name", list(PAGES))
def test_a_full_folder_is_shown_without_an_error(page: Page, full: Given, name: str) -> None:
    test = page(name, full)
    assert [error.value for error in (*test.exception, *test.error)] == []
    # Two epochs on few faces are no training to speak of, and its pairs are few.
    said = [line for warning in test.warning for line in warning.value.splitlines()]
    assert all("no VAL" in line or "collapsed" in line for line in said), said
    assert not any("flatter" in line for line in said), said
    assert test.title[0].value == name.capitalize()


@pytest.mark.parametrize("name", list(PAGES))
def test_an_empty_folder_is_told_which_command_fills_it(page: Page, empty: Given, name: str) -> None:
    test = page(name, empty)
    assert [error.value for error in (*test.exception, *test.error, *test.warning)] == []
    assert test.info
    assert any(word in block.value for block in test.code for word in ("ethnoshard ", "make "))


RECORDS = {f"{run}/reports/{name}": f"{run}/reports/{name}/report.json"
           for run in ("bad-report", "newer-report", "wrong-types") for name in ("clusters", "drawn")}  # fmt: skip
UNREADABLE = {
    "runs": {**{run: f"{run}/run.json" for run in ("cut", "newer", "list", "lacking")}, **RECORDS},
    "dataset": {"lost.dataset": "lost.dataset", "cut.dataset": "cut.dataset/identities.parquet"},
    "audit": RECORDS,
    "batches": {},
    "training": {run: f"{run}/metrics.parquet" for run in ("bad-table", "no-table")},
    "verification": RECORDS,
    "groups": RECORDS,
    "clusters": RECORDS,
    "benchmarks": {name: f"benchmarks/{name}.json" for name in ("loading-cut", "loading-other", "unknown")},
}
"""What each page has to list, and the file that is to blame; "batches" shows one run, and that is sound."""


@pytest.mark.parametrize("name", list(PAGES))
def test_broken_files_are_named_with_their_reason_and_the_sound_ones_are_shown(
    page: Page, broken: Given, full: Given, name: str
) -> None:
    assert broken.benchmarks is not None
    shutil.copy(RESULTS / "packing.json", broken.benchmarks)
    test = page(name, replace(broken, datasets=(*broken.datasets, full.datasets[0])))
    assert not test.exception
    assert test.title[0].value == name.capitalize()
    said = [line.replace("\\", "") for part in (*test.warning, *test.markdown) for line in part.value.splitlines()]
    for one, file in UNREADABLE[name].items():
        start = re.compile(rf"(?:- )?{re.escape(one)}(?: can't be [a-z]+)?: .*{re.escape(file)}\b")
        assert any(start.match(line) for line in said), (one, file, said)
    assert test.get("plotly_chart")


def test_arrays_that_are_gone_or_damaged_are_named_and_the_rest_is_shown(page: Page, broken: Given) -> None:
    for name, key, file in (("verification", "report", "drawn/scores.npz"), ("clusters", "clusters", "picture.npz")):
        for run in ("no-scores", "bad-scores"):
            report = f"{run}/reports/{'drawn' if name == 'verification' else 'clusters'}"
            test = page(name, broken, **{key: report})
            assert not test.exception
            said = [warning.value.replace("\\", "") for warning in test.warning]
            assert any(report in line and file in line for line in said), (report, said)


def test_a_bug_of_ours_is_not_called_a_fault_of_the_file(
    page: Page, full: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("dashboard.views.verification.roc_title", broken)
    test = page("verification", full)
    assert [error.message for error in test.exception] == ["'ours'"]
    assert not any("ours" in warning.value for warning in test.warning)


opened: list[str] | None = None
"""What was opened or listed since somebody began to look; an audit hook can't be taken away again."""


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if opened is not None and event in ("open", "os.listdir", "os.scandir"):
        opened.append(os.path.realpath(str(arguments[0])))


sys.addaudithook(_note)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    global opened
    opened = []
    yield opened
    opened = None


def test_no_path_from_a_link_is_opened(page: Page, full: Given, tmp_path: Path, watched: list[str]) -> None:
    # Sound ones, which a page that opened them would show.
    outside = tmp_path / "outside"
    run, dataset, report = outside / "run", outside / "a.dataset", outside / "run" / "reports" / "drawn"
    shutil.copytree(full.runs / "natural-0", run)
    shutil.copytree(full.datasets[0], dataset)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "arm": "from-outside"}))
    assert page("runs", Given(runs=outside)).multiselect(key="runs").value == ["run"]
    assert any(path.startswith(str(outside)) for path in watched), "it is not seen what is opened"
    watched.clear()
    clusters = report.with_name("clusters")
    there = {"run": run, "runs": run, "report": report, "beside": report, "dataset": dataset, "clusters": clusters,
             "audit": report.with_name("audit"), "beside_clusters": clusters,
             "loading": outside / "loading-x"}  # fmt: skip
    for name in PAGES:
        for written in (str, lambda path: os.path.relpath(path, full.runs)):
            test = page(name, full, **{key: written(path) for key, path in there.items()})
            assert not test.exception and test.title[0].value == name.capitalize()
            assert "from-outside" not in str(test)
    assert watched and not [path for path in watched if path.startswith(str(outside))]
