"""Neighbours among very many identities, by an index of faiss; what it finds is compared and ordered by us.

A graph (HNSW) that is walked towards whoever is nearer. The graphs of faiss and usearch find the same share in about
the same time; inverted files, whose result never depends on threads, find much fewer of faces. A graph depends on the
order in which threads add to it, so that one thread builds it: the table is the same each time, whatever the cores,
with one version of faiss on one kind of processor. hnswlib has no wheels, and no release since 2023.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._ranked import ranked
from ethnoshard.lookalikes._types import Numbers, Vectors

_SPARE = 8
"""Further candidates: half precision may have the order of the last ones wrong."""
_AT_ONCE = 1 << 14
"""Identities added or asked for at a time."""
_LINKS, _WIDTH_BUILDING = 32, 100
"""Of the graph: links of an identity, and candidates kept while it is built."""
WIDTH = 128
"""Candidates kept while it is walked. See ``benchmarks/look_alikes.py`` for what is missed."""


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
    index = _index(_faiss(), centroids, among)
    wanted = min(k + 1 + _SPARE, len(among))
    index.hnsw.efSearch = max(width, wanted)
    for begin in range(0, len(among), _AT_ONCE):
        some = among[begin : begin + _AT_ONCE]
        _, found = index.search(np.ascontiguousarray(centroids[some]), wanted)
        rows, places = np.repeat(some, wanted), found.ravel()
        others = np.where(places < 0, rows, among[places])  # fewer were found
        kept = others != rows
        ranked(centroids, rows[kept], others[kept], into)
        progress.advance(len(some))


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise EthnoshardError(
            "so many identities need an index to find who resembles whom: "
            'pip install "ethnoshard[look-alikes]" brings it (faiss)'
        ) from error
    return faiss


def _index(faiss: Any, centroids: Vectors, among: NDArray[np.intp]) -> Any:
    # In half precision 8 million identities of 128 numbers take 2 GiB, their links as much again.
    index = faiss.IndexHNSWSQ(centroids.shape[1], faiss.ScalarQuantizer.QT_fp16, _LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _WIDTH_BUILDING
    index.train(np.ascontiguousarray(centroids[among[:1]]))
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for begin in range(0, len(among), _AT_ONCE):
            index.add(np.ascontiguousarray(centroids[among[begin : begin + _AT_ONCE]]))
    finally:
        faiss.omp_set_num_threads(threads)
    return index
