"""Who is in which batch of a block: the one place where a batch's identities are chosen."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._hash import Hashes, hashed

_CELL, _UNIT, _SWAP = 30, 31, 32
_LOOK = 48
"""Appearances that are passed over, at most, to find one that suits a batch."""
Dealt = list[npt.NDArray[np.intp]]


def largest_first(
    counts: npt.NDArray[np.int64], seats: npt.NDArray[np.int32], chance: Hashes
) -> list[npt.NDArray[np.intp]]:
    """Give each batch's seats to those who have most appearances left (Ryser 1957); the indices of each batch.

    Args:
        counts: appearances of each identity, which sum to the seats and can be seated, nobody twice in a batch.
        seats: of each batch.
        chance: a random number for each identity, which decides between those who have as many left.
    """
    left = counts.copy()
    dealt = []
    for size in seats.tolist():
        chosen = np.lexsort((chance, -left))[:size]
        dealt.append(chosen)
        left[chosen] -= 1
    return dealt


@dataclass(frozen=True)
class Wish:
    """Where somebody is to be seated, or not to be.

    Attributes:
        who: index of the identity.
        meet: whether the batches are wished for, or to be left.
        batches: of the block, ascending.
    """

    who: int
    meet: bool
    batches: npt.NDArray[np.intp]


def deal(
    counts: npt.NDArray[np.int64],
    seats: npt.NDArray[np.int32],
    unit: npt.NDArray[np.int64],
    is_set: npt.NDArray[np.bool_],
    apart: npt.NDArray[np.intp],
    chance: Hashes,
    wishes: Sequence[Wish] = (),
) -> Dealt:
    """Deal ``counts[i]`` appearances of each identity to a block's batches, nobody twice in a batch.

    The appearances of a unit are spaced evenly over the block, from a random start and not quite, its people by turns;
    so they are kept apart. A set of look-alikes appears as one. Batches are filled in this order; what doesn't suit
    one, since the same person or somebody of the unit is in it already, waits for the next. What is left of such
    meetings is swapped away, as far as that can be.

    Args:
        counts: appearances of each identity, which sum to the seats; some way to seat them must exist.
        seats: of each batch, at least 1.
        unit: which unit each belongs to.
        is_set: whether that is a set of look-alikes, who come together; others of a unit are kept apart.
        apart: pairs of identities that are kept apart as well, shape (pairs, 2).
        chance: a random number for each identity.
        wishes: as far as they can be, seats are swapped for them in the end.

    Returns:
        For each batch the indices of its identities.
    """
    conflicts = _Conflicts(unit, is_set, apart)
    dealt = _filled(_in_time(counts, unit, is_set, chance), counts.tolist(), seats.tolist(), conflicts)
    table = _Table(dealt, len(counts), conflicts, chance)
    table.mend()
    table.grant(wishes)
    if table.twice():
        return largest_first(counts, seats, chance)
    return table.batches()


def _in_time(
    counts: npt.NDArray[np.int64], unit: npt.NDArray[np.int64], is_set: npt.NDArray[np.bool_], chance: Hashes
) -> Iterator[tuple[int, ...]]:
    """Appearances in the order of their times: one identity each, or those of a set."""
    owner = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    own = _fraction(chance)
    _, unit = np.unique(unit, return_inverse=True)
    of = unit[owner]
    cells = np.bincount(of, minlength=int(unit.max(initial=0)) + 1)
    together = is_set[owner]
    most = np.zeros(len(cells), np.int64)
    np.maximum.at(most, unit, counts)
    length = np.where(together, most[of], cells[of])
    # Inside a unit its people take turns, each evenly; of a set everybody comes as early as can be.
    inside = np.lexsort(((number + own[owner]) / counts[owner], of))
    rank = np.empty(len(owner), np.int64)
    rank[inside] = np.arange(len(owner)) - np.repeat(np.cumsum(cells) - cells, cells)
    rank = np.where(together, number, rank)
    first = np.full(len(cells), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(first, unit, chance)
    start = _fraction(hashed(first[of], _UNIT))
    jitter = _fraction(hashed(first[of], _CELL, rank))
    time = ((rank + start + jitter / 2) / length) % 1
    order = np.lexsort((owner, rank, of, time))
    who, tags = owner[order].tolist(), together[order]
    if not tags.any():
        yield from ((one,) for one in who)
        return
    of, rank = of[order], rank[order]
    joined = tags[1:] & (of[1:] == of[:-1]) & (rank[1:] == rank[:-1])
    edges = np.flatnonzero(np.concatenate([[True], ~joined, [True]])).tolist()
    for begin, end in pairwise(edges):
        yield tuple(who[begin:end])


def _fraction(chance: Hashes) -> npt.NDArray[np.float64]:
    return (chance >> np.uint64(11)).astype(np.float64) / 2.0**53


class _Conflicts:
    """Who should not be in a batch with whom."""

    def __init__(self, unit: npt.NDArray[np.int64], is_set: npt.NDArray[np.bool_], apart: npt.NDArray[np.intp]) -> None:
        # People of a set have a number each, below all those of units.
        kept = np.where(is_set, -1 - np.arange(len(unit)), unit)
        self.unit: list[int] = kept.tolist()
        self.units = kept
        self.apart: dict[int, list[int]] = {}
        for one, two in apart.tolist():
            self.apart.setdefault(one, []).append(two)
            self.apart.setdefault(two, []).append(one)


def _filled(
    appearances: Iterator[tuple[int, ...]], left: list[int], seats: list[int], conflicts: _Conflicts
) -> list[list[int]]:
    """Fill batches in the order of time; as a last resort somebody comes twice."""
    often = [one for one, number in enumerate(left) if 2 * number > len(seats)]
    early = [0] * len(left)
    """Appearances that came before their time."""
    pending = deque(appearances)
    dealt = []
    for number, size in enumerate(seats):
        filling = _Filling(size, conflicts)
        for one in often:
            # Whoever has to be in every batch that is left goes first.
            if left[one] >= len(seats) - number and filling.room:
                filling.take((one,))
                early[one] += 1
        held: list[tuple[int, ...]] = []
        while filling.room and pending:
            passed = _suiting(filling, pending, early)
            held += filling.squeeze(passed, whoever=False) if filling.room else passed
        if filling.room:
            held = filling.squeeze(held, whoever=True)
        pending.extendleft(reversed(held))
        for one in filling.chosen:
            left[one] -= 1
        dealt.append(filling.chosen)
    return dealt


def _suiting(filling: "_Filling", pending: deque[tuple[int, ...]], early: list[int]) -> list[tuple[int, ...]]:
    """Take of the next appearances those that suit, until the batch is full; returns those that were passed over."""
    passed: list[tuple[int, ...]] = []
    while filling.room and pending and len(passed) < _LOOK:
        appearance = pending.popleft()
        if any(early[one] for one in appearance):
            late = tuple(one for one in appearance if not early[one])
            for one in set(appearance) - set(late):
                early[one] -= 1
            appearance = late
        if filling.suits(appearance):
            filling.take(appearance)
        else:
            passed.append(appearance)
    return passed


class _Filling:
    """A batch that is being filled."""

    def __init__(self, room: int, conflicts: _Conflicts) -> None:
        self.room = room
        self.chosen: list[int] = []
        self._conflicts = conflicts
        self._inside: set[int] = set()
        self._units: set[int] = set()

    def suits(self, appearance: tuple[int, ...]) -> bool:
        """Whether nobody of it is in the batch already, nor should be kept apart from somebody who is."""
        if len(appearance) > self.room:
            return False
        unit, apart = self._conflicts.unit, self._conflicts.apart
        for one in appearance:
            if one in self._inside or unit[one] in self._units:
                return False
            if apart and any(other in self._inside for other in apart.get(one, ())):
                return False
        return True

    def take(self, appearance: tuple[int, ...]) -> None:
        """Put it in."""
        self.chosen += appearance
        self.room -= len(appearance)
        self._inside.update(appearance)
        self._units.update([self._conflicts.unit[one] for one in appearance])

    def squeeze(self, passed: list[tuple[int, ...]], *, whoever: bool) -> list[tuple[int, ...]]:
        """Fill what room is left, in part of an appearance too; returns what is left of them."""
        still = []
        for appearance in passed:
            fit = [one for one in appearance if whoever or one not in self._inside][: self.room]
            self.take(tuple(fit))
            rest = list(appearance)
            for one in fit:
                rest.remove(one)
            if rest:
                still.append(tuple(rest))
        return still


class _Table:
    """A block's batches as they are dealt, in which seats can be swapped."""

    def __init__(self, dealt: list[list[int]], people: int, conflicts: _Conflicts, chance: Hashes) -> None:
        self._conflicts, self._chance = conflicts, chance
        self._who = np.array([one for batch in dealt for one in batch], np.intp)
        self._seats = [len(batch) for batch in dealt]
        self._batch = np.repeat(np.arange(len(dealt)), self._seats)
        _, self._unit = np.unique(conflicts.units, return_inverse=True)
        self._in_batch = np.zeros((people, len(dealt)), np.int16)
        np.add.at(self._in_batch, (self._who, self._batch), 1)
        self._of_unit = np.zeros((int(self._unit.max(initial=0)) + 1, len(dealt)), np.int16)
        np.add.at(self._of_unit, (self._unit[self._who], self._batch), 1)
        self._wished: set[tuple[int, int]] = set()
        self._shunned: set[tuple[int, int]] = set()

    def mend(self) -> None:
        """Swap away what should not be: first whoever is in a batch twice, then people who should be kept apart."""
        for seat in self._doubled().tolist():
            if self._in_batch[self._who[seat], self._batch[seat]] > 1:
                self._swap(seat, strict=True) or self._swap(seat, strict=False)
        for seat in self._meeting().tolist():
            if self._meets(int(self._who[seat]), int(self._batch[seat]), inside=True):
                self._swap(seat, strict=True)

    def grant(self, wishes: Sequence[Wish]) -> None:
        """Swap people into the batches that are wished for, and out of those to be left, where the others let them."""
        for wish in wishes:
            places = {(wish.who, batch) for batch in wish.batches.tolist()}
            if wish.meet:
                self._wished |= places
            else:
                self._shunned |= places
        batches = self._in_batch.shape[1]
        for wish in wishes:
            inside = np.zeros(batches, np.bool_)
            inside[wish.batches] = True
            there = self._in_batch[wish.who] > 0
            if not wish.meet:
                for batch in np.flatnonzero(there & inside).tolist():
                    self._swap(self._seat(wish.who, batch), strict=True, into=~inside)
                continue
            away = np.flatnonzero(there & ~inside).tolist()
            for batch in np.flatnonzero(inside & ~there).tolist():
                if not away:
                    break
                if self._swap(self._seat(wish.who, away[-1]), strict=True, into=np.arange(batches) == batch):
                    away.pop()

    def _seat(self, one: int, batch: int) -> int:
        first = int(np.searchsorted(self._batch, batch))
        return first + int(np.flatnonzero(self._who[first : first + self._seats[batch]] == one)[0])

    def twice(self) -> bool:
        """Whether somebody is in a batch twice."""
        return bool((self._in_batch > 1).any())

    def batches(self) -> Dealt:
        """For each batch the indices of its identities."""
        return np.split(self._who, np.cumsum(self._seats)[:-1])

    def _doubled(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self._in_batch[self._who, self._batch] > 1)

    def _meeting(self) -> npt.NDArray[np.intp]:
        meeting = self._of_unit[self._unit[self._who], self._batch] > 1
        for one, others in self._conflicts.apart.items():
            for other in others:
                both = np.flatnonzero((self._in_batch[one] > 0) & (self._in_batch[other] > 0))
                meeting |= (self._who == one) & np.isin(self._batch, both)
        return np.flatnonzero(meeting)

    def _meets(self, one: int, batch: int, *, inside: bool) -> bool:
        """Whether somebody is in a batch who should be kept apart from one who is, or is not yet, inside."""
        if self._of_unit[self._unit[one], batch] > inside:
            return True
        return any(self._in_batch[other, batch] for other in self._conflicts.apart.get(one, ()))

    def _swap(self, seat: int, *, strict: bool, into: npt.NDArray[np.bool_] | None = None) -> bool:
        """Swap a seat with another one that suits both, of some of the batches."""
        one, batch = int(self._who[seat]), int(self._batch[seat])
        elsewhere = self._in_batch[one] == 0
        suits = elsewhere[self._batch] & (self._in_batch[self._who, batch] == 0)
        if into is not None:
            suits &= into[self._batch]
        if strict:
            free = self._of_unit[self._unit[one]] == 0
            for other in self._conflicts.apart.get(one, ()):
                free &= self._in_batch[other] == 0
            own = (self._unit[self._who] == self._unit[one]).astype(np.int16)
            suits &= free[self._batch] & (self._of_unit[self._unit[self._who], batch] - own == 0)
        # People of sets stay where they are, so that sets do, if there are others.
        alone = suits & (self._conflicts.units[self._who] >= 0)
        places = np.flatnonzero(alone if alone.any() else suits)
        for chance in hashed(self._chance[one], _SWAP, batch, np.arange(min(len(places), 4))).tolist():
            place = int(places[chance % len(places)])
            two, there = int(self._who[place]), int(self._batch[place])
            if strict and any(self._in_batch[other, batch] for other in self._conflicts.apart.get(two, ())):
                continue
            if into is not None and ((two, there) in self._wished or (two, batch) in self._shunned):
                continue
            self._move(one, batch, there)
            self._move(two, there, batch)
            self._who[seat], self._who[place] = two, one
            return True
        return False

    def _move(self, one: int, before: int, after: int) -> None:
        for table, row in ((self._in_batch, one), (self._of_unit, self._unit[one])):
            table[row, before] -= 1
            table[row, after] += 1
