"""How a pool's batches are cut into blocks, and which of its people are in lanes beside them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts

LEAST_BATCHES = 4
"""Batches that a block has at least, lest it mix too little."""

_MOST_PARTS = 8
"""Kinds of lanes at most."""

Places = npt.NDArray[np.int64]


class Lanes:
    """People who take seats of the same number one after the other, from the first batch to the last.

    Those who come so often that the batches with enough seats for everybody are too few for them have lanes of their
    own, which may use the batches with fewer seats as well; the others' lanes are in the seats that these leave.
    """

    def __init__(self, cells: Counts, seats: npt.NDArray[np.int32]) -> None:
        """Put the identities with these cells into as few lanes as they fit in.

        Args:
            cells: of each identity.
            seats: of each batch.
        """
        self._people = len(cells)
        self._parts: list[tuple[npt.NDArray[np.intp], _Wrapped]] = []
        left, waiting = seats, np.ones(len(cells), np.bool_)
        self.fit = True
        """Whether they do."""
        while self.fit and waiting.any():
            some, part = _tallest(cells, waiting, left)
            self.fit = part is not None and len(self._parts) < _MOST_PARTS
            if part is not None:
                self._parts.append((some, part))
                waiting[some] = False
                left = left - part.each().astype(np.int32)
        self.left = left
        """Seats of each batch that nobody in a lane has."""

    def before(self, batch: int) -> Counts:
        """How many cells of each are in batches before this one."""
        cells = np.zeros(self._people, np.int64)
        for some, part in self._parts:
            cells[some] = part.before(batch)
        return cells


def _tallest(
    cells: Counts, waiting: npt.NDArray[np.bool_], seats: npt.NDArray[np.int32]
) -> "tuple[npt.NDArray[np.intp], _Wrapped | None]":
    """Everybody who waits, or of them those who need lanes of their own; None if they don't fit."""
    some = np.flatnonzero(waiting)
    lanes = np.arange(1, int(seats.max()) + 1)
    wide = len(seats) - np.searchsorted(np.sort(seats), lanes)
    while True:
        enough = np.flatnonzero(lanes * wide >= int(cells[some].sum()))
        if len(enough):
            number = int(enough[0])
            tall = some[cells[some] > wide[number]]
            if not len(tall):
                return some, _Wrapped(cells[some], seats >= lanes[number])
            if len(tall) < len(some):
                some = tall
                continue
        if len(some) == 1:
            return some, None
        some = some[[int(np.argmax(cells[some]))]]


class _Wrapped:
    """One identity after the other, who goes on in the next lane from the first batch (McNaughton 1959).

    As nobody has more cells than there are batches, nobody is in two lanes of a batch.
    """

    def __init__(self, cells: Counts, wide: npt.NDArray[np.bool_]) -> None:
        self._ends = np.cumsum(cells)
        self._begins = self._ends - cells
        self._wide = np.concatenate([[0], np.cumsum(wide)])
        self._length = int(self._wide[-1])

    def before(self, batch: int) -> Counts:
        """How many cells of each are in batches before this one."""
        done = int(self._wide[batch])
        return self._until(self._ends, done) - self._until(self._begins, done)

    def each(self) -> Counts:
        """How many cells are in each batch, shape (batches,)."""
        return np.diff(self._until(self._ends[-1:], self._wide))

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
        left = lanes.left
        cells = np.add.reduceat(left, edges[:-1])
        bound = np.where(even, np.diff(edges), cells // np.maximum(np.maximum.reduceat(left, edges[:-1]), 1))
        bound = bound[cells > 0]
        if not len(bound) or int(cells.max()) > int(per_pass[short].sum()):
            return None
        if int(bound.min()) >= int(per_pass[short].max(initial=0)):
            return Blocks(edges, np.concatenate([[0], np.cumsum(cells)]), lanes, long, short)
        longest = int(bound.min())
    return None
