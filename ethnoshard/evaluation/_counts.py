"""Errors and pairs, counted once for each person and each two people, so that what follows needs no scores."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, Whole
from ethnoshard.results import Interval, Rate, wilson

Weighting = Literal["person", "pair"]

UNKNOWN = -1
"""The number of people where people aren't known."""


class Levels(NamedTuple):
    """Pairs by their similarity.

    Attributes:
        similarity: (K,) rising.
        different: (K,) weight of the different pairs with each.
        same: (K,) weight of the same pairs with each.
    """

    similarity: Floats
    different: Floats
    same: Floats


class TestedPairs(Protocol):
    """Pairs of images with a similarity each: all pairs of a ``Roster``, or the listed ones of a ``ScoreList``."""

    def weighted(self, weighting: Weighting | None) -> Weighting:
        """The weighting that None stands for, or the one asked for.

        Raises:
            EthnoshardError: there is none of that name, or people aren't known.
        """

    def most_similar(self, fmr: float, weighting: Weighting) -> tuple[Floats, Floats]:
        """The greatest similarities of different pairs, falling, and the share of all different pairs that each is.

        They go as far as the first that makes their share exceed ``fmr``, or further.
        """

    def histogram(self, weighting: Weighting) -> tuple[Floats, Floats, Floats]:
        """(K + 1,) similarities, rising, and (K,) weights of different and (K,) of same pairs from one to the next."""

    def levels(self, weighting: Weighting) -> Levels:
        """Pairs by their similarity, to 0.00001 or exactly."""

    def different_pairs(self, weighting: Weighting) -> float:
        """How many different pairs there are; weighted by person, how many pairs of people."""

    def same_accepted(self, threshold: float, weighting: Weighting) -> float | None:
        """Share of same pairs accepted from a similarity on; None of no pair."""

    def within(self, group: str) -> "TestedPairs":
        """The pairs of one group's people; none of another.

        Raises:
            EthnoshardError: there are no groups.
        """

    def tallies(self, thresholds: Floats) -> Iterator["Tally"]:
        """Errors at each of (T,) rising similarities, from which a pair is accepted."""

    def as_one_group(self) -> "TestedPairs":
        """The same pairs, of people who are all of one group."""


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
    impostor_errors: csr_array
    impostor_pairs: csr_array | None
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
class Enrolment:
    """People by number, group after group.

    Attributes:
        groups: (G) names, sorted.
        people: (P,) names, sorted within a group.
        sizes: (G) people in each.
    """

    groups: tuple[str, ...]
    people: NDArray[np.str_]
    sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Count:
    """What is behind a rate.

    Attributes:
        errors: pairs with an error.
        pairs: of how many.
        people: who have such a pair; None where people aren't known.
    """

    errors: int
    pairs: int
    people: int | None

    def too_few(self, min_people: int, min_pairs: int) -> bool:
        """Whether either is below its minimum."""
        return self.pairs < min_pairs or (self.people is not None and self.people < min_people)

    def rate(self, value: float, interval: Interval | None, min_people: int, min_pairs: int) -> Rate:
        """With the rate itself."""
        return Rate(
            rate=None if np.isnan(value) else float(value),
            errors=self.errors,
            pairs=self.pairs,
            people=self.people,
            wilson=wilson(self.errors, self.pairs),
            people_interval=interval,
            too_few=self.too_few(min_people, min_pairs),
        )


def weighting_of(name: str) -> Weighting:
    """A weighting by its name.

    Raises:
        EthnoshardError: there is none of that name.
    """
    if name == "person":
        return "person"
    if name == "pair":
        return "pair"
    raise EthnoshardError(f"weighting must be 'person' or 'pair', got {name!r}")


def enrolled(people: NDArray[np.str_], groups: NDArray[np.str_]) -> tuple[Enrolment, Whole]:
    """Number the people of N rows.

    Args:
        people: (N,) identity of each row.
        groups: (N,) group of that identity.

    Returns:
        the people, and (N,) the number of each row's person among them.

    Raises:
        EthnoshardError: a person has two groups.
    """
    names, first, codes = np.unique(people, return_index=True, return_inverse=True)
    group_of = groups[first]
    split = np.unique(codes[groups != group_of[codes]])
    if len(split):
        raise EthnoshardError(
            f"{len(split):,} of {len(names):,} people are in more than one group; each belongs to one"
        )
    known, group = np.unique(group_of, return_inverse=True)
    order = np.argsort(group, kind="stable")
    number = np.empty(len(names), np.int64)
    number[order] = np.arange(len(names))
    enrolment = Enrolment(
        groups=tuple(known.tolist()),
        people=names[order],
        sizes=tuple(np.bincount(group, minlength=len(known)).tolist()),
    )
    return enrolment, number[codes]


def genuine_pairs(tally: Tally) -> tuple[Whole, Whole]:
    """(G,) same-person pairs, and (G,) people who have one, ``UNKNOWN`` where people aren't known."""
    pairs = [int(tally.genuine_pairs[block].sum()) for block in tally.blocks]
    people = [np.count_nonzero(tally.genuine_pairs[block]) if tally.known else UNKNOWN for block in tally.blocks]
    return np.array(pairs, np.int64), np.array(people, np.int64)


def genuine_errors(tally: Tally) -> Whole:
    """(G,) same-person pairs refused."""
    return np.array([int(tally.genuine_errors[block].sum()) for block in tally.blocks], np.int64)


def impostor_pairs(tally: Tally) -> tuple[Whole, Whole]:
    """(G, G) different-person pairs of every two groups, and (G, G) people who have one, as ``genuine_pairs``."""
    groups = len(tally.groups)
    pairs, people = np.zeros((2, groups, groups), np.int64)
    for i, rows in enumerate(tally.blocks):
        for j, columns in enumerate(tally.blocks[i:], start=i):
            if tally.impostor_pairs is None:
                number, crowd = _of_all_pairs(tally, rows, columns)
            else:
                listed = tally.impostor_pairs[rows, columns].tocoo()
                number = int(listed.data.sum())
                crowd = len(np.union1d(listed.row + rows.start, listed.col + columns.start))
            pairs[i, j] = pairs[j, i] = number
            people[i, j] = people[j, i] = crowd if tally.known else UNKNOWN
    return pairs, people


def impostor_errors(tally: Tally) -> Whole:
    """(G, G) of them accepted."""
    errors = np.zeros((len(tally.groups), len(tally.groups)), np.int64)
    for i, rows in enumerate(tally.blocks):
        for j, columns in enumerate(tally.blocks[i:], start=i):
            errors[i, j] = errors[j, i] = int(tally.impostor_errors[rows, columns].sum())
    return errors


def _of_all_pairs(tally: Tally, rows: slice, columns: slice) -> tuple[int, int]:
    """Pairs of images, and people with such a pair, where every two people make pairs unless known to differ."""
    images = tally.images.astype(np.float64)
    one, other = partners(tally, rows, columns, images), partners(tally, columns, rows, images)
    if rows == columns:
        return int((one * images[rows]).sum()) // 2, int(np.count_nonzero(one))
    return int((one * images[rows]).sum()), int(np.count_nonzero(one) + np.count_nonzero(other))


def partners(tally: Tally, rows: slice, columns: slice, size: Floats) -> Floats:
    """For each person of ``rows``, the sizes of the people in ``columns`` that they can be paired with, added up.

    Args:
        tally: whose people they are.
        rows: one group.
        columns: another, or the same.
        size: (P,) of everybody, such as the number of images.
    """
    sizes, matched = size[columns], tally.matched[columns]
    known = float(sizes[matched >= 0].sum())
    by_kind = np.bincount(matched[matched >= 0], sizes[matched >= 0], minlength=int(tally.matched.max()) + 1)
    own = tally.matched[rows]
    alike = by_kind[np.maximum(own, 0)] if len(by_kind) else np.zeros(len(own))
    found: Floats = float(sizes.sum()) - np.where(own >= 0, known - alike, 0)
    return found - size[rows] if rows == columns else found
