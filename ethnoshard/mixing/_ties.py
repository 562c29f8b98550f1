"""What people of one pool have to do with those of another: look-alikes that meet, and pairs that are kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts
from ethnoshard.mixing._identities import Numbers, Resemblance

if TYPE_CHECKING:
    from ethnoshard.mixing._schedule import PoolSchedule

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ties:
    """What people of a pool have to do with people of the pools laid out before.

    Attributes:
        own: numbers of the pool's identities, shape (n,), int32.
        other: of each, the identity of another pool whose batches it looks to, shape (n,), int32.
        of: which of ``schedules`` that one is in, shape (n,).
        meet: whether they are to be in the same batches, or in none together, shape (n,).
        schedules: the pools laid out before.
    """

    own: Numbers
    other: Numbers
    of: npt.NDArray[np.intp]
    meet: npt.NDArray[np.bool_]
    schedules: "Sequence[PoolSchedule]"

    def moments(self) -> Places:
        """About when the other one comes: a batch of the phase, shape (n,)."""
        moments = np.zeros(len(self.own), np.int64)
        for number, schedule in enumerate(self.schedules):
            some = self.of == number
            if some.any():
                moments[some] = schedule.moments(self.other[some])
        return moments

    def among(self, people: Numbers) -> "Ties":
        """Those of some of the pool's people."""
        there = np.isin(self.own, people)
        return Ties(self.own[there], self.other[there], self.of[there], self.meet[there], self.schedules)

    def batches(self, begin: int, end: int) -> list[Places]:
        """In which of the batches ``begin`` to before ``end`` of the phase each one's other one is."""
        found: list[Places] = [np.empty(0, np.int64)] * len(self.own)
        for number, schedule in enumerate(self.schedules):
            some = np.flatnonzero(self.of == number)
            if not len(some):
                continue
            who, batch = schedule.seats_of(self.other[some], begin, end)
            for place in some.tolist():
                found[place] = np.sort(batch[who == self.other[place]])
        return found


class TieTable:
    """Who of a phase's pools looks to whom: members of a set to those of its pool that has most seats."""

    def __init__(self, rank: npt.NDArray[np.int16], company: Numbers | None, near: Resemblance) -> None:
        """Find it.

        Args:
            rank: of each identity of the dataset, when its pool is laid out, from 0; -1 if it isn't.
            company: the set of look-alikes of each, -1 for none; None where sets are of one pool.
            near: who resembles whom.
        """
        self._rank = rank
        pairs = near.apart[(rank[near.apart] >= 0).all(axis=1)]
        later = rank[pairs[:, 0]] > rank[pairs[:, 1]]
        pairs = np.where(later[:, None], pairs, pairs[:, ::-1])
        pairs = pairs[rank[pairs[:, 0]] != rank[pairs[:, 1]]]
        own, other = [pairs[:, 0]], [pairs[:, 1]]
        meet = np.zeros(len(pairs), np.bool_)
        if company is not None:
            follower, leader = self._leaders(company, near)
            own.append(follower)
            other.append(leader)
            meet = np.concatenate([meet, np.ones(len(follower), np.bool_)])
        self._own, self._other, self._meet = np.concatenate(own), np.concatenate(other), meet

    def of(self, rank: int, schedules: "Sequence[PoolSchedule]") -> Ties | None:
        """The ties of the pool that is laid out as number ``rank``, if there are any."""
        there = np.flatnonzero(self._rank[self._own] == rank)
        if not len(there):
            return None
        other = self._other[there]
        return Ties(self._own[there], other, self._rank[other].astype(np.intp), self._meet[there], schedules)

    def _leaders(self, company: Numbers, near: Resemblance) -> tuple[Numbers, Numbers]:
        """Who looks to whom: to whom he resembles most of those laid out before, else to the set's first."""
        people = np.flatnonzero(company >= 0).astype(np.int32)
        order = people[np.lexsort((people, self._rank[people], company[people]))]
        begins = np.flatnonzero(np.append(True, company[order][1:] != company[order][:-1])) if len(order) else order
        first = np.repeat(order[begins], np.diff(np.append(begins, len(order))))
        leader = first.copy()
        if near.nearest_of_all is not None:
            nearest = np.asarray(near.nearest_of_all[order])
            for column in range(nearest.shape[1] - 1, -1, -1):
                one = nearest[:, column]
                suits = (one >= 0) & (company[one] == company[order]) & (self._rank[one] >= 0)
                suits &= self._rank[one] < self._rank[order]
                leader = np.where(suits, one, leader)
        follows = self._rank[leader] < self._rank[order]
        return order[follows], leader[follows]


def anchors_of(
    members: Numbers,
    cells: Counts,
    sets: Numbers,
    quotas: Numbers,
    seated: npt.NDArray[np.int64] | None,
    ties: Ties,
) -> Counts:
    """After how many cells of its pool each member is to come, who looks to somebody of another pool; -1 for others.

    He comes when the other one does; or half a turn from there, where they are kept apart.
    """
    anchors = np.full(len(members), -1, np.int64)
    turn = int(cells.sum())
    moments = ties.moments()
    batch = moments if seated is None else np.searchsorted(seated, moments)
    seats = np.concatenate([[0], np.cumsum(quotas, dtype=np.int64)])
    at = np.searchsorted(members, ties.own)
    wanted = seats[np.minimum(batch, len(quotas))] - cells[at] // 2
    wanted[~ties.meet] += turn // 2
    # Who is to meet somebody counts more than who is kept apart from another; and of a set all go with its first.
    for some in (~ties.meet, ties.meet):
        anchors[at[some]] = wanted[some] % turn
    held = np.flatnonzero((anchors >= 0) & (sets >= 0))
    _, first, which = np.unique(sets[held], return_index=True, return_inverse=True)
    of_set = np.full(int(sets.max(initial=-1)) + 2, -1, np.int64)
    of_set[sets[held]] = anchors[held][first][which]
    together = of_set[sets] >= 0
    anchors[together] = of_set[sets][together]
    return anchors
