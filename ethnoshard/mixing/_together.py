"""Quotas of groups that come several people at once.

A quota keeps a group's number n in a batch next to its mean, and E[n(n - 1)] = mean^2 - mean + variance: a group that
has one person a batch, or less, has no negatives of its own left. Coming together raises the variance and leaves the
mean.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._draws import Quotas
from ethnoshard.mixing._quotas import quota_table, seated


def together_table(
    shares: Sequence[Fraction], people: int, batches: int, least: Sequence[int], most: Sequence[int]
) -> Quotas:
    """Quotas of each batch, shape (batches, groups), int32; a row sums to ``people``.

    With m the greatest of ``least`` and x the exact number ``people * share`` of a group, for every group and batch b:

    * a batch holds none of it, or at least ``least`` of it,
    * the first b batches together hold less than m more or fewer than b * x.

    Three ways are tried, and what they give is checked. Where m divides a batch, lots of m people are seated as single
    people are by :func:`quota_table`. Where the largest group can give way, the others come in lots, of which a batch
    holds the whole or the next whole number, and the largest has what is left. Else each batch takes those that
    are owed most, as many groups and in such numbers as leave the least squares of what is owed.

    Args:
        shares: one for each group, not negative, summing to 1.
        people: identities a batch, P.
        batches: rows to make.
        least: how many of each group come at once, at least.
        most: how many people each group has.

    Raises:
        MixingError: no such quotas were found; the message has the numbers.
    """
    if max(least) == 1:
        return quota_table(shares, people, batches)
    exact = [share * people for share in shares]
    for table in _ways(shares, exact, people, batches, least):
        if _holds(table, exact, people, least) and not (table > np.array(most)).any():
            return table.astype(np.int32)
    lot = max(least)
    advice = (
        f"A batch of {people} holds one lot of {lot} and no second; say together={people // 2} or fewer, or "
        "target='same-group', which gives each batch one group"
        if people < 2 * lot
        else f"say fewer than {lot}, or make people_per_batch a multiple of it"
    )
    raise MixingError(
        f"together={lot} can't be kept with people_per_batch={people}, groups of "
        f"{', '.join(f'{number:,}' for number in most)} people and shares of "
        f"{', '.join(f'{float(share):.3g}' for share in shares)}. {advice}"
    )


def _ways(
    shares: Sequence[Fraction], exact: list[Fraction], people: int, batches: int, least: Sequence[int]
) -> Iterator[npt.NDArray[np.int64]]:
    most = max(least)
    wanted = [number for number, x in zip(least, exact, strict=True) if x > 0]
    if people % most == 0 and min(wanted) == most:
        yield most * quota_table(shares, people // most, batches).astype(np.int64)
    yield _largest_gives_way(exact, people, batches, least)
    yield _least_squares(exact, people, batches, least)


def _largest_gives_way(exact: list[Fraction], people: int, batches: int, least: Sequence[int]) -> npt.NDArray[np.int64]:
    """All but the largest group in lots; the number of lots in a batch varies by one, and so does the rest."""
    largest = max(range(len(exact)), key=lambda group: exact[group])
    lots = [Fraction(0) if group == largest else x / least[group] for group, x in enumerate(exact)]
    whole = [int(number) for number in lots]
    turns = [group for group, number in enumerate(lots) if number != int(number)]
    weights = [lots[group] - whole[group] for group in turns]
    seats = math.ceil(sum(weights))
    idle = seats - sum(weights, Fraction(0))
    table = np.tile(np.array(whole, np.int64), (batches, 1))
    if turns:
        rows, groups = seated(weights + ([idle] if idle else []), seats, batches)
        real = groups < len(turns)
        table[rows[real], np.array(turns)[groups[real]]] += 1
    table *= np.array(least)
    table[:, largest] = people - table.sum(axis=1)
    return table


def _least_squares(exact: list[Fraction], people: int, batches: int, least: Sequence[int]) -> npt.NDArray[np.int64]:
    """Batch by batch, the groups and numbers after which the squares of what groups are owed sum to the least.

    A batch that no choice serves ends the table with a row of zeros.
    """
    scale = math.lcm(*(x.denominator for x in exact))
    each = [int(x * scale) for x in exact]
    bound = max(least) * scale
    owed = [0] * len(exact)
    table = np.zeros((batches, len(exact)), np.int64)
    first: list[int] | None = None
    for batch in range(batches):
        due = [before + x for before, x in zip(owed, each, strict=True)]
        best: tuple[bool, int] | None = None
        for chosen in _choices(due, least, people):
            numbers = _numbers_of(due, chosen, least, scale, people)
            left = [value - scale * number for value, number in zip(due, numbers, strict=True)]
            cost = (max(map(abs, left)) >= bound, sum(value * value for value in left))
            if best is None or cost < best:
                best, table[batch], owed = cost, numbers, left
        if best is None or best[0]:
            table[batch] = 0
            break
        first = first or [*table[batch].tolist()]
        if not any(owed) and batch + 1 < batches:
            # All are even again: the same batches come once more.
            period = batch + 1
            table[period:] = table[np.arange(batches - period) % period]
            break
    return table


def _choices(due: list[int], least: Sequence[int], people: int) -> Iterator[tuple[int, ...]]:
    """The one, two ... groups that are owed most, as far as they fit into a batch. Other sets do no better."""
    groups = sorted((group for group, value in enumerate(due) if value > 0), key=lambda group: -due[group])
    room = people
    for size, group in enumerate(groups, 1):
        room -= least[group]
        if room < 0:
            break
        yield tuple(groups[:size])


def _numbers_of(due: list[int], chosen: tuple[int, ...], least: Sequence[int], scale: int, people: int) -> list[int]:
    """Numbers of each group: the least of those chosen, the rest of the batch to whoever is owed most."""
    numbers = [least[group] if group in chosen else 0 for group in range(len(due))]
    for _ in range(people - sum(numbers)):
        numbers[max(chosen, key=lambda group: due[group] - scale * numbers[group])] += 1
    return numbers


def _holds(table: npt.NDArray[np.int64], exact: list[Fraction], people: int, least: Sequence[int]) -> bool:
    """Whether a table keeps what :func:`together_table` says."""
    if (table < 0).any() or (table.sum(axis=1) != people).any():
        return False
    if ((table > 0) & (table < np.array(least))).any():
        return False
    done = np.cumsum(table, axis=0)
    bound = max(least)
    numbers = np.arange(1, len(table) + 1)
    for group, x in enumerate(exact):
        # In whole numbers; where they outgrow 64 bits, in Python's.
        kind = np.int64 if len(table) * max(people * x.denominator, x.numerator) < 2**62 else object
        off = done[:, group].astype(kind) * x.denominator - numbers.astype(kind) * x.numerator
        if (abs(off) >= bound * x.denominator).any():
            return False
    return True
