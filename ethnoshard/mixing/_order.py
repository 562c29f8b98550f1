"""In which order an epoch reads a pool: pieces of all its shards shuffled, and who is read with whom."""

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
    identities: Identities, members: npt.NDArray[np.int32], seed: int, epoch: int, open_shards: int | None
) -> Waves:
    """Which of a pool's people are read in the same part of an epoch, since their shards are open together; uint64.

    Args:
        identities: of the dataset.
        members: of the pool, numbers of identities.
        seed: the plan's.
        epoch: its number.
        open_shards: how many shards are open at the same time; None for all.
    """
    shard = identities.shard[members]
    if open_shards is None or not len(shard):
        return np.zeros(len(shard), np.uint64)
    shards = np.unique(shard)
    shuffled = shards[np.argsort(hashed(seed, epoch, _SHARDS, shards), kind="stable")]
    number = np.empty(int(shards[-1]) + 1, np.uint64)
    number[shuffled] = np.arange(len(shuffled)) // open_shards
    return number[shard]
