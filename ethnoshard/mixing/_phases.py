"""How long an epoch is: its phases, each with the same shares throughout, until a group has run out."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._draws import Quotas, draw_within, largest
from ethnoshard.mixing._identities import Stratum
from ethnoshard.mixing._quotas import quota_table
from ethnoshard.mixing._settings import PlanSettings
from ethnoshard.mixing._together import together_table


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
