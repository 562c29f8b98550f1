"""How many cells of each identity a phase draws."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._search import largest

Counts = npt.NDArray[np.int64]


def in_order(cells: Counts, total: int, limit: int) -> Counts:
    """Draw ``total`` cells in the order given, at most ``limit`` of one identity, again from the start if need be.

    >>> in_order(np.array([2, 1, 3]), 4, 9), in_order(np.array([2, 1, 3]), 8, 9)
    (array([2, 1, 1]), array([4, 1, 3]))
    """
    passes = largest(lambda p: int(np.minimum((p - 1) * cells, limit).sum()) <= total) - 1
    drawn = np.minimum(min(passes, limit) * cells, limit)
    more = np.minimum(cells, limit - drawn)
    before = np.cumsum(more) - more
    return np.asarray(drawn + np.clip(total - int(drawn.sum()) - before, 0, more))


def of_the_fullest(cells: Counts, total: int, limit: int) -> Counts:
    """Draw ``total`` cells, at most ``limit`` of one identity, so that the fullest left is as low as can be.

    What remains, as a multiset, does not depend on the order given.

    >>> of_the_fullest(np.array([2, 1, 4]), 3, 9)
    array([1, 0, 2])
    """
    level = largest(lambda above: int(_over(cells, above - 1, limit).sum()) >= total) - 1
    taken = _over(cells, level + 1, limit)
    more = np.flatnonzero(_over(cells, level, limit) > taken)[: total - int(taken.sum())]
    taken[more] += 1
    return taken


def _over(cells: Counts, level: int, limit: int) -> Counts:
    return np.minimum(np.maximum(cells - level, 0), limit)
