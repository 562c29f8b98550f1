"""Draws of people with replacement, as how often each of them was drawn."""

from collections.abc import Iterator, Sequence

import numpy as np

from ethnoshard.evaluation._checks import Floats

_CELLS = 4_000_000
"""People times draws held at once, 32 MB."""


def drawn_weights(sizes: Sequence[int], draws: int, seed: int) -> Iterator[Floats]:
    """How often everybody was drawn: arrays of shape (people, some draws), all draws together ``draws``.

    From each group as many people are drawn as it has, so that a draw never loses a group. The draws of a group depend
    on the seed, its place and its size alone: two models tested on the same people get the same draws.

    Args:
        sizes: people in each group; people are numbered group after group.
        draws: how many.
        seed: chooses them.
    """
    generators = [np.random.default_rng([seed, place]) for place in range(len(sizes))]
    most = max(1, _CELLS // max(1, sum(sizes)))
    for begin in range(0, draws, most):
        number = min(most, draws - begin)
        yield np.concatenate([_counts(rng, size, number) for rng, size in zip(generators, sizes, strict=True)])


def _counts(rng: np.random.Generator, size: int, draws: int) -> Floats:
    chosen = rng.integers(0, max(size, 1), (draws, size))
    places = chosen + np.arange(draws)[:, None] * size
    return np.bincount(places.ravel(), minlength=draws * size).reshape(draws, size).T.astype(np.float64)
