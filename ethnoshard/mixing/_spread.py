"""Who is in which batch of a block: the one place where a batch's identities are chosen."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._hash import Hashes

_STEPS = 1 << 20


def spread(counts: npt.NDArray[np.int64], quotas: npt.NDArray[np.int32], chance: Hashes) -> list[npt.NDArray[np.intp]]:
    """Deal ``counts[i]`` appearances of each identity to a block's batches, nobody twice in a batch.

    An identity's appearances are spaced evenly over the block from a random start, as far as quotas allow. Where it
    has to be in every batch that is left it goes first. That always comes out: the quotas are f or f + 1 throughout,
    so were there more such people than seats, or fewer people than seats, the sums would not agree.

    Args:
        counts: appearances of each identity, at most the number of batches; they sum to that of the quotas.
        quotas: seats in each batch, each f or f + 1 for some f of at least 1.
        chance: a random number for each identity.

    Returns:
        For each batch the indices of its identities.
    """
    batches = len(quotas)
    left = counts.copy()
    spacing = _STEPS * batches // np.maximum(counts, 1)
    # Twenty bits are the resolution of time within a batch.
    due = (chance >> np.uint64(44)).astype(np.int64) * batches // np.maximum(counts, 1)
    never = np.iinfo(np.int64).max
    due[left == 0] = never
    tight = -(chance >> np.uint64(2)).astype(np.int64) - 1
    dealt = []
    for batch, seats in enumerate(quotas.tolist()):
        keys = np.where((left >= batches - batch) & (left > 0), tight, due)
        chosen = np.argsort(keys, kind="stable")[:seats]
        dealt.append(chosen)
        left[chosen] -= 1
        due[chosen] += spacing[chosen]
        due[chosen[left[chosen] == 0]] = never
    return dealt
