"""Draws of people: whose the images of pairs are, intervals from draws, and rows of people who were drawn."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, texts_of
from ethnoshard.results import LEVEL, Interval

_NAMES = 500_000
"""Names that are Python's own text at once."""


def percentile_interval(draws: Floats, level: float = LEVEL) -> Interval:
    """The middle ``level`` of draws, shape (D,), by the order statistic on the outer side of each end.

    Infinite draws are in their place in the order, and an end that falls on one is None. NaN draws are those in which
    nothing was there to be counted; they are left out.
    """
    ordered = np.sort(draws[~np.isnan(draws)])
    if not len(ordered):
        return Interval(None, None)
    last = len(ordered) - 1
    low = float(ordered[math.floor(last * (1 - level) / 2)])
    high = float(ordered[math.ceil(last * (1 + level) / 2)])
    return Interval(low if math.isfinite(low) else None, high if math.isfinite(high) else None)


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """The people of N pairs.

    Attributes:
        names: (P,) in alphabetical order.
        first: (N,) number of the first image's person.
        second: (N,) of the second's.
    """

    names: npt.NDArray[np.str_]
    first: Whole
    second: Whole

    @property
    def number(self) -> int:
        """P."""
        return len(self.names)


def people_of_pairs(first: npt.ArrayLike, second: npt.ArrayLike, same: Bools) -> People:
    """Number the people of pairs.

    Args:
        first: (N,) whose the first image is.
        second: (N,) whose the second is.
        same: (N,).

    Raises:
        EthnoshardError: ``same`` contradicts the people.
    """
    names_first = texts_of(first, len(same), "the first image's person")
    names_second = texts_of(second, len(same), "the second image's person")
    wrong = int(np.count_nonzero((names_first == names_second) != same))
    if wrong:
        raise EthnoshardError(
            f"{wrong:,} of {len(same):,} pairs are called same with two people, or different with one"
        )
    numbers: dict[str, int] = {}
    first_codes, second_codes = _numbered(names_first, numbers), _numbered(names_second, numbers)
    names = np.array(list(numbers), np.str_)
    order = np.argsort(names)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return People(names=names[order], first=rank[first_codes], second=rank[second_codes])


def _numbered(names: npt.NDArray[np.str_], numbers: dict[str, int]) -> Whole:
    """(N,) the number of each name, new ones added to ``numbers``; sorting millions of texts would take gigabytes."""
    codes = np.empty(len(names), np.int64)
    for begin in range(0, len(names), _NAMES):
        some = names[begin : begin + _NAMES].tolist()
        codes[begin : begin + len(some)] = [numbers.setdefault(name, len(numbers)) for name in some]
    return codes


def draw_people(people: npt.ArrayLike, number: int, *, at_least: int = 1, draws: int = 1, seed: int = 0) -> list[Whole]:
    """Rows of the images of ``number`` people, drawn without replacement, several times over.

    The draws depend on the people and the seed alone, not on embeddings or the order of rows: two models that were
    tested on the same people get the same.

    Args:
        people: (N,) whose each image is.
        number: of people in a draw.
        at_least: images that a person has to have.
        draws: how many.
        seed: of the draws.

    Returns:
        one array of rows, rising, for each draw.

    Raises:
        EthnoshardError: fewer people have so many images.
    """
    array = np.asarray(people)
    texts = texts_of(array, len(array), "the person")
    for value, least, name in (
        (number, 2, "people"),
        (at_least, 1, "at_least"),
        (draws, 1, "draws"),
        (seed, 0, "seed"),
    ):
        check_whole(name, value, least)
    names, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    eligible = np.flatnonzero(counts >= at_least)
    if len(eligible) < number:
        raise EthnoshardError(
            f"{len(eligible):,} of {len(names):,} people have at least {at_least} images; {number} are to be drawn. "
            + (
                "Ask for fewer people or images"
                if len(eligible) > 1
                else "Two are needed at least: ask for fewer images of each, or give embeddings of more people"
            )
        )
    chosen = [np.random.default_rng([seed, draw]).choice(eligible, number, replace=False) for draw in range(draws)]
    return [np.flatnonzero(np.isin(codes, some)) for some in chosen]
