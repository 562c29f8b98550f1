"""A line for each run, and for each model that is no run, with the figures that were measured last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ethnoshard.charts import NONE, plus_minus
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import ReportSummary, WorstGroup
from ethnoshard.results import Evaluation, FoldRate
from ethnoshard.runs import RunSummary

from .._shelf import Shelf

Ends = tuple[float, float]
_AT_FIRST = 12
"""Picked if the URL says nothing; more hide each other in a chart."""
_TEXTS = ("Arm", "Status", "Epoch", "Accuracy", "VAL", "Highest FNMR", "Highest FMR", "Groups")
_SHOWN = {
    "Seed": pl.Int64,
    **dict.fromkeys(("Loss", "at FAR", "AUC", "EER"), pl.Float64),
    **dict.fromkeys(_TEXTS, pl.String),
}
"""Types of columns that may hold nothing at all."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is known of a run or of another model.

    Attributes:
        name: of the run; of the report where the model is no run.
        is_run: whether it is one.
        arm: how its batches were composed.
        seed: of everything random.
        status: as in ``RunSummary``; None of a model that is no run.
        epoch: epochs done.
        epochs: epochs wanted.
        loss: mean of the last epoch.
        accuracy: mean and standard deviation over the folds.
        accuracy_ends: interval at 95 % from draws of people.
        val: mean and standard deviation over the folds; None where the FAR that was reached isn't the one asked for.
        val_reason: why there is none.
        val_ends: as of accuracy.
        far: FAR that was reached where VAL was measured, mean over the folds.
        auc: area under the ROC curve.
        eer: equal error rate.
        worst_fnmr: the group with the highest FNMR.
        worst_fmr: the group with the highest FMR.
        origin: where accuracy and the others are from.
        pairs: name of the list of pairs; None if it is not on record.
        collapsed: what is to be said where embeddings of different people are all alike.
        shared_people: what is to be said where it was trained on people of the test.
        reason: why the run failed.
        replaced: draws that got another face, because theirs was bad.
    """

    name: str
    is_run: bool
    arm: str | None = None
    seed: int | None = None
    status: str | None = None
    epoch: int | None = None
    epochs: int | None = None
    loss: float | None = None
    accuracy: Ends | None = None
    accuracy_ends: Ends | None = None
    val: Ends | None = None
    val_reason: str | None = None
    val_ends: Ends | None = None
    far: float | None = None
    auc: float | None = None
    eer: float | None = None
    worst_fnmr: WorstGroup | None = None
    worst_fmr: WorstGroup | None = None
    origin: str = NONE
    pairs: str | None = None
    collapsed: str | None = None
    shared_people: str | None = None
    reason: str | None = None
    replaced: int | None = None

    @property
    def warnings(self) -> list[str]:
        """What must be known before its figures are read."""
        no_val = self.val_reason and f"no VAL: {self.val_reason}"
        return [text for text in (no_val, self.collapsed, self.shared_people) if text]


def lines_of(shelf: Shelf) -> tuple[list[Line], list[tuple[str, str]]]:
    """Every line, runs first; and the name and reason of each run and report that can't be read."""
    unreadable = [(run.name, run.reason or "") for run in shelf.runs if run.status == "broken"]
    unreadable += [(report.name, report.reason) for report in shelf.reports if report.reason is not None]
    lines = {run.name: _of_run(run) for run in shelf.runs if run.status != "broken"}
    for report in newest(shelf.reports, lines):
        try:
            found = shelf.report(report.name).evaluation
            line = _measured(lines[report.run] if report.run in lines else _of_model(report, found), report, found)
            lines[line.name] = line
        except EthnoshardError as error:
            unreadable.append((report.name, str(error)))
    return list(lines.values()), unreadable


def newest(reports: Iterable[ReportSummary], runs: Iterable[str]) -> list[ReportSummary]:
    """The newest evaluation of each run, and of each model that is none of ``runs``."""
    known = set(runs)
    found: dict[tuple[str, str], ReportSummary] = {}
    for report in sorted(reports, key=lambda report: (report.written, report.name)):
        if report.kind == "evaluation" and report.reason is None and report.accuracy is not None:
            of_run = report.run is not None and report.run in known
            found["run" if of_run else "model", str(report.run if of_run else report.model_digest or report.name)] = (
                report
            )
    return sorted(found.values(), key=lambda report: report.name)


def picked_at_first(lines: Sequence[Line]) -> list[str]:
    """Names of those to show before anybody chose: the first seeds of every arm, then other models."""
    runs = sorted((line for line in lines if line.is_run), key=lambda line: (line.seed or 0, line.name))
    chosen = {line.name for line in [*runs, *(line for line in lines if not line.is_run)][:_AT_FIRST]}
    return [line.name for line in lines if line.name in chosen]


def shown(lines: Sequence[Line]) -> pl.DataFrame:
    """The table as the page shows it: a figure leads its text, so that columns sort by it."""
    return pl.DataFrame(
        {
            "Run": [line.name for line in lines],
            "Arm": [line.arm for line in lines],
            "Seed": [line.seed for line in lines],
            "Status": [line.status for line in lines],
            "Epoch": [None if line.epoch is None else f"{line.epoch}/{line.epochs or NONE}" for line in lines],
            "Loss": [line.loss for line in lines],
            "Accuracy": [_over_folds(line.accuracy) for line in lines],
            "VAL": [_over_folds(line.val) for line in lines],
            "at FAR": [line.far for line in lines],
            "AUC": [line.auc for line in lines],
            "EER": [line.eer for line in lines],
            "Highest FNMR": [_worst(line.worst_fnmr, 3) for line in lines],
            "Highest FMR": [_worst(line.worst_fmr, 4) for line in lines],
            "Groups": [worst.source if (worst := line.worst_fnmr or line.worst_fmr) else None for line in lines],
            "Figures from": [line.origin for line in lines],
        },
        schema_overrides=_SHOWN,
    )


def unrounded(lines: Sequence[Line]) -> pl.DataFrame:
    """The same as a table of plain figures, for the download."""
    rows = [
        {
            "name": line.name,
            "arm": line.arm,
            "seed": line.seed,
            "status": line.status,
            "epoch": line.epoch,
            "epochs": line.epochs,
            "loss": line.loss,
            **_split("accuracy", line.accuracy),
            **_split("val", line.val),
            "far": line.far,
            "auc": line.auc,
            "eer": line.eer,
            **_rated("fnmr", line.worst_fnmr),
            **_rated("fmr", line.worst_fmr),
            "figures_from": line.origin,
            "pairs": line.pairs,
            "reason": line.reason,
            "replaced": line.replaced,
            "warnings": "; ".join(line.warnings) or None,
        }
        for line in lines
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _of_run(run: RunSummary) -> Line:
    line = Line(
        name=run.name,
        is_run=True,
        arm=run.arm,
        seed=run.seed,
        status=run.status,
        epoch=run.epoch,
        epochs=run.epochs,
        loss=run.loss,
        collapsed=run.collapsed,
        reason=run.reason,
        replaced=run.replaced,
    )
    lfw = run.lfw
    if not lfw or "accuracy" not in lfw:
        return line
    return replace(
        line,
        accuracy=_lfw_ends(lfw, "accuracy"),
        val=_lfw_ends(lfw, "val"),
        val_reason=run.val_reason,
        far=lfw.get("far"),
        auc=lfw.get("auc"),
        eer=lfw.get("eer"),
        origin="the training itself",
    )


def _lfw_ends(lfw: Mapping[str, float | None], name: str) -> Ends | None:
    mean = lfw.get(name)
    return None if mean is None else (mean, lfw.get(f"{name}_std") or 0.0)


def _of_model(report: ReportSummary, found: Evaluation) -> Line:
    about = found.model.about if found.model else {}
    return Line(
        name=report.name,
        is_run=False,
        arm=about.get("arm") or report.model,
        seed=_whole(about.get("seed")),
        epoch=_whole(about.get("epoch")),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None


def _measured(line: Line, report: ReportSummary, found: Evaluation) -> Line:
    verified = found.verification
    at = verified.validation[0]
    epoch = _whole(found.model.about.get("epoch")) if found.model else None
    earlier = f", of epoch {epoch}" if line.is_run and epoch is not None and epoch != line.epoch else ""
    return replace(
        line,
        accuracy=report.accuracy,
        accuracy_ends=_ends(verified.accuracy),
        val=report.val,
        val_ends=_ends(at.val) if at.val else None,
        val_reason=report.val_reason,
        collapsed=report.collapsed or line.collapsed,
        shared_people=report.shared_people,
        far=at.far.mean,
        auc=report.auc,
        eer=report.eer,
        worst_fnmr=report.worst_fnmr,
        worst_fmr=report.worst_fmr,
        origin=f"{report.name}{earlier}",
        pairs=report.pairs,
    )


def _ends(measured: FoldRate) -> Ends | None:
    low, high = measured.people_interval or (None, None)
    return None if low is None or high is None else (low, high)


def _over_folds(figure: Ends | None) -> str | None:
    return None if figure is None else plus_minus(*figure, 3)


def _worst(worst: WorstGroup | None, digits: int) -> str | None:
    return None if worst is None else f"{worst.rate:.{digits}f} {worst.group}"


def _split(name: str, figure: Ends | None) -> dict[str, float | None]:
    mean, deviation = figure or (None, None)
    return {name: mean, f"{name}_std": deviation}


def _rated(name: str, worst: WorstGroup | None) -> dict[str, str | float | None]:
    if worst is None:
        return {f"highest_{name}": None, f"highest_{name}_group": None, f"highest_{name}_labels": None}
    return {
        f"highest_{name}": worst.rate,
        f"highest_{name}_group": worst.group,
        f"highest_{name}_labels": worst.source,
    }
