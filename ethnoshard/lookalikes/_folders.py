"""Which faces each identity has."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer]

_AT_ONCE = 1 << 15
"""Faces that are worked on at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Folders:
    """Faces by identity.

    Attributes:
        order: (n,) faces, those of an identity together, identities in ascending order.
        begins: (N,) where an identity's faces begin in it.
        counts: (N,) how many it has.
    """

    order: NDArray[np.int64]
    begins: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, owners: Indices, identities: int) -> "Folders":
        """Sort faces by identity.

        Args:
            owners: (n,) number of the identity of each face.
            identities: N.
        """
        counts = np.bincount(owners, minlength=identities).astype(np.int64)
        order = np.argsort(owners, kind="stable").astype(np.int64)
        return cls(order=order, begins=np.cumsum(counts) - counts, counts=counts)

    def faces(self, identity: int) -> NDArray[np.int64]:
        """Faces of one identity, in the order given."""
        begin = self.begins[identity]
        return self.order[begin : begin + self.counts[identity]]

    def runs(self, most: int = _AT_ONCE) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64]]]:
        """Identities with faces a few at a time, and their faces.

        Args:
            most: faces of a run, unless one identity has more.

        Yields:
            Numbers of identities, ascending, and the faces of all of them, one identity's after the other's.
        """
        there = np.flatnonzero(self.counts)
        ends, begin, done = np.cumsum(self.counts[there]), 0, 0
        while begin < len(there):
            end = max(begin + 1, int(np.searchsorted(ends, done + most, "right")))
            yield there[begin:end], self.order[done : ends[end - 1]]
            done, begin = int(ends[end - 1]), end
