"""A line about each report of a folder."""

import functools
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from ethnoshard._files import TEMPORARY
from ethnoshard._stamp import Stamp
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports._folder import RECORD, Kind, read_report
from ethnoshard.reports._texts import model_name
from ethnoshard.reports._warnings import collapse_of, shared_people_text
from ethnoshard.runs import RunFolder

_LEVELS = 4
_NOT_LOOKED_INTO = ("checkpoints", "tensorboard", "figures")
_HALF_WRITTEN = re.compile(rf"\.\d+{re.escape(TEMPORARY)}$")


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
        val: likewise; None where the FAR that was reached isn't the one asked for.
        val_reason: why there is none.
        far: the FAR at which VAL was asked for.
        auc: area under the ROC curve.
        eer: equal error rate.
        worst_fnmr: the group whose people are refused most.
        worst_fmr: the group whose people are taken for each other most.
        collapsed: what is to be said where embeddings of different people are all alike; None where they aren't.
        shared_people: what is to be said where the model was trained on people of the test.
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
    val_reason: str | None = None
    far: float | None = None
    auc: float | None = None
    eer: float | None = None
    worst_fnmr: WorstGroup | None = None
    worst_fmr: WorstGroup | None = None
    collapsed: str | None = None
    shared_people: str | None = None
    reason: str | None = None


def list_reports(folder: Path) -> list[ReportSummary]:
    """Every report in ``folder``, four levels down, and ``folder`` itself if it is one, by name.

    Checkpoints, TensorBoard's files, hidden folders and links are not looked into. A report that can't be read is
    listed with the reason, and so is a folder that can't be looked into.

    Raises:
        EthnoshardError: the folder is not there.
    """
    if not folder.is_dir():
        raise EthnoshardError(f"{folder} is no folder; give the one that reports are in")
    return sorted(_summaries(folder, folder, _LEVELS), key=lambda summary: (summary.name != ".", summary.name))


def _summaries(path: Path, top: Path, levels: int) -> Iterator[ReportSummary]:
    name = os.fsencode(path.relative_to(top).as_posix()).decode(errors="replace")
    if _HALF_WRITTEN.search(path.name):
        why = f"{path} is being written, or was left half-written by a process that was killed: then delete it"
        yield ReportSummary(path=path, name=name, reason=why)
        return
    try:
        with os.scandir(path) as entries:
            inside = list(entries)
    except FileNotFoundError:
        # It was replaced by a newer one, or deleted, in the meantime.
        return
    except OSError as error:
        yield ReportSummary(path=path, name=name, reason=f"{path} can't be read: {error.strerror}")
        return
    for entry in inside:
        if entry.name == RECORD and entry.is_file(follow_symlinks=False):
            yield _summary(path, name)
        elif levels and entry.is_dir(follow_symlinks=False) and _may_hold_reports(entry.name):
            yield from _summaries(path / entry.name, top, levels - 1)


def _may_hold_reports(name: str) -> bool:
    return name not in _NOT_LOOKED_INTO and not name.startswith(".")


def _summary(path: Path, name: str) -> ReportSummary:
    facts: dict[str, Any] = {"path": path, "name": name, "run": _run_around(path)}
    try:
        state = (path / RECORD).stat()
        facts["written"] = state.st_mtime
        found = _of_file(path, Stamp.of(path / RECORD))
    except EthnoshardError as error:
        return ReportSummary(**facts, reason=str(error))
    except (OSError, ValueError, RecursionError) as error:
        # A number with thousands of digits, brackets within brackets without end, a folder that may not be entered.
        return ReportSummary(**facts, reason=f"{path / RECORD} can't be read: {error}")
    return ReportSummary(**{**found, **{key: value for key, value in facts.items() if value is not None}})


@functools.lru_cache(maxsize=4096)
def _of_file(path: Path, stamp: Stamp) -> Mapping[str, Any]:
    """Fields of the summary, kept until the file is another: a dashboard lists the same reports at every click."""
    return _of_content(read_report(path).content)


def _run_around(path: Path) -> str | None:
    """The nearest run folder that the report lies in, perhaps above the folder that is listed."""
    whole = path.resolve()
    for folder in (whole, *whole.parents):
        try:
            if RunFolder(folder).exists():
                return os.fsencode(folder.name).decode(errors="replace")
        except OSError:
            return None
    return None


def _of_content(content: dict[str, Any]) -> dict[str, Any]:
    """Fields of the summary.

    Raises:
        EthnoshardError: something is missing or of another kind.
    """
    kind = content["kind"]
    if kind not in get_args(Kind):
        raise EthnoshardError(f"{RECORD} is of the kind {kind!r}, which this version of ethnoshard doesn't know")
    if kind == "comparison":
        return {"kind": kind, "model": " / ".join(_compared(content, which) for which in ("base", "other"))}
    fields = {"kind": kind, **_model(content)}
    return fields if kind == "clustering" else {**fields, **_verification(content)}


def _compared(content: dict[str, Any], which: str) -> str:
    about = _value(content, dict, which)
    return str(_model(about)["model"]) if about.get("model") else _text(content, which, "report")


def _model(content: dict[str, Any]) -> dict[str, Any]:
    if content.get("model") is None:
        return {"model": model_name(content)}
    name, kind = _text(content, "model", "name"), _text(content, "model", "kind")
    if "arm" in _value(content, dict, "model", "about"):
        _text(content, "model", "about", "arm")
    return {
        "model": model_name(content),
        "model_digest": _text(content, "model", "digest"),
        "run": name if kind == "run" else None,
    }


def _verification(content: dict[str, Any]) -> dict[str, Any]:
    at = ("verification", "validation", 0)
    return {
        "pairs": _text(content, "pairs", "name"),
        "accuracy": _over_folds(content, "verification", "accuracy"),
        "val": None if _value(content, object, *at, "val") is None else _over_folds(content, *at, "val"),
        "val_reason": _reason(_value(content, dict, *at)),
        "far": _number(content, *at, "target"),
        "auc": _number(content, "verification", "auc"),
        "eer": _number(content, "verification", "eer"),
        "worst_fnmr": _worst(content, "fnmr"),
        "worst_fmr": _worst(content, "fmr"),
        "collapsed": collapse_of(content["verification"]),
        "shared_people": shared_people_text(content.get("trained_on")),
    }


def _over_folds(content: dict[str, Any], *path: str | int) -> tuple[float, float]:
    return _number(content, *path, "mean"), _number(content, *path, "std")


def _worst(content: dict[str, Any], error: str) -> WorstGroup | None:
    """Of all sources of labels the first, as a report's first table has it."""
    for place in range(len(_value(content, list, "demographics"))):
        at = ("demographics", place)
        rates = {}
        for group in _value(content, dict, *at, "by_group"):
            cell = (*at, "by_group", group, error)
            if not _value(content, bool, *cell, "too_few") and _value(content, object, *cell, "rate") is not None:
                rates[group] = _number(content, *cell, "rate")
        if rates:
            worst = max(rates, key=lambda name: rates[name])
            return WorstGroup(group=worst, rate=rates[worst], source=_text(content, *at, "labels"))
    return None


def _value(content: Any, kind: type | UnionType, *path: str | int) -> Any:
    """What lies at a path of names and places.

    Raises:
        EthnoshardError: nothing does, or something of another kind.
    """
    where = ".".join(map(str, path))
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError) as error:
            raise EthnoshardError(f"{RECORD} is damaged: {where} is missing") from error
    if not isinstance(content, kind):
        raise EthnoshardError(f"{RECORD} is damaged: {where} is of another kind, {type(content).__name__}")
    return content


def _text(content: Any, *path: str | int) -> str:
    return str(_value(content, str, *path))


def _reason(at: dict[str, Any]) -> str | None:
    """Why there is no VAL."""
    return None if at["val"] is not None else str(at.get("reason") or "not known")


def _number(content: Any, *path: str | int) -> float:
    value = _value(content, int | float, *path)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if isinstance(value, bool) or not math.isfinite(number):
        raise EthnoshardError(f"{RECORD} is damaged: {'.'.join(map(str, path))} is no finite number")
    return number
