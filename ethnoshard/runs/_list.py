"""A line about each run of a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        epochs: epochs wanted.
        steps: steps done.
        loss: mean of the last epoch.
        lfw: accuracy, val, auc ... of the last evaluation, fractions; val is None where there is none.
        val_reason: why there is no VAL.
        collapsed: what is to be said where embeddings of different people are all alike; None where they aren't.
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
        raise EthnoshardError(f"{folder} is no folder; give the one that runs are in")
    if RunFolder(folder).exists():
        return [_summary(folder)]
    return [_summary(path) for path in sorted(folder.iterdir()) if RunFolder(path).exists()]


def replaced_in(record: dict[str, Any]) -> dict[str, int]:
    """Draws of a run, its finished epochs, that got a face of the same "identity" or "group" in place of a bad one.

    Args:
        record: of the run.
    """
    coverage = record.get("coverage", [])
    return {
        name: sum(int(epoch.get(f"replaced_from_{name}", 0)) for epoch in coverage) for name in ("identity", "group")
    }


def _summary(path: Path) -> RunSummary:
    try:
        run = RunFolder(path)
        record = run.record()
        if record["status"] == "running" and not run.is_held():
            record["status"] = "interrupted"
        return _of_record(path.name, record)
    except EthnoshardError as error:
        return RunSummary(name=path.name, status="broken", reason=str(error))
    except (KeyError, TypeError) as error:
        return RunSummary(name=path.name, status="broken", reason=f"run.json lacks {error}")


def _of_record(name: str, record: dict[str, Any]) -> RunSummary:
    progress = record["progress"]
    lfw, val_reason = _lfw(progress.get("lfw"))
    return RunSummary(
        name=name,
        arm=str(record["arm"]),
        seed=int(record["seed"]),
        status=str(record["status"]),
        epoch=int(progress["epoch"]),
        epochs=int(record["settings"]["epochs"]),
        steps=int(progress["step"]),
        loss=progress.get("loss"),
        lfw=lfw,
        val_reason=val_reason,
        collapsed=progress.get("collapsed"),
        replaced=sum(replaced_in(record).values()),
        reason=record.get("reason"),
    )


def _lfw(found: dict[str, Any] | None) -> tuple[dict[str, float | None] | None, str | None]:
    """The figures, and why there is no VAL among them."""
    if not found:
        return None, None
    figures = {name: value for name, value in found.items() if name != "val_reason"}
    if "val_reason" in found or found.get("val") is None or "far" not in found:
        return figures, found.get("val_reason")
    # A run of before has a VAL whatever FAR was reached. Imported here: it loads scikit-learn.
    reached = round(found["far"] * _LFW_DIFFERENT)
    reason = why_no_val_of_before(_LFW_FAR, reached, _LFW_DIFFERENT, _LFW_FOLDS, found["val"])
    return ({**figures, "val": None} if reason else figures), reason
