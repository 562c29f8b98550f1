"""Pairs of faces that may be of one image: by digests that are equal, and embeddings that are near."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Pairs = NDArray[np.int64]
Owners = NDArray[np.integer]

NEAREST_FACES = 24
"""Faces, of one identity at a time, with which a face is compared at most: the nearest."""
NEAREST_IDENTITIES = 3
"""Other identities at whose faces a face is looked for."""
MOST_ODD = 20_000
"""Faces, of those that resemble their identity least, that are compared with each other at most."""
_ODD_SHARE = 0.05


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
        return np.stack([first[kind], rows], axis=1)[first[kind] != rows]
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


class Roll:
    """The faces of a set by identity.

    Attributes:
        vectors: (n, D) float32 of length 1.
        identities: (n,) number of each face's identity, from 0 on without gaps.
        centroids: (N, D) float32, the mean of each identity's vectors, of length 1.
    """

    def __init__(self, vectors: Vectors, owners: Owners) -> None:
        """Sort the faces by identity, and take the means."""
        self.vectors = vectors
        self.identities = np.unique(owners, return_inverse=True)[1]
        self._order = np.argsort(self.identities, kind="stable")
        counts = np.bincount(self.identities)
        self._ends = np.cumsum(counts)
        self.centroids: Vectors = np.zeros((len(counts), vectors.shape[1]), np.float32)
        for identity in range(len(counts)):
            mean = vectors[self.faces(identity)].mean(axis=0)
            self.centroids[identity] = mean / max(float(np.linalg.norm(mean)), 1e-6)

    def faces(self, identity: int) -> NDArray[np.intp]:
        """Numbers of an identity's faces, ascending."""
        begin = self._ends[identity - 1] if identity else 0
        return self._order[begin : self._ends[identity]]

    def odd(self) -> NDArray[np.intp]:
        """Numbers of the faces that resemble their identity least, ascending: non-faces, placeholders, strangers."""
        alike = np.einsum("nd,nd->n", self.vectors, self.centroids[self.identities])
        few = min(MOST_ODD, int(np.ceil(_ODD_SHARE * len(alike))))
        return np.sort(np.argsort(alike, kind="stable")[:few])


def near_faces(roll: Roll, floor: float, block_bytes: int) -> Iterator[Pairs]:
    """Pairs of faces of one identity with near embeddings, (M, 2) at a time, in either order, some perhaps twice."""
    for identity in range(len(roll.centroids)):
        faces = roll.faces(identity)
        if len(faces) > 1:
            yield from _near(roll.vectors, faces, roll.vectors, faces, floor, block_bytes, itself=True)


def near_strangers(roll: Roll, others: Roll, floor: float, block_bytes: int, *, itself: bool) -> Iterator[Pairs]:
    """Pairs of faces of two identities with near embeddings: a face, and one of an identity that it resembles most.

    Faces that resemble their own identity little are compared with each other too, whosever they are.

    Args:
        roll: the faces.
        others: those among which they are looked for.
        floor: least cosine.
        block_bytes: memory for similarities.
        itself: whether both are one set, in which nobody visits his own identity.
    """
    visits = np.concatenate(list(_visits(roll, others, block_bytes, itself=itself)))
    identity = visits[:, 1]
    visits = visits[np.argsort(identity, kind="stable")]
    begins = np.flatnonzero(np.diff(visits[:, 1], prepend=-1))
    # Of one identity alone nobody visits anybody.
    ends = np.append(begins[1:], len(visits))[: len(begins)]
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        faces = others.faces(int(visits[begin, 1]))
        visitors = visits[begin:end, 0]
        yield from _near(roll.vectors, visitors, others.vectors, faces, floor, block_bytes, itself=False)
    yield from _near(roll.vectors, roll.odd(), others.vectors, others.odd(), floor, block_bytes, itself=itself)


def _visits(roll: Roll, others: Roll, block_bytes: int, *, itself: bool) -> Iterator[Pairs]:
    """Of each face the identities that it resembles most, (M, 2) face and identity at a time."""
    centroids = np.ascontiguousarray(others.centroids.T)
    number = min(NEAREST_IDENTITIES, len(others.centroids) - itself)
    rows = max(1, block_bytes // (4 * len(others.centroids)))
    yield np.empty((0, 2), np.int64)
    for begin in range(0, len(roll.vectors) if number else 0, rows):
        block = roll.vectors[begin : begin + rows] @ centroids
        faces = np.arange(begin, begin + len(block))
        if itself:
            block[faces - begin, roll.identities[faces]] = -np.inf
        # Each time the largest of all: many times faster than sorting a part, as there are few to be found.
        for _ in range(number):
            nearest = block.argmax(axis=1)
            yield np.stack([faces, nearest], axis=1)
            block[faces - begin, nearest] = -np.inf


def _near(
    vectors: Vectors,
    faces: NDArray[np.integer],
    other_vectors: Vectors,
    others: NDArray[np.integer],
    floor: float,
    block_bytes: int,
    *,
    itself: bool,
) -> Iterator[Pairs]:
    """Of each face the nearest of some others, as far as they are near; with ``itself`` no face with itself."""
    onto = np.ascontiguousarray(other_vectors[others].T)
    rows = max(1, block_bytes // (4 * max(1, len(others))))
    for begin in range(0, len(faces), rows):
        some = faces[begin : begin + rows]
        block = vectors[some] @ onto
        near = block >= floor
        if itself:
            near &= some[:, None] != others
        if len(others) > NEAREST_FACES:
            crowded = np.flatnonzero(np.count_nonzero(near, axis=1) > NEAREST_FACES)
            alike = np.where(near[crowded], block[crowded], -np.inf)
            best = np.argpartition(alike, -NEAREST_FACES, axis=1)[:, -NEAREST_FACES:]
            near[crowded] = False
            near[crowded[:, None], best] = True
        row, column = np.nonzero(near)
        if len(row):
            yield np.stack([some[row], others[column]], axis=1).astype(np.int64)
