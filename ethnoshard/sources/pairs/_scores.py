"""Scored pairs of any system, as a table."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.pairs._pair_list import Texts
from ethnoshard.sources.tables._text import LINE, read_text_table, refuse_rows

_COLUMNS = ("score", "same", "group_a", "group_b")
_PEOPLE = ("person_a", "person_b")
_IMAGES = ("image_a", "image_b")
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
        groups: (N,) and (N,) str, group of each image's person; None where another table gives people their groups.
        people: (N,) and (N,) str, whose each image is; None where the table doesn't say.
        fold: (N,) int64, 0 to F - 1, whose thresholds come from the other folds; None where the table gives none.
        failed: (N,) bool, pairs to which the system gave no score; None where there are none.
        left_out: rows of the table that are no pairs, and columns that are ignored, by reason.
    """

    path: Path
    score: NDArray[np.float64]
    same: NDArray[np.bool_]
    groups: tuple[Texts, Texts] | None
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
            groups=_rows(self.groups, rows),
            people=_rows(self.people, rows),
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


def read_scores(path: str | Path, *, allow_failures: bool = False, groups_apart: bool = False) -> ScoredPairs:
    """Read a CSV with the columns score, same, group_a, group_b and, if known, person_a and person_b, and fold.

    Where another table gives people their groups, person_a and person_b are needed and group_a and group_b are ignored.
    In place of people image_a and image_b do, names such as ``person/image.jpg``, in which the folder is the person.

    Args:
        path: the file. ``same`` is 1 or 0, true or false, yes or no; ``fold`` a whole number; other columns are
            ignored, which is remarked.
        allow_failures: take rows whose score is empty or NaN as comparisons that failed.
        groups_apart: whether another table gives people their groups.

    Raises:
        EthnoshardError: the file can't be read, lacks a column, has one of the two people's columns alone, or a
            malformed row (with its line).
    """
    path = Path(path)
    needed = _COLUMNS[:2] if groups_apart else _COLUMNS
    table, left_out = read_text_table(path, needed, ",".join((*needed, *_PEOPLE)))
    people = [name for name in _PEOPLE if name in table.columns]
    if len(people) == 1:
        raise EthnoshardError(f"{path} has the column {people[0]} alone; give both people or neither")
    if groups_apart and not people:
        people = _named_by_images(path, table)
    same = pl.col("same").str.strip_chars().str.to_lowercase()
    no_score = pl.col("score").fill_null("").str.strip_chars().str.to_lowercase().is_in(list(_NO_NUMBER))
    number = pl.col("score").str.contains(_NUMBER)
    labels = [*needed[2:], *people]
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
        groups=None if groups_apart else (texts["group_a"], texts["group_b"]),
        people=_people(path, texts, people),
        fold=_numbered(table) if folds else None,
        failed=failed if failed.any() else None,
        left_out=(*left_out, *_ignored(path, table, (*needed, *people, *folds))),
    )


def _rows(texts: tuple[Texts, Texts] | None, rows: NDArray[np.bool_]) -> tuple[Texts, Texts] | None:
    return None if texts is None else (texts[0][rows], texts[1][rows])


def _named_by_images(path: Path, table: pl.DataFrame) -> list[str]:
    """The columns of images, from whose names people are told.

    Raises:
        EthnoshardError: the table has no such columns.
    """
    if not all(name in table.columns for name in _IMAGES):
        raise EthnoshardError(
            f"{path} names nobody, so that no table can give its people groups: it lacks {' and '.join(_PEOPLE)} (or "
            f"{' and '.join(_IMAGES)}, names such as person/image.jpg); it has "
            f"{', '.join(name for name in table.columns if name != LINE)}"
        )
    return list(_IMAGES)


def _people(path: Path, texts: dict[str, Texts], columns: list[str]) -> tuple[Texts, Texts] | None:
    """Of both sides; of images the folder in their names.

    Raises:
        EthnoshardError: an image is in no folder.
    """
    if not columns:
        return None
    first, second = (texts[name] for name in columns)
    if tuple(columns) == _PEOPLE:
        return first, second
    alone = next((name for name in (*first.tolist(), *second.tolist()) if "/" not in name.strip("/")), None)
    if alone is not None:
        raise EthnoshardError(
            f"{path}: the image {alone!r} is in no folder that would say whose it is; give person_a and person_b"
        )
    folders = [np.array([name.strip("/").rpartition("/")[0] for name in side.tolist()]) for side in (first, second)]
    return folders[0], folders[1]


def _advice(table: pl.DataFrame, no_score: pl.Expr, *, allow_failures: bool) -> str:
    """What to do about rows without a score, where there are some."""
    number = int(table.select(no_score)["score"].sum())
    if allow_failures or not number:
        return ""
    return f" ({number:,} rows have no score: if these comparisons failed, count them by --failures)"


def _numbered(table: pl.DataFrame) -> NDArray[np.int64]:
    numbers = table[_FOLD].str.strip_chars().cast(pl.Int64).to_numpy()
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _ignored(path: Path, table: pl.DataFrame, used: tuple[str, ...]) -> tuple[Remark, ...]:
    """The columns that nothing is made of."""
    others = [name for name in table.columns if name not in (*used, LINE)]
    remarks = Remarks()
    if others:
        remarks.add(f"column that is ignored ({', '.join(others)})", f"{path.name}, line 1", len(others))
    return remarks.by_reason()
