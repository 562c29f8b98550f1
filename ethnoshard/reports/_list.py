"""A line about each report of a folder."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethnoshard.errors import EthnoshardError
from ethnoshard.reports._folder import RECORD, read_report
from ethnoshard.reports._texts import model_name
from ethnoshard.runs import RunFolder

_LEVELS = 4
_NOT_LOOKED_INTO = ("checkpoints", "tensorboard", "figures")


@dataclass(frozen=True, kw_only=True)
class WorstGroup:
    """The group with the highest rate of one kind of error, among those with people and pairs enough.

    Attributes:
        group: its name.
        rate: its share of errors.
        source: whose labels, such as "as given by kumar".
    """

    group: str
    rate: float
    source: str


@dataclass(frozen=True, kw_only=True)
class ReportSummary:
    """What one wants to know of a report before opening it.

    Attributes:
        path: its folder.
        name: that, relative to the folder that was listed, with ``/``; "." for that folder itself.
        kind: "evaluation", "scores", "clustering" or "comparison"; None if it can't be read.
        model: what tables call the model.
        model_digest: hex SHA-256 of its weights.
        run: name of the run that it belongs to: the run folder that it lies in, else the run that was the model.
        written: when, seconds since 1970.
        pairs: name of the list of pairs.
        accuracy: mean and standard deviation over the folds.
        val: likewise.
        far: the FAR at which VAL was asked for.
        auc: area under the ROC curve.
        eer: equal error rate.
        worst_fnmr: the group whose people are refused most.
        worst_fmr: the group whose people are taken for each other most.
        reason: why it can't be read.
    """

    path: Path
    name: str
    kind: str | None = None
    model: str | None = None
    model_digest: str | None = None
    run: str | None = None
    written: float = 0.0
    pairs: str | None = None
    accuracy: tuple[float, float] | None = None
    val: tuple[float, float] | None = None
    far: float | None = None
    auc: float | None = None
    eer: float | None = None
    worst_fnmr: WorstGroup | None = None
    worst_fmr: WorstGroup | None = None
    reason: str | None = None


def list_reports(folder: Path) -> list[ReportSummary]:
    """Every report in ``folder``, four levels down, or ``folder`` itself if it is one, by name.

    Raises:
        EthnoshardError: the folder is not there.
    """
    if not folder.is_dir():
        raise EthnoshardError(f"{folder} is no folder; give the one that reports are in")
    return [_summary(path, folder) for path in sorted(_reports(folder, _LEVELS))]


def _reports(folder: Path, levels: int) -> Iterator[Path]:
    if (folder / RECORD).is_file():
        yield folder
        return
    if not levels:
        return
    try:
        inside = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        # A folder that may not be read holds nothing that can be shown.
        return
    for entry in inside:
        if entry.name not in _NOT_LOOKED_INTO and not entry.name.startswith("."):
            yield from _reports(Path(entry.path), levels - 1)


def _summary(path: Path, folder: Path) -> ReportSummary:
    name = path.relative_to(folder).as_posix()
    try:
        written = (path / RECORD).stat().st_mtime
        content = read_report(path).content
    except (OSError, EthnoshardError) as error:
        return ReportSummary(path=path, name=name, run=_run_around(path, folder), reason=str(error))
    try:
        return ReportSummary(
            path=path,
            name=name,
            kind=str(content["kind"]),
            run=_run_around(path, folder) or _run_of(content),
            written=written,
            **_model(content),
            **_verification(content),
            worst_fnmr=_worst(content, "fnmr"),
            worst_fmr=_worst(content, "fmr"),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        why = f"{path / RECORD} holds something else than a report should ({type(error).__name__}: {error})"
        return ReportSummary(path=path, name=name, run=_run_around(path, folder), written=written, reason=why)


def _run_around(path: Path, folder: Path) -> str | None:
    for above in (path, *path.parents):
        if RunFolder(above).exists():
            return above.name
        if above == folder:
            return None
    return None


def _run_of(content: Mapping[str, Any]) -> str | None:
    model = content.get("model")
    return str(model["name"]) if model and model["kind"] == "run" else None


def _model(content: Mapping[str, Any]) -> dict[str, Any]:
    if content["kind"] == "comparison":
        return {"model": f"{model_name(content['base'])} / {model_name(content['other'])}"}
    model = content.get("model")
    return {"model": model_name(dict(content)), "model_digest": str(model["digest"]) if model else None}


def _verification(content: Mapping[str, Any]) -> dict[str, Any]:
    verified = content.get("verification")
    if content["kind"] != "evaluation" or not verified:
        return {}
    first = verified["validation"][0]
    return {
        "pairs": str(content["pairs"]["name"]),
        "accuracy": (_finite(verified["accuracy"]["mean"]), _finite(verified["accuracy"]["std"])),
        "val": (_finite(first["val"]["mean"]), _finite(first["val"]["std"])),
        "far": _finite(first["target"]),
        "auc": _finite(verified["auc"]),
        "eer": _finite(verified["eer"]),
    }


def _worst(content: Mapping[str, Any], error: str) -> WorstGroup | None:
    """Of all sources of labels the first, as a report's first table has it."""
    for found in content.get("demographics") or []:
        rates = {
            group: cell[error]["rate"]
            for group, cell in found["by_group"].items()
            if not cell[error]["too_few"] and cell[error]["rate"] is not None
        }
        if rates:
            group = max(rates, key=lambda name: _finite(rates[name]))
            return WorstGroup(group=group, rate=_finite(rates[group]), source=str(found["labels"]))
    return None


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number
