"""The few nearest of many for each of very many vectors, in blocks, by all cores."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard import _blas
from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes._centroids import Numbers, Vectors
from ethnoshard.lookalikes._folders import Indices

BLOCK_BYTES = 1 << 25
"""Bytes of a block of products, of which each core has one."""


def nearest_of(
    vectors: Vectors,
    others: Vectors,
    k: int,
    *,
    avoided: Indices | None = None,
    block_bytes: int | None = None,
    progress: Progress = SILENT,
) -> tuple[Numbers, Vectors]:
    """Find the nearest others of each vector.

    Args:
        vectors: (n, D) float32.
        others: (m, D) float32.
        k: how many of each.
        avoided: (n,) number of the one that is never taken; by default there is none.
        block_bytes: memory for a block of products, by default 32 MiB; the result doesn't depend on it.
        progress: told how many more vectors are done.

    Returns:
        (n, K) numbers, those with the greatest product first, of equal ones the smaller number; and the products. K is
        k, or as many as there are to take.
    """
    k = max(0, min(k, len(others) - (avoided is not None)))
    numbers, values = np.empty((len(vectors), k), np.int32), np.empty((len(vectors), k), np.float32)
    if not k:
        progress.advance(len(vectors))
        return numbers, values
    columns = np.ascontiguousarray(others.T)
    rows = max(1, (block_bytes or BLOCK_BYTES) // (4 * len(others)))

    def look(begin: int) -> int:
        some = slice(begin, begin + rows)
        block = vectors[some] @ columns
        if avoided is not None:
            block[np.arange(len(block)), avoided[some]] = -np.inf
        numbers[some], values[some] = _largest(block, k)
        return len(block)

    with _blas.threads() as pool:
        for done in pool.map(look, range(0, len(vectors), rows)):
            progress.advance(done)
    return numbers, values


def _largest(block: Vectors, k: int) -> tuple[NDArray[np.intp], Vectors]:
    """Columns of the k largest of each row, and these.

    The columns are dealt into hands, one after the other. The k largest of all are in the k hands whose largest are
    greatest, and hands' largest are found by comparing whole stretches of a row, which takes a fraction of the time
    that sorting a part of the row takes.
    """
    columns = block.shape[1]
    hands = max(k, int(np.sqrt(k * columns)))
    largest = block[:, :hands].copy()
    for begin in range(hands, columns, hands):
        stretch = block[:, begin : begin + hands]
        np.maximum(largest[:, : stretch.shape[1]], stretch, out=largest[:, : stretch.shape[1]])
    best = np.argpartition(largest, largest.shape[1] - k, axis=1)[:, -k:]
    found = (best[:, None] + np.arange(0, columns, hands)[:, None]).reshape(len(block), -1)
    beyond = found >= columns
    values = np.take_along_axis(block, np.where(beyond, 0, found), axis=1)
    values[beyond] = -np.inf
    chosen = np.argpartition(values, values.shape[1] - k, axis=1)[:, -k:]
    columns_of, values = np.take_along_axis(found, chosen, axis=1), np.take_along_axis(values, chosen, axis=1)
    order = np.lexsort((columns_of, -values), axis=1)
    return np.take_along_axis(columns_of, order, axis=1), np.take_along_axis(values, order, axis=1)
