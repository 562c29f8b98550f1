"""How many of a batch's identities come from each stratum, batch by batch, each number next to its mean."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._draws import Quotas


def quota_table(shares: Sequence[Fraction], people: int, batches: int) -> Quotas:
    """Quotas of each batch, shape (batches, groups), int32; a row sums to ``people``.

    With x the exact number ``people * share`` of a group, for every group and every batch b:

    * a batch holds floor(x) or ceil(x) of it,
    * the first b batches together hold less than 1 more or fewer than b * x.

    Whole parts of x are the same in each batch. What remains is the chairman assignment (Tijdeman 1980) with several
    seats a turn, known in scheduling as proportionate fairness: groups are tasks of weight ``x - floor(x)``, a batch
    is a time slot with a fixed number of processors, the bound on the sum is the bound on a task's lag (Baruah et al.
    1996). The rule is PD² (Anderson and Srinivasan 2001): of the groups whose next turn has begun take those whose
    turn ends first; of those the ones whose next turn overlaps it, and of those the ones whose chain of tight turns
    is longest. A batch depends on the ones before it, so the table is made as a whole: some microseconds a batch,
    or a copy where the shares come round to where they began.

    Args:
        shares: one for each group, not negative, summing to 1.
        people: identities a batch, P.
        batches: rows to make.
    """
    exact = [share * people for share in shares]
    whole = np.array([int(x) for x in exact], np.int32)
    table = np.tile(whole, (batches, 1))
    turns = [(group, x - int(x)) for group, x in enumerate(exact) if x != int(x)]
    if not turns:
        return table
    seats = people - int(whole.sum())
    period = math.lcm(*(weight.denominator for _, weight in turns))
    made = min(batches, period)
    rows, groups = seated([weight for _, weight in turns], seats, made)
    extra = np.zeros((made, len(shares)), np.int32)
    extra[rows, np.array([group for group, _ in turns])[groups]] = 1
    for start in range(0, batches, made):
        stop = min(start + made, batches)
        table[start:stop] += extra[: stop - start]
    return table


def seated(weights: list[Fraction], seats: int, batches: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Seat ``seats`` groups in each batch, weights strictly between 0 and 1; the batches and groups of all seats."""
    waiting = [_turn(index, weight, 1) for index, weight in enumerate(weights)]
    number = [1] * len(weights)
    seated = np.empty(batches * seats, np.intp)
    place = 0
    for batch in range(batches):
        ready = sorted(turn for turn in waiting if turn[4] <= batch)
        for turn in ready[:seats]:
            group = turn[3]
            seated[place] = group
            place += 1
            number[group] += 1
            waiting[group] = _turn(group, weights[group], number[group])
    return np.repeat(np.arange(batches), seats), seated


def _turn(group: int, weight: Fraction, number: int) -> tuple[int, int, int, int, int]:
    """The ``number``-th turn of a group: (end, no overlap, minus the chain's end, group, begin), to be sorted."""
    part, whole = weight.numerator, weight.denominator
    end = -(-number * whole // part)
    begin = (number - 1) * whole // part
    overlaps = number * whole % part != 0
    chain = 0
    if 2 * part >= whole:
        # Only turns of at most two batches push one another on.
        rest = whole - part
        gaps = -(-end * rest // whole)
        chain = -(-gaps * whole // rest)
    return end, not overlaps, -chain, group, begin
