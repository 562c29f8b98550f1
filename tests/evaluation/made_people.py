"""Embeddings of people who don't exist: a direction each, and noise about it."""

from typing import NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ethnoshard.evaluation import (
    Demographics,
    GroupCurves,
    GroupOptions,
    Roster,
    ScoreList,
    Weighting,
    demographics,
    group_curves,
)


class Options(TypedDict, total=False):
    """Those of ``GroupOptions``."""

    weighting: Weighting | None
    alpha: float
    draws: int
    seed: int
    min_people: int
    min_pairs: int


class Pairs(NamedTuple):
    """(N, D), (N, D), (N,) bool, (N,) fold, (N,) and (N,) people."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]
    people: tuple[NDArray[np.str_], NDArray[np.str_]]


class Crowd(NamedTuple):
    """(N, D), (N,) people, (N,) groups."""

    embeddings: NDArray[np.float64]
    people: NDArray[np.str_]
    groups: NDArray[np.str_]


def made_pairs(seed: int, *, folds: int = 10, number: int = 30, noise: float = 1.2, people: int = 60) -> Pairs:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 16))
    same = np.tile(np.repeat([True, False], number), folds)
    first = rng.integers(0, people, len(same))
    second = np.where(same, first, (first + rng.integers(1, people, len(same))) % people)
    return Pairs(
        centres[first] + noise * rng.normal(size=(len(same), 16)),
        centres[second] + noise * rng.normal(size=(len(same), 16)),
        same,
        np.repeat(np.arange(folds), 2 * number),
        (np.char.add("p", first.astype(str)), np.char.add("p", second.astype(str))),
    )


def made_crowd(seed: int, sizes: dict[str, int], *, most: int = 5, noise: float = 0.9, dimensions: int = 16) -> Crowd:
    """So many people in each group, each with 1 to ``most`` images, in a random order of rows."""
    rng = np.random.default_rng(seed)
    group = np.repeat(list(sizes), list(sizes.values()))
    owner = np.repeat(np.arange(len(group)), rng.integers(1, most + 1, len(group)))
    rng.shuffle(owner)
    embeddings = rng.normal(size=(len(group), dimensions))[owner] + noise * rng.normal(size=(len(owner), dimensions))
    return Crowd(embeddings, np.char.add("p", owner.astype(str)), group[owner])


def by_group(
    embeddings: ArrayLike,
    people: ArrayLike,
    groups: ArrayLike,
    *,
    threshold: float,
    matched_on: ArrayLike | None = None,
    **options: Unpack[Options],
) -> Demographics:
    """Errors by group of all pairs of images at one threshold."""
    return demographics(
        Roster.of(embeddings, people, groups, matched_on=matched_on), threshold, GroupOptions(**options)
    )


def curves_by_group(
    embeddings: ArrayLike,
    people: ArrayLike,
    groups: ArrayLike,
    *,
    thresholds: ArrayLike,
    matched_on: ArrayLike | None = None,
    **options: Unpack[Options],
) -> GroupCurves:
    """Errors by group of all pairs of images at many thresholds."""
    return group_curves(
        Roster.of(embeddings, people, groups, matched_on=matched_on), thresholds, GroupOptions(**options)
    )


def scores_by_group(
    score: ArrayLike,
    same: ArrayLike,
    groups: tuple[ArrayLike, ArrayLike],
    *,
    threshold: float,
    people: tuple[ArrayLike, ArrayLike] | None = None,
    **options: Unpack[Options],
) -> Demographics:
    """Errors by group of listed pairs at one threshold."""
    return demographics(ScoreList.of(score, same, groups, people=people), threshold, GroupOptions(**options))


def score_curves_by_group(
    score: ArrayLike,
    same: ArrayLike,
    groups: tuple[ArrayLike, ArrayLike],
    *,
    thresholds: ArrayLike,
    people: tuple[ArrayLike, ArrayLike] | None = None,
    **options: Unpack[Options],
) -> GroupCurves:
    """Errors by group of listed pairs at many thresholds."""
    return group_curves(ScoreList.of(score, same, groups, people=people), thresholds, GroupOptions(**options))
