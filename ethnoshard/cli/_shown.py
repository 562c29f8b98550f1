"""What the verbs that make a report do with it."""

from ethnoshard._urls import place_of, printable_url
from ethnoshard.cli._console import say, say_json
from ethnoshard.reports import Report, write_report


def show_report(report: Report, out: str | None, *, as_json: bool, arrays: str = "") -> None:
    """Write a report if a folder is given, and print it.

    Args:
        report: what was found.
        out: folder to make, or the URL of one.
        as_json: print one JSON document instead of text.
        arrays: which files of arrays are in the folder too.
    """
    place = None if out is None else place_of(out)
    if place is not None:
        write_report(report, place)
    if as_json:
        say_json({"kind": report.kind, **report.content})
        return
    say(report.summary.rstrip())
    if place is not None:
        say()
        say(f"report in {printable_url(str(place))}: report.json, summary.md, figures/*.html{arrays}")
