"""What the verbs print with: results on standard output, progress and errors on standard error."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ethnoshard._progress import Progress

# Names of people, files and groups are shown as they are: nothing in them is markup.
output = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
progress_output = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)


class Interrupted(Exception):  # noqa: N818 - no error
    """Ctrl-C, in a verb that says itself how to go on. Its text is the whole message."""


def say(text: str = "") -> None:
    """Print a line of the result."""
    output.print(text)


def fail(text: str) -> None:
    """Print an error."""
    progress_output.print(Text("error: ", style="bold red").append(text, style="not bold default"))


def warn(text: str) -> None:
    """Print something that went otherwise than a user may think."""
    progress_output.print(Text("warning: ", style="bold yellow").append(text, style="not bold default"))


def tell(text: str) -> None:
    """Print what goes on, beside the progress."""
    progress_output.print(text)


class Counted(Protocol):
    """Rows or files that something was done to."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def first(self) -> str:
        """The first of them."""


def warn_of(what: str, remarks: Iterable[Counted]) -> None:
    """Print each remark on rows or files of something."""
    for remark in remarks:
        warn(f"{what}: {remark.count:,} x {remark.reason}; the first: {remark.first}")


def say_json(content: object) -> None:
    """Print one JSON document, for machines; in ASCII, whatever encoding the terminal or the pipe has."""
    output.print(json.dumps(content, indent=2))


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table, the first column to the left, the others to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    output.print(table)


class _Rate(ProgressColumn):
    """Items a second, of this run."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} {task.fields['unit']}/s")


@contextlib.contextmanager
def watched(what: str, unit: str) -> Iterator[Progress]:
    """Show a progress bar with rate and time left while the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Bar(*columns, console=progress_output, disable=not progress_output.is_terminal) as bar:
        task = bar.add_task(what, total=None, unit=unit)

        def begun(total: int, done: int) -> None:
            bar.update(task, total=total, completed=done)

        yield Progress(begun=begun, advance=lambda number: bar.advance(task, number))


def counted(names: Sequence[str], most: int = 5) -> str:
    """How many, and which: a few of them."""
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{len(names):,} ({shown}{', ...' if len(names) > most else ''})"


def size(number: int) -> str:
    """Bytes for a person."""
    return f"{number / 2**20:,.1f} MiB"
