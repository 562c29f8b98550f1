"""How much is drawn: cells of each identity in a phase and, where nobody counts, people of each pool in a batch.

Where the shards lie plays no part in the latter: the numbers are drawn first, for the whole epoch, and who fills the
slots of a group follows from the order in which its shards are read. Drawing the people themselves, out of what happens
to be in memory, would tie a batch's composition to the shards that are open.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._deal import largest_first
from ethnoshard.mixing._hash import hashed

Counts = npt.NDArray[np.int64]
Quotas = npt.NDArray[np.int32]

_LONGEST = 2**40


_SLOTS, _SWAPS, _ORDER, _START, _WEIGHTED = 50, 51, 52, 53, 54
_OFTEN = 8
"""Whoever comes in every so-many-th batch, or more often, is drawn batch by batch; and everybody, where there are fewer
than so many times as many people as a batch has."""
_ROUNDS = 60
_RARELY = 100
"""Whoever comes less than once in so many batches hardly ever comes twice in one; only of the others is it looked at,
where there are millions of cells."""
_LARGE = 2_000_000


def largest(holds: Callable[[int], bool]) -> int:
    """The largest whole number for which ``holds``; it does for 1, up to some point, and then no more.

    >>> largest(lambda n: n * n <= 50)
    7
    """
    low, high = 1, 2
    while high < _LONGEST and holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def draw_in_order(cells: Counts, total: int, limit: int) -> Counts:
    """Draw ``total`` cells in the order given, at most ``limit`` of one identity, again from the start if need be.

    >>> draw_in_order(np.array([2, 1, 3]), 4, 9), draw_in_order(np.array([2, 1, 3]), 8, 9)
    (array([2, 1, 1]), array([4, 1, 3]))
    """
    passes = largest(lambda p: int(np.minimum((p - 1) * cells, limit).sum()) <= total) - 1
    drawn = np.minimum(min(passes, limit) * cells, limit)
    more = np.minimum(cells, limit - drawn)
    before = np.cumsum(more) - more
    return np.asarray(drawn + np.clip(total - int(drawn.sum()) - before, 0, more))


def draw_levelling(cells: Counts, total: int, limit: int) -> Counts:
    """Draw ``total`` cells, at most ``limit`` of one identity, so that the fullest left is as low as can be.

    What remains, as a multiset, does not depend on the order given.

    >>> draw_levelling(np.array([2, 1, 4]), 3, 9)
    array([1, 0, 2])
    """
    level = largest(lambda above: int(_over(cells, above - 1, limit).sum()) >= total) - 1
    taken = _over(cells, level + 1, limit)
    more = np.flatnonzero(_over(cells, level, limit) > taken)[: total - int(taken.sum())]
    taken[more] += 1
    return taken


def _over(cells: Counts, level: int, limit: int) -> Counts:
    return np.minimum(np.maximum(cells - level, 0), limit)


def nearest_seatable(drawn: Counts, seats: npt.NDArray[np.int32], cells: Counts | None = None) -> Counts:
    """The same draws, or if they can't be seated, nobody twice in a batch, the nearest to them that can.

    That is Gale and Ryser's condition (1957): k people have at most the sum of min(seats, k) cells. What is beyond goes
    to those who come less often.

    Args:
        drawn: cells of each person, summing to the seats.
        seats: of each batch.
        cells: that nobody is drawn beyond; of those who are drawn alike, the ones with more of them come first, so that
            what remains, as a multiset, does not depend on the order given. It must fit: :func:`seatable`.

    >>> nearest_seatable(np.array([4, 1, 1]), np.array([2, 2, 2], np.int32))
    array([3, 2, 1])
    >>> nearest_seatable(np.array([0, 0, 2, 2]), np.array([3, 1], np.int32), np.array([0, 1, 3, 3]))
    array([0, 1, 2, 1])
    """
    batches = len(seats)
    if int(seats.max()) - int(seats.min()) <= 1 and int(drawn.max(initial=0)) <= batches:
        return drawn
    order = np.argsort(-drawn, kind="stable") if cells is None else np.lexsort((-cells, -drawn))
    # With one person more, every batch that has so many seats holds one cell more.
    room = batches - np.searchsorted(np.sort(seats), np.arange(len(drawn)), side="right")
    room = np.cumsum(room)
    fitting = drawn[order]
    if (np.cumsum(fitting) <= room).all():
        return drawn
    carried, before, last = 0, 0, batches
    numbers = fitting.tolist()
    caps = [batches] * len(numbers) if cells is None else cells[order].tolist()
    for place, (number, most, cap) in enumerate(zip(numbers, room.tolist(), caps, strict=True)):
        taken = min(number + carried, most - before, last, cap)
        carried += number - taken
        before, last = before + taken, taken
        numbers[place] = taken
    fitted = np.empty_like(drawn)
    fitted[order] = numbers
    return fitted


def draw_within(cells: Counts, seats: npt.NDArray[np.int32]) -> Counts:
    """Draw a cell for each seat, levelling what is left, nobody beyond his cells or twice in a batch.

    What remains, as a multiset, does not depend on the order given: of the ways to level, giving to those with more
    cells first is the hardest to seat, so where that can be seated, all can; else it is what is made to fit.

    Args:
        cells: left to each person.
        seats: of each batch, at least 1; they must be such that the people can fill them.

    >>> draw_within(np.array([1, 1, 1, 3, 3, 3, 3]), np.array([5, 3], np.int32))
    array([1, 0, 0, 2, 2, 2, 1])
    """
    total = int(seats.sum(dtype=np.int64))
    order = np.argsort(-cells, kind="stable")
    hardest = np.empty_like(cells)
    hardest[order] = draw_levelling(cells[order], total, len(seats))
    fitting = nearest_seatable(hardest, seats, cells)
    return draw_levelling(cells, total, len(seats)) if (fitting == hardest).all() else fitting


def random_counts(
    quotas: npt.NDArray[np.int32], drawn: Counts, pool: npt.NDArray[np.integer], pools: int, key: int
) -> Quotas:
    """People of each pool in each batch, shape (batches, pools), int32, as all cells shuffled together give them.

    A batch is cells drawn without replacement, of different people: the number of a pool's people in it varies as the
    hypergeometric distribution does, and that in one batch says nothing of the next.

    Args:
        quotas: seats of each batch, for all pools together, at least 1, shape (batches,).
        drawn: cells of each identity, summing to the seats, at most one a batch.
        pool: the pool of each identity, from 0.
        pools: how many there are.
        key: from which the randomness follows.
    """
    batches = len(quotas)
    few = np.count_nonzero(drawn) < _OFTEN * int(quotas.max(initial=1))
    often = np.flatnonzero((drawn > 0) if few else (drawn * _OFTEN > batches))
    rest = drawn.copy()
    rest[often] = 0
    frequent = _batch_by_batch(quotas, drawn[often], int(rest.sum()), key)
    if frequent is None:
        seated = largest_first(drawn, quotas, hashed(key, _ORDER, np.arange(len(drawn))))
        return _counted(np.concatenate(seated), np.repeat(np.arange(batches), quotas), pool, pools, batches)
    who, batch = often[frequent[0]], frequent[1]
    free = quotas - np.bincount(batch, minlength=batches)
    table = _counted(who, batch, pool, pools, batches)
    table += _counted(_shuffled(free, rest, key), np.repeat(np.arange(batches), free), pool, pools, batches)
    return table


def _counted(
    who: npt.NDArray[np.intp],
    batch: npt.NDArray[np.intp],
    pool: npt.NDArray[np.integer],
    pools: int,
    batches: int,
) -> Quotas:
    numbers = np.bincount(batch * pools + pool[who], minlength=batches * pools)
    return numbers.reshape(batches, pools).astype(np.int32)


def weighted_counts(people: int, batches: int, shares: list[Fraction], most: list[int], key: int) -> Quotas:
    """People of each group in each batch where each slot is drawn by itself, shape (batches, groups), int32.

    Args:
        people: slots of a batch.
        batches: how many.
        shares: of the groups, summing to 1.
        most: how many people each group has: more of them can't be in a batch, and the slot is drawn again.
        key: from which the randomness follows.
    """
    table = np.zeros((batches, len(shares)), np.int64)
    open_ = np.array([share > 0 for share in shares])
    limits = np.array(most)
    for again in range(len(shares) + 1):
        lacking = people - table.sum(axis=1)
        places = np.repeat(np.arange(batches), lacking)
        if not len(places):
            break
        full = table >= limits
        chances = np.where(full | ~open_, 0.0, np.array([float(share) for share in shares]))
        # Where every group is full the batch is, too.
        ends = np.cumsum(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-300), axis=1)
        # 53 bits, as much as a float holds.
        chance = (hashed(key, _WEIGHTED, again, np.arange(len(places))) >> np.uint64(11)).astype(np.float64) / 2.0**53
        last = chances.shape[1] - 1 - np.argmax(chances[:, ::-1] > 0, axis=1)
        group = np.minimum((chance[:, None] >= ends[places]).sum(axis=1), last[places])
        table += np.bincount(places * len(shares) + group, minlength=table.size).reshape(table.shape)
        table = np.minimum(table, limits)
    return table.astype(np.int32)


def _shuffled(quotas: npt.NDArray[np.integer], drawn: Counts, key: int) -> npt.NDArray[np.intp]:
    """Whose cell is in each seat: all shuffled, then swapped at random as long as somebody is in a batch twice."""
    cells = np.repeat(np.arange(len(drawn)), drawn)
    who = cells[np.argsort(hashed(key, _SLOTS, np.arange(len(cells))), kind="stable")]
    batch = np.repeat(np.arange(len(quotas)), quotas)
    looked_at = drawn * _RARELY > len(quotas) if len(cells) > _LARGE else np.ones(len(drawn), np.bool_)
    for number in range(_ROUNDS):
        there = np.flatnonzero(looked_at[who])
        place = batch[there] * len(drawn) + who[there]
        order = np.argsort(place, kind="stable")
        again = there[order[1:][place[order[1:]] == place[order[:-1]]]]
        if not len(again):
            break
        other = (hashed(key, _SWAPS, number, again) % np.uint64(len(who))).astype(np.int64)
        # Each seat is swapped once at a time.
        _, first = np.unique(other, return_index=True)
        first = first[~np.isin(other[first], again)]
        one, two = again[first], other[first]
        who[one], who[two] = who[two], who[one]
    return who


def _batch_by_batch(
    quotas: npt.NDArray[np.int32], drawn: Counts, others: int, key: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | None:
    """Who of some is in which batch, each with the chance of his cells left among the batches left.

    It is systematic sampling in an order of chance (Goodman and Kish 1950): people lie on a line, each as long as he
    has cells left, and so do all others together; evenly spaced points from a random start say who comes. Nobody is
    longer than the space between two, so nobody comes twice. Whoever has to be in every batch left is in this one.

    Args:
        quotas: seats of each batch.
        drawn: cells of each of them.
        others: cells of all others.
        key: from which the randomness follows.

    Returns:
        Of each of their cells whose it is and in which batch; None if somebody is left over, which does not happen
        where the quotas are f or f + 1 throughout.
    """
    left = np.append(drawn, others)
    who, batch = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    if not len(drawn):
        return who[0], batch[0]
    for number, seats in enumerate(quotas.tolist()):
        weights = left.copy()
        must = weights[:-1] >= len(quotas) - number
        while True:
            weights[:-1][must] = 0
            places, total = seats - int(must.sum()), int(weights.sum())
            longer = weights[:-1] * places > total
            if not longer.any():
                break
            must |= longer
        chosen = np.flatnonzero(must)
        if places < 0 or (places and not total):
            return None
        if places:
            order = np.argsort(hashed(key, _ORDER, number, np.arange(len(left))), kind="stable")
            start = int(hashed(key, _START, number)[0]) % total
            points = (start + total * np.arange(places)) // places
            drawn_now = order[np.searchsorted(np.cumsum(weights[order]), points, side="right")]
            left[-1] -= np.count_nonzero(drawn_now == len(drawn))
            chosen = np.concatenate([chosen, drawn_now[drawn_now < len(drawn)]])
        left[chosen] -= 1
        who.append(chosen)
        batch.append(np.full(len(chosen), number))
    if left[:-1].any():
        return None
    return np.concatenate(who), np.concatenate(batch)
