"""Real embeddings cut into groups of people by chance: what differs between them is chance, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage._answers import Answer, any_of, claiming, excludes
from benchmarks.coverage._groups import claims_unequal, compared, group_words
from ethnoshard.evaluation import (
    Demographics,
    Estimate,
    GroupOptions,
    Rate,
    Roster,
    demographics,
    threshold_at_fmr,
)

_NOISE = 0.3
"""Length of the noise that makes two models of one, beside an embedding's 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """People with embeddings, to be cut into disjoint groups of one size.

    Attributes:
        unit: (N, D) of length 1.
        people: (N,) whose each is.
        size: people in a group.
        groups: how many.
        images: of a person, at most.
        fmr: of all pairs of all people, at which the threshold is set.
    """

    unit: NDArray[np.float32]
    people: NDArray[np.str_]
    size: int
    groups: int = 4
    images: int = 4
    fmr: float = 0.003

    def threshold(self) -> float:
        """For all people together: no group has a part in it that others don't have."""
        return threshold_at_fmr(Roster.of(self.unit, self.people), self.fmr)

    def world(self, rng: np.random.Generator) -> tuple[Roster, Roster]:
        """Groups by chance, of people with two images at least, by two equally good models."""
        order = rng.permutation(len(self.people))
        names, codes = np.unique(self.people[order], return_inverse=True)
        rank = _rank(codes)
        several = np.flatnonzero(np.bincount(codes) >= 2)
        chosen = rng.permutation(several)[: self.size * self.groups]
        group = np.full(len(names), "", "<U1")
        group[chosen] = np.repeat(list("ABCDEFGH"[: self.groups]), self.size)
        used = (group[codes] != "") & (rank < self.images)
        rows = order[used]
        return self._noisy(rng, rows, group[codes][used]), self._noisy(rng, rows, group[codes][used])

    def _noisy(self, rng: np.random.Generator, rows: NDArray[np.int64], groups: NDArray[np.str_]) -> Roster:
        noise = rng.normal(size=(len(rows), self.unit.shape[1])) * _NOISE / self.unit.shape[1] ** 0.5
        return Roster.of(self.unit[rows] + noise, self.people[rows], groups)


def part_answers(parts: Parts, threshold: float, rng: np.random.Generator, draws: int, seed: int) -> list[Answer]:
    """What intervals of two groups say of their difference, and claims of a difference, all of them false."""
    options = GroupOptions(draws=draws, seed=seed)
    base, other = (demographics(roster, threshold, options) for roster in parts.world(rng))
    change = compared(base, other, draws, seed)
    answers = [*_differences(base)]
    for name, estimate in base.metrics.items():
        if estimate.people_interval is not None:
            answers.append(claiming(f"{name}: groups differ", claims_unequal(estimate), null=True))
    for key, one in change.overall.items():
        answers.append(claiming(f"change of {key} of all", excludes(one.people_interval, 0), null=True))
    for name, one in change.metrics.items():
        if one.people_interval is not None:
            answers.append(claiming(f"change of {name}", excludes(one.people_interval, 0), null=True))
    words = [word.excludes_0 for word in group_words(change)]
    answers.append(any_of("a group's rate changed, any", words, null=True))
    answers += [claiming("a group's rate changed, each", word, null=True) for word in words]
    return answers


def _differences(found: Demographics) -> Iterator[Answer]:
    """Two disjoint groups at a time: their two intervals together are one of the difference, which is 0.

    The difference of disjoint parts of one population has the variance of two independent samples, so that no
    correction for the finite population is needed; the interval is Zou and Donner's (2008), from both ends of both.
    """
    rates = list(found.by_group.values())
    for one, other in list(pairwise(rates))[::2]:
        yield from _difference("FMR by group", _ends(one.fmr), _ends(other.fmr))
        yield from _difference("FNMR by group", _ends(one.fnmr), _ends(other.fnmr))
        yield from _difference("accuracy by group", _ends(one.accuracy), _ends(other.accuracy))


def _ends(one: Rate | Estimate) -> tuple[float, float, float] | None:
    value = one.rate if isinstance(one, Rate) else one.value
    low, high = one.people_interval or (None, None)
    return None if value is None or low is None or high is None else (value, low, high)


def _difference(
    what: str, one: tuple[float, float, float] | None, other: tuple[float, float, float] | None
) -> Iterator[Answer]:
    if one is None or other is None:
        return
    value = one[0] - other[0]
    low = value - ((one[0] - one[1]) ** 2 + (other[2] - other[0]) ** 2) ** 0.5
    high = value + ((one[2] - one[0]) ** 2 + (other[0] - other[1]) ** 2) ** 0.5
    side = 1 if low > 0 else -1 if high < 0 else 0
    yield Answer(kind="covers", what=what, hit=side == 0, side=side, error=value, width=high - low)


def _rank(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) how many rows of the same code come before each."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    rank = np.empty(len(codes), np.int64)
    rank[order] = np.arange(len(codes)) - starts
    return rank
