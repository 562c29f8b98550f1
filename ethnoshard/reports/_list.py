"""A line about each report of a folder."""

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ethnoshard._files import TEMPORARY
from ethnoshard._stamp import Stamp
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports._folder import RECORD, ReportFolder, read_report
from ethnoshard.reports._warnings import collapse_of, shared_people_text
from ethnoshard.results import Audit, ClusterReport, Comparison, Evaluation, Rate, ReportSummary, WorstGroup
from ethnoshard.runs import RunFolder

_LEVELS = 4
_NOT_LOOKED_INTO = ("checkpoints", "tensorboard", "figures")
_HALF_WRITTEN = re.compile(rf"\.\d+{re.escape(TEMPORARY)}$")


def list_reports(folder: Path) -> list[ReportSummary]:
    """Every report in ``folder``, four levels down, and ``folder`` itself if it is one, by name.

    Checkpoints, TensorBoard's files, hidden folders and links are not looked into. A report that can't be read is
    listed with the reason, and so is a folder that can't be looked into.

    Raises:
        EthnoshardError: the folder is not there.
    """
    if not folder.is_dir():
        raise EthnoshardError(f"{folder} is not a folder; give the one that reports are in")
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
    run, written = _run_around(path), 0.0
    try:
        written = (path / RECORD).stat().st_mtime
        found = _of_file(path, Stamp.of(path / RECORD))
    except EthnoshardError as error:
        return ReportSummary(path=path, name=name, run=run, written=written, reason=str(error))
    except (OSError, ValueError, RecursionError) as error:
        # A number with thousands of digits, brackets within brackets without end, a folder that may not be entered.
        reason = f"{path / RECORD} can't be read: {error}"
        return ReportSummary(path=path, name=name, run=run, written=written, reason=reason)
    return replace(found, name=name, run=found.run if run is None else run, written=written)


@functools.lru_cache(maxsize=4096)
def _of_file(path: Path, stamp: Stamp) -> ReportSummary:
    """The summary, stored until the file is another: a dashboard lists the same reports at every click."""
    return _of_report(read_report(path))


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


def _of_report(report: ReportFolder) -> ReportSummary:
    """The summary of a report, wherever it lies.

    Raises:
        EthnoshardError: something is missing or of another type.
    """
    result = report.result
    summary = ReportSummary(path=report.path, name=report.path.name, kind=report.kind)
    if isinstance(result, Comparison):
        return replace(summary, model=f"{result.base.title} / {result.other.title}")
    summary = replace(summary, model=_model_of(result))
    if result.model is not None:
        run = result.model.name if result.model.kind == "run" else None
        summary = replace(summary, model_digest=result.model.digest, run=run)
    return _with_verification(summary, result) if isinstance(result, Evaluation) else summary


def _model_of(result: Evaluation | ClusterReport | Audit) -> str:
    """What tables call the model; an audit's own title is that of the set."""
    if isinstance(result, Audit):
        return result.model.title if result.model else "embeddings"
    return result.title


def _with_verification(summary: ReportSummary, report: Evaluation) -> ReportSummary:
    verified = report.verification
    if not verified.validation:
        raise EthnoshardError(f"{RECORD} is damaged: verification.validation is empty")
    at = verified.validation[0]
    return replace(
        summary,
        pairs=report.pairs.name,
        accuracy=(verified.accuracy.mean, verified.accuracy.std),
        val=None if at.val is None else (at.val.mean, at.val.std),
        val_reason=None if at.val is not None else at.reason or "not known",
        far=at.far_asked,
        auc=verified.auc,
        eer=verified.eer,
        worst_fnmr=_worst(report, "fnmr"),
        worst_fmr=_worst(report, "fmr"),
        collapsed=collapse_of(verified.similarity),
        shared_people=shared_people_text(report.trained_on),
    )


def _worst(report: Evaluation, error: Literal["fmr", "fnmr"]) -> WorstGroup | None:
    """The worst group by the first source of labels, which a report's first table has."""
    for errors in report.demographics:
        rates: dict[str, float] = {}
        for group, of in errors.by_group.items():
            rate: Rate = getattr(of, error)
            if not rate.too_few and rate.rate is not None:
                rates[group] = rate.rate
        if rates:
            worst = max(rates, key=lambda name: rates[name])
            return WorstGroup(group=worst, rate=rates[worst], source=errors.whose)
    return None
