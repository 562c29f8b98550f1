"""Exact neighbours: every identity is compared with every other, a block at a time."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes._ranked import ranked
from ethnoshard.lookalikes._types import Numbers, Vectors

BLOCK_BYTES = 1 << 26
"""Of a block's similarities, by default."""
_SPARE = 8
"""Further candidates, whose order single precision may have wrong."""


def exact_neighbours(
    centroids: Vectors,
    among: NDArray[np.intp],
    k: int,
    into: tuple[Numbers, Vectors],
    *,
    block_bytes: int = BLOCK_BYTES,
    progress: Progress = SILENT,
) -> None:
    """Write for each identity of ``among`` the nearest others of them.

    Args:
        centroids: (N, D) of length 1.
        among: numbers of identities, ascending.
        k: neighbours of each.
        into: (N, k) numbers and similarities, see ``ranked``.
        block_bytes: memory for similarities; the result doesn't depend on it.
        progress: told how many more identities are done.
    """
    of = np.ascontiguousarray(centroids[among].T)
    rows = max(1, block_bytes // (4 * len(among)))
    for begin in range(0, len(among), rows):
        some = among[begin : begin + rows]
        block = centroids[some] @ of
        np.fill_diagonal(block[:, begin:], -np.inf)
        row, column = _largest(block, min(k + _SPARE, len(among)))
        ranked(centroids, some[row], among[column], into)
        progress.advance(len(some))


def _largest(block: Vectors, number: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the largest of each row, the first of those that tie; -inf is nobody."""
    width = block.shape[1]
    least = np.partition(block, width - number, axis=1)[:, width - number, None]
    row, column = np.nonzero((block >= least) & (block > -np.inf))
    if len(row) > number * len(block):
        # Many are exactly as near as the last; of those the first are taken.
        order = np.lexsort((column, -block[row, column], row))
        row, column = row[order], column[order]
        begins = np.searchsorted(row, np.arange(len(block)))
        kept = np.arange(len(row)) - begins[row] < number
        row, column = row[kept], column[kept]
    return row, column
