"""One pool through one phase of one epoch: whom each batch gets, found without walking there."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._blocks import Blocks
from ethnoshard.mixing._deal import Dealt, Wish, deal
from ethnoshard.mixing._draws import Counts, draw_in_order
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Numbers
from ethnoshard.mixing._ties import Ties

_TOGETHER = 9


@dataclass(frozen=True)
class Block:
    """Consecutive batches of a pool, among which the cells of some identities are dealt.

    Attributes:
        identities: their numbers, shape (n,).
        counts: how many cells of each are drawn in the block, shape (n,).
        first: which of its cells is the first of these, counted from the beginning of the epoch, shape (n,).
        lasting: whether the next block goes on with it, shape (n,).
        unit: which of them were read together, or are a set of look-alikes, shape (n,).
        is_set: whether the unit is a set of look-alikes, shape (n,).
    """

    identities: Numbers
    counts: Counts
    first: Counts
    lasting: npt.NDArray[np.bool_]
    unit: npt.NDArray[np.int64]
    is_set: npt.NDArray[np.bool_]


class PoolSchedule:
    """The batches of one pool in one phase, numbered among those in which it has a seat.

    The batches form blocks. The identities go through them in the order given, each in the one or two blocks where its
    turn comes; inside a block :func:`deal` deals their cells. An identity with more cells than a block has batches
    gets a lane of its own for as long as it takes.

    Whoever is read with others stays out of their batches, since they would meet more often than people who lie far
    apart on the disk; but of one in as many such pieces as there are blocks the people are dealt like any others, and
    so they meet as often as by chance.
    """

    def __init__(
        self,
        pool: int,
        people: Numbers,
        drawn: Counts,
        per_pass: Counts,
        started: Counts,
        unit: npt.NDArray[np.int64],
        is_set: npt.NDArray[np.bool_],
        quotas: Numbers,
        block: int,
        apart: Numbers,
        key: int,
        batches: npt.NDArray[np.int64] | None = None,
        ties: Ties | None = None,
    ) -> None:
        """Lay the pool out.

        Args:
            pool: which one it is.
            people: its identities, in the order in which to read them.
            drawn: how many cells of each the phase draws; they sum to the quotas, and can be seated.
            per_pass: how many cells each has: what is drawn beyond begins anew once all had their turn.
            started: how many cells of each the phases before have drawn.
            unit: which of them are read together, or come together as look-alikes.
            is_set: whether it is the latter.
            quotas: its seats in each batch, none of them 0.
            block: how many batches a block should have.
            apart: pairs of identities that should not meet, their numbers, shape (pairs, 2), of this pool.
            key: from which its randomness follows.
            batches: the batches of the phase in which it has a seat; None for all of them.
            ties: what its people have to do with those of pools laid out before.
        """
        self.pool = pool
        self.batches, self._ties = batches, ties
        self._people, self._drawn, self._started, self._quotas, self._key = people, drawn, started, quotas, key
        blocks = Blocks.of(per_pass, drawn, quotas, block)
        self._edges, self._places, self._lanes = blocks.edges, blocks.places, blocks.lanes
        self._long, self._short = blocks.long, blocks.short
        self._cycle = _Cycle(per_pass[self._short])
        self._unit = np.where(self._mixed(unit) & ~is_set, -1 - np.arange(len(unit)), unit)
        self._is_set = is_set
        self._apart = apart
        self._remember()

    def _mixed(self, unit: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whose piece is not kept apart: one in as many as there are blocks until everybody had a turn."""
        blocks = len(self._edges) - 1
        turn = self._cycle.length * blocks / max(int(self._places[-1]), 1)
        if blocks == 1 or turn <= 1:
            return np.ones(len(unit), np.bool_)
        chance: npt.NDArray[np.bool_] = hashed(self._key, _TOGETHER, unit) < np.uint64(2**64 / turn)
        return chance

    def __getstate__(self) -> dict[str, object]:
        """All but the blocks made so far, which follow from the rest."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_block", "_dealt", "_whose")}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Be the same schedule in another process."""
        self.__dict__.update(state)
        self._remember()

    def _remember(self) -> None:
        self._block = lru_cache(maxsize=3)(self._make_block)
        self._dealt = lru_cache(maxsize=3)(self._deal)
        self._whose = lru_cache(maxsize=8)(self._seats_by_person)

    @property
    def seats(self) -> Numbers:
        """Its seats in each of its batches."""
        return self._quotas

    def draws(self) -> tuple[Numbers, Counts]:
        """The identities, and how many cells of each are drawn."""
        if len(self._edges) == 2:
            return self._people, self._drawn
        drawn = self._drawn.copy()
        drawn[self._short] = draw_in_order(self._cycle.cells, int(self._places[-1]), int(self._places[-1]))
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

    def moments(self, people: Numbers) -> npt.NDArray[np.int64]:
        """About when each comes first: a batch of the phase, in the middle of the block in which he has his turn."""
        place = self._cycle.middles()[self._short_of(people)]
        block = np.clip(np.searchsorted(self._places, place, side="right") - 1, 0, len(self._edges) - 2)
        middle = (self._edges[block] + self._edges[block + 1]) // 2
        return middle if self.batches is None else self.batches[middle]

    def seats_of(self, people: Numbers, begin: int, end: int) -> tuple[Numbers, npt.NDArray[np.int64]]:
        """Whose seats are in which of the batches ``begin`` to before ``end`` of the phase, of some people's."""
        first, last = begin, end
        if self.batches is not None:
            first, last = np.searchsorted(self.batches, (begin, end)).tolist()
        last = min(last, len(self._quotas))
        who, batch = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
        if first < last:
            for index in self._blocks_with(people, self._index(first), self._index(last - 1)):
                seated, at = self._whose(index)
                some = np.isin(seated, people) & (at >= first) & (at < last)
                who.append(seated[some])
                batch.append(at[some] if self.batches is None else self.batches[at[some]])
        return np.concatenate(who), np.concatenate(batch)

    def _short_of(self, people: Numbers) -> npt.NDArray[np.intp]:
        """Places among those who are not in lanes; of others anybody's."""
        order = np.argsort(self._people[self._short], kind="stable")
        if not len(order):
            return np.zeros(len(people), np.intp)
        found = np.searchsorted(self._people[self._short], people, sorter=order)
        return order[np.minimum(found, len(order) - 1)]

    def _blocks_with(self, people: Numbers, first: int, last: int) -> list[int]:
        """Which blocks from ``first`` to ``last`` may have somebody of ``people``."""
        blocks = np.arange(first, last + 1)
        long = np.isin(people, self._people[self._long])
        if len(self._edges) == 2 or long.any():
            return blocks.tolist()
        of = self._short_of(people)
        begins, cells = self._cycle.begins()[of], self._cycle.cells[of]
        wanted = np.zeros(len(blocks), np.bool_)
        for number, (start, stop) in enumerate(zip(self._places[blocks], self._places[blocks + 1], strict=True)):
            # The first of each one's turns that ends after the block's beginning.
            turn = -(-(start + 1 - cells - begins) // self._cycle.length)
            wanted[number] = (np.maximum(turn, 0) * self._cycle.length + begins < stop).any()
        some: list[int] = blocks[wanted].tolist()
        return some

    def _seats_by_person(self, index: int) -> tuple[Numbers, npt.NDArray[np.int64]]:
        dealt = [people for people, _ in self._dealt(index)]
        batches = np.arange(self._edges[index], self._edges[index + 1])
        return np.concatenate(dealt), np.repeat(batches, [len(people) for people in dealt])

    def _index(self, number: int) -> int:
        return int(np.searchsorted(self._edges, number, side="right")) - 1

    def _make_block(self, index: int) -> Block:
        if len(self._edges) == 2:
            there = np.flatnonzero(self._drawn)
            return self._block_with(there, self._drawn[there], self._started[there], np.zeros(len(there), np.bool_))
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
        return self._block_with(there, counts, first, lasting)

    def _block_with(
        self, there: npt.NDArray[np.intp], counts: Counts, first: Counts, lasting: npt.NDArray[np.bool_]
    ) -> Block:
        return Block(self._people[there], counts, first, lasting, self._unit[there], self._is_set[there])

    def _deal(self, index: int) -> list[tuple[Numbers, Counts]]:
        block = self._block(index)
        quotas = self._quotas[self._edges[index] : self._edges[index + 1]]
        chance = hashed(self._key, index, block.identities)
        cells = block.first.copy()
        batches = []
        for chosen in self._seated(block, quotas, chance, self._wishes(index, block.identities)):
            batches.append((block.identities[chosen], cells[chosen]))
            cells[chosen] += 1
        return batches

    def _seated(self, block: Block, quotas: Numbers, chance: npt.NDArray[np.uint64], wishes: list[Wish]) -> Dealt:
        return deal(block.counts, quotas, block.unit, block.is_set, self._apart_in(block.identities), chance, wishes)

    def _wishes(self, index: int, people: Numbers) -> list[Wish]:
        """In which batches of a block people of pools laid out before are, to whom somebody in it looks."""
        if self._ties is None:
            return []
        ties = self._ties.among(people)
        begin, end = int(self._edges[index]), int(self._edges[index + 1])
        of_phase = np.arange(begin, end) if self.batches is None else self.batches[begin:end]
        order = np.argsort(people)
        own = order[np.searchsorted(people, ties.own, sorter=order)]
        wishes = []
        for one, meet, batches in zip(
            own, ties.meet, ties.batches(int(of_phase[0]), int(of_phase[-1]) + 1), strict=True
        ):
            at = np.searchsorted(of_phase, batches)
            at = at[of_phase[np.minimum(at, len(of_phase) - 1)] == batches]
            if len(at):
                wishes.append(Wish(int(one), bool(meet), at.astype(np.intp)))
        return wishes

    def _apart_in(self, people: Numbers) -> npt.NDArray[np.intp]:
        """The pairs to be kept apart who are both among ``people``, as indices into it."""
        if not len(self._apart):
            return np.empty((0, 2), np.intp)
        order = np.argsort(people)
        found = np.searchsorted(people, self._apart, sorter=order)
        there = order[np.minimum(found, len(people) - 1)]
        pairs: npt.NDArray[np.intp] = there[(people[there] == self._apart).all(axis=1)]
        return pairs


class _Cycle:
    """Cells of one identity after the other, and again from the first identity on."""

    def __init__(self, cells: Counts) -> None:
        self.cells = cells
        self._ends = np.cumsum(cells)
        self.length = int(self._ends[-1]) if len(cells) else 0

    def begins(self) -> Counts:
        """The first place of each."""
        return self._ends - self.cells

    def middles(self) -> Counts:
        """The place in the middle of each one's cells; one, 0, where there is nobody."""
        return self._ends - (self.cells + 1) // 2 if len(self.cells) else np.zeros(1, np.int64)

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
