"""Scored pairs of any system, as a table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import Texts
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources._table import read_text_table, refuse_rows

_COLUMNS = ("score", "same", "group_a", "group_b")
_PEOPLE = ("person_a", "person_b")
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_SAME = ("1", "true", "yes")
_DIFFERENT = ("0", "false", "no")


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredPairs:
    """Pairs with a score each.

    Attributes:
        path: the table.
        score: (N,) float64, greater for images that are more alike.
        same: (N,) bool, both show one person.
        groups: (N,) and (N,) str, group of each image's person.
        people: (N,) and (N,) str, whose each image is; None where the table doesn't say.
        left_out: rows of the table that are no pairs, by reason.
    """

    path: Path
    score: NDArray[np.float64]
    same: NDArray[np.bool_]
    groups: tuple[Texts, Texts]
    people: tuple[Texts, Texts] | None
    left_out: tuple[Remark, ...] = ()


def read_scores(path: str | Path) -> ScoredPairs:
    """Read a CSV with the columns score, same, group_a, group_b and, if known, person_a and person_b.

    Args:
        path: the file. ``same`` is 1 or 0, true or false, yes or no; other columns are ignored.

    Raises:
        EthnoshardError: the file can't be read, lacks a column, has one of the two people's columns alone, or a
            malformed row (with its line).
    """
    path = Path(path)
    table, left_out = read_text_table(path, _COLUMNS, ",".join((*_COLUMNS, *_PEOPLE)))
    people = [name for name in _PEOPLE if name in table.columns]
    if len(people) == 1:
        raise EthnoshardError(f"{path} has the column {people[0]} alone; give both people or neither")
    same = pl.col("same").str.strip_chars().str.to_lowercase()
    labels = ["group_a", "group_b", *people]
    refuse_rows(
        path,
        table,
        [
            pl.col("score").str.contains(_NUMBER),
            same.is_in([*_SAME, *_DIFFERENT]),
            pl.col(labels).str.contains(r"\S"),
        ],
        f"score is a number, with a point and without commas, same is 1 or 0, and {', '.join(labels)} are not empty",
    )
    texts = {name: np.array(table[name].str.strip_chars().to_list(), np.str_) for name in labels}
    return ScoredPairs(
        path=path,
        score=table["score"].str.strip_chars().cast(pl.Float64).to_numpy(),
        same=table.select(same.is_in(list(_SAME)))["same"].to_numpy(),
        groups=(texts["group_a"], texts["group_b"]),
        people=(texts["person_a"], texts["person_b"]) if people else None,
        left_out=left_out,
    )
