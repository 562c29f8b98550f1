from pathlib import Path
from typing import Any

from ethnoshard.results import ReportSummary
from ethnoshard.runs import ModelSummary, RunSummary, first_seeds, newest_evaluations
from tests.kit.whole_reports import evaluation


def report(name: str, written: float, **more: Any) -> ReportSummary:
    about = {"kind": "evaluation", "accuracy": (0.7, 0.01), **more}
    return ReportSummary(path=Path(name), name=name, written=written, **about)


def test_a_runs_metrics_are_from_its_newest_evaluation() -> None:
    reports = [
        report("a/reports/new", 2, run="a"),
        report("a/reports/old", 1, run="a"),
        report("a/reports/cut", 3, run="a", reason="cut"),
        report("a/reports/clusters", 4, run="a", kind="clustering", accuracy=None),
        report("other-old", 1, model_digest="d"),
        report("other-new", 2, model_digest="d"),
    ]
    assert [found.name for found in newest_evaluations(reports, ["a"])] == ["a/reports/new", "other-new"]


def test_a_report_of_a_run_that_is_not_here_is_a_model_told_by_its_weights() -> None:
    reports = [
        report("old", 1, run="gone", model_digest="d"),
        report("x", 2, run="gone too", model_digest="d"),
        report("y", 3, run="a", model_digest="d"),
    ]
    assert [found.name for found in newest_evaluations(reports, ["a"])] == ["x", "y"]


def test_all_arms_are_picked_at_first_with_their_first_seeds() -> None:
    models = [
        ModelSummary(name=f"{arm}-{seed}", is_run=True, arm=arm, seed=seed)
        for arm in ("base", "natural", "uniform")
        for seed in range(10)
    ]
    assert first_seeds(models, 12) == [f"{arm}-{seed}" for arm in ("base", "natural", "uniform") for seed in range(4)]


def test_what_a_report_measured_replaces_what_the_training_did() -> None:
    lfw = {"accuracy": 0.6, "accuracy_std": 0.02, "val": None, "far": 0.1, "auc": 0.7}
    run = RunSummary(name="a", status="finished", epoch=3, epochs=4, lfw=lfw, val_reason="because", collapsed="alike")
    model = ModelSummary.of_run(run)
    assert (model.accuracy, model.val, model.far, model.origin) == ((0.6, 0.02), None, 0.1, "the training itself")
    assert model.warnings == ["no VAL: because", "alike"]
    measured = model.measured(report("a/reports/lfw", 1, auc=0.9, val=(0.5, 0.1)), evaluation(None, {}))
    assert (measured.accuracy, measured.auc, measured.origin) == ((0.7, 0.01), 0.9, "a/reports/lfw")
    assert measured.warnings == ["alike"]
    assert ModelSummary.of_report(report("x", 1, model="net"), evaluation(None, {})).arm == "net"
