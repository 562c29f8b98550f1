"""Scored pairs of any system, as a table."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._pairs import Texts
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources._table import LINE, read_text_table, refuse_rows

_COLUMNS = ("score", "same", "group_a", "group_b")
_PEOPLE = ("person_a", "person_b")
_FOLD = "fold"
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_NO_NUMBER = ("", "nan", "na", "null", "none")
_WHOLE = r"^\s*[0-9]{1,9}\s*$"
_SAME = ("1", "true", "yes")
_DIFFERENT = ("0", "false", "no")


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredPairs:
    """Pairs with a score each.

    Attributes:
        path: the table.
        score: (N,) float64, greater for images that are more alike; NaN of pairs in ``failed``.
        same: (N,) bool, both show one person.
        groups: (N,) and (N,) str, group of each image's person.
        people: (N,) and (N,) str, whose each image is; None where the table doesn't say.
        fold: (N,) int64, 0 to F - 1, whose thresholds come from the other folds; None where the table gives none.
        failed: (N,) bool, pairs to which the system gave no score; None where there are none.
        left_out: rows of the table that are no pairs, and columns that are ignored, by reason.
    """

    path: Path
    score: NDArray[np.float64]
    same: NDArray[np.bool_]
    groups: tuple[Texts, Texts]
    people: tuple[Texts, Texts] | None
    fold: NDArray[np.int64] | None = None
    failed: NDArray[np.bool_] | None = None
    left_out: tuple[Remark, ...] = ()

    def select(self, rows: NDArray[np.bool_]) -> "ScoredPairs":
        """Some of the pairs.

        Args:
            rows: (N,) which.
        """
        return replace(
            self,
            score=self.score[rows],
            same=self.same[rows],
            groups=(self.groups[0][rows], self.groups[1][rows]),
            people=None if self.people is None else (self.people[0][rows], self.people[1][rows]),
            fold=None if self.fold is None else self.fold[rows],
            failed=None if self.failed is None else self.failed[rows],
        )

    def scored(self, *, failures_are_errors: bool = False) -> "ScoredPairs":
        """The pairs that can be measured, none of them failed.

        Args:
            failures_are_errors: keep pairs of one person without a score, with one just below the least that was given,
                so that every threshold but the one that accepts all refuses them. Those of two people are left out
                always: a comparison that failed is no evidence that it would have been refused.

        Raises:
            EthnoshardError: no pair has a score.
        """
        if self.failed is None:
            return self
        if self.failed.all():
            raise EthnoshardError(f"{self.path}: none of {len(self.score):,} pairs has a score")
        kept = ~self.failed | (self.same & failures_are_errors)
        lowest = np.nextafter(self.score[~self.failed].min(), -np.inf)
        return replace(self, score=np.where(self.failed, lowest, self.score)).select(kept)._without_failures()

    def _without_failures(self) -> "ScoredPairs":
        return replace(self, failed=None)


def read_scores(path: str | Path, *, allow_failures: bool = False) -> ScoredPairs:
    """Read a CSV with the columns score, same, group_a, group_b and, if known, person_a and person_b, and fold.

    Args:
        path: the file. ``same`` is 1 or 0, true or false, yes or no; ``fold`` a whole number; other columns are
            ignored, which is remarked.
        allow_failures: take rows whose score is empty or NaN as comparisons that failed.

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
    no_score = pl.col("score").fill_null("").str.strip_chars().str.to_lowercase().is_in(list(_NO_NUMBER))
    number = pl.col("score").str.contains(_NUMBER)
    labels = ["group_a", "group_b", *people]
    folds = [_FOLD] if _FOLD in table.columns else []
    refuse_rows(
        path,
        table,
        [
            no_score | number.fill_null(False) if allow_failures else number,
            same.is_in([*_SAME, *_DIFFERENT]),
            pl.col(labels).str.contains(r"\S"),
            *(pl.col(name).str.contains(_WHOLE) for name in folds),
        ],
        "score is a number, with a point and without commas, same is 1 or 0, "
        f"{'fold is a whole number, ' if folds else ''}and {', '.join(labels)} are not empty"
        + _advice(table, no_score, allow_failures=allow_failures),
    )
    texts = {name: np.array(table[name].str.strip_chars().to_list(), np.str_) for name in labels}
    failed = table.select(no_score)["score"].to_numpy()
    return ScoredPairs(
        path=path,
        score=table["score"].str.strip_chars().cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy(),
        same=table.select(same.is_in(list(_SAME)))["same"].to_numpy(),
        groups=(texts["group_a"], texts["group_b"]),
        people=(texts["person_a"], texts["person_b"]) if people else None,
        fold=_numbered(table) if folds else None,
        failed=failed if failed.any() else None,
        left_out=(*left_out, *_ignored(path, table)),
    )


def _advice(table: pl.DataFrame, no_score: pl.Expr, *, allow_failures: bool) -> str:
    """What to do about rows without a score, where there are some."""
    number = int(table.select(no_score)["score"].sum())
    if allow_failures or not number:
        return ""
    return f" ({number:,} rows have no score: if these comparisons failed, count them by --failures)"


def _numbered(table: pl.DataFrame) -> NDArray[np.int64]:
    numbers = table[_FOLD].str.strip_chars().cast(pl.Int64).to_numpy()
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _ignored(path: Path, table: pl.DataFrame) -> tuple[Remark, ...]:
    """The columns that nothing is made of."""
    others = [name for name in table.columns if name not in (*_COLUMNS, *_PEOPLE, _FOLD, LINE)]
    remarks = Remarks()
    if others:
        remarks.add(f"column that is ignored ({', '.join(others)})", f"{path.name}, line 1", len(others))
    return remarks.by_reason()
