"""The checks: their names, how long each may take, and what they find."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table.

    Attributes:
        what: was measured.
        figure: None where it could not be had; ``why_not`` says why.
        unit: of the figure.
        asked: what the figure has to be, as text; "" where nothing is asked.
        holds: whether it is; None where nothing is asked, or there is no figure.
        why_not: why there is no figure; "" where there is one.
    """

    what: str
    figure: float | None
    unit: str = ""
    asked: str = ""
    holds: bool | None = None
    why_not: str = ""


def figure(what: str, value: float, unit: str) -> Row:
    """A figure of which nothing is asked."""
    return Row(what=what, figure=value, unit=unit)


def at_least(what: str, value: float, unit: str, least: float) -> Row:
    """A figure that has to reach ``least``."""
    return Row(what=what, figure=value, unit=unit, asked=f"{least:g} or more", holds=value >= least)


def at_most(what: str, value: float, unit: str, most: float) -> Row:
    """A figure that must not pass ``most``."""
    return Row(what=what, figure=value, unit=unit, asked=f"{most:g} or less", holds=value <= most)


def nothing(what: str, why: str) -> Row:
    """No figure, and why."""
    return Row(what=what, figure=None, why_not=why)


def tried(what: str, unit: str, work: Callable[[], float]) -> Row:
    """A figure, or what went wrong, so that the rest of the check goes on."""
    try:
        return figure(what, work(), unit)
    # Torch, CUDA and the libraries of others raise what they like.
    except Exception as error:  # noqa: BLE001
        lines = str(error).strip().splitlines()
        return nothing(what, f"{type(error).__name__}: {lines[0] if lines else 'it said no reason'}")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where the checks run, and on what.

    Attributes:
        device: "cuda" or "cpu".
        small: a minute's worth of everything, to see that it works.
        kit: what was carried here.
        scratch: a folder that goes away at the end.
    """

    device: str
    small: bool
    kit: Path
    scratch: Path

    @property
    def pictures(self) -> Path:
        """Drawn photographs, not aligned: a folder of identity folders."""
        return self.kit / "pictures"

    @property
    def faces(self) -> Path:
        """The dataset of the faces in them, as it was carried."""
        return self.kit / "dataset"

    @property
    def large(self) -> Path:
        """Faces enough for many batches, made here out of those that were carried."""
        return self.scratch / "large"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A part of what is to be found out, in a process of its own.

    Attributes:
        name: of the check, and of its function.
        module: which holds it.
        seconds: that it may take; then it is ended, and the next one begins.
    """

    name: str
    module: str
    seconds: int


CHECKS = (
    Check(name="machine", module="_machine", seconds=30),
    Check(name="faces", module="_faces", seconds=50),
    Check(name="agreement", module="_same", seconds=70),
    Check(name="resume", module="_same", seconds=50),
    Check(name="alignment", module="_alignment", seconds=100),
    Check(name="loading", module="_loading", seconds=60),
    Check(name="decoding", module="_loading", seconds=30),
    Check(name="step", module="_step", seconds=80),
    Check(name="waiting", module="_step", seconds=70),
    Check(name="processes", module="_processes", seconds=50),
)
"""In the order in which they run: what has to hold first, then what is fast. Ten minutes in all, with the start."""

Emit = Callable[[Row], None]
"""Takes a row as soon as it is known, so that a check that runs out of time keeps what it had."""

_MARK = "row: "


def written(row: Row) -> str:
    """A row as a line of a child's output."""
    return _MARK + json.dumps(asdict(row))


def read(line: str) -> Row | None:
    """The row in a line of a child's output; None where it is another line."""
    if not line.startswith(_MARK):
        return None
    content: dict[str, Any] = json.loads(line.removeprefix(_MARK))
    return Row(**content)
