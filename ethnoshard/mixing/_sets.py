"""Sets of look-alikes, other ones each epoch, in which nobody is twice."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._resemblance import Resemblance

LARGEST_SET = 8
"""People of a set, at most. Of s people s - 1 can have their nearest in it; larger ones gain little, and leave a batch
less room to differ."""

_EDGES, _CHOSEN = 40, 41
_ROUNDS = 12
_RANKS = 4
"""Nearest identities that are tried, one after the other, for those who are alone."""

Labels = npt.NDArray[np.int32]


def sets_of(
    members: npt.NDArray[np.int32],
    cells: Counts,
    near: Resemblance,
    *,
    hard: float,
    all_cells: int,
    largest: int,
    key: int,
) -> Labels:
    """Which set each member of a pool is in, -1 for none, shape (members,), int32.

    Everybody is joined with the nearest other member, in an order of chance, as long as a set stays small enough. Of a
    set of s people s - 1 so have their nearest in it. A share ``hard`` of the cells, whole sets of chance, stays; the
    other sets are let go of.

    Args:
        members: numbers of the identities, ascending.
        cells: of each; 0 for those who may be in no set.
        near: who resembles whom.
        hard: share of the cells that is in company.
        all_cells: how many there are, with those of people who may be in no set.
        largest: people of a set, at most.
        key: from which the chance follows.
    """
    none = np.full(len(members), -1, np.int32)
    if hard == 0 or largest < 2 or len(members) < 2:
        return none
    label = _joined(members, cells > 0, near, largest, key)
    weight = _in_company(label, cells)
    order = np.argsort(hashed(key, _CHOSEN, np.arange(len(members))), kind="stable")
    order = order[weight[order] > 0]
    total = hard * float(all_cells)
    # The set that the share ends in stays if more than half of it belongs to it.
    stays = order[np.cumsum(weight[order]) - weight[order] / 2 <= total]
    number = none.copy()
    number[stays] = np.arange(len(stays))
    return number[label]


def _in_company(label: npt.NDArray[np.int64], cells: Counts) -> npt.NDArray[np.int64]:
    """Cells of each set that are not alone: of who has most, only as many as of who comes next."""
    order = np.lexsort((-cells, label))
    label, cells = label[order], cells[order].copy()
    first = np.flatnonzero(np.append(True, label[1:] != label[:-1]))
    second = first + 1
    there = (second < len(label)) & (label[np.minimum(second, len(label) - 1)] == label[first])
    cells[first] = np.where(there, cells[np.minimum(second, len(label) - 1)], 0)
    return np.bincount(label, cells, minlength=len(label)).astype(np.int64)


def _joined(
    members: npt.NDArray[np.int32], free: npt.NDArray[np.bool_], near: Resemblance, largest: int, key: int
) -> npt.NDArray[np.int64]:
    """The set of each member, by the index of one of its people."""
    label = np.arange(len(members))
    size = np.ones(len(members), np.int64)
    apart = np.searchsorted(members, near.apart_among(members))
    for rank in range(min(_RANKS, near.nearest.shape[1])):
        one, two = _edges(members, free, near.nearest[members, rank], apart)
        if rank:
            # Who has found somebody is content.
            alone = size[label[one]] == 1
            one, two = one[alone], two[alone]
        chance = hashed(key, _EDGES, rank, one, two) >> np.uint64(1)
        for _ in range(_ROUNDS):
            ours, theirs = label[one], label[two]
            fits = (ours != theirs) & (size[ours] + size[theirs] <= largest)
            one, two, chance = one[fits], two[fits], chance[fits]
            if not len(one):
                break
            ours, theirs = ours[fits], theirs[fits]
            # Of the edges of a set the one with the least chance counts; where it is that of both, they are joined.
            best = np.full(len(members), np.iinfo(np.uint64).max, np.uint64)
            np.minimum.at(best, ours, chance)
            np.minimum.at(best, theirs, chance)
            chosen = (best[ours] == chance) & (best[theirs] == chance)
            low, high = np.minimum(ours, theirs)[chosen], np.maximum(ours, theirs)[chosen]
            size[low] += size[high]
            onto = np.arange(len(members))
            onto[high] = low
            label = onto[label]
    if len(apart):
        # Two who are kept apart may have come together by way of others.
        same = label[apart[:, 0]] == label[apart[:, 1]]
        out = np.unique(apart[same, 0])
        label = _without(label, out)
    return label


def _without(label: npt.NDArray[np.int64], out: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Take some out of their sets; each is a set of its own then."""
    left = np.ones(len(label), np.bool_)
    left[out] = False
    # A set is named after one of those who stay in it.
    name = np.full(len(label), len(label), np.int64)
    np.minimum.at(name, label[left], np.flatnonzero(left))
    label = name[label]
    label[out] = out
    return label


def _edges(
    members: npt.NDArray[np.int32],
    free: npt.NDArray[np.bool_],
    wanted: npt.NDArray[np.int32],
    apart: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Members and whom each would join, as indices, where both may."""
    found = np.minimum(np.searchsorted(members, wanted), len(members) - 1)
    there = (wanted >= 0) & (members[found] == wanted) & free & free[found]
    one = np.flatnonzero(there)
    two = found[one]
    if len(apart):
        low, high = np.minimum(one, two), np.maximum(one, two)
        kept = np.minimum(apart[:, 0], apart[:, 1]) * len(members) + np.maximum(apart[:, 0], apart[:, 1])
        fine = ~np.isin(low * len(members) + high, kept)
        one, two = one[fine], two[fine]
    return one, two
