"""In which order an epoch reads a stratum: shards shuffled, then pieces of a few of them together, then as on disk."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities

PIECE_BITS = 20
"""Spans that begin in the same MiB of a shard stay together, so that one read fetches them."""

_SHARDS, _PIECES = 2, 3


def reading_order(
    identities: Identities, members: npt.NDArray[np.int32], seed: int, epoch: int, open_shards: int
) -> npt.NDArray[np.int32]:
    """The members (numbers of identities, ascending) in the order in which the epoch first meets them."""
    shard = identities.shard[members]
    shards = np.unique(shard)
    shuffled = shards[np.argsort(hashed(seed, epoch, _SHARDS, shards), kind="stable")]
    waves = np.empty(int(shards[-1]) + 1, np.uint64)
    waves[shuffled] = np.arange(len(shuffled)) // open_shards
    piece = hashed(seed, epoch, _PIECES, shard, identities.offset[members] >> PIECE_BITS)
    keys = waves[shard] << np.uint64(40) | piece >> np.uint64(24)
    return members[np.argsort(keys, kind="stable")]
