"""Who meets whom, in the batches of a run or of a plan, as titles and a table."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import NONE, few_digits
from ethnoshard.results import Encounters

from .._show import Columns

FORMULA = (
    "Own pairs: ordered pairs of two people of the group in a batch, its own negatives. Of n people their mean is "
    "E[n(n-1)] = mean\u00b2 - mean + variance, so that an exact quota, which leaves no variance, takes a rare group's "
    "own negatives away."
)
HOW_TABLE = (
    "People of the group in a batch; their variance over that at random, 1 being random and 0 a quota; own pairs, and "
    "batches without anybody, each beside people drawn at random; different people behind an epoch's batches, and "
    "effective: how many would vary as little, each coming as often."
)
HOW_NEAREST = " Nearest: how often a person's nearest other of the group is in the batch."
_LIKE_0 = 0.005
"""Two digits show it as 0."""


def pairs_title(name: str, rows: Sequence[Encounters]) -> str:
    """The group with the fewest own pairs, beside chance."""
    known = [row for row in rows if row.pairs is not None and row.pairs_at_random]
    if not known:
        return f"{name}: no group has two people in a batch"
    fewest = min(known, key=_ratio)
    if _ratio(fewest) > 0.9:
        return f"{name}: every group meets its own people as often as at random, or more"
    return (
        f"{name}: {fewest.group} has {few_digits(fewest.pairs)} own pairs a batch; at random it would have "
        f"{few_digits(fewest.pairs_at_random)}"
    )


def dispersion_title(name: str, rows: Sequence[Encounters]) -> str:
    """Between which values the variance lies, over that at random."""
    values = {row.group: row.dispersion for row in rows if row.dispersion is not None}
    if not values:
        return f"{name}: no group's number of people can vary"
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    if values[high] < _LIKE_0:
        return f"{name}: every batch has as many people of a group as any other"
    if values[high] < 0.3:
        return f"{name}: quotas, at most {values[high]:.2f} of the variance at random"
    if values[low] >= 0.8 and values[high] <= 1.25:
        return f"{name}: groups vary as people at random do, {values[low]:.2f} to {values[high]:.2f}"
    return f"{name}: {values[low]:.2f} ({low}) to {values[high]:.2f} ({high}) of the variance at random"


def nearest_title(name: str, rows: Sequence[Encounters]) -> str:
    """For which groups the nearest person is in the batch least and most often."""
    values = {row.group: row.nearest for row in rows if row.nearest is not None}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    ends = " to ".join(f"{100 * values[group]:.0f} % ({group})" for group in dict.fromkeys((low, high)))
    return f"{name}: the nearest other person of the group is in the batch {ends} of the time"


_DIGITS = {
    "people": ".2f",
    "variance / random": ".2f",
    "own pairs": ",.2f",
    "at random": ",.2f",
    "without, %": ".1f",
    "at random, %": ".1f",
    "nearest, %": ".1f",
    "by chance, %": ".2f",
    "of any group, %": ".1f",
    "different": ",.0f",
    "effective": ",.0f",
    "kept apart": ",.0f",
}


def table(*of: Sequence[Encounters], names: Sequence[str] = ()) -> pl.DataFrame:
    """A row a group, and one of all people where there is one; without columns that nothing is known of.

    Args:
        of: one, or several below each other.
        names: of these, for a column of their own.
    """
    rows = [row for each in of for row in each]
    columns = {
        "group": [row.group or "all" for row in rows],
        "people": [row.people for row in rows],
        "variance / random": [row.dispersion for row in rows],
        "own pairs": [row.pairs for row in rows],
        "at random": [row.pairs_at_random for row in rows],
        "without, %": _percent([row.none if row.group else None for row in rows]),
        "at random, %": _percent([row.none_at_random if row.group else None for row in rows]),
        "nearest, %": _percent([row.nearest for row in rows]),
        "by chance, %": _percent([row.nearest_by_chance for row in rows]),
        "of any group, %": _percent([row.nearest_of_all for row in rows]),
        "different": [row.distinct for row in rows],
        "effective": [row.effective for row in rows],
        "kept apart": [row.apart for row in rows],
    }
    run = {"run": [name for name, each in zip(names, of, strict=True) for _ in each]} if names else {}
    table = pl.DataFrame({**run, **columns}, strict=False)
    return table.select(name for name in table.columns if table[name].null_count() < len(table))


def as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """The table with numbers as text, each with the digits that it deserves."""
    return rows.with_columns(
        pl.Series(name, [NONE if value is None else format(value, digits) for value in rows[name]], pl.String)
        for name, digits in _DIGITS.items()
        if name in rows.columns
    )


def table_columns() -> Columns:
    """How columns of the table look: numbers at the right."""
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in _DIGITS}
    return {name: st.column_config.TextColumn(pinned=True) for name in ("run", "group")} | numbers


def _ratio(row: Encounters) -> float:
    return float(row.pairs or 0) / float(row.pairs_at_random or 1)


def _percent(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else 100 * value for value in values]
