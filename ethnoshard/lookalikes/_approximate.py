"""Neighbours among very many identities, by an index of faiss; what it finds is compared and ordered by us.

An inverted file: k-means cuts the space into cells, and an identity is compared with those of the cells next to it. Of
the libraries that are well kept, faiss's inverted file alone is the same each time with any number of threads. usearch
and hnswlib build graphs, as faiss's own HNSW, that depend on which thread comes first; hnswlib has no wheels, and no
release since 2023. The k-means is run by one thread, since sums by several differ in
their last bits.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._ranked import ranked
from ethnoshard.lookalikes._types import Numbers, Vectors

_SPARE = 8
"""Further candidates: half precision may have the order of the last ones wrong."""
_ASKED = 1 << 14
"""Identities asked for at a time."""
_SAMPLE = 64
"""Identities a cell for the k-means."""
PROBES = 32
"""Cells that an identity is compared with. See ``benchmarks/look_alikes.py`` for what that misses."""


def approximate_neighbours(
    centroids: Vectors,
    among: NDArray[np.intp],
    k: int,
    into: tuple[Numbers, Vectors],
    *,
    probes: int = PROBES,
    advance: Callable[[int], None] = lambda number: None,
) -> None:
    """Write for each identity of ``among`` the nearest others of them, but for some that the index misses.

    Args:
        centroids: (N, D) of length 1.
        among: numbers of identities, ascending.
        k: neighbours of each.
        into: (N, k) numbers and similarities, see ``ranked``.
        probes: cells that an identity is compared with.
        advance: told how many more identities are done.

    Raises:
        EthnoshardError: faiss is not installed.
    """
    faiss = _faiss()
    index = _index(faiss, centroids, among)
    index.nprobe = probes
    for begin in range(0, len(among), _ASKED):
        some = among[begin : begin + _ASKED]
        _, found = index.search(np.ascontiguousarray(centroids[some]), min(k + 1 + _SPARE, len(among)))
        rows, others = np.repeat(some, found.shape[1]), found.ravel()
        others = np.where(others < 0, rows, among[others])
        kept = others != rows
        ranked(centroids, rows[kept], others[kept], into)
        advance(len(some))


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
    dimensions = centroids.shape[1]
    cells = max(1, 4 * math.isqrt(len(among)))
    quantiser = faiss.IndexFlatIP(dimensions)
    # Half precision: 2 GiB for 8 million identities of 128 numbers.
    index = faiss.IndexIVFScalarQuantizer(
        quantiser, dimensions, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    sample = among[_evenly(len(among), _SAMPLE * cells)]
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.train(np.ascontiguousarray(centroids[sample]))
    finally:
        faiss.omp_set_num_threads(threads)
    for begin in range(0, len(among), _ASKED):
        index.add(np.ascontiguousarray(centroids[among[begin : begin + _ASKED]]))
    return index


def _evenly(number: int, wanted: int) -> NDArray[np.intp]:
    """At most ``wanted`` of the places 0 to ``number`` - 1, evenly spread."""
    if number <= wanted:
        return np.arange(number)
    return np.arange(wanted) * number // wanted
