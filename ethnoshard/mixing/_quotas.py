"""How many of a batch's identities come from each stratum, batch by batch, and how long an epoch is.

A quota keeps a group's number n in a batch next to its mean, and E[n(n - 1)] = mean^2 - mean + variance: a group that
has one person a batch, or less, has no negatives of its own left. Coming together raises the variance and leaves the
mean.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._draws import Quotas, draw_within, largest
from ethnoshard.mixing._identities import Stratum
from ethnoshard.mixing._settings import PlanSettings


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


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of the epoch with the same shares throughout.

    Attributes:
        shares: of each stratum, summing to 1; what the quotas follow.
        quotas: of each batch, shape (batches, strata).
        ends_with: the stratum that ran out first; None where all end together.
    """

    shares: tuple[Fraction, ...]
    quotas: Quotas
    ends_with: str | None = None


class _CappedSums:
    """Sums of min(cells, limit) for any limit: what a pool can give in that many batches, each person once a batch."""

    def __init__(self, cells: npt.NDArray[np.int64]) -> None:
        self._sorted = np.sort(cells[cells > 0])
        self._sums = np.concatenate([[0], np.cumsum(self._sorted)])

    def __call__(self, limit: int) -> int:
        below = int(np.searchsorted(self._sorted, limit))
        return int(self._sums[below]) + limit * (len(self._sorted) - below)

    def at_each(self, limit: int) -> npt.NDArray[np.int64]:
        """What it can give in 1, 2 ... ``limit`` batches, shape (limit,)."""
        batches = np.arange(1, limit + 1)
        below = np.searchsorted(self._sorted, batches)
        given: npt.NDArray[np.int64] = self._sums[below] + batches * (len(self._sorted) - below)
        return given

    @property
    def people(self) -> int:
        return len(self._sorted)

    @property
    def most(self) -> int:
        return int(self._sorted[-1]) if len(self._sorted) else 0

    @property
    def all(self) -> int:
        return int(self._sums[-1])


def phases_of(strata: list[Stratum], settings: PlanSettings) -> list[Phase]:
    """The epoch's phases. They are the same in every epoch.

    Raises:
        MixingError: the target can't be met, or a group runs out first and the policy is to raise.
    """
    people = settings.people_per_batch
    pools = [_CappedSums(stratum.cells) for stratum in strata]
    if settings.target.expected is not None:
        return [_weighted(strata[0], people)]
    if settings.target.name == "same-group":
        return [_turns(strata, pools, people)]
    least = [min(settings.together, pool.people) for pool in pools]
    shares = [stratum.share for stratum in strata if stratum.share is not None]
    if not shares:
        return [_natural(pools, people, least)]
    if settings.when_exhausted == "redistribute":
        return _redistributed(strata, shares, people, settings.together)
    lasts = [
        _lasting(pool, share * people, early=number - 1)
        for pool, share, number in zip(pools, shares, least, strict=True)
    ]
    needs = [max(ceil(pool.all / (share * people)), pool.most) for pool, share in zip(pools, shares, strict=True)]
    first, last = int(np.argmin(lasts)), int(np.argmax(needs))
    if settings.when_exhausted == "raise" and lasts[first] < needs[last] - 1:
        raise MixingError(
            f"{strata[first].name!r} runs out after {lasts[first]:,} batches, while {strata[last].name!r} would last "
            f"for {needs[last]:,}; say when_exhausted='repeat', 'stop' or 'redistribute', or choose another target"
        )
    batches = max(needs) if settings.when_exhausted == "repeat" else lasts[first]
    name = strata[first].name if lasts[first] < needs[last] - 1 else None
    quotas = together_table(shares, people, batches, least, [pool.people for pool in pools])
    return [Phase(shares=tuple(shares), quotas=quotas, ends_with=name)]


def _weighted(stratum: Stratum, people: int) -> Phase:
    """As many batches as the same shares, kept exactly, would take to come to every cell."""
    each = [(_CappedSums(pool.cells), (pool.share or 0) * people) for pool in stratum.pools]
    batches = max(max(ceil(pool.all / places), pool.most) for pool, places in each if places)
    return Phase(shares=(Fraction(1),), quotas=np.full((batches, 1), people, np.int32))


def _natural(pools: list[_CappedSums], people: int, least: list[int]) -> Phase:
    """Every cell once. Someone with more cells than the epoch has batches loses those beyond."""
    batches = largest(lambda b: sum(pool(b) for pool in pools) > people * (b - 1))
    cells = [pool(batches) for pool in pools]
    shares = [Fraction(number, sum(cells)) for number in cells]
    if any(
        -(-people * share.numerator // share.denominator) > pool.people
        for share, pool in zip(shares, pools, strict=True)
    ):
        # A group of so few people that they are in nearly every batch: the fill of the last batch would want one more
        # of them than there are, so it is given to the others.
        slots = _raised(cells, [pool.people * batches for pool in pools], people * batches)
        shares = [Fraction(number, people * batches) for number in slots]
    quotas = together_table(shares, people, batches, least, [pool.people for pool in pools])
    return Phase(shares=tuple(shares), quotas=quotas)


def _raised(cells: list[int], limits: list[int], total: int) -> list[int]:
    """Raise ``cells`` to sum to ``total``, in proportion as far as the limits allow (largest remainders)."""
    filled = list(cells)
    exact = [Fraction(total * number, sum(cells)) for number in cells]
    for _ in range(total - sum(cells)):
        open_ = [index for index, number in enumerate(filled) if number < limits[index]]
        filled[max(open_, key=lambda index: exact[index] - filled[index])] += 1
    return filled


def _turns(strata: list[Stratum], pools: list[_CappedSums], people: int) -> Phase:
    """Batches of one group each."""
    # The smallest group, since what it has is what may be asked for.
    stratum, pool = min(zip(strata, pools, strict=True), key=lambda pair: pair[1].people)
    if pool.people < people:
        raise MixingError(
            f"same-group batches have people_per_batch={people} people of one group, but {stratum.name!r} has "
            f"{pool.people:,} that can be drawn; ask for {pool.people:,} people or fewer"
        )
    batches = [_full_batches(pool, people) for pool in pools]
    shares = tuple(Fraction(number, sum(batches)) for number in batches)
    return Phase(shares=shares, quotas=quota_table(shares, 1, sum(batches)) * np.int32(people))


def _full_batches(pool: _CappedSums, people: int) -> int:
    """In how many batches of ``people`` a pool alone comes to all its cells, each person once a batch."""
    return largest(lambda batches: pool(batches) > people * (batches - 1))


def _redistributed(strata: list[Stratum], shares: list[Fraction], people: int, together: int) -> list[Phase]:
    """Phases with one group fewer each, as long as those left can fill a batch with different people."""
    left = [stratum.cells.copy() for stratum in strata]
    # A group comes so many at a time, or all of it; with fewer left it has run out.
    fewest = [min(together, int(np.count_nonzero(stratum.cells))) for stratum in strata]
    active = list(range(len(strata)))
    phases: list[Phase] = []
    while active:
        total = sum(shares[index] for index in active)
        now = [shares[index] / total if index in active else Fraction(0) for index in range(len(strata))]
        pools = {index: _CappedSums(left[index]) for index in active}
        short = [i for i in active if pools[i].people < max(ceil(people * now[i]), fewest[i])]
        if short:
            if len(active) == 1:
                break
            active = [index for index in active if index not in short]
            continue
        there = [pools[index].people if index in active else 0 for index in range(len(strata))]
        least = [max(1, min(together, number)) for number in there]
        lasts = {index: _lasting(pools[index], now[index] * people, early=least[index] - 1) for index in active}
        batches = min(lasts.values())
        ended = [index for index in active if lasts[index] == batches]
        quotas = together_table(now, people, batches, least, there)
        # Where a group comes many at a time, few people can have enough cells and yet not fill its largest batches.
        fitting = min(_seatable(pools[index], quotas[:, index]) for index in active)
        if fitting < batches:
            ended = [index for index in active if _seatable(pools[index], quotas[: fitting + 1, index]) <= fitting]
            quotas = quotas[:fitting]
        if fitting:
            phases.append(Phase(shares=tuple(now), quotas=quotas, ends_with=strata[ended[0]].name))
        for index in active:
            # Who is drawn changes with the epoch, how many cells are left to how many people doesn't.
            seats = quotas[quotas[:, index] > 0, index]
            if len(seats):
                left[index] = left[index] - draw_within(left[index], seats)
        active = [index for index in active if index not in ended]
    return phases


def _seatable(pool: _CappedSums, seats: Quotas) -> int:
    """How many of the batches a pool fills, so many seats in each, nobody twice in one and nobody beyond his cells.

    It does if for every s the s largest batches have no more seats than it gives in s batches (Hall 1935). Where seats
    differ by one at most that follows from their sum.
    """
    if int(seats.max(initial=0)) - int(seats.min(initial=0)) <= 1:
        return len(seats)
    given = pool.at_each(len(seats))

    def fits(batches: int) -> bool:
        needed = np.cumsum(np.sort(seats[:batches].astype(np.int64))[::-1])
        return batches <= len(seats) and bool((needed <= given[: len(needed)]).all())

    return len(seats) if fits(len(seats)) else largest(fits)


def _lasting(pool: _CappedSums, each: Fraction, *, early: int) -> int:
    """For how many batches a pool gives its quota, of which so many more may come early, without repeating a cell."""
    return largest(lambda b: ceil(b * each) + early <= pool(b))
