"""How a pool's batches are cut into blocks, and which of its people are in lanes beside them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts

LEAST_BATCHES = 4
"""Batches that a block has at least, lest it mix too little."""

Places = npt.NDArray[np.int64]


class Lanes:
    """One identity after the other in seats of the same number, from the first batch to the last (McNaughton 1959).

    Who doesn't finish in one seat goes on in the next from the first batch. As nobody has more cells than there are
    batches, nobody is in two seats of a batch. Only batches with so many seats count.
    """

    def __init__(self, cells: Counts, seats: npt.NDArray[np.int32]) -> None:
        """Put the identities with these cells into as few lanes as they fit in.

        Args:
            cells: of each identity, at most as many as there are batches with so many seats.
            seats: of each batch.
        """
        self._ends = np.cumsum(cells)
        self._begins = self._ends - cells
        self.length = int(self._ends[-1]) if len(cells) else 0
        lanes = np.arange(1, int(seats.max()) + 1)
        wide = len(seats) - np.searchsorted(np.sort(seats), lanes)
        fit = np.flatnonzero(lanes * wide >= self.length)
        fit = fit[wide[fit] >= int(cells.max(initial=0))]
        self.fit = len(fit) > 0
        """Whether they do."""
        number = int(lanes[fit[0]]) if self.fit else 1
        self._wide = np.concatenate([[0], np.cumsum(seats >= number)])
        self._length = max(int(self._wide[-1]), 1)

    def before(self, batch: int) -> Counts:
        """How many cells of each are in batches before this one."""
        done = int(self._wide[batch])
        return self._until(self._ends, done) - self._until(self._begins, done)

    def each(self) -> Counts:
        """How many cells are in each batch, shape (batches,)."""
        done = self._until(np.array(self.length), self._wide)
        return np.diff(done)

    def _until(self, place: Counts, done: int | Places) -> Counts:
        return np.asarray(place // self._length * done + np.minimum(place % self._length, done))


@dataclass(frozen=True)
class Blocks:
    """Blocks of a pool's batches.

    Attributes:
        edges: the first batch of each, and the number of batches.
        places: cells of people who are not in lanes before each edge.
        lanes: those who have more cells than fit into a block.
        long: which of the identities these are.
        short: the others.
    """

    edges: npt.NDArray[np.int64]
    places: Places
    lanes: Lanes
    long: npt.NDArray[np.intp]
    short: npt.NDArray[np.intp]

    @staticmethod
    def of(per_pass: Counts, drawn: Counts, seats: npt.NDArray[np.int32], block: int) -> "Blocks":
        """Blocks of ``block`` batches, of more where that leaves too few people for a batch, or one in the end.

        Args:
            per_pass: cells of each identity.
            drawn: cells of it that are drawn.
            seats: of each batch, at least 1.
            block: batches that a block should have.
        """
        length = max(block, LEAST_BATCHES)
        while (number := len(seats) // length) > 1:
            edges = np.append(np.arange(number, dtype=np.int64) * (len(seats) // number), len(seats))
            found = _fitting(per_pass, drawn, seats, edges)
            if found is not None:
                return found
            length *= 2
        edges = np.array([0, len(seats)], np.int64)
        none, everybody = np.empty(0, np.intp), np.arange(len(per_pass))
        places = np.array([0, int(seats.sum(dtype=np.int64))])
        return Blocks(edges, places, Lanes(drawn[none], seats), none, everybody)


def _fitting(
    per_pass: Counts, drawn: Counts, seats: npt.NDArray[np.int32], edges: npt.NDArray[np.int64]
) -> Blocks | None:
    """Blocks in which everybody finds a seat, with as few people in lanes as need be; None if there are none.

    People with at most c cells can be seated in a block of n seats, at most s in a batch, if c * s <= n (Gale and
    Ryser's condition is concave in the number of people); if batches have f or f + 1, if c is at most their number.
    """
    longest = int(np.diff(edges).min())
    for _ in range(8):
        is_long = per_pass > longest
        long, short = np.flatnonzero(is_long & (drawn > 0)), np.flatnonzero(~is_long)
        lanes = Lanes(drawn[long], seats)
        if not lanes.fit:
            return None
        # Together with those in lanes, batches of f or f + 1 are enough.
        most = np.maximum.reduceat(seats, edges[:-1])
        even = most - np.minimum.reduceat(seats, edges[:-1]) <= 1
        left = seats - lanes.each()
        cells = np.add.reduceat(left, edges[:-1])
        bound = np.where(even, np.diff(edges), cells // np.maximum(np.maximum.reduceat(left, edges[:-1]), 1))
        bound = bound[cells > 0]
        if not len(bound) or int(cells.max()) > int(per_pass[short].sum()):
            return None
        if int(bound.min()) >= int(per_pass[short].max(initial=0)):
            return Blocks(edges, np.concatenate([[0], np.cumsum(cells)]), lanes, long, short)
        longest = int(bound.min())
    return None
