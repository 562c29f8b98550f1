"""From embeddings of faces to one vector an identity."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._folders import Folders, Indices

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int32]
Real = TypeVar("Real", bound=np.floating)

_AT_ONCE = 1 << 15
"""Identities whose centroids are summed at a time."""
_MOST_HALVES = 50_000
"""Identities whose halves are compared."""
_NOTHING = 1e-6
"""Length of what is no direction but rounding, of vectors of length 1."""


def centroids_of(vectors: Vectors, owners: NDArray[np.integer], identities: int) -> tuple[Vectors, Vectors]:
    """Centroids of identities, the mean of all of them taken off.

    A centroid is the mean of an identity's vectors, scaled to length 1. What all centroids have in common (light,
    camera, a network that has learnt little) makes everybody alike, so their mean, each identity counting once, is
    taken off, and the rest scaled to length 1 again. Of CFP's people three times as many who lie in two folders are
    told from different people then; on LFW, where the mean is short, it changes nothing (``benchmarks/README.md``).

    Args:
        vectors: (n, D) of faces, of length 1.
        owners: (n,) number of the identity of each, 0 to ``identities`` - 1, in any order.
        identities: N.

    Returns:
        (N, D) of length 1, zeros where an identity has no face or nothing is left of it; and the mean (D,).

    Raises:
        EthnoshardError: shapes don't fit, an owner is not an identity's number, a vector is not finite,
            or there is none.
    """
    _check(vectors, owners, identities)
    plain = _unit(sums_of(vectors, owners, identities, np.float32))
    there = np.flatnonzero(plain.any(axis=1))
    total = np.zeros(vectors.shape[1])
    for begin in range(0, len(there), _AT_ONCE):
        total += plain[there[begin : begin + _AT_ONCE]].sum(axis=0, dtype=np.float64)
    mean: Vectors = (total / max(1, len(there))).astype(np.float32)
    return _taken_off(plain, mean), mean


def sums_of(rows: NDArray[np.floating], owners: Indices, identities: int, dtype: type[Real]) -> NDArray[Real]:
    """Sum of each identity's rows, in the order given and in double precision, whatever the order of the identities.

    Args:
        rows: (n, D) of faces.
        owners: (n,) number of the identity of each.
        identities: N.
        dtype: of the sums.

    Returns:
        (N, D), zeros for an identity without a face.
    """
    sums = np.zeros((identities, rows.shape[1]), dtype)
    folders = Folders.of(owners, identities)
    for some, faces in folders.runs():
        block = rows[faces].astype(np.float64, copy=False)
        sums[some] = np.add.reduceat(block, folders.begins[some] - folders.begins[some[0]], axis=0)
    return sums


def means_of(rows: NDArray[np.floating], owners: Indices, identities: int) -> Vectors:
    """Mean of each identity's rows, (N, D) float32, zeros for an identity without a face; see :func:`sums_of`."""
    counts = np.bincount(owners, minlength=identities)
    means = sums_of(rows, owners, identities, np.float64)
    means /= np.maximum(counts, 1)[:, None]
    return means.astype(np.float32)


def centred(means: Vectors, mean: Vectors) -> Vectors:
    """What :func:`centroids_of` makes of means of faces.

    Args:
        means: (N, D), of any length.
        mean: (D,) of all centroids, which is taken off.

    Returns:
        (N, D) of length 1, zeros where there were zeros or nothing is left.
    """
    return _taken_off(_unit(means.copy()), mean)


def halves_of(
    vectors: Vectors, owners: NDArray[np.integer], identities: int, mean: Vectors
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """How alike two halves of one identity's faces are: what two folders of one person would be to each other.

    Every second face, in the order given, is in the other half. Of very many identities some are looked at, evenly
    spread over the numbers.

    Args:
        vectors: (n, D) of faces, of length 1.
        owners: (n,) number of the identity of each.
        identities: N.
        mean: that of all centroids, which is taken off the halves too.

    Returns:
        Numbers of identities with two faces or more, ascending (M,); the cosine of each one's halves (M,).
    """
    chosen = _spread(np.flatnonzero(np.bincount(owners, minlength=identities) >= 2))
    mine = np.isin(owners, chosen)
    vectors, owners = vectors[mine], np.searchsorted(chosen, owners[mine])
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=len(chosen))
    turn = np.empty(len(owners), np.int64)
    turn[order] = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners[order]]
    first, second = (
        _taken_off(_unit(sums_of(vectors[turn % 2 == half], owners[turn % 2 == half], len(chosen), np.float32)), mean)
        for half in (0, 1)
    )
    there = first.any(axis=1) & second.any(axis=1)
    cosines = np.einsum("nd,nd->n", first[there], second[there], dtype=np.float64)
    return chosen[there], cosines.astype(np.float32)


def _spread(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(numbers) <= _MOST_HALVES:
        return numbers
    return numbers[np.arange(_MOST_HALVES) * len(numbers) // _MOST_HALVES]


def _unit(vectors: Vectors) -> Vectors:
    """Scaled to length 1 in turn; zeros stay."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))[:, None]
    np.divide(vectors, lengths, out=vectors, where=lengths > _NOTHING, casting="same_kind")
    vectors[lengths[:, 0] <= _NOTHING] = 0
    return vectors


def _taken_off(plain: Vectors, mean: Vectors) -> Vectors:
    """The rest without the mean, of length 1; in turn."""
    there = plain.any(axis=1)
    plain -= mean
    plain[~there] = 0
    return _unit(plain)


def _check(vectors: Vectors, owners: NDArray[np.integer], identities: int) -> None:
    if vectors.ndim != 2 or owners.shape != vectors.shape[:1] or owners.dtype.kind not in "iu":
        raise EthnoshardError(
            f"vectors are (faces, dimensions), owners a whole number for each face; these are {vectors.dtype} of "
            f"{vectors.shape} and {owners.dtype} of {owners.shape}"
        )
    if not len(vectors):
        raise EthnoshardError("there is no face, so that nobody resembles anybody")
    if owners.min() < 0 or owners.max() >= identities:
        raise EthnoshardError(
            f"owners are numbers of the dataset's {identities:,} identities, 0 to {identities - 1:,}; these are "
            f"{owners.min():,} to {owners.max():,}"
        )
    broken = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
    if broken:
        raise EthnoshardError(f"{broken:,} of {len(vectors):,} embeddings are NaN or infinite; the network is broken")
