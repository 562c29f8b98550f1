"""What a comparison report says about two evaluations, group by group."""

import polars as pl

from ethnoshard.charts import NONE, signed, with_interval
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Change, Compared, Comparison, Evaluation, GroupErrorsChange, as_json

from .._shelf import Shelf
from ._evaluations import Picked

_ABOUT = ("model", "place", "flip", "images", "options", "pairs")
_KINDS = (("fmr", "FMR"), ("fnmr", "FNMR"), ("accuracy", "accuracy"))


def comparison_of(shelf: Shelf, one: Picked, other: Picked) -> tuple[str, Comparison, bool] | None:
    """The comparison report of two evaluations, whichever was its base.

    Returns:
        its name, what it found, and whether ``one`` was the base; None if there is none.
    """
    for summary in shelf.reports:
        if summary.kind != "comparison":
            continue
        try:
            found = shelf.report(summary.name).comparison
        except EthnoshardError:
            # It went away meanwhile; the list of what can't be read says more.
            continue
        sides = found.base, found.other
        for base, (first, second) in ((True, sides), (False, sides[::-1])):
            if _is_of(first, one.evaluation) and _is_of(second, other.evaluation):
                return summary.name, found, base
    return None


def change_table(found: GroupErrorsChange, *, turned: bool) -> pl.DataFrame:
    """A row a group, of one source of labels.

    Args:
        found: of the source, in the comparison.
        turned: show base - other.
    """
    rows = []
    for group, changes in {"all": found.overall, **found.by_group}.items():
        row = {"group": group + (" (too few)" if group in found.too_few else "")}
        for key, name in _KINDS:
            row[name] = _signed(changes[key], turned=turned)
        rows.append(row)
    return pl.DataFrame(rows)


def clear_changes(found: GroupErrorsChange, *, turned: bool) -> list[str]:
    """Which groups' rates differ by an interval that doesn't hold 0: ``Black's FMR falls``."""
    clear = []
    for group, changes in found.by_group.items():
        for key, name in _KINDS[:2]:
            low, high = changes[key].people_interval or (None, None)
            if group not in found.too_few and low is not None and high is not None and (low > 0 or high < 0):
                rises = (low > 0) != turned
                clear.append(f"{group}'s {name} {'rises' if rises else 'falls'}")
    return clear


def _is_of(side: Compared, report: Evaluation) -> bool:
    """Whether one side of a comparison is this evaluation: all that it says about it is the same."""
    measured = {name: value for name, value in as_json(report.verification).items() if name != "curve"}
    return as_json(side.verification) == measured and all(
        getattr(side, name) == getattr(report, name) for name in _ABOUT
    )


def _signed(change: Change, *, turned: bool) -> str:
    sign = -1 if turned else 1
    if change.difference is None:
        return NONE
    ends = [None if end is None else sign * end for end in change.people_interval or ()]
    return with_interval(sign * change.difference, ends[::sign], signed)
