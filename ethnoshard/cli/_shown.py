"""What the verbs that make a report do with it."""

from pathlib import Path

from ethnoshard.cli._console import say, say_json
from ethnoshard.reports import Report, write_report


def show_report(report: Report, out: Path | None, *, as_json: bool, arrays: str = "") -> None:
    """Write a report if a folder is given, and print it.

    Args:
        report: what was found.
        out: folder to make.
        as_json: print one JSON document instead of text.
        arrays: which files of arrays are in the folder too.
    """
    if out is not None:
        write_report(report, out)
    if as_json:
        say_json({"kind": report.kind, **report.content})
        return
    say(report.summary.rstrip())
    if out is not None:
        say()
        say(f"report in {out}: report.json, summary.md, figures/*.html{arrays}")
