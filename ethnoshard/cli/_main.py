"""The command ``ethnoshard``: its verbs, and what becomes of errors."""

import codecs
import io
import os
import sys

import typer

from ethnoshard import __version__
from ethnoshard.cli import (
    align,
    audit,
    build,
    classifier,
    cluster,
    compare,
    dashboard,
    draw,
    embed,
    evaluate,
    export,
    export_dataset,
    info,
    label,
    look,
    look_alikes,
    pack,
    plan,
    preview,
    runs,
    stream,
    train,
    verify,
)
from ethnoshard.cli._console import Interrupted, fail
from ethnoshard.cli._options import with_shipped
from ethnoshard.cli._paths import local
from ethnoshard.errors import EthnoshardError

INTERRUPTED = 130
"""What a shell expects of a command that Ctrl-C ended."""

app = typer.Typer(
    name="ethnoshard",
    help="Photographs of faces in, shards tagged by group and batches balanced by group out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for module in (
    look,
    align,
    label,
    pack,
    build,
    info,
    verify,
    preview,
    plan,
    stream,
    train,
    export,
    export_dataset,
    embed,
    look_alikes,
    audit,
    evaluate,
    cluster,
    compare,
    dashboard,
    draw,
):
    app.command(name=module.__name__.rpartition(".")[2].replace("_", "-"))(local(module.run))
app.add_typer(runs.app, name="runs")
app.add_typer(classifier.app, name="classifier")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ethnoshard {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say the version."),
) -> None:
    """Photographs of faces in, shards tagged by group and batches balanced by group out."""


def _bytes_or_escapes(error: UnicodeError) -> tuple[bytes, int]:
    """What stands for a byte is that byte, as ``surrogateescape`` has it; any other character is escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = (
        bytes([ord(each) - 0xDC00]) if "\udc80" <= each <= "\udcff" else each.encode("ascii", "backslashreplace")
        for each in text
    )
    return b"".join(shown), error.end


codecs.register_error("bytes-or-escapes", _bytes_or_escapes)
_SHOWN = {"strict": "backslashreplace", "surrogateescape": "bytes-or-escapes"}
"""How standard output treats what it can't encode, and how it does so instead."""


def main() -> None:
    """Run the command line. A user's mistake ends in one message and status 1, a wrong option in status 2."""
    # A name that can't be shown must not end the run; in an ASCII locale names of files are bytes behind the scenes.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in _SHOWN:
        sys.stdout.reconfigure(errors=_SHOWN[sys.stdout.errors])
    try:
        app(with_shipped(sys.argv[1:]))
    except EthnoshardError as error:
        fail(str(error))
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        # What standard output still holds would fail once more at the very end, if it was that which is full.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except UnicodeEncodeError as error:
        if sys.getfilesystemencoding() == "utf-8":
            raise
        fail(f"{error.object!r} can't name a file in this locale ({error.encoding}); LC_ALL=C.UTF-8 has all names")
        sys.exit(1)
    except Interrupted as end:
        fail(f"interrupted; {end}")
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer's way of passing Ctrl-C on
            fail("interrupted. What was finished is kept: run the same command again to go on")
        raise
