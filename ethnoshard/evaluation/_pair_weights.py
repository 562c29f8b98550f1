"""What pairs weigh in draws of people: each person has a weight, and each two people the product of theirs."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._draws import People

_ALONE = 1000
"""Pairs at each end of a long list's distances that are summed with no other; further in, 0.1 % of those before."""
_SHORT = 20_000
"""Pairs up to which none is summed with another."""
_AT_ONCE = 100_000
"""Weights of pairs held at once, which a processor's cache holds: 0.8 MB."""
_LEAST_SPREAD = math.sqrt(2) - 1
"""Variance of two factors whose product has the variance 1: that of pairs without a person in common."""


class Weights(NamedTuple):
    """How much P people count in D draws.

    Attributes:
        alone: (P, D) for pairs of one person, mean and variance 1.
        together: (P, D) factors for pairs of two people, which count by the product; mean 1.
    """

    alone: Floats
    together: Floats


def weights_in_draws(people: int, draws: int, seed: int, *, spread: float, at_once: int) -> Iterator[Weights]:
    """Weights of people, draw after draw: exponential, which is the Bayesian bootstrap (Rubin 1981).

    A draw depends on its number, the seed and the number of people alone, so that two models tested on the same people
    are measured in the same draws, however many are held at once.

    Args:
        people: P.
        draws: all of them.
        seed: chooses them.
        spread: variance of the factors ``together``, above 0 and up to 1; see :func:`spread_of`.
        at_once: draws in each piece that is given, at most.
    """
    power = _power(spread)
    for begin in range(0, draws, at_once):
        numbers = range(begin, min(draws, begin + at_once))
        alone = np.stack([np.random.default_rng([seed, number]).standard_exponential(people) for number in numbers], 1)
        yield Weights(alone, alone**power / math.gamma(1 + power))


def spread_of(events: Iterable[Bools], first: Whole, second: Whole, people: int) -> float:
    """Variance that people's factors need for draws to spread as counts of events among pairs of two people do.

    Where two people count by the product of factors with the variance 1, a pair by itself has the variance 3 rather
    than 1, and a rate's interval is too wide by up to the square root of that; pairs that share a person rightly have
    the covariance 1. The plug-in variance of such a count (Fafchamps and Gubert 2007; dyads) is

        sum over people of (sum of their pairs' deviations) ** 2 - sum over two people of (their deviation) ** 2,

    B - A below. Draws with the variance v of a factor have (2 v + v ** 2) A + v (B - 2 A), so that v solves
    A v ** 2 + B v = B - A. It is 0.41 where pairs have no person in common, and 1 where people are all that matters.

    Args:
        events: (N,) each, such as what a threshold accepts; the greatest of their variances is given.
        first: (N,) number of one person of each pair.
        second: (N,) of the other.
        people: P.
    """
    pair, index = np.unique(np.minimum(first, second) * people + np.maximum(first, second), return_inverse=True)
    most = _LEAST_SPREAD
    for happened in events:
        deviations = happened - happened.mean()
        of_two = np.bincount(index, deviations, minlength=len(pair))
        of_people = np.bincount(first, deviations, minlength=people) + np.bincount(second, deviations, minlength=people)
        a, b = float(np.square(of_two).sum()), float(np.square(of_people).sum())
        if a > 0 and b > a:
            most = max(most, (math.sqrt(b * b + 4 * a * (b - a)) - b) / (2 * a))
    return min(1.0, most)


def _power(spread: float) -> float:
    """The power of an exponential that has, divided by its mean, the variance ``spread``: a Weibull distribution's."""
    low, high = 1e-3, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        variance = math.gamma(1 + 2 * middle) / math.gamma(1 + middle) ** 2 - 1
        low, high = (middle, high) if variance < spread else (low, middle)
    return high


@dataclass(frozen=True, kw_only=True, eq=False)
class WeighedPairs:
    """Pairs of one kind, rising in distance, whose weights in draws are wanted.

    In a list of more than 20,000 pairs those of a fold that lie side by side are summed into one of C entries: none of
    the first and last 1,000, further in 0.1 % of the pairs that lie before, so that draws of millions of pairs fit.

    Attributes:
        distance: (C,) rising; of pairs that are summed, their mean.
        fold: (C,).
        first: (N,) number of the first image's person, entry after entry.
        second: (N,) of the second's.
        starts: (C,) where each entry begins among the N pairs.
        same: whether they are pairs of one person.
    """

    distance: Floats
    fold: Whole
    first: Whole
    second: Whole
    starts: Whole
    same: bool

    @classmethod
    def of(cls, distance: Floats, fold: Whole, people: People, rows: Bools, *, same: bool) -> "WeighedPairs":
        """From a list.

        Args:
            distance: (M,) of all its pairs.
            fold: (M,).
            people: of all its pairs.
            rows: (M,) which pairs are of the kind.
            same: which kind.
        """
        chosen = np.flatnonzero(rows)
        entry = _entries(distance[chosen], fold[chosen], alone=len(distance) <= _SHORT)
        number = np.bincount(entry)
        mean = np.bincount(entry, distance[chosen]) / number
        rank = np.empty(len(number), np.int64)
        by_distance = np.argsort(mean, kind="stable")
        rank[by_distance] = np.arange(len(number))
        order = np.argsort(rank[entry], kind="stable")
        ordered = chosen[order]
        starts = np.concatenate([[0], np.cumsum(number[by_distance])[:-1]]).astype(np.int64)
        return cls(
            # A mean of equal distances isn't one of them to the last digit.
            distance=np.maximum.accumulate(
                distance[ordered[starts]] if len(number) == len(chosen) else mean[by_distance]
            ),
            fold=fold[ordered[starts]],
            first=people.first[ordered],
            second=people.second[ordered],
            starts=starts,
            same=same,
        )

    def weights(self, weights: Weights) -> Floats:
        """(C, D) of each entry in each draw."""
        draws = weights.alone.shape[1]
        found = np.empty((len(self.starts), draws))
        ends = np.append(self.starts[1:], len(self.first))
        step = max(1, _AT_ONCE // draws)
        begin = 0
        while begin < len(self.starts):
            # As many entries as hold a step's pairs, one at least.
            end = max(begin + 1, int(np.searchsorted(ends, self.starts[begin] + step, side="right")))
            pairs = slice(int(self.starts[begin]), int(ends[end - 1]))
            if self.same:
                times = weights.alone[self.first[pairs]]
            else:
                times = weights.together[self.first[pairs]]
                times *= weights.together[self.second[pairs]]
            found[begin:end] = np.add.reduceat(times, self.starts[begin:end] - pairs.start, axis=0)
            begin = end
        return found


def _entries(distance: Floats, fold: Whole, *, alone: bool) -> Whole:
    """(N,) number of the entry of each pair; pairs of an entry are of one fold and lie side by side in it."""
    if alone:
        return np.arange(len(distance))
    entry = np.empty(len(distance), np.int64)
    begin = 0
    for number in range(int(fold.max()) + 1):
        rows = np.flatnonzero(fold == number)
        order = rows[np.argsort(distance[rows], kind="stable")]
        before = np.arange(len(order))
        half = _scale(np.array(len(order) / 2))
        from_end = 2 * half - _scale(np.maximum(len(order) - 1 - before, 0)) + 1
        scale = np.where(before < len(order) / 2, _scale(before), from_end)
        steps = np.unique(np.floor(scale), return_inverse=True)[1]
        entry[order] = begin + steps
        begin += int(steps.max(initial=-1)) + 1
    return entry


def _scale(rank: Floats | Whole) -> Floats:
    """A rank, from 0, on a scale that is even up to ``_ALONE`` and logarithmic from there."""
    scale: Floats = np.where(rank < _ALONE, rank, _ALONE * (1 + np.log(np.maximum(rank, _ALONE) / _ALONE)))
    return scale
