"""A report to a URL: where nothing can be renamed, it is whole or it is none."""

import json
from collections.abc import Mapping
from pathlib import Path

from ethnoshard._upload import UploadFolder
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports._folder import FIGURES, FINDINGS, FORMAT, PICTURES, RECORD, SUMMARY

_NOTE = ".writing/report.json"
"""What a report on its way is known by, so that one that was killed can be made again in the same place."""


def check_url(url: str, options: Mapping[str, object]) -> None:
    """Refuse a URL that holds something else, or can't be written to, which is tried.

    Raises:
        EthnoshardError: so it is.
    """
    target = UploadFolder(url=url, options=dict(options))
    before = _files(target)
    _put_note(target)
    if _NOTE not in before:
        target.remove(_NOTE)


def upload_report(folder: Path, url: str, options: Mapping[str, object]) -> None:
    """Upload a report that is whole; what an older one in the same place had besides is taken away.

    Args:
        folder: the report.
        url: where it goes.
        options: for fsspec.

    Raises:
        EthnoshardError: the URL holds something else, or can't be written to.
    """
    target = UploadFolder(url=url, options=dict(options))
    before = _files(target)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    _put_note(target)
    if RECORD in before:
        target.remove(RECORD)
    for name in names:
        if name != RECORD:
            target.put(folder / name, name)
    for name in before - set(names):
        if _is_of_a_report(name):
            target.remove(name)
    target.put(folder / RECORD, RECORD)
    target.remove(_NOTE)


def _put_note(target: UploadFolder) -> None:
    target.put_bytes(json.dumps({"format": FORMAT}).encode(), _NOTE)


def _files(target: UploadFolder) -> set[str]:
    """Names of what is there: a report, one on its way, or nothing.

    Raises:
        EthnoshardError: it is something else.
    """
    names = set(target.files())
    if names and not names & {RECORD, _NOTE}:
        raise EthnoshardError(
            f"{target.url_of()} holds other things than a report ({min(names)} for example); give another URL for --out"
        )
    return names


def _is_of_a_report(name: str) -> bool:
    """Whether a report may have a file of this name; whatever else lies beside it is somebody's own."""
    folder, _, file = name.rpartition("/")
    if folder:
        return folder == FIGURES
    return file in (SUMMARY, FINDINGS, PICTURES) or file.endswith(".npz")
