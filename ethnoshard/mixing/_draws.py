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


def seatable(drawn: Counts, seats: npt.NDArray[np.int32]) -> Counts:
    """The same draws, or if they can't be seated, nobody twice in a batch, the nearest to them that can.

    That is Gale and Ryser's condition (1957): k people have at most the sum of min(seats, k) cells. What is beyond goes
    to those who come less often.

    >>> seatable(np.array([4, 1, 1]), np.array([2, 2, 2], np.int32))
    array([3, 2, 1])
    """
    batches = len(seats)
    if int(seats.max()) - int(seats.min()) <= 1 and int(drawn.max(initial=0)) <= batches:
        return drawn
    order = np.argsort(-drawn, kind="stable")
    # With one person more, every batch that has so many seats holds one cell more.
    room = batches - np.searchsorted(np.sort(seats), np.arange(len(drawn)), side="right")
    room = np.cumsum(room)
    fitting = drawn[order]
    if (np.cumsum(fitting) <= room).all():
        return drawn
    carried, before, last = 0, 0, batches
    numbers = fitting.tolist()
    for place, (number, most) in enumerate(zip(numbers, room.tolist(), strict=True)):
        taken = min(number + carried, most - before, last)
        carried += number - taken
        before, last = before + taken, taken
        numbers[place] = taken
    fitted = np.empty_like(drawn)
    fitted[order] = numbers
    return fitted
