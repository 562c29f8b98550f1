"""The nearest others of each identity, in its group and in all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes._approximate import approximate_neighbours
from ethnoshard.lookalikes._exact import BLOCK_BYTES, exact_neighbours
from ethnoshard.lookalikes._types import Numbers, Vectors

EXACT = 100_000
"""Identities up to which each is compared with every other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Nearest others, nearest first; of two that are as near, the one with the smaller number.

    Attributes:
        nearest: (N, k) int32, numbers of identities of the same group; -1 where there are fewer.
        similarity: (N, k) float32, cosines of centroids; -inf where there are fewer.
        nearest_of_all: the same among all identities.
        similarity_of_all: likewise.
        exact: False where an index was asked, which may miss some.
    """

    nearest: Numbers
    similarity: Vectors
    nearest_of_all: Numbers
    similarity_of_all: Vectors
    exact: bool


def neighbours(
    centroids: Vectors,
    group: NDArray[np.integer],
    k: int,
    *,
    exact_to: int = EXACT,
    block_bytes: int = BLOCK_BYTES,
    progress: Progress = SILENT,
) -> Neighbours:
    """Find who resembles whom.

    Args:
        centroids: (N, D) float32 of length 1; zeros are nobody's neighbour and have none.
        group: (N,) number of each identity's group.
        k: neighbours of each.
        exact_to: more identities than these (of a group, or of all) are looked up in an index of faiss.
        block_bytes: memory for similarities; the result doesn't depend on it.
        progress: told how many comparisons of an identity, 2 N, there are, and how many are done.

    Raises:
        EthnoshardError: k is below 1, or the index is needed and not installed.
    """
    check_k(k)
    there = np.flatnonzero(centroids.any(axis=1))
    progress.begun(2 * len(there), 0)
    exact = True
    found: list[tuple[Numbers, Vectors]] = []
    for sets in (_by_group(there, group), [there]):
        numbers: Numbers = np.full((len(centroids), k), -1, np.int32)
        values: Vectors = np.full((len(centroids), k), -np.inf, np.float32)
        for own in sets:
            if len(own) > exact_to:
                exact = False
                approximate_neighbours(centroids, own, k, (numbers, values), progress=progress)
            else:
                exact_neighbours(centroids, own, k, (numbers, values), block_bytes=block_bytes, progress=progress)
        found.append((numbers, values))
    return Neighbours(
        nearest=found[0][0],
        similarity=found[0][1],
        nearest_of_all=found[1][0],
        similarity_of_all=found[1][1],
        exact=exact,
    )


def check_k(k: int) -> None:
    """Refuse a number of neighbours that is none.

    Raises:
        EthnoshardError: it is below 1.
    """
    check_number("--k", k, at_least=1)


def _by_group(there: NDArray[np.intp], group: NDArray[np.integer]) -> list[NDArray[np.intp]]:
    """Numbers of each group's identities, ascending."""
    return [there[group[there] == number] for number in np.unique(group[there])]
