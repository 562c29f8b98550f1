"""A line about each run of a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import why_no_val_of_before
from ethnoshard.runs._folder import RunFolder

_LFW_FAR, _LFW_DIFFERENT, _LFW_FOLDS = 0.001, 3000, 10
"""At which FAR a training asks for VAL, on how many pairs of different people, in how many folds."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What one wants to know of a run before opening it.

    Attributes:
        name: of its folder.
        arm: how its batches were composed.
        seed: of everything random.
        status: "running", "interrupted", "finished", "failed", or "broken" if it can't be read.
        epoch: epochs done.
        epochs: to train.
        steps: steps done.
        loss: mean of the last epoch.
        lfw: accuracy, val, auc ... of the last evaluation, fractions; val is None where there is none.
        val_reason: why there is no VAL.
        collapsed: what has to be known where embeddings of different people are all alike; None where they aren't.
        replaced: draws that got another face, because theirs was bad.
        reason: why it failed or can't be read.
    """

    name: str
    arm: str | None = None
    seed: int | None = None
    status: str
    epoch: int | None = None
    epochs: int | None = None
    steps: int | None = None
    loss: float | None = None
    lfw: dict[str, float | None] | None = None
    val_reason: str | None = None
    collapsed: str | None = None
    replaced: int | None = None
    reason: str | None = None


def list_runs(folder: Path) -> list[RunSummary]:
    """Every run in ``folder``, or ``folder`` itself if it is one, by name.

    Raises:
        EthnoshardError: the folder is not there.
    """
    if not folder.is_dir():
        raise EthnoshardError(f"{folder} is not a folder; give the one that runs are in")
    if RunFolder(folder).exists():
        return [_summary(folder)]
    return [_summary(path) for path in sorted(folder.iterdir()) if RunFolder(path).exists()]


def replaced_in(record: Mapping[str, object]) -> dict[str, int]:
    """Draws of a run, its finished epochs, that got a face of the same "identity" or "group" in place of a bad one.

    Args:
        record: of the run, as JSON holds it.
    """
    coverage = record.get("coverage")
    epochs = [epoch for epoch in coverage if isinstance(epoch, Mapping)] if isinstance(coverage, list) else []
    return {name: sum(int(epoch.get(f"replaced_from_{name}", 0)) for epoch in epochs) for name in ("identity", "group")}


def _summary(path: Path) -> RunSummary:
    try:
        run = RunFolder(path)
        record = run.read()
        status = "interrupted" if record.status == "running" and not run.is_held() else record.status
    except EthnoshardError as error:
        return RunSummary(name=path.name, status="broken", reason=str(error))
    lfw, val_reason = _lfw(record.progress.lfw)
    return RunSummary(
        name=path.name,
        arm=record.arm,
        seed=record.seed,
        status=status,
        epoch=record.progress.epoch,
        epochs=record.settings.epochs,
        steps=record.progress.step,
        loss=record.progress.loss,
        lfw=lfw,
        val_reason=val_reason,
        collapsed=record.progress.collapsed,
        replaced=record.replaced,
        reason=record.reason,
    )


def _lfw(measured: Mapping[str, float | str | None] | None) -> tuple[dict[str, float | None] | None, str | None]:
    """The metrics, and why there is no VAL among them."""
    if not measured:
        return None, None
    metrics = {name: value for name, value in measured.items() if not isinstance(value, str)}
    reason = measured.get("val_reason")
    metrics.pop("val_reason", None)
    val, far = metrics.get("val"), metrics.get("far")
    if "val_reason" in measured or val is None or far is None:
        return metrics, reason if isinstance(reason, str) else None
    # A run of before has a VAL whatever FAR was reached.
    accepted = round(far * _LFW_DIFFERENT)
    why = why_no_val_of_before(_LFW_FAR, accepted, _LFW_DIFFERENT, _LFW_FOLDS, val)
    return ({**metrics, "val": None} if why else metrics), why
