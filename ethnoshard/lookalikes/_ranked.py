"""Candidates to neighbours: similarities anew in double precision, ties by number."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard.lookalikes._types import Numbers, Vectors

_AT_ONCE = 1 << 16
"""Pairs compared at a time."""


def similarities(centroids: Vectors, rows: NDArray[np.integer], others: NDArray[np.integer]) -> NDArray[np.float64]:
    """Cosine of each pair, (P,). A pair's doesn't depend on which pairs stand beside it, as a matrix product's may."""
    found = np.empty(len(rows))
    for begin in range(0, len(rows), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        products = centroids[rows[part]].astype(np.float64) * centroids[others[part]]
        found[part] = products.sum(axis=1)
    # Rounded, the length of a vector of length 1 may be a little more.
    return np.clip(found, -1, 1, out=found)


def ranked(
    centroids: Vectors, rows: NDArray[np.integer], others: NDArray[np.integer], into: tuple[Numbers, Vectors]
) -> None:
    """Write the nearest of some identities' candidates.

    Args:
        centroids: (N, D).
        rows: (P,) numbers of identities, ascending or not.
        others: (P,) a candidate for each of them, of that identity each once.
        into: (N, k) numbers, filled with -1 before, and similarities, with -inf; nearest first, ties by number.
    """
    numbers, values = into
    k = numbers.shape[1]
    found = similarities(centroids, rows, others)
    order = np.lexsort((others, -found, rows))
    rows, others, found = rows[order], others[order], found[order]
    begins = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if len(rows) else np.empty(0, np.intp)
    place = np.arange(len(rows)) - np.repeat(begins, np.diff(np.r_[begins, len(rows)]))
    kept = place < k
    numbers[rows[kept], place[kept]] = others[kept]
    values[rows[kept], place[kept]] = found[kept]
