"""What the labels of records say after the first, which is the identity: a group, an age, whether it is aligned."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Values = NDArray[np.float32]

_AT_LEAST = 1 << 18
"""Rows that are kept before they are summed up, or twice as many as people were found."""


class _Range(NamedTuple):
    """Least and greatest value of each of some people, people in order, each of shape (people,)."""

    people: Labels
    low: Values
    high: Values


class PersonalValues(NamedTuple):
    """The labels with one number, as people have them, people in order, each of shape (people,).

    Attributes:
        people: first labels of all who have such a label.
        values: of each; only of some use where ``one``.
        one: whether it is the same in all records of the person.
    """

    people: Labels
    values: Values
    one: NDArray[np.bool_]


class FurtherLabels:
    """Gathers the least and the greatest of each person's second labels, of his third, and so on."""

    MOST = 16
    """Labels after these are not looked at."""

    def __init__(self) -> None:
        """None were seen."""
        self.longer = 0
        """Records with more of them."""
        self._ranges: dict[int, list[_Range]] = {}

    def add(self, number: int, people: Labels, values: Values) -> None:
        """Take the labels with one number, from 2, of some records.

        Args:
            number: 2 for the second.
            people: the first labels, (records,).
            values: these, (records,); one that is not a number says nothing.
        """
        says = ~np.isnan(values)
        if not says.any():
            return
        ranges = self._ranges.setdefault(number, [])
        ranges.append(_ranges_of(people[says], values[says], values[says]))
        if len(ranges) > 1 and sum(len(each.people) for each in ranges[1:]) > max(_AT_LEAST, len(ranges[0].people)):
            ranges[:] = [_together(ranges)]

    def numbers(self) -> Iterator[tuple[int, PersonalValues]]:
        """Each number, and what people have under it."""
        for number, ranges in sorted(self._ranges.items()):
            people, low, high = _together(ranges)
            yield number, PersonalValues(people, low, low == high)


def _together(ranges: list[_Range]) -> _Range:
    people, low, high = (np.concatenate(columns) for columns in zip(*ranges, strict=True))
    return _ranges_of(people, low, high)


def _ranges_of(people: Labels, low: Values, high: Values) -> _Range:
    if (people[1:] < people[:-1]).any():
        order = np.argsort(people, kind="stable")
        people, low, high = people[order], low[order], high[order]
    starts = np.flatnonzero(np.concatenate([[True], people[1:] != people[:-1]]))
    return _Range(people[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts))
