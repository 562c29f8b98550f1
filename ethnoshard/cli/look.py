"""``ethnoshard look``."""

from dataclasses import asdict

import typer

from ethnoshard._command import command
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import fail, say, say_json, say_table, size, warn_of
from ethnoshard.sources import Look, look_at, open_source


def run(
    sources: options.SourcesArgument,
    layout: options.LayoutOption = None,
    table: options.ListOption = None,
    columns: options.Columns = None,
    as_it_is: options.AsItIs = False,
    as_json: options.AsJson = False,
) -> None:
    """Say in seconds what a source holds and what is odd about it, before hours are spent on it.

    No image is read. With something odd that nobody has accounted for the status is 1, as `align` would refuse it.
    """
    reading = options.reading(layout, table, columns, as_it_is)
    found = look_at(open_source(sources, reading))
    if as_json:
        say_json(asdict(found))
    else:
        _tell(found)
    if found.smells and not as_it_is:
        raise typer.Exit(1)
    if not as_json:
        say(f"next: {command('align', *sources, 'WORK')}")


def _tell(found: Look) -> None:
    say(str(found))
    say(f"{found.kind}, {size(found.image_bytes)} of images")
    say("for example " + ", ".join(found.examples))
    for what, by in found.given_by.items():
        say(f"{what} as given by {by}")
    if found.groups:
        rows = [[group, f"{number:,}"] for group, number in found.groups.items()]
        without = [["none", f"{found.without_group:,}"]] if found.without_group else []
        say_table(["group", "identities"], [*rows, *without])
    for reason, number in found.skipped.items():
        say(f"left out, {reason}: {number:,}")
    warn_of("of what it says", found.remarks)
    for smell in found.smells:
        fail(f"{smell.what}. Way out: {smell.way_out}")
