"""A run that has collapsed, has no VAL or knows people of the test is called so where its figures are shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_evaluations import made_evaluation
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from ethnoshard.runs import RunFolder
from tests.kit.whole_reports import as_file

Page = Callable[..., AppTest]
COLLAPSED = "collapsed: embeddings of different people are nearly all alike"


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """A run of before with a VAL at a FAR of 1; one that has collapsed; a report on a run that knows its people."""
    facts = {"seed": 0, "status": "finished", "settings": {"epochs": 1}, "dataset": {"groups": []}}
    lfw = {"accuracy": 0.5, "accuracy_std": 0.01, "auc": 0.51, "eer": 0.5}
    progress = {"step": 0, "epoch": 1, "loss": 0.2}
    records: dict[str, dict[str, Any]] = {
        "before": {**progress, "lfw": {**lfw, "val": 1.0, "val_std": 0.0, "far": 1.0}},
        "now": {**progress, "lfw": {**lfw, "val": None, "val_reason": "because", "far": 0.0}, "collapsed": COLLAPSED},
    }
    for name, done in records.items():
        (tmp_path / name).mkdir()
        RunFolder(tmp_path / name).write({**facts, "arm": "base", "progress": done})
    report = tmp_path / "report"
    report.mkdir()
    content = as_file(made_evaluation())
    content["verification"]["validation"][0].update(val=None, reason="for no reason")
    content["verification"]["similarity"] = {"different": 0.99, "same": 0.99, "auc": 0.5, "collapsed": COLLAPSED}
    content["model"] = {"name": "net", "kind": "run", "digest": "ab", "about": {}}
    content["trained_on"] = {"trained_on": 500, "people": 60, "shared": 7, "only_numbers": False, "by": "name"}
    (report / "report.json").write_text(json.dumps(content))
    return Given(runs=tmp_path)


def warnings(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(block.value for block in test.warning).replace("\\", "")


def test_on_the_page_of_runs(page: Page, given: Given) -> None:
    test = page("runs", given)
    said = warnings(test)
    assert "before: no VAL: the FAR reached is 1 (3,000 of 3,000 different pairs), not the 0.001 asked for" in said
    assert f"now: no VAL: because; {COLLAPSED}" in said
    assert "report: no VAL: for no reason; collapsed" in said
    assert "trained on people of this test: 7 of its 60 people" in said
    table = next(
        each.value for each in test.dataframe if "Run" in each.value.columns and "Status" in each.value.columns
    )
    assert table["VAL"].isna().all()


def test_on_the_page_of_verification(page: Page, given: Given) -> None:
    test = page("verification", given, report="report")
    said = "\n".join(block.value for block in test.warning).replace("\\", "")
    assert "no VAL at FAR 0.01: for no reason" in said and COLLAPSED in said and "7 of its 60 people" in said
    (tile,) = (metric for metric in test.metric if metric.label.replace("\\", "") == "VAL at FAR 0.01")
    assert tile.value == "–"


@pytest.mark.parametrize(
    ("people", "draws", "why"), [(None, 0, "people are not known"), (60, 0, "no people were drawn"), (60, 40, "")]
)
def test_where_verification_has_no_interval_the_reason_stands_in_its_tile(
    page: Page, given: Given, people: int | None, draws: int, why: str
) -> None:
    path = given.runs / "report" / "report.json"
    content = json.loads(path.read_text())
    verified = content["verification"]
    few = "no interval of VAL at FAR 0.1: that is 1.5 of 15 different pairs; 2.5 are needed"
    ends = [0.25, 0.75] if draws else None
    verified.update(people=people, draws=draws, auc_interval=ends, eer_interval=None)
    verified["validation"][1].update(interval_reason=few if draws else None)
    path.write_text(json.dumps(content))
    test = page("verification", given, report="report")
    below = dict(zip((metric.label.replace("\\", "") for metric in test.metric), _below(test), strict=False))
    assert below["AUC"] == ("95 % 0.2500 to 0.7500 (people)" if draws else f"no interval: {why}")
    assert below["EER"] == f"no interval: {why or 'the report is from before it was measured'}"
    val = below["VAL at FAR 0.1"]
    assert few in val and "Wilson" not in val if draws else f"(Wilson: {why})" in val
    mean = verified["validation"][1]["val"]
    error = np.std(mean["by_fold"], ddof=1) / len(mean["by_fold"]) ** 0.5
    assert val.startswith(f"± {mean['std']:.4f} over folds, standard error {error:.4f}; ")


def _below(test: AppTest) -> list[str]:
    """What stands below each tile."""
    return [block.value.replace("\\", "") for block in test.caption][1:]


def test_on_the_page_of_training(page: Page, given: Given) -> None:
    assert f"now: {COLLAPSED}" in warnings(page("training", given))


def test_draws_that_got_another_face_are_counted_on_the_page_of_runs(page: Page, given: Given) -> None:
    folder = RunFolder(given.runs / "now")
    covered = [
        {"epoch": 0, "groups": [], "replaced_from_identity": 3, "replaced_from_group": 1},
        {"epoch": 1, "groups": [], "replaced_from_identity": 2},
    ]
    folder.write({**folder.record(), "coverage": covered})
    said = warnings(page("runs", given))
    assert "now: 6 draws got another face in place of a bad one" in said
    assert "before: " in said and "before: 0 draws" not in said
