"""Report folders: written as a whole or not at all, read by anybody who knows the version, figures that need no net."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_reports import made_embeddings, made_groups, made_pairs

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import (
    EvaluationOptions,
    Report,
    cluster_embeddings,
    compare_reports,
    evaluate_embeddings,
    read_report,
    write_report,
)
from ethnoshard.results import as_json

OPTIONS = EvaluationOptions(draws=20, fmr=0.01, min_people=10, galleries=2)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    pairs = made_pairs(tmp_path_factory.mktemp("pairs") / "pairs.txt")
    return evaluate_embeddings(made_embeddings(1), pairs, groups=made_groups(), options=OPTIONS)


@pytest.fixture(scope="module")
def folder(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "report"
    write_report(report, folder)
    return folder


def test_everything_is_read_back_as_it_was(report: Report, folder: Path) -> None:
    read = read_report(folder)
    assert read.kind == "evaluation" and read.summary == report.summary
    assert {**read.content, **json.loads(json.dumps(report.content))} == read.content
    assert read.content["format"] == 2 and read.content["versions"]["ethnoshard"]
    assert read.array_names() == sorted(report.arrays)
    for name, arrays in report.arrays.items():
        found = read.arrays(name)
        assert found.keys() == arrays.keys()
        for key, values in arrays.items():
            np.testing.assert_array_equal(found[key], values)
    assert Embeddings.load(folder / "embeddings.npz").keys.tolist() == made_embeddings(1).keys.tolist()
    assert as_json(read.evaluation) == as_json(report.result)
    with pytest.raises(EthnoshardError, match="is a report on evaluation; give one of ethnoshard cluster"):
        _ = read.clustering
    assert read.group_tally("one").tally.groups == ("A", "B")


def test_figures_take_their_script_from_beside_them_and_say_what_they_show(folder: Path) -> None:
    pages = read_report(folder).pages
    assert [page.stem for page in pages] == [
        "cross-one", "cross-other", "det", "distances", "folds", "groups-one", "groups-other", "identification", "roc",
        "similarities-one", "similarities-other",
    ]  # fmt: skip
    assert (folder / "figures" / "plotly.min.js").stat().st_size > 1_000_000
    for page in pages:
        text = page.read_text()
        assert re.findall(r'<script[^>]* src="([^"]*)"', text) == ["plotly.min.js"]
        assert not re.search(r'(src|href)="(https?:)?//', text)
        assert re.search("<title>.+</title>", text) and "embeddings" in text


def test_another_version_or_another_thing_is_refused(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "report.json").read_text())
    (tmp_path / "report.json").write_text(json.dumps({**content, "format": 3}))
    with pytest.raises(EthnoshardError, match="is of format 3; this version of ethnoshard reads 1 and 2"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(EthnoshardError, match="is not JSON"):
        read_report(tmp_path)
    with pytest.raises(EthnoshardError, match="holds no report"):
        read_report(tmp_path / "gone")


def test_an_older_report_is_replaced_whole_and_other_things_are_left_alone(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "report")
    (tmp_path / "report" / "groups-old.npz").write_bytes(b"")
    write_report(report, tmp_path / "report")
    assert not (tmp_path / "report" / "groups-old.npz").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    with pytest.raises(EthnoshardError, match="holds other things than a report"):
        write_report(report, tmp_path / "photos")
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == b"x"
    with pytest.raises(EthnoshardError, match="is a file"):
        write_report(report, tmp_path / "photos" / "a.jpg")


def test_a_disk_that_fails_leaves_the_older_report_and_nothing_half_written(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(report, tmp_path / "report")
    before = (tmp_path / "report" / "report.json").read_bytes()

    def full(*_: object) -> None:
        raise EthnoshardError("the disk is full")

    monkeypatch.setattr("ethnoshard.reports._folder.write_json", full)
    for folder in ("report", "new"):
        with pytest.raises(EthnoshardError, match="the disk is full"):
            write_report(report, tmp_path / folder)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report" / "report.json").read_bytes() == before


def test_a_clustering_of_before_is_compared_all_the_same(tmp_path: Path) -> None:
    found = cluster_embeddings(made_embeddings(1), people=4, cluster_people=5, draws=2, seed=1)
    arrays = {name: found.arrays["picture"][name] for name in ("keys", "people", "places_2d", "places_3d")}
    write_report(replace(found, arrays={"picture": arrays}), tmp_path / "old")
    record = tmp_path / "old" / "report.json"
    content = json.loads(record.read_text())
    del content["picture"]["best_eps"], content["picture"]["methods"]
    record.write_text(json.dumps(content))
    assert read_report(tmp_path / "old").clustering.picture.methods == {}
    write_report(found, tmp_path / "new")
    changes = compare_reports(read_report(tmp_path / "old"), read_report(tmp_path / "new")).content["clustering"]
    assert changes.keys() == {"dbscan", "kmeans", "som"}


def test_clusters_name_nobody_unless_asked_and_are_read_back(tmp_path: Path) -> None:
    found = cluster_embeddings(made_embeddings(1), people=4, cluster_people=5, draws=2, seed=1)
    write_report(found, tmp_path / "clusters")
    read = read_report(tmp_path / "clusters")
    assert read.content["clustering"]["people"] == 5 and len(read.content["clustering"]["images"]) == 2
    places = read.arrays("picture")
    assert places["places_2d"].shape == (48, 2) and places["places_3d"].shape == (48, 3)
    methods = read.content["picture"]["methods"]
    for name in ("dbscan", "dbscan_best", "kmeans", "som"):
        assert places[name].shape == (48,) and places[name].dtype.kind == "i"
        assert methods[name]["clusters"] == len(set(places[name].tolist()) - {-1})
        assert methods[name]["left_over"] == (places[name] == -1).sum()
        assert methods[name].keys() == read.content["picture"]["figures"].keys()
    sweep = {
        each["eps"]: np.mean([draw["ari"] for draw in each["draws"]]) for each in read.content["clustering"]["sweep"]
    }
    assert sweep[read.content["picture"]["best_eps"]] == max(sweep.values())
    assert f"DBSCAN, eps {read.content['picture']['best_eps']:g}, the best" in read.summary
    somebody = str(places["people"][0])
    for page in read.pages:
        assert somebody not in page.read_text()
    named = cluster_embeddings(made_embeddings(1), people=4, cluster_people=5, draws=2, seed=1, names=True)
    assert somebody in named.pages["tsne-2d"] and somebody in named.pages["tsne-3d"]
    assert named.content == found.content
    again = compare_reports(read, read)
    assert all(
        change["differences"] in ([0, 0], [None, None])
        for figures in again.content["clustering"].values()
        for change in figures.values()
    )
