"""One stratum through one phase of one epoch: whom each batch gets, found without walking there."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts, in_order
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._spread import spread

_LEAST = 4
"""Batches that a block has at least, lest it mix too little."""

Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Block:
    """Consecutive batches of a stratum, among which the cells of some identities are dealt.

    Attributes:
        people: the identities' numbers, shape (n,).
        counts: how many cells of each are drawn in the block, shape (n,).
        first: which of its cells is the first of these, counted from the beginning of the epoch, shape (n,).
        lasting: whether the next block goes on with it, shape (n,).
    """

    people: Numbers
    counts: Counts
    first: Counts
    lasting: npt.NDArray[np.bool_]


class Layout:
    """The batches of one stratum in one phase, numbered among those in which it has a seat.

    The batches form blocks. The identities go through them in the order given, each in the one or two blocks where its
    turn comes; inside a block :func:`spread` deals their cells. An identity with more cells than a block has batches
    gets a lane of its own for as long as it takes. Where that can't be, because nearly all are such people or the
    stratum is smaller than a block, the whole phase is one block.
    """

    def __init__(
        self,
        stratum: int,
        people: Numbers,
        drawn: Counts,
        per_pass: Counts,
        started: Counts,
        quotas: Numbers,
        block: int,
        key: int,
    ) -> None:
        """Lay the stratum out.

        Args:
            stratum: which one it is.
            people: its identities, in the order in which to read them.
            drawn: how many cells of each the phase draws; they sum to the quotas, none is above their number.
            per_pass: how many cells each has: what is drawn beyond begins anew once all had their turn.
            started: how many cells of each the phases before have drawn.
            quotas: its seats in each batch, none of them 0.
            block: how many batches a block should have.
            key: from which its randomness follows.
        """
        self.stratum = stratum
        self._people, self._drawn, self._started, self._quotas, self._key = people, drawn, started, quotas, key
        batches = len(quotas)
        blocks = max(1, batches // max(block, _LEAST))
        shortest = batches // blocks
        edges = np.append(np.arange(blocks) * shortest, batches)
        is_long = per_pass > shortest
        self._long = np.flatnonzero(is_long & (drawn > 0))
        self._short = np.flatnonzero(~is_long)
        self._lanes = _Lanes(drawn[self._long], batches)
        self._cycle = _Cycle(per_pass[self._short])
        seats = np.concatenate([[0], np.cumsum(quotas, dtype=np.int64)])[edges]
        self._places = seats - np.array([self._lanes.all_before(int(edge)) for edge in edges])
        fits = self._lanes.length <= int(quotas.min()) * batches and np.diff(self._places).max() <= self._cycle.length
        self._edges = edges if fits and blocks > 1 else np.array([0, batches])
        self._remember()

    def __getstate__(self) -> dict[str, Any]:
        """All but the blocks made so far, which follow from the rest."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_block", "_dealt")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Be the same layout in another process."""
        self.__dict__.update(state)
        self._remember()

    def _remember(self) -> None:
        self._block = lru_cache(maxsize=3)(self._made)
        self._dealt = lru_cache(maxsize=3)(self._deal)

    def drawn(self) -> tuple[Numbers, Counts]:
        """The identities, and how many cells of each are drawn."""
        if len(self._edges) == 2:
            return self._people, self._drawn
        drawn = self._drawn.copy()
        drawn[self._short] = in_order(self._cycle.cells, int(self._places[-1]), int(self._places[-1]))
        return self._people, drawn

    def batch(self, number: int) -> tuple[Numbers, Counts]:
        """The identities of a batch, and which cell of each is drawn."""
        index = self._index(number)
        people, cells = self._dealt(index)[number - int(self._edges[index])]
        return people, cells

    def block_of(self, number: int) -> tuple[int, int]:
        """First batch of the block that holds a batch, and the one after its last."""
        index = self._index(number)
        return int(self._edges[index]), int(self._edges[index + 1])

    def block(self, number: int) -> Block:
        """The block that holds a batch."""
        return self._block(self._index(number))

    def _index(self, number: int) -> int:
        return int(np.searchsorted(self._edges, number, side="right")) - 1

    def _made(self, index: int) -> Block:
        if len(self._edges) == 2:
            there = np.flatnonzero(self._drawn)
            ends = np.zeros(len(there), np.bool_)
            return Block(self._people[there], self._drawn[there], self._started[there], ends)
        begin, end = int(self._edges[index]), int(self._edges[index + 1])
        before, after = self._lanes.before(begin), self._lanes.before(end)
        in_lanes = np.flatnonzero(after > before)
        turns, counts, first = self._cycle.between(int(self._places[index]), int(self._places[index + 1]))
        of_long, of_short = self._long[in_lanes], self._short[turns]
        there = np.concatenate([of_long, of_short])
        first = np.concatenate([before[in_lanes], first]) + self._started[there]
        counts = np.concatenate([(after - before)[in_lanes], counts])
        lasting = np.concatenate([after[in_lanes] < self._drawn[of_long], np.zeros(len(turns), np.bool_)])
        if len(turns):
            lasting[-1] = index + 2 < len(self._edges)
        return Block(self._people[there], counts, first, lasting)

    def _deal(self, index: int) -> list[tuple[Numbers, Counts]]:
        block = self._block(index)
        quotas = self._quotas[self._edges[index] : self._edges[index + 1]]
        cells = block.first.copy()
        batches = []
        for chosen in spread(block.counts, quotas, hashed(self._key, index, block.people)):
            batches.append((block.people[chosen], cells[chosen]))
            cells[chosen] += 1
        return batches


class _Lanes:
    """One identity after the other in seats of the same number, from the first batch to the last (McNaughton 1959).

    Who doesn't finish in one seat goes on in the next from the first batch. As nobody has more cells than there are
    batches, nobody is in two seats of a batch.
    """

    def __init__(self, cells: Counts, batches: int) -> None:
        self._ends = np.cumsum(cells)
        self._begins = self._ends - cells
        self._batches = batches
        self.length = int(self._ends[-1]) if len(cells) else 0

    def before(self, batch: int) -> Counts:
        """How many cells of each are in batches before this one."""
        return self._until(self._ends, batch) - self._until(self._begins, batch)

    def all_before(self, batch: int) -> int:
        """How many cells are in batches before this one."""
        return int(self._until(np.array(self.length), batch))

    def _until(self, place: Counts, batch: int) -> Counts:
        return np.asarray(place // self._batches * batch + np.minimum(place % self._batches, batch))


class _Cycle:
    """Cells of one identity after the other, and again from the first identity on."""

    def __init__(self, cells: Counts) -> None:
        self.cells = cells
        self._ends = np.cumsum(cells)
        self.length = int(self._ends[-1]) if len(cells) else 0

    def between(self, begin: int, end: int) -> tuple[npt.NDArray[np.intp], Counts, Counts]:
        """Indices, numbers of cells and first cell of the identities from place ``begin`` to before ``end``.

        The stretch is no longer than the cycle.
        """
        turn, place = divmod(begin, max(self.length, 1))
        stop = place + end - begin
        who, counts, first = self._in_one_turn(place, min(stop, self.length), turn)
        if stop <= self.length:
            return who, counts, first
        again, more, begun = self._in_one_turn(0, stop - self.length, turn + 1)
        if len(who) and again[-1] == who[0]:
            # The end of its cells opens the stretch, their beginning closes it; the numbers run on.
            counts[0] += more[-1]
            again, more, begun = again[:-1], more[:-1], begun[:-1]
        return np.concatenate([who, again]), np.concatenate([counts, more]), np.concatenate([first, begun])

    def _in_one_turn(self, begin: int, end: int, turn: int) -> tuple[npt.NDArray[np.intp], Counts, Counts]:
        low = int(np.searchsorted(self._ends, begin, side="right"))
        high = int(np.searchsorted(self._ends, end, side="left")) + 1 if end > begin else low
        who = np.arange(low, min(high, len(self._ends)))
        starts = self._ends[who] - self.cells[who]
        from_ = np.maximum(starts, begin)
        return who, np.minimum(self._ends[who], end) - from_, turn * self.cells[who] + from_ - starts
