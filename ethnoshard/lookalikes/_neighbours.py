"""The nearest others of each identity, in its group and in all: exact, or of very many by an index of faiss.

What the index finds is compared and ordered here. It is a graph (HNSW) that is walked towards whoever is nearer. The
graphs of faiss and usearch find the same share in about the same time; inverted files, whose result never depends on
threads, find much fewer of faces. A graph depends on the order in which threads add to it, so that one thread builds
it: the table is the same each time, whatever the cores, with one version of faiss on one kind of processor. hnswlib has
no wheels, and no release since 2023.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._centroids import Numbers, Vectors

EXACT = 100_000
"""Identities up to which each is compared with every other."""
BLOCK_BYTES = 1 << 26
"""Size of a block of similarities, by default."""
WIDTH = 128
"""Candidates kept while the graph is walked. See ``benchmarks/look_alikes.py`` for what is missed."""

_LINKS, _WIDTH_BUILDING = 32, 100
"""The graph's links of an identity, and candidates kept while it is built."""
_SPARE = 8
"""Further candidates, since single or half precision may have the order of the last ones wrong."""
_QUERIES_AT_ONCE, _PAIRS_AT_ONCE = 1 << 14, 1 << 16
"""Identities that are added to the graph or looked up in it at a time, and pairs that are compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Nearest others, nearest first; of two that are as near, the one with the smaller number.

    Attributes:
        nearest: (N, k) int32, numbers of identities of the same group; -1 where there are fewer.
        similarity: (N, k) float32, cosines of centroids; -inf where there are fewer.
        nearest_of_all: (N, k) int32, numbers of identities of any group; -1 where there are fewer.
        similarity_of_all: (N, k) float32, cosines with those; -inf where there are fewer.
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
    groups = _by_group(there, group)
    for sets in (groups, [there]):
        if found and len(groups) == 1:
            found.append(found[0])
            progress.advance(len(there))
            break
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
    """Raise if ``k`` can't be a number of neighbours.

    Raises:
        EthnoshardError: it is below 1.
    """
    check_number("--k", k, at_least=1)


def _by_group(there: NDArray[np.intp], group: NDArray[np.integer]) -> list[NDArray[np.intp]]:
    """Numbers of each group's identities, ascending."""
    return [there[group[there] == number] for number in np.unique(group[there])]


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


def approximate_neighbours(
    centroids: Vectors,
    among: NDArray[np.intp],
    k: int,
    into: tuple[Numbers, Vectors],
    *,
    width: int = WIDTH,
    progress: Progress = SILENT,
) -> None:
    """Write for each identity of ``among`` the nearest others of them, but for some that the index misses.

    Args:
        centroids: (N, D) of length 1.
        among: numbers of identities, ascending.
        k: neighbours of each.
        into: (N, k) numbers and similarities, see ``ranked``.
        width: candidates kept while the graph is walked; more find more, in more time.
        progress: told how many more identities are done.

    Raises:
        EthnoshardError: faiss is not installed.
    """
    wanted = min(k + 1 + _SPARE, len(among))
    search = _graph_search(centroids, among, max(width, wanted))
    for begin in range(0, len(among), _QUERIES_AT_ONCE):
        some = among[begin : begin + _QUERIES_AT_ONCE]
        index = search(np.ascontiguousarray(centroids[some]), wanted).ravel()
        rows = np.repeat(some, wanted)
        others = np.where(index < 0, rows, among[index])  # the graph may give fewer
        kept = others != rows
        ranked(centroids, rows[kept], others[kept], into)
        progress.advance(len(some))


def _graph_search(
    centroids: Vectors, among: NDArray[np.intp], width: int
) -> Callable[[Vectors, int], NDArray[np.int64]]:
    """Build the graph; what looks up in it so many of the nearest of each vector, as places in ``among``, -1 for none.

    Raises:
        EthnoshardError: faiss is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise EthnoshardError(
            "so many identities need an index to find who resembles whom: "
            'pip install "ethnoshard[look-alikes]" brings it (faiss)'
        ) from error
    # In half precision 8 million identities of 128 numbers take 2 GiB, their links as much again.
    half = faiss.ScalarQuantizer.QT_fp16
    # Its own types take the quantizer's kind for a quantizer.
    index = faiss.IndexHNSWSQ(centroids.shape[1], half, _LINKS, faiss.METRIC_INNER_PRODUCT)  # type: ignore[arg-type]
    index.hnsw.efConstruction = _WIDTH_BUILDING
    index.train(np.ascontiguousarray(centroids[among[:1]]))
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for begin in range(0, len(among), _QUERIES_AT_ONCE):
            index.add(np.ascontiguousarray(centroids[among[begin : begin + _QUERIES_AT_ONCE]]))
    finally:
        faiss.omp_set_num_threads(threads)
    index.hnsw.efSearch = width

    def search(vectors: Vectors, number: int) -> NDArray[np.int64]:
        nearest: NDArray[np.int64] = index.search(vectors, number)[1]
        return nearest

    return search


def similarities(
    centroids: Vectors, rows: NDArray[np.integer], others: NDArray[np.integer], beside: Vectors | None = None
) -> NDArray[np.float64]:
    """Cosines of pairs. A pair's doesn't depend on which pairs stand beside it, as a matrix product's may.

    Args:
        centroids: (N, D) of length 1.
        rows: (P,) which of them.
        others: (P,) which of the others.
        beside: (M, D) of length 1, the others; by default the same.

    Returns:
        (P,), -1 to 1.
    """
    found, beside = np.empty(len(rows)), centroids if beside is None else beside
    for begin in range(0, len(rows), _PAIRS_AT_ONCE):
        part = slice(begin, begin + _PAIRS_AT_ONCE)
        products = centroids[rows[part]].astype(np.float64) * beside[others[part]]
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
