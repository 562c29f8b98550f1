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
from ethnoshard.charts import share

Page = Callable[..., AppTest]
BASE, NATURAL = "base-0/reports/drawn", "natural-0/reports/drawn"


@pytest.fixture(scope="module")
def lively(full: Given, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """With models that tell people apart."""
    return make_lively(full, tmp_path_factory.mktemp("lively"))


def content(given: Given, name: str) -> dict[str, Any]:
    """``report.json``."""
    read: dict[str, Any] = json.loads((given.runs / name / "report.json").read_text())
    return read


def scores(given: Given, name: str) -> tuple[Any, Any]:
    """Distances and truth."""
    with np.load(given.runs / name / "scores.npz") as arrays:
        return arrays["distance"], arrays["same"]


def heads(test: AppTest) -> list[str]:
    """Titles of charts and tables, without the signs that keep them plain text."""
    return [block.value.removeprefix("##### ").replace("\\", "") for block in test.markdown]


def tile(test: AppTest, label: str, place: int = 0) -> str:
    """Value of a tile."""
    return [metric.value.replace("\\", "") for metric in test.metric if metric.label.replace("\\", "") == label][place]


def worst(test: AppTest) -> list[Any]:
    """The tables of the worst pairs."""
    return [table.value for table in test.dataframe if "distance" in table.value.columns]


def test_tiles_are_the_report_s_figures(page: Page, lively: Given) -> None:
    verified = content(lively, BASE)["verification"]
    test = page("verification", lively, report=BASE)
    assert tile(test, "Accuracy") == share(verified["accuracy"]["mean"])
    assert tile(test, "AUC") == share(verified["auc"])
    assert tile(test, "EER") == share(verified["eer"])
    for at in verified["validation"]:
        assert tile(test, f"VAL at FAR {at['target']:g}") == share(at["val"]["mean"])
    below = " ".join(block.value.replace("\\", "") for block in test.caption)
    low, high = verified["accuracy"]["people_interval"]
    assert f"95 % {low:.4f} to {high:.4f} (people)" in below


def test_a_link_s_threshold_is_that_of_tiles_title_and_worst_pairs(page: Page, lively: Given) -> None:
    distance, same = scores(lively, BASE)
    test = page("verification", lively, report=BASE, threshold="0.9")
    accepted = distance < 0.9
    refused, taken = np.count_nonzero(same & ~accepted), np.count_nonzero(~same & accepted)
    assert tile(test, "FNMR") == share(refused / np.count_nonzero(same))
    assert tile(test, "Accuracy", 1) == share(np.mean(accepted == same))
    assert any(head.startswith(f"At 0.90, {taken} of ") and f"and {refused} of" in head for head in heads(test))
    furthest, nearest = worst(test)
    assert furthest["distance"].tolist() == sorted(distance[same])[:-6:-1]
    assert nearest["distance"].tolist() == sorted(distance[~same])[:5]
    assert (furthest["at 0.90"] == "false non-match").tolist() == [far >= 0.9 for far in furthest["distance"]]


def test_the_slider_moves_and_the_button_leads_back_to_the_folds_mean(page: Page, lively: Given) -> None:
    test = page("verification", lively, report=BASE)
    start = test.slider(key="threshold").value
    mean = np.mean(content(lively, BASE)["verification"]["accuracy"]["thresholds"])
    assert start == pytest.approx(mean, abs=0.00501)
    test.slider(key="threshold").set_value(4.0).run()
    assert (tile(test, "FMR"), tile(test, "FNMR")) == (share(1.0), "0")
    (back,) = (button for button in test.button if "mean" in button.label)
    back.click().run()
    assert test.slider(key="threshold").value == start


def test_the_worst_pairs_show_both_faces_and_nobody_s_name_unless_asked(page: Page, lively: Given) -> None:
    test = page("verification", lively, report=BASE, worst="10")
    for table in worst(test):
        assert len(table) == 10
        assert table[["face", "other face"]].map(lambda face: face.startswith("data:image/jpeg")).all(axis=None)
        names = table[[name for name in ("person", "first", "second") if name in table]]
        assert names.map(lambda name: name.startswith("person ")).all(axis=None)
    test.toggle(key="names_hidden").set_value(False).run()
    with np.load(lively.runs / BASE / "scores.npz") as arrays:
        known = set(arrays["first_person"].tolist() + arrays["second_person"].tolist())
    assert set(worst(test)[0]["person"]) <= known


def test_without_the_dataset_it_says_which_is_needed(page: Page, lively: Given) -> None:
    test = page("verification", dataclasses.replace(lively, datasets=lively.datasets[:1]), report=BASE)
    place = content(lively, BASE)["place"]
    said = " ".join(info.value.replace("\\", "") for info in test.info)
    assert place["name"] in said and place["source_digest"][:12] in said and "--dataset" in said
    assert all("face" not in table for table in worst(test))


def test_reports_beside_it_are_in_the_same_charts(page: Page, lively: Given) -> None:
    test = page("verification", lively, report=BASE, beside=[NATURAL])
    spec = [json.loads(chart.proto.spec) for chart in test.get("plotly_chart")]
    names = [{trace.get("name") for trace in each["data"]} for each in spec]
    both = [found for found in names if {"base-0", "natural-0"} <= found]
    assert len(both) == 2
    assert any(head.startswith("VAL for a FAR of") and "natural-0" in head for head in heads(test))


def test_pairs_that_could_not_be_scored_are_counted(page: Page, lively: Given, tmp_path: Path) -> None:
    shutil.copytree(lively.runs / "base-0", tmp_path / "runs" / "base-0")
    given = dataclasses.replace(lively, runs=tmp_path / "runs")
    record = content(given, BASE)
    record["pairs"].update(listed=record["pairs"]["scored"] + 7, missing_same=5, missing_different=2, missing_images=3)
    (given.runs / BASE / "report.json").write_text(json.dumps(record))
    said = " ".join(block.value.replace("\\", "") for block in page("verification", given, report=BASE).caption)
    assert "7 of" in said and "(5 same, 2 different); images without an embedding: 3" in said


@pytest.mark.parametrize("run", ["no-scores", "bad-scores"])
def test_without_scores_the_rest_is_shown_and_the_reason_said(page: Page, broken: Given, run: str) -> None:
    name = f"{run}/reports/drawn"
    test = page("verification", broken, report=name)
    assert not test.exception
    assert any("scores" in warning.value for warning in test.warning)
    assert tile(test, "AUC") == share(content(broken, name)["verification"]["auc"])
    assert len(test.get("plotly_chart")) == 2 and not test.slider


def test_what_cannot_be_read_is_listed_with_its_reason(page: Page, broken: Given) -> None:
    test = page("verification", broken)
    listed = {block.value.replace("\\", "").partition(":")[0] for each in test.expander for block in each.markdown}
    assert {f"{run}/reports/drawn" for run in ("bad-report", "newer-report", "wrong-types")} <= listed
