"""What one interval or one claim came to in one world."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ethnoshard.results import Interval

Kind = Literal["covers", "claims", "power"]

_ROUNDING = 1e-9
"""An end that misses by less lies on the value."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one interval or claim came to.

    Attributes:
        kind: "covers", an interval and the truth; "claims", a claim where nothing differs; "power", one where something
            does.
        what: which number, such as "FMR by group".
        hit: whether the interval held the truth, or something was claimed.
        side: of an interval that missed, -1 where it lies below the truth, 1 where above; else 0.
        error: estimate less truth; None of claims.
        width: of the interval; None of claims and where it has no end.
    """

    kind: Kind
    what: str
    hit: bool
    side: int = 0
    error: float | None = None
    width: float | None = None


def covering(what: str, truth: float, value: float | None, interval: Interval | None) -> Iterator[Answer]:
    """Whether an interval holds the truth; nothing where there is no interval. A missing end lies beyond everything."""
    if value is None or interval is None:
        return
    low, high = interval
    width = None if low is None or high is None else high - low
    side = _side(interval, truth)
    yield Answer(kind="covers", what=what, hit=side == 0, side=side, error=value - truth, width=width)


def claiming(what: str, claimed: bool, *, null: bool) -> Answer:
    """A claim, false where nothing differs (``null``), else an instance of power."""
    return Answer(kind="claims" if null else "power", what=what, hit=claimed)


def excludes(interval: Interval | None, value: float) -> bool:
    """Whether an interval lies on one side of a value."""
    return interval is not None and _side(interval, value) != 0


def any_of(what: str, answers: Iterable[bool], *, null: bool) -> Answer:
    """Whether one claim of several was made."""
    return claiming(what, any(answers), null=null)


def _side(interval: Interval, value: float) -> int:
    """1 where an interval lies above a value, -1 where below, 0 where it holds it."""
    low, high = interval
    if low is not None and low > value + _ROUNDING:
        return 1
    return -1 if high is not None and high < value - _ROUNDING else 0
