"""The report on two models, made from two reports alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_reports import made_embeddings, made_groups, made_pairs

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import compare_demographics
from ethnoshard.reports import (
    EvaluationOptions,
    ReportFolder,
    cluster_embeddings,
    compare_reports,
    evaluate_embeddings,
    read_report,
    write_report,
)
from ethnoshard.reports._comparison_summary import comparison_summary
from ethnoshard.results import Comparison, as_json

OPTIONS = EvaluationOptions(draws=60, fars=(0.05, 0.1), fmr=0.01, min_people=10, galleries=3)


def written(folder: Path, *, noise: float, lost: bool = False, options: EvaluationOptions = OPTIONS) -> ReportFolder:
    pairs = made_pairs(folder.with_name("pairs.txt"), lost=lost)
    report = evaluate_embeddings(made_embeddings(1, noise=noise), pairs, groups=made_groups(), options=options)
    write_report(report, folder)
    return read_report(folder)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportFolder, ReportFolder]:
    folder = tmp_path_factory.mktemp("two")
    return written(folder / "worse", noise=1.4), written(folder / "better", noise=0.7)


def test_the_better_model_is_better_with_an_interval_that_says_so(two: tuple[ReportFolder, ReportFolder]) -> None:
    report = compare_reports(*two)
    for name in ("accuracy", "auc"):
        change = report.content["verification"][name]
        ours, theirs = (each.content["verification"][name] for each in two)
        if name == "accuracy":
            ours, theirs = ours["mean"], theirs["mean"]
        assert (change["base"], change["other"]) == (ours, theirs)
        assert change["difference"] == theirs - ours > 0
        assert 0 < change["people_interval"][0] <= change["difference"] <= change["people_interval"][1]
    assert report.content["identification"]["svc_rank_1"]["better"] == 3
    tallies = [each.group_tally("other") for each in two]
    expected = as_json(compare_demographics(*tallies, draws=60))
    found = report.content["demographics"][1]
    assert {**found, **expected} == found and found["source"] == "other"
    assert json.loads(json.dumps(report.content)) == report.content
    assert set(report.pages) == {"verification", "groups-one", "groups-other"}


def test_table_5_2_gives_the_increase_in_auc_from_the_counterpart(two: tuple[ReportFolder, ReportFolder]) -> None:
    lines = compare_reports(*two).summary.splitlines()
    place = lines.index("| Epoch No | Type | Area Under Curve (AUC) | Increase in AUC from counterpart |")
    auc = [each.content["verification"]["auc"] for each in two]
    assert lines[place + 2] == f"| – | worse | {auc[0]:.4f} | – |"
    assert lines[place + 3].startswith(f"| – | better | {auc[1]:.4f} | {auc[1] - auc[0]:+.4f} [")


def test_standard_errors_and_why_a_difference_has_no_interval_are_in_the_summary(
    two: tuple[ReportFolder, ReportFolder],
) -> None:
    found = compare_reports(*two).result
    assert isinstance(found, Comparison) and found.base.verification is not None
    base = found.base.verification
    errors = [each.evaluation.verification.accuracy.standard_error for each in two]
    text = comparison_summary(found)
    assert "They are for other people, not for other trainings" in text
    assert f"standard error of the mean accuracy: worse {errors[0]:.5f}, better {errors[1]:.5f}." in text
    assert "no interval of VAL" not in text and "have no intervals" not in text
    few = replace(base.validation[0], interval_reason="no interval of VAL at FAR 0.05: too few")
    for changed, why in (
        (replace(base, validation=(few, *base.validation[1:])), "no interval of VAL at FAR 0.05: too few."),
        (replace(base, people=None), "Differences have no intervals: people are not known"),
    ):
        assert why in comparison_summary(replace(found, base=replace(found.base, verification=changed)))


def test_searches_of_the_same_gallery_are_compared_by_group_and_of_before_it_is_said_why_not(
    two: tuple[ReportFolder, ReportFolder], tmp_path: Path
) -> None:
    found = compare_reports(*two).result
    assert isinstance(found, Comparison)
    for source in found.demographics:
        reports = [
            next(each for each in report.evaluation.demographics if each.source == source.source) for report in two
        ]
        assert [at.fpir_asked for at in source.open_set] == [0.01, 0.1] and source.open_set_left_out is None
        for change, *at in zip(source.open_set, *(each.open_set for each in reports), strict=True):
            if change.thresholds is None:
                continue
            assert change.thresholds == tuple(each.threshold for each in at)
            for group, own in change.by_group.items():
                rates = [each.by_group[group].fnir.rate for each in at]
                assert (own.fnir.base, own.fnir.other) == pytest.approx(rates)
    text = comparison_summary(found)
    assert text.count("Open-set identification (1:N) in the same gallery of") >= 1 and "| all, FNIR |" in text
    before = tmp_path / "before"
    shutil.copytree(two[0].path, before)
    for path in before.glob("groups-*.npz"):
        with np.load(path) as arrays:
            kept = {name: arrays[name] for name in arrays.files if not name.startswith("search_")}
        np.savez(path, **kept)
    text = compare_reports(read_report(before), two[1]).summary
    assert f"Open-set identification (1:N) is left out: {before} holds none of its searches" in text


def test_a_model_against_itself_differs_in_nothing(two: tuple[ReportFolder, ReportFolder]) -> None:
    content = compare_reports(two[0], two[0]).content
    for change in content["verification"].values():
        assert change["difference"] == 0 and change["people_interval"] in (None, [0, 0])
    for found in content["demographics"]:
        assert {change["difference"] for change in found["figures"].values()} <= {0, None}


def test_what_was_not_measured_on_the_same_is_refused(two: tuple[ReportFolder, ReportFolder], tmp_path: Path) -> None:
    fewer = written(tmp_path / "fewer", noise=0.7, lost=True)
    with pytest.raises(EthnoshardError, match=r"has 200 pairs and .*fewer 199, and they differ in first"):
        compare_reports(two[0], fewer)
    otherwise = written(tmp_path / "fewer-groups", noise=0.7, options=replace(OPTIONS, min_people=36))
    with pytest.raises(EthnoshardError, match="metrics are over different groups"):
        compare_reports(two[0], otherwise)
    clusters = cluster_embeddings(made_embeddings(1), people=3, cluster_people=3, draws=1)
    write_report(clusters, tmp_path / "clusters")
    with pytest.raises(EthnoshardError, match=r"a report on evaluation, .* on clustering; compare like with like"):
        compare_reports(two[0], read_report(tmp_path / "clusters"))
    others = cluster_embeddings(made_embeddings(1), people=3, cluster_people=3, draws=1, seed=9)
    write_report(others, tmp_path / "others")
    with pytest.raises(EthnoshardError, match="different draws of people"):
        compare_reports(read_report(tmp_path / "clusters"), read_report(tmp_path / "others"))


def test_a_damaged_report_gets_one_message(two: tuple[ReportFolder, ReportFolder]) -> None:
    content = {name: value for name, value in two[0].content.items() if name != "identification"}
    with pytest.raises(EthnoshardError, match="is damaged: identification is missing"):
        compare_reports(ReportFolder(two[0].path, content), two[1])
