"""What a comparison report says about two evaluations, group by group."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ethnoshard.errors import EthnoshardError

from .._shelf import Shelf
from .._text import NONE
from ._evaluations import Picked

_ABOUT = ("model", "place", "flip", "images", "options", "pairs")
_KINDS = (("fmr", "FMR"), ("fnmr", "FNMR"), ("accuracy", "accuracy"))


def comparison_of(shelf: Shelf, one: Picked, other: Picked) -> tuple[str, Mapping[str, Any], bool] | None:
    """The comparison report of two evaluations, whichever was its base.

    Returns:
        its name, its content, and whether ``one`` was the base; None if there is none.
    """
    for summary in shelf.reports:
        if summary.kind != "comparison":
            continue
        try:
            content = shelf.report(summary.name).content
        except EthnoshardError:
            # It went away meanwhile; the list of what can't be read says more.
            continue
        sides = content.get("base"), content.get("other")
        for base, (first, second) in ((True, sides), (False, sides[::-1])):
            if _is_of(first, one.content) and _is_of(second, other.content):
                return summary.name, content, base
    return None


def change_table(found: Mapping[str, Any], *, turned: bool) -> pl.DataFrame:
    """A row a group, of one source of labels.

    Args:
        found: of the source, in the comparison.
        turned: show base - other.
    """
    rows = []
    for group, changes in {"all": found["overall"], **found["by_group"]}.items():
        row = {"group": group + (" (too few)" if group in found["too_few"] else "")}
        for key, name in _KINDS:
            row[name] = _signed(changes[key], turned=turned)
        rows.append(row)
    return pl.DataFrame(rows)


def clear_changes(found: Mapping[str, Any], *, turned: bool) -> list[str]:
    """Which groups' rates differ by an interval that doesn't hold 0: ``Black's FMR falls``."""
    clear = []
    for group, changes in found["by_group"].items():
        for key, name in _KINDS[:2]:
            ends = changes[key]["people_interval"]
            if group not in found["too_few"] and ends and None not in ends and (ends[0] > 0 or ends[1] < 0):
                rises = (ends[0] > 0) != turned
                clear.append(f"{group}'s {name} {'rises' if rises else 'falls'}")
    return clear


def _is_of(side: Any, content: Mapping[str, Any]) -> bool:
    """Whether one side of a comparison is this evaluation: all that it says about it is the same."""
    if not isinstance(side, Mapping):
        return False
    measured = {name: value for name, value in content["verification"].items() if name != "curve"}
    return side.get("verification") == measured and all(side.get(name) == content.get(name) for name in _ABOUT)


def _signed(change: Mapping[str, Any], *, turned: bool) -> str:
    sign = -1 if turned else 1
    if change["difference"] is None:
        return NONE
    value = f"{sign * change['difference']:+.4f}"
    ends: Sequence[float | None] | None = change["people_interval"]
    if not ends:
        return value
    shown = [".." if end is None else f"{sign * end:+.4f}" for end in (ends[::-1] if turned else ends)]
    return f"{value} [{shown[0]}, {shown[1]}]"
