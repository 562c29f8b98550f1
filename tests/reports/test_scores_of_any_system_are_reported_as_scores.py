"""Scores that any system gave to pairs: searched exactly, and said to be what they look like."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ethnoshard.evaluation import verification_of_distances
from ethnoshard.reports import EvaluationOptions, Report, evaluate_scores, read_report, warnings_of, write_report
from ethnoshard.results import Evaluation
from ethnoshard.sources import read_scores

OPTIONS = EvaluationOptions(draws=20, fars=(0.05, 0.1), fmr=0.05, min_people=2, min_pairs=2)


def made_rows(number: int = 400) -> list[list[object]]:
    """score, same, group_a, group_b, person_a, person_b."""
    rng = np.random.default_rng(0)
    rows: list[list[object]] = []
    for row in range(number):
        same, group = row % 2 == 0, "AB"[row // 2 % 2]
        one = int(rng.integers(15))
        other = one if same else (one + int(rng.integers(1, 15))) % 15
        rows.append([rng.normal() + 1.5 * same, int(same), group, group, f"{group}{one}", f"{group}{other}"])
    return rows


def report_of(folder: Path, rows: list[list[object]], head: str = "", options: EvaluationOptions = OPTIONS) -> Report:
    path = folder / "scores.csv"
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([head or "score,same,group_a,group_b,person_a,person_b", *lines]) + "\n")
    return evaluate_scores(read_scores(path, allow_failures=True), options=options)


def evaluation_of(report: Report) -> Evaluation:
    assert isinstance(report.result, Evaluation)
    return report.result


@pytest.mark.parametrize("far_out", [-1e6, -1e30])
def test_a_failed_comparison_far_out_is_one_error_and_changes_nothing_else(tmp_path: Path, far_out: float) -> None:
    rows = made_rows()
    before = evaluation_of(report_of(tmp_path, rows)).verification
    lowest = min((row for row in rows if row[1] == 1), key=lambda row: float(str(row[0])))
    lowest[0] = far_out
    after = evaluation_of(report_of(tmp_path, rows)).verification
    assert after.accuracy.mean == before.accuracy.mean and after.accuracy == after.accuracy_exact
    for one, other in zip(before.validation, after.validation, strict=True):
        assert (one.val and one.val.mean, one.far.events) == (other.val and other.val.mean, other.far.events)


def test_distances_given_as_scores_are_noticed(tmp_path: Path) -> None:
    rows = made_rows()
    assert warnings_of(evaluation_of(report_of(tmp_path, rows))) == []
    report = report_of(tmp_path, [[-float(str(row[0])), *row[1:]] for row in rows])
    (warning,) = [text for text in warnings_of(evaluation_of(report)) if "distances" in text]
    assert warning.startswith("the scores look like distances: AUC is 0.1") and "give the negative" in warning
    assert "**The scores look like distances" in report.summary


def one_pair_of_people_often(number: int = 600) -> list[list[object]]:
    """Two people with 600 of 1,000 comparisons of different people, all of them high."""
    rows = made_rows(800)
    return [*rows, *([5.0 + row / number, 0, "A", "A", "A1", "A2"] for row in range(number))]


@pytest.mark.parametrize("weighting", [None, "person", "pair"])
def test_the_fmr_that_is_asked_for_is_the_one_that_the_report_shows(
    tmp_path: Path, weighting: Literal["person", "pair"] | None
) -> None:
    options = replace(OPTIONS, fmr=0.05, weighting=weighting)
    (groups,) = evaluation_of(report_of(tmp_path, one_pair_of_people_often(), options=options)).demographics
    assert groups.overall.fmr.rate is not None and 0.045 < groups.overall.fmr.rate <= 0.05
    assert groups.weighting == (weighting or "person")
    assert (groups.threshold > 5) == (weighting == "pair")


def test_alpha_is_the_weight_of_fmr_in_the_metrics(tmp_path: Path) -> None:
    (groups,) = evaluation_of(report_of(tmp_path, made_rows(), options=replace(OPTIONS, alpha=0.9))).demographics
    gaps = groups.difference
    assert gaps["fmr"].value is not None and gaps["fnmr"].value is not None
    assert groups.alpha == 0.9
    assert groups.metrics["fdr"].value == pytest.approx(1 - 0.9 * gaps["fmr"].value - 0.1 * gaps["fnmr"].value)


@pytest.mark.parametrize("rule", ["eer", "accuracy"])
def test_a_threshold_by_rule_is_the_best_of_all_cuts_of_the_pairs(
    tmp_path: Path, rule: Literal["eer", "accuracy"]
) -> None:
    rows = made_rows()
    options = replace(OPTIONS, threshold=rule, weighting="pair")
    (groups,) = evaluation_of(report_of(tmp_path, rows, options=options)).demographics
    score, same = np.array([float(str(row[0])) for row in rows]), np.array([row[1] == 1 for row in rows])
    costs = []
    for cut in [*score, groups.threshold]:
        fmr, fnmr = np.mean(score[~same] >= cut), np.mean(score[same] < cut)
        costs.append(abs(fmr - fnmr) if rule == "eer" else fmr + fnmr)
    assert costs[-1] == pytest.approx(min(costs))
    assert groups.chosen_on.text.startswith("where FMR and FNMR" if rule == "eer" else "with the best accuracy")
    assert groups.chosen_on.text.endswith("give one that was set on other people")


def test_failures_are_counted_by_group_and_are_errors_of_same_pairs_if_asked(tmp_path: Path) -> None:
    rows = made_rows()
    lost = [row for row in rows if row[2] == "B" and row[1] == 1][:20] + [row for row in rows if row[1] == 0][:3]
    for row in lost:
        row[0] = ""
    report = report_of(tmp_path, rows)
    left_out, errors = (
        evaluation_of(report_of(tmp_path, rows, options=replace(OPTIONS, threshold=0.5, failures_are_errors=errors)))
        for errors in (False, True)
    )
    found = {(each.groups, each.same): (each.failed, each.pairs) for each in left_out.pairs.failures}
    assert found[("B", "B"), True] == (20, 100) and found[("A", "A"), True] == (0, 100)
    assert sum(failed for (_, same), (failed, _) in found.items() if not same) == 3
    assert (left_out.pairs.listed, left_out.pairs.scored) == (400, 377)
    assert (left_out.pairs.missing_same, left_out.pairs.missing_different, left_out.pairs.duplicates) == (20, 3, None)
    before, after = (each.demographics[0].by_group["B"].fnmr for each in (left_out, errors))
    assert (after.errors, after.pairs) == (before.errors + 20, before.pairs + 20) == (before.errors + 20, 100)
    assert errors.demographics[0].by_group["A"].fnmr == left_out.demographics[0].by_group["A"].fnmr
    assert "| B | same | 20 of 100 | 0.2000 [" in report.summary and "; they are left out." in report.summary


def test_a_fold_column_gives_thresholds_from_the_other_folds(tmp_path: Path) -> None:
    rows = [[*row, number // 100] for number, row in enumerate(made_rows())]
    report = report_of(tmp_path, rows, "score,same,group_a,group_b,person_a,person_b,fold")
    verified = evaluation_of(report).verification
    assert (verified.folds, verified.thresholds_from) == (4, "the other folds")
    score, same = np.array([float(str(row[0])) for row in rows]), np.array([row[1] == 1 for row in rows])
    expected = verification_of_distances(-score, same, fold=np.arange(400) // 100, draws=0)
    assert verified.accuracy.by_fold == expected.accuracy.by_fold
    assert report.arrays["scores"]["fold"].tolist() == (np.arange(400) // 100).tolist()


def test_each_group_by_itself_stands_in_the_report_with_both_deviations(tmp_path: Path) -> None:
    rows = [[*row, number // 100] for number, row in enumerate(made_rows())]
    report = report_of(tmp_path, rows, "score,same,group_a,group_b,person_a,person_b,fold")
    write_report(report, tmp_path / "report")
    own = read_report(tmp_path / "report").evaluation.verification_by_group
    assert own is not None and set(own.by_group) == {"A", "B"} and own.std is not None
    assert own.std_of_sample == pytest.approx(own.std * 2**0.5)
    assert "### Each group by itself, with its own thresholds" in report.summary
    assert f"STD of the groups {own.std:.5f}" in report.summary and "4 folds; thresholds from" in report.summary
    assert own.by_group["A"].accuracy.people_interval is not None


def test_thresholds_of_scores_are_scores_that_threshold_takes(tmp_path: Path) -> None:
    rows = made_rows()
    report = report_of(tmp_path, rows)
    verified = evaluation_of(report).verification
    (row,) = [line for line in report.summary.splitlines() if line.startswith("| accuracy, thresholds searched")]
    threshold = float(row.split(" | ")[-1].strip(" |"))
    assert threshold == pytest.approx(-verified.accuracy.thresholds[0], rel=1e-5)
    right = sum((float(str(row[0])) >= threshold) == (row[1] == 1) for row in rows)
    assert right == verified.accuracy.events


def test_of_one_fold_nothing_stands_for_the_spread_of_folds(tmp_path: Path) -> None:
    report = report_of(tmp_path, made_rows())
    assert "in 1 fold; thresholds" in report.summary and "1 folds" not in report.summary
    (row,) = [line for line in report.summary.splitlines() if line.startswith("| accuracy, thresholds searched")]
    assert row.split(" | ")[2:4] == ["–", "–"]
    table_5_1 = next(line for line in report.summary.splitlines() if line.startswith("| – | scores |"))
    assert "±" not in table_5_1
    assert evaluation_of(report).verification.accuracy.standard_error is None
