"""How many people and pairs stand behind a rate, and whether they are too few to show it."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._checks import Whole
from ethnoshard.evaluation._tally import Tally
from ethnoshard.results import Interval, Rate, wilson

UNKNOWN = -1
"""The number of people where people aren't known."""


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
    one, other = _partners(tally, rows, columns), _partners(tally, columns, rows)
    if rows == columns:
        images = tally.images[rows]
        return int((one * images).sum()) // 2, int(np.count_nonzero(one))
    return int((one * tally.images[rows]).sum()), int(np.count_nonzero(one) + np.count_nonzero(other))


def _partners(tally: Tally, rows: slice, columns: slice) -> Whole:
    """For each person of ``rows``, images of the people in ``columns`` that theirs can be paired with."""
    images, matched = tally.images[columns], tally.matched[columns]
    known = int(images[matched >= 0].sum())
    by_kind = np.bincount(matched[matched >= 0], images[matched >= 0], minlength=int(tally.matched.max()) + 1)
    own = tally.matched[rows]
    alike = by_kind[np.maximum(own, 0)] if len(by_kind) else np.zeros(len(own))
    partners = int(images.sum()) - np.where(own >= 0, known - alike, 0).astype(np.int64)
    result: Whole = partners - tally.images[rows] if rows == columns else partners
    return result
