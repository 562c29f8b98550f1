"""Pairs of faces that may be of one image: by digests that are equal, or prints that look alike from afar.

Embeddings only tell where to look. Landmarks of profiles and of small pictures come out otherwise in a copy, so that
many a copy has a cosine below 0.7 to its original with MobileFaceNet, some below 0.3, while different photographs of
one person reach 0.9; prints tell copies much better (``benchmarks/audit_images.py``).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard import _blas
from ethnoshard.audit._coarse import mirrored_of, plain_of, views_of
from ethnoshard.lookalikes import nearest_of

Vectors = NDArray[np.float32]
Pairs = NDArray[np.int64]
Owners = NDArray[np.integer]

ALIKE, ALIKE_IN_A_CELL = 0.87, 0.9
"""Least correlation of two prints at 6 x 6 pixels for them to be laid over each other: in an identity, in a cell."""
NEAREST_FACES, NEAREST_IN_A_CELL = 8, 3
"""Of one identity's faces, or a cell's, those that are taken for one other at most: the most alike."""
NEAREST_IDENTITIES, NEAREST_CELLS = 3, 4
"""Other identities at whose faces a face is looked for; and cells, of prints that look alike from afar."""

_FACES_OF_A_CELL, _MOST_CELLS = 48, 10_000
"""Faces for each of which there is a cell, and cells at most."""
_FACES_AT_ONCE = 2048


def equal_rows(digests: NDArray[np.uint8], others: NDArray[np.uint8] | None = None) -> Pairs:
    """Pairs of faces with equal digests.

    Args:
        digests: (n, B) uint8.
        others: (m, B) uint8 of another set; None for pairs within the first.

    Returns:
        (M, 2) int64. Within a set each face that isn't the first of its kind with the first; of two sets each face of
        the first with the first like it of the other.
    """
    own = _texts(digests)
    if others is None:
        _, first, kind = np.unique(own, return_index=True, return_inverse=True)
        rows = np.arange(len(own))
        again = np.flatnonzero(first[kind] != rows)
        return np.stack([first[kind[again]], again], axis=1)
    known, first = np.unique(_texts(others), return_index=True)
    if not len(known):
        return np.empty((0, 2), np.int64)
    at = np.minimum(np.searchsorted(known, own), len(known) - 1)
    rows = np.flatnonzero(known[at] == own)
    return np.stack([rows, first[at[rows]]], axis=1)


def _texts(digests: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Digests as hexadecimal texts, since numpy takes zeros at the end of bytes for their end."""
    halves = np.stack([digests >> 4, digests & 15], axis=2).reshape(len(digests), 2 * digests.shape[1])
    signs = np.frombuffer(b"0123456789abcdef", np.uint8)[halves]
    return np.ascontiguousarray(signs).view(f"S{signs.shape[1]}").ravel()


class Faces(NamedTuple):
    """Faces among which copies are looked for.

    Attributes:
        vectors: (n, D) float32 of length 1.
        owners: (n,) number of each face's identity.
        prints: (n, SIDE, SIDE) uint8.
    """

    vectors: Vectors
    owners: Owners
    prints: NDArray[np.uint8]


class _Seen(NamedTuple):
    """Prints from afar, and those of the mirror images, (n, 36) float32 each."""

    plain: Vectors
    mirrored: Vectors


class _Bounds(NamedTuple):
    """How alike two prints are at least, and how many are taken for one at most."""

    least: float
    most: int


class _Lists:
    """Numbers of faces, listed by what they have in common."""

    def __init__(self, entries: Pairs, number: int) -> None:
        """Sort (M, 2) faces and the lists that they are in, of which there are ``number``."""
        order = np.lexsort((entries[:, 0], entries[:, 1]))
        self._faces = entries[order, 0]
        self._ends = np.searchsorted(entries[order, 1], np.arange(number + 1))

    def __getitem__(self, number: int) -> NDArray[np.int64]:
        """Faces in a list, ascending."""
        faces: NDArray[np.int64] = self._faces[self._ends[number] : self._ends[number + 1]]
        return faces


def alike_faces(faces: Faces, others: Faces, block_bytes: int, *, itself: bool) -> Iterator[Pairs]:
    """Pairs of faces that look alike from afar, some several times.

    Compared are all faces of one identity, if both are one set; a face with those of the identities whose centroids are
    nearest to its embedding; and faces whose prints, or one's print and the other's mirror image, are nearest to the
    same few of some prints of the set, which finds copies that have an embedding of their own.

    Args:
        faces: n of them.
        others: those among which they are looked for.
        block_bytes: memory for similarities, about.
        itself: whether both are one set.

    Yields:
        (M, 3) int64: a face of each, and which view of the second looks like the first, as a number in ``VIEWS``; of
        the first one's mirror image, that and ``len(VIEWS)``.
    """
    plain = plain_of(faces.prints)
    seen = _Seen(plain, mirrored_of(plain))
    beside = plain if itself else plain_of(others.prints)
    for bounds, (visitors, hosts, number) in (
        (_Bounds(ALIKE, NEAREST_FACES), _by_identity(faces, others, block_bytes, itself=itself)),
        (_Bounds(ALIKE_IN_A_CELL, NEAREST_IN_A_CELL), _by_cell(seen, beside, block_bytes)),
    ):

        def in_list(
            one: int, bounds: _Bounds = bounds, visitors: _Lists = visitors, hosts: _Lists = hosts
        ) -> list[Pairs]:
            some, shown = visitors[one], hosts[one]
            return list(_alike(seen, some, others.prints, shown, block_bytes, bounds, itself=itself))

        with _blas.threads() as pool:
            for found in pool.map(in_list, range(number)):
                yield from found


def _by_identity(faces: Faces, others: Faces, block_bytes: int, *, itself: bool) -> tuple[_Lists, _Lists, int]:
    """Who visits each identity of the others, which faces it has, and how many identities there are."""
    names, identities = np.unique(others.owners, return_inverse=True)
    own = np.stack([np.arange(len(identities)), identities], axis=1)
    hosts = _Lists(own, len(names))
    centroids: Vectors = np.stack([others.vectors[hosts[number]].mean(axis=0) for number in range(len(names))])
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-6)
    avoided = identities if itself else None
    visits = _nearest(faces.vectors, centroids, NEAREST_IDENTITIES, block_bytes, avoided)
    # Whoever has only one face needn't look for it at home.
    return _Lists(np.concatenate([own, visits]) if itself else visits, len(names)), hosts, len(names)


def _by_cell(seen: _Seen, others: Vectors, block_bytes: int) -> tuple[_Lists, _Lists, int]:
    """Whose print or mirrored print is near each cell's, which of the others' prints are, and how many cells there are.

    A cell is about one print of the others; those are spread evenly over them.
    """
    number = min(_MOST_CELLS, -(-len(others) // _FACES_OF_A_CELL))
    middles = others[np.arange(number) * len(others) // number]
    visits = np.concatenate([_nearest(each, middles, NEAREST_CELLS, block_bytes) for each in seen])
    hosts = _nearest(others, middles, NEAREST_CELLS, block_bytes)
    return _Lists(np.unique(visits, axis=0), number), _Lists(hosts, number), number


def _nearest(
    vectors: Vectors, middles: Vectors, number: int, block_bytes: int, avoided: NDArray[np.integer] | None = None
) -> Pairs:
    """Of each vector the nearest middles, (M, 2) number of the vector and of the middle; never the one avoided."""
    found = nearest_of(vectors, middles, number, avoided=avoided, block_bytes=block_bytes)[0]
    return np.stack([np.repeat(np.arange(len(found)), found.shape[1]), found.ravel()], axis=1).astype(np.int64)


def _alike(
    seen: _Seen,
    visitors: NDArray[np.int64],
    other_prints: NDArray[np.uint8],
    hosts: NDArray[np.int64],
    block_bytes: int,
    bounds: _Bounds,
    *,
    itself: bool,
) -> Iterator[Pairs]:
    """Of each visitor the most alike of some hosts; with ``itself`` not the face itself."""
    if not len(visitors) or (itself and np.array_equal(visitors, hosts) and len(hosts) == 1):
        return
    for first in range(0, len(hosts), _FACES_AT_ONCE):
        shown = hosts[first : first + _FACES_AT_ONCE]
        views = views_of(other_prints[shown])
        # A view after the other, (V, 36, m): the largest of contiguous blocks is taken many times faster.
        onto = np.ascontiguousarray(views.transpose(1, 2, 0))
        rows = max(1, block_bytes // (16 * len(shown) + 4 * views[0].size))
        for begin in range(0, len(visitors), rows):
            some = visitors[begin : begin + rows]
            here = _Seen(seen.plain[some], seen.mirrored[some])
            alike = np.maximum(_best(here.plain, onto), _best(here.mirrored, onto))
            if itself:
                alike[some[:, None] == shown] = -1
            row, column = _most(alike, bounds)
            if len(row):
                view = _view(here, row, views, column)
                yield np.stack([some[row], shown[column], view], axis=1)


def _best(seen: Vectors, onto: Vectors) -> Vectors:
    """Correlation of each print with the best view of each other one."""
    best: Vectors = seen @ onto[0]
    for view in onto[1:]:
        np.maximum(best, seen @ view, out=best)
    return best


def _view(seen: _Seen, row: NDArray[np.intp], views: Vectors, column: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which view of the other one, or of the mirror image after these, is the best of some pairs."""
    found = [np.einsum("md,mvd->mv", each[row], views[column]) for each in seen]
    view: NDArray[np.intp] = np.concatenate(found, axis=1).argmax(axis=1)
    return view


def _most(alike: Vectors, bounds: _Bounds) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of what is alike enough, of each row no more than the first few."""
    enough = alike >= bounds.least
    crowded = np.flatnonzero(np.count_nonzero(enough, axis=1) > bounds.most)
    if len(crowded):
        best = np.argpartition(alike[crowded], -bounds.most, axis=1)[:, -bounds.most :]
        enough[crowded] = False
        enough[crowded[:, None], best] = True
    row, column = np.nonzero(enough)
    return row, column
