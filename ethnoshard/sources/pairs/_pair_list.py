"""The one form in which every verification pair list is had, and what is checked of all of them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark

Texts = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairList:
    """Pairs of images, each of one person or of two.

    Attributes:
        path: the file or folder that was read.
        first: (N,) str, key of one image: its path below the folder of images, ``/`` separated.
        second: (N,) str, key of the other.
        same: (N,) bool, both show one person.
        fold: (N,) int64, 0 to F - 1.
        first_person: (N,) str, whose the first image is; None where the list doesn't say.
        second_person: (N,) str, whose the second image is; None where the list doesn't say.
        first_group: (N,) str, group of the first image's person as the list gives it; None where it gives none.
        second_group: (N,) str, group of the second image's person; None where the list gives none.
        duplicates: pairs that the list has once more; 0 unless they were allowed.
        left_out: rows of the list's file that are no pairs, by reason.
    """

    path: Path
    first: Texts
    second: Texts
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]
    first_person: Texts | None = None
    second_person: Texts | None = None
    first_group: Texts | None = None
    second_group: Texts | None = None
    duplicates: int = 0
    left_out: tuple[Remark, ...] = ()

    def __len__(self) -> int:
        """N."""
        return len(self.same)

    def images(self) -> list[str]:
        """Keys of all images that occur, each once, sorted."""
        return sorted(set(self.first.tolist()) | set(self.second.tolist()))

    def select(self, rows: NDArray[np.bool_]) -> "PairList":
        """The pairs of ``rows``, (N,) bool; folds keep their numbers."""
        arrays: dict[str, Any] = {
            name: value[rows] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)

    def missing(self, available: Collection[str]) -> "MissingImages":
        """What of the list can't be had from the images that are there.

        Args:
            available: keys of the images that are there, say of those in which a face was found.
        """
        there = available if isinstance(available, set | frozenset | dict) else set(available)
        has_first = np.array([key in there for key in self.first.tolist()], np.bool_)
        has_second = np.array([key in there for key in self.second.tolist()], np.bool_)
        absent = set(self.first[~has_first].tolist()) | set(self.second[~has_second].tolist())
        complete = has_first & has_second
        return MissingImages(
            path=self.path,
            images=tuple(sorted(absent)),
            people=self._wholly_missing(has_first, has_second),
            complete=complete,
            same=int(np.count_nonzero(self.same & ~complete)),
            different=int(np.count_nonzero(~self.same & ~complete)),
        )

    def _wholly_missing(self, has_first: NDArray[np.bool_], has_second: NDArray[np.bool_]) -> tuple[str, ...]:
        if self.first_person is None or self.second_person is None:
            return ()
        everybody = set(self.first_person.tolist()) | set(self.second_person.tolist())
        present = set(self.first_person[has_first].tolist()) | set(self.second_person[has_second].tolist())
        return tuple(sorted(everybody - present))


@dataclass(frozen=True, kw_only=True, eq=False)
class MissingImages:
    """The pairs that can't be scored, since an image of theirs is not there. To be shown, never dropped in silence.

    Attributes:
        path: the list's.
        images: keys that the list names and that are not there.
        people: those of whom no image that the list names is there; empty where the list doesn't name people.
        complete: (N,) bool, pairs with both images.
        same: pairs of one person that can't be scored.
        different: pairs of two people that can't be scored.
    """

    path: Path
    images: tuple[str, ...]
    people: tuple[str, ...]
    complete: NDArray[np.bool_]
    same: int
    different: int

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.images)

    def __str__(self) -> str:
        """One line with all counts."""
        return (
            f"{self.path}: {len(self.images):,} images are not there, so {self.same + self.different:,} of "
            f"{len(self.complete):,} pairs can't be scored ({self.same:,} same, {self.different:,} different); "
            f"of {len(self.people):,} people there is no image at all"
        )


def checked_pairs(pairs: PairList, *, allow_duplicates: bool, lines: NDArray[np.int64] | None = None) -> PairList:
    """Refuse what no list means: a pair of an image with itself, a pair twice.

    A pair that comes twice counts double in every figure, and the published LFW lists hold none, so it points to a
    damaged list. Where a published list does repeat pairs, ``allow_duplicates`` keeps them and counts them.

    Args:
        pairs: as read.
        allow_duplicates: keep pairs that come twice, in either order.
        lines: (N,) int64, line of each pair in its file, for the message.

    Raises:
        EthnoshardError: there are such pairs, or none at all.
    """
    if not len(pairs):
        raise EthnoshardError(f"{pairs.path} lists no pair")
    keys, codes = np.unique(np.concatenate([pairs.first, pairs.second]), return_inverse=True)
    one, other = codes[: len(pairs)], codes[len(pairs) :]

    def place(row: int) -> str:
        where = f"pair {row + 1:,}" if lines is None else f"line {lines[row]:,}"
        return f"{pairs.path}, {where}"

    with_itself = np.flatnonzero(one == other)
    if len(with_itself):
        raise EthnoshardError(
            f"{place(int(with_itself[0]))}: an image is paired with itself ({pairs.first[with_itself[0]]}); "
            f"{len(with_itself):,} pairs are so. Mend or remove them"
        )
    unordered = np.minimum(one, other) * np.int64(len(keys)) + np.maximum(one, other)
    _, begin = np.unique(unordered, return_index=True)
    again = np.setdiff1d(np.arange(len(pairs)), begin)
    if len(again) and not allow_duplicates:
        raise EthnoshardError(
            f"{place(int(again[0]))}: a pair comes a second time; {len(again):,} of {len(pairs):,} pairs do. They "
            f"would count double: remove those that come again (in Python allow_duplicates=True keeps and counts them)"
        )
    return replace(pairs, duplicates=len(again))


def text_lines(path: Path) -> list[str]:
    """Lines of a text file without their ends.

    Raises:
        EthnoshardError: it is not there, can't be read or is not text.
    """
    try:
        return path.read_bytes().decode("utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except UnicodeDecodeError as error:
        raise EthnoshardError(f"{path} is not a text file: byte {error.start:,} is no UTF-8") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error


def whole_number(text: str, least: int = 1) -> int | None:
    """The number that a field holds, or None where it holds none of at least ``least``."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    number = int(text)
    return number if number >= least else None


def printable_line(line: str, most: int = 60) -> str:
    """A line of a list for a message; what a person's browser saved instead of it can be long."""
    return repr(line if len(line) <= most else line[:most] + "...")
