"""In which order an epoch reads a pool: pieces of its shards shuffled, and sets of look-alikes kept together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts
from ethnoshard.mixing._hash import Hashes, hashed
from ethnoshard.mixing._identities import Identities

LARGEST_PIECE_BITS = 20
"""Spans that begin in the same MiB of a shard are read in one go, at most."""

_SMALLEST_PIECE_BITS = 16
_SPARE = 1.4
"""Times as many pieces as a batch has people that a window holds at least, so that nobody needs to meet those who lie
beside him."""

_SHARDS, _PIECES, _SETS, _SPLIT = 2, 3, 7, 8
_ALONE = 1 << 32

Waves = Hashes


LARGEST_SET = 8
"""People of a set, at most. Of s people s - 1 can have their nearest in it; larger ones gain little, and leave a batch
less room to differ."""
_EDGES, _CHOSEN = 40, 41
_ROUNDS = 12
_RANKS = 4
"""Nearest identities that are tried, one after the other, for those who are alone."""
_CELL_BITS = 31
_MOST_CELLS = (1 << _CELL_BITS) - 1
_NEVER = np.uint64(2**64 - 1)
Labels = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """A pool's people in the order in which an epoch first meets them.

    Attributes:
        places: indices into the pool's members, shape (n,).
        unit: which people belong together on the way, ascending, shape (n,): those read in one go, who are kept apart,
            or a set of look-alikes, who are brought together.
        is_set: whether the unit is a set of look-alikes, shape (n,).
    """

    places: npt.NDArray[np.intp]
    unit: npt.NDArray[np.int64]
    is_set: npt.NDArray[np.bool_]


def piece_bits(window_mib: int, people_per_batch: int) -> int:
    """How many bits of an offset a piece spans."""
    bits = (int(window_mib * 2**20 / (_SPARE * people_per_batch))).bit_length() - 1
    return max(_SMALLEST_PIECE_BITS, min(LARGEST_PIECE_BITS, bits))


def reading_order(
    identities: Identities,
    members: npt.NDArray[np.int32],
    cells: Counts,
    sets: npt.NDArray[np.int32],
    wave: Waves,
    *,
    seed: int,
    epoch: int,
    bits: int,
    longest: int,
    apart: npt.NDArray[np.integer],
    anchors: npt.NDArray[np.int64] | None = None,
) -> Order:
    """Shuffle the pieces of a pool's shards, and the sets of look-alikes, whose people leave their pieces.

    Args:
        identities: of the dataset.
        members: of the pool, numbers of identities, ascending.
        cells: how many each of them has.
        sets: the set of look-alikes of each, -1 for none; of people of one wave.
        wave: of each, see :func:`waves`.
        seed: the plan's.
        epoch: its number.
        bits: of an offset that a piece spans.
        longest: cells that a piece has at most; one with more is taken apart.
        apart: pairs of members, as indices, who should not meet: they are read as far from each other as can be.
        anchors: after how many cells of the others each is to come, -1 where that is left to chance, since it hangs on
            people of other pools.
    """
    shard, piece = identities.shard[members], identities.offset[members] >> bits
    key = hashed(seed, epoch, _PIECES, shard, piece)
    begins = np.flatnonzero(np.append(True, (shard[1:] != shard[:-1]) | (piece[1:] != piece[:-1])))
    before = np.cumsum(cells) - cells
    before -= np.repeat(before[begins], np.diff(np.append(begins, len(members))))
    part = before // longest
    # Whoever straddles two parts is on his own.
    part = np.where((before + cells - 1) // longest > part, _ALONE + np.arange(len(members)), part)
    key = np.where(part == 0, key, hashed(key, _SPLIT, part))
    is_set = sets >= 0
    key = np.where(is_set, hashed(seed, epoch, _SETS, sets), key)
    _spread(key, apart, is_set)
    places = np.argsort(wave << np.uint64(40) | key >> np.uint64(24), kind="stable")
    if anchors is not None:
        places = _anchored(places, cells, anchors)
    key = key[places]
    unit = np.cumsum(np.append(False, key[1:] != key[:-1]), dtype=np.int64)
    return Order(places, unit, is_set[places])


def _spread(key: Hashes, apart: npt.NDArray[np.integer], is_set: npt.NDArray[np.bool_]) -> None:
    """Put those who are kept apart at even distances, from where the one of them is who is in a set, if any is."""
    if not len(apart):
        return
    label = np.arange(len(key))
    while True:
        # All that hang together get the number of the first of them.
        lowest = label.copy()
        for one, two in (apart.T, apart.T[::-1]):
            np.minimum.at(lowest, one, label[two])
        if (lowest == label).all():
            break
        label = lowest
    some = np.unique(apart)
    some = some[np.lexsort((some, ~is_set[some], label[some]))]
    first, sizes = np.unique(label[some], return_index=True, return_counts=True)[1:]
    begins, size = np.repeat(first, sizes), np.repeat(sizes, sizes)
    place = np.arange(len(some)) - begins
    step = np.uint64(2**64 - 1) // size.astype(np.uint64)
    # Twice in sets, they stay with their sets.
    moved = (place > 0) & ~is_set[some]
    key[some[moved]] = (key[some[begins]] + step * place.astype(np.uint64))[moved]


def _anchored(places: npt.NDArray[np.intp], cells: Counts, anchors: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Put some where they are to come; the others stay in their order, around them."""
    held = anchors[places] >= 0
    loose, tied = places[~held], places[held]
    # Those of a set stay side by side, as they have the same anchor.
    tied = tied[np.argsort(anchors[tied], kind="stable")]
    before_loose = np.cumsum(cells[loose]) - cells[loose]
    # After how many cells of those who are loose: what is wanted, less the tied ones that come before.
    wanted = anchors[tied] - (np.cumsum(cells[tied]) - cells[tied])
    wanted = np.maximum.accumulate(np.maximum(wanted, 0))
    order = np.argsort(np.concatenate([before_loose, wanted]), kind="stable")
    anchored: npt.NDArray[np.intp] = np.concatenate([loose, tied])[order]
    return anchored


def waves(
    identities: Identities, members: npt.NDArray[np.int32], seed: int, epoch: int, shards_in_window: int | None
) -> Waves:
    """Which of a pool's people are read in the same part of an epoch, since their shards are open together; uint64.

    Args:
        identities: of the dataset.
        members: of the pool, numbers of identities.
        seed: the plan's.
        epoch: its number.
        shards_in_window: how many shards are open at the same time; None for all.
    """
    shard = identities.shard[members]
    if shards_in_window is None or not len(shard):
        return np.zeros(len(shard), np.uint64)
    shards = np.unique(shard)
    shuffled = shards[np.argsort(hashed(seed, epoch, _SHARDS, shards), kind="stable")]
    number = np.empty(int(shards[-1]) + 1, np.uint64)
    number[shuffled] = np.arange(len(shuffled)) // shards_in_window
    return number[shard]


def sets_of(
    members: npt.NDArray[np.int32],
    cells: Counts,
    nearest: npt.NDArray[np.int32],
    apart: Places,
    wave: Waves,
    *,
    hard: float,
    all_cells: int,
    largest: int,
    key: int,
) -> Labels:
    """Which set each member of some is in, -1 for none, shape (members,), int32.

    Everybody is joined with the nearest other member, in an order of chance, as long as a set stays small enough. Of a
    set of s people s - 1 so have their nearest in it. A share ``hard`` of the cells, whole sets of chance, stays; the
    other sets are let go of.

    Args:
        members: numbers of the identities, ascending.
        cells: of each; 0 for those who may be in no set.
        nearest: whom each identity of the dataset resembles most, the nearest first, -1 for nobody.
        apart: pairs of members, as indices, who are never in one set.
        wave: of each; nobody is joined with somebody of another, whose shards are closed meanwhile.
        hard: share of the cells that is in company.
        all_cells: how many there are, with those of people who may be in no set.
        largest: people of a set, at most.
        key: from which the chance follows.
    """
    none = np.full(len(members), -1, np.int32)
    if hard == 0 or largest < 2 or len(members) < 2:
        return none
    label = _joined(members, cells > 0, nearest, apart, wave, largest, key)
    weight = _in_company(label, cells)
    sets = np.flatnonzero(weight)
    order = sets[np.argsort(hashed(key, _CHOSEN, sets), kind="stable")]
    total = hard * float(all_cells)
    # The set that the share ends in stays if more than half of it belongs to it.
    stays = order[np.cumsum(weight[order]) - weight[order] / 2 <= total]
    number = none.copy()
    number[stays] = np.arange(len(stays))
    return number[label]


def _in_company(label: Places, cells: Counts) -> npt.NDArray[np.int64]:
    """Cells of each set that are not alone: of who has most, only as many as of who comes next."""
    size = np.bincount(label, minlength=len(label))
    there = np.flatnonzero(size[label] > 1)
    # By set, of each first who has most: one number is sorted faster than two.
    ordered = np.sort(label[there] << np.int64(_CELL_BITS) | _MOST_CELLS - np.minimum(cells[there], _MOST_CELLS))
    label, cells = ordered >> np.int64(_CELL_BITS), _MOST_CELLS - (ordered & _MOST_CELLS)
    first = np.flatnonzero(np.append(True, label[1:] != label[:-1])) if len(label) else there
    cells[first] = cells[first + 1]
    return np.bincount(label, cells, minlength=len(size)).astype(np.int64)


def _joined(
    members: npt.NDArray[np.int32],
    free: npt.NDArray[np.bool_],
    nearest: npt.NDArray[np.int32],
    apart: Places,
    wave: Waves,
    largest: int,
    key: int,
) -> Places:
    """The set of each member, by the index of one of its people."""
    label = np.arange(len(members))
    size = np.ones(len(members), np.int64)
    best = np.full(len(members), _NEVER, np.uint64)
    # Places in a table, which is quicker than searching for each; and neighbours read once, as they may be in a file.
    place = np.full(len(nearest), -1, np.int32)
    nearest = np.asarray(nearest[members, :_RANKS])
    place[members[free]] = np.flatnonzero(free)
    for rank in range(nearest.shape[1]):
        # Who has found somebody is content.
        asks = free & (size[label] == 1) if rank else free
        one, two = _edges(np.flatnonzero(asks), nearest[:, rank], place, apart)
        there = wave[one] == wave[two]
        one, two = one[there], two[there]
        chance = hashed(key, _EDGES, rank, one, two) >> np.uint64(1)
        ours, theirs, onto = label[one], label[two], np.arange(len(members))
        for _ in range(_ROUNDS):
            fits = np.flatnonzero((ours != theirs) & (size[ours] + size[theirs] <= largest))
            ours, theirs, chance = ours[fits], theirs[fits], chance[fits]
            if not len(ours):
                break
            # Of the edges of a set the one with the least chance counts; where it is that of both, they are joined.
            np.minimum.at(best, ours, chance)
            np.minimum.at(best, theirs, chance)
            chosen = np.flatnonzero((best[ours] == chance) & (best[theirs] == chance))
            best[ours] = best[theirs] = _NEVER
            low, high = np.minimum(ours[chosen], theirs[chosen]), np.maximum(ours[chosen], theirs[chosen])
            size[low] += size[high]
            onto[high] = low
            ours, theirs = onto[ours], onto[theirs]
        label = _resolved(onto)[label]
    if len(apart):
        # Two who are kept apart may have come together by way of others.
        same = label[apart[:, 0]] == label[apart[:, 1]]
        out = np.unique(apart[same, 0])
        label = _without(label, out)
    return label


def _resolved(onto: Places) -> Places:
    """Who each leads to in the end, where each leads to another or to himself."""
    while True:
        further = onto[onto]
        if (further == onto).all():
            return onto
        onto = further


def _without(label: Places, out: Places) -> Places:
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
    one: Places, wanted: npt.NDArray[np.int32], place: npt.NDArray[np.int32], apart: Places
) -> tuple[Places, Places]:
    """Members and whom each would join, as indices, where both may.

    Args:
        one: the members.
        wanted: whom each member of the pool would join, -1 for nobody.
        place: the index of each identity of the dataset among the pool's members, -1 if it can't be joined.
        apart: pairs of indices that are kept apart.
    """
    whom = wanted[one]
    two = np.where(whom >= 0, place[whom], -1).astype(np.int64)
    there = two >= 0
    one, two = one[there], two[there]
    if len(apart):
        number = len(wanted)
        low, high = np.minimum(one, two), np.maximum(one, two)
        kept = np.minimum(apart[:, 0], apart[:, 1]) * number + np.maximum(apart[:, 0], apart[:, 1])
        fine = ~np.isin(low * number + high, kept)
        one, two = one[fine], two[fine]
    return one, two
