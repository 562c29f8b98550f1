"""``ethnoshard compare``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli._shown import show_report
from ethnoshard.reports import check_out, read_report


def run(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Report of evaluate or cluster.")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="Another, of the same kind on the same images.")],
    out: options.ReportOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Differences of two models on the same pairs and people, with intervals for the same people."""
    if out is not None:
        check_out(out)
    from ethnoshard.reports import compare_reports

    report = compare_reports(read_report(base), read_report(other))
    show_report(report, out, as_json=as_json)
