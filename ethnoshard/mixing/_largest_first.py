"""The way of seating people that works whenever any does."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Counts
from ethnoshard.mixing._hash import Hashes


def largest_first(counts: Counts, seats: npt.NDArray[np.int32], chance: Hashes) -> list[npt.NDArray[np.intp]]:
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
