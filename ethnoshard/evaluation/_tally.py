"""Errors at one threshold, counted once for each person and each two people, so that draws of people need no scores."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Errors and pairs by people, who are numbered group after group.

    A sparse matrix (scipy, CSR, whole numbers) has a row and a column a person, and counts two people in the upper
    triangle.

    Attributes:
        groups: (G) names, sorted.
        people: (P,) names, sorted within each group; where people aren't known, one stand-in a group.
        known: whether people are known.
        sizes: (G) people in each group.
        genuine_pairs: (P,) pairs of the person's own images.
        genuine_errors: (P,) those refused.
        impostor_errors: (P, P) sparse, pairs of two people's images that were accepted.
        impostor_pairs: (P, P) sparse, their pairs; None for all pairs of their images.
        images: (P,) images of each person; used where ``impostor_pairs`` is None.
        matched: (P,) a number for a known attribute, such as sex, -1 unknown: two people known to differ in it make no
            pair. Used where ``impostor_pairs`` is None.
        threshold: similarity from which a pair was accepted.
    """

    groups: tuple[str, ...]
    people: NDArray[np.str_]
    known: bool
    sizes: tuple[int, ...]
    genuine_pairs: Whole
    genuine_errors: Whole
    impostor_errors: Any
    impostor_pairs: Any | None
    images: Whole
    matched: Whole
    threshold: float

    @property
    def blocks(self) -> list[slice]:
        """Where each group's people are."""
        ends = np.cumsum(self.sizes).tolist()
        return [slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    def digest(self) -> str:
        """Hex SHA-256 of groups and people: with the same, two tallies get the same draws."""
        digest = hashlib.sha256()
        for group, block in zip(self.groups, self.blocks, strict=True):
            digest.update(repr((group, self.people[block].tolist())).encode())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Roster:
    """People by number, group after group.

    Attributes:
        groups: (G) names, sorted.
        people: (P,) names, sorted within a group.
        sizes: (G) people in each.
    """

    groups: tuple[str, ...]
    people: NDArray[np.str_]
    sizes: tuple[int, ...]


def enrolled(people: NDArray[np.str_], groups: NDArray[np.str_]) -> tuple[Roster, Whole]:
    """Number the people of N rows.

    Args:
        people: (N,) whose each row is.
        groups: (N,) that person's group.

    Returns:
        the people, and (N,) their numbers.

    Raises:
        EthnoshardError: a person has two groups, or there is one group only.
    """
    names, first, codes = np.unique(people, return_index=True, return_inverse=True)
    group_of = groups[first]
    split = np.unique(codes[groups != group_of[codes]])
    if len(split):
        raise EthnoshardError(
            f"{len(split):,} of {len(names):,} people are in more than one group; each belongs to one"
        )
    known, place = np.unique(group_of, return_inverse=True)
    if len(known) < 2:
        raise EthnoshardError(f"all people are of one group, {str(known[0])!r}; a difference needs two at least")
    order = np.argsort(place, kind="stable")
    number = np.empty(len(names), np.int64)
    number[order] = np.arange(len(names))
    roster = Roster(
        groups=tuple(known.tolist()),
        people=names[order],
        sizes=tuple(np.bincount(place, minlength=len(known)).tolist()),
    )
    return roster, number[codes]
