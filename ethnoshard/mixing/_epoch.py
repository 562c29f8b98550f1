"""One epoch of a plan: which identities and faces each batch has, any of them in a time that does not grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._cells import faces_of_cells
from ethnoshard.mixing._coverage import Coverage, coverage_of
from ethnoshard.mixing._draws import (
    Counts,
    draw_in_order,
    draw_within,
    nearest_seatable,
    random_counts,
    weighted_counts,
)
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Numbers, Stratum
from ethnoshard.mixing._order import LARGEST_SET, Waves, reading_order, sets_of, waves
from ethnoshard.mixing._phases import Phase
from ethnoshard.mixing._schedule import Block, PoolSchedule
from ethnoshard.mixing._ties import Ties, TieTable, anchors_of

if TYPE_CHECKING:
    from ethnoshard.mixing._plan import Plan

_DEAL, _ROWS, _CHANCE, _COMPANY = 5, 6, 10, 11


@dataclass(frozen=True)
class PlannedBatch:
    """One batch.

    Attributes:
        identities: numbers of P distinct identities, shape (P,), int32.
        faces: numbers of K faces of each, within the identity, shape (P, K), int32.
        cells: which cell of the identity that is, counted from the epoch's beginning, shape (P,), int64.
    """

    identities: Numbers
    faces: npt.NDArray[np.int32]
    cells: Counts


class EpochPlan:
    """The batches of one epoch, any of them in a time that does not grow with the dataset."""

    def __init__(self, plan: "Plan", epoch: int) -> None:
        """Lay out the epoch; some seconds for millions of identities."""
        self.plan = plan
        self.number = epoch
        self._begins: list[int] = []
        self._schedules: list[list[PoolSchedule]] = []
        # Cells of each member of each pool that the phases before have drawn.
        started = [np.zeros_like(pool.cells) for pool in plan.pools]
        begin = 0
        for number, phase in enumerate(plan.phases):
            self._begins.append(begin)
            self._schedules.append(self._schedules_of(number, phase, started))
            begin += len(phase.quotas)

    def batch(self, number: int) -> PlannedBatch:
        """Batch ``number``, from 0; past the last one the first ones come again, so that all ranks get as many."""
        people, cells = self._people(number)
        return PlannedBatch(people, self.faces(people, cells), cells)

    def people(self, number: int) -> Numbers:
        """The identities of a batch alone, shape (P,), int32."""
        return self._people(number)[0]

    def _people(self, number: int) -> tuple[Numbers, Counts]:
        phase, index = self._locate(number)
        number %= self.plan.batches
        parts = [schedule.batch(own) for schedule, own in self._pools_with_seat(phase, index)]
        people = np.concatenate([part[0] for part in parts])
        cells = np.concatenate([part[1] for part in parts])
        # Otherwise the groups would stand in blocks, and whoever takes a slice of a batch would get one of them.
        rows = np.argsort(hashed(self.plan.settings.seed, self.number, _ROWS, number, people), kind="stable")
        return people[rows], cells[rows]

    def faces(self, people: Numbers, cells: Counts) -> npt.NDArray[np.int32]:
        """Numbers of the faces of cells, shape (people, K)."""
        settings = self.plan.settings
        of = self.plan.identities.faces[people]
        return faces_of_cells(people, cells, of, settings.images_per_person, settings.seed, self.number)

    def blocks(self, number: int) -> dict[int, tuple[Block, int]]:
        """The blocks that batch ``number`` draws from, by pool, and the first batch after each.

        It is the same object as long as it is the same block.
        """
        phase, index = self._locate(number)
        blocks = {}
        for schedule, own in self._pools_with_seat(phase, index):
            end = schedule.block_of(own)[1]
            if schedule.batches is not None:
                later = schedule.batches[end : end + 1].tolist()
                end = later[0] if later else len(self.plan.phases[phase].quotas)
            blocks[schedule.pool] = schedule.block(own), number + end - index
        return blocks

    def horizon(self, number: int) -> int:
        """The first batch after ``number`` at which all the blocks that it draws from have ended."""
        return max(end for _, end in self.blocks(number).values())

    def coverage(self) -> Coverage:
        """What the epoch does with every face, by group."""
        plan = self.plan
        return coverage_of(plan.identities, plan.settings, plan.strata, plan.phases, self.draws())

    def draws(self) -> Counts:
        """How many cells of each identity the epoch draws, shape (identities,), int64."""
        draws = np.zeros(len(self.plan.identities.faces), np.int64)
        for schedules in self._schedules:
            for schedule in schedules:
                people, counts = schedule.draws()
                draws[people] += counts
        return draws

    def people_of_groups(self) -> Numbers:
        """How many people of each group each batch has, shape (batches, groups), int32."""
        counts = np.zeros((self.plan.batches, len(self.plan.identities.groups)), np.int32)
        for begin, schedules in zip(self._begins, self._schedules, strict=True):
            for schedule in schedules:
                own = begin + (np.arange(len(schedule.seats)) if schedule.batches is None else schedule.batches)
                counts[own, self.plan.pools[schedule.pool].group] += schedule.seats
        return counts

    def _schedules_of(self, number: int, phase: Phase, started: list[Counts]) -> list[PoolSchedule]:
        """The schedules of a phase's pools that have a seat in it; ``started`` goes on."""
        plan = self.plan
        batches = len(phase.quotas)
        tables: list[Numbers] = []
        for index, stratum in enumerate(plan.strata):
            own = range(len(tables), len(tables) + len(stratum.pools))
            table = self._seats_of_pools(
                stratum, phase.quotas[:, index], [started[each] for each in own], (number, index)
            )
            tables += list(table.T)
        # Those with most seats come first: people of other pools can follow theirs, as their blocks are the shorter.
        order = sorted(
            (each for each in range(len(tables)) if tables[each].any()), key=lambda each: -int(tables[each].sum())
        )
        company = self._sets_of_any_group(number, started, order, tables)
        tie_table = self._tie_table(order, company)
        schedules: list[PoolSchedule] = []
        for rank, each in enumerate(order):
            seated = np.flatnonzero(tables[each])
            ties = tie_table.of(rank, schedules) if tie_table is not None else None
            schedule, draws = self._schedule(
                each,
                started[each],
                tables[each][seated],
                None if len(seated) == batches else seated,
                batches,
                self._key(_DEAL, number, each),
                company,
                ties,
            )
            schedules.append(schedule)
            if len(plan.phases) > 1:
                started[each] = started[each] + draws
        return [schedules[rank] for rank in np.argsort(order).tolist()]

    def _sets_of_any_group(
        self, number: int, started: list[Counts], order: list[int], tables: list[Numbers]
    ) -> Numbers | None:
        """Each identity's set of look-alikes, -1 for none, where sets are of any group; else None."""
        plan, settings = self.plan, self.plan.settings
        near = plan.near
        if settings.within != "any" or not settings.hard or near is None or near.nearest_of_all is None:
            return None
        who = np.concatenate([plan.pools[each].members for each in order])
        cells = np.concatenate([plan.pools[each].cells - started[each] for each in order])
        most = np.concatenate([np.full(len(plan.pools[each].members), len(tables[each])) for each in order])
        by_number = np.argsort(who)
        who, cells, most = who[by_number], cells[by_number], most[by_number]
        apart = np.searchsorted(who, near.apart_among(who))
        fit = np.where(cells <= most, cells, 0)
        fit[apart[:, 1]] = 0
        sets = sets_of(
            who,
            fit,
            near.nearest_of_all,
            apart,
            np.zeros(len(who), np.uint64),
            hard=settings.hard,
            all_cells=int(cells.sum()),
            largest=min(LARGEST_SET, settings.people_per_batch),
            key=self._key(_COMPANY, number),
        )
        company = np.full(len(plan.identities.faces), -1, np.int32)
        company[who] = sets
        return company

    def _tie_table(self, order: list[int], company: Numbers | None) -> TieTable | None:
        """Who looks to whom in another pool; None where nobody does."""
        plan = self.plan
        if plan.near is None or (company is None and not len(plan.near.apart)):
            return None
        rank = np.full(len(plan.identities.faces), -1, np.int16)
        for turn, each in enumerate(order):
            rank[plan.pools[each].members] = turn
        return TieTable(rank, company, plan.near)

    def _seats_of_pools(
        self, stratum: Stratum, quotas: Numbers, started: list[Counts], use: tuple[int, int]
    ) -> Numbers:
        """The seats of a stratum's pools in each batch, shape (batches, pools)."""
        pools = stratum.pools
        if len(pools) == 1:
            return quotas[:, None]
        key = self._key(_CHANCE, *use)
        if pools[0].share is not None:
            shares = [pool.share or Fraction(0) for pool in pools]
            most = [len(pool.members) for pool in pools]
            return weighted_counts(self.plan.settings.people_per_batch, len(quotas), shares, most, key)
        members = np.concatenate([pool.members for pool in pools])
        left = np.concatenate([pool.cells - before for pool, before in zip(pools, started, strict=True)])
        of = np.repeat(np.arange(len(pools)), [len(pool.members) for pool in pools])
        seated = np.flatnonzero(quotas)
        table = np.zeros((len(quotas), len(pools)), np.int32)
        draws = self._draw(members, left, quotas[seated], key)
        table[seated] = random_counts(quotas[seated], draws, of, len(pools), key)
        return table

    def _draw(self, members: Numbers, left: Counts, quotas: Numbers, key: int) -> Counts:
        """How many cells of each member are drawn; where not all can be, those of whom chance has it."""
        order = np.argsort(hashed(key, members), kind="stable")
        total = int(quotas.sum(dtype=np.int64))
        draws = np.empty_like(left)
        if self.plan.redistributes and int(np.minimum(left, len(quotas)).sum()) >= total:
            draws[order] = draw_within(left[order], quotas)
            return draws
        draws[order] = draw_in_order(left[order], total, len(quotas))
        return nearest_seatable(draws, quotas)

    def _schedule(
        self,
        index: int,
        started: Counts,
        quotas: Numbers,
        seated: npt.NDArray[np.int64] | None,
        batches: int,
        key: int,
        company: Numbers | None,
        ties: Ties | None,
    ) -> tuple[PoolSchedule, Counts]:
        """Lay out a pool in the batches in which it has a seat; and the cells of each member that it draws."""
        plan, settings = self.plan, self.plan.settings
        pool = plan.pools[index]
        left = pool.cells - started
        draws = self._draw(pool.members, left, quotas, key)
        block = plan.block_of_pool(quotas, batches)
        pairs = plan.near.apart_among(pool.members) if plan.near is not None else np.empty((0, 2), np.int32)
        apart = np.searchsorted(pool.members, pairs)
        wave = waves(plan.identities, pool.members, settings.seed, self.number, settings.shards_in_window)
        if company is not None:
            sets = company[pool.members]
        else:
            sets = self._sets(pool.members, left, apart, wave, min(block, len(quotas)), int(quotas.min()), key)
        order = reading_order(
            plan.identities,
            pool.members,
            left,
            sets,
            wave,
            seed=settings.seed,
            epoch=self.number,
            bits=plan.piece_bits,
            longest=block,
            apart=apart,
            anchors=anchors_of(pool.members, left, sets, quotas, seated, ties) if ties is not None else None,
        )
        # Where a group that runs out leaves its quota to others, nobody is drawn beyond what he has.
        per_pass = draws if plan.redistributes else left
        some = np.flatnonzero(per_pass[order.places])
        places = order.places[some]
        schedule = PoolSchedule(
            index,
            pool.members[places],
            draws[places],
            per_pass[places],
            started[places],
            order.unit[some],
            order.is_set[some],
            quotas,
            block,
            pairs,
            key,
            seated,
            ties,
        )
        return schedule, draws

    def _sets(
        self, members: Numbers, left: Counts, apart: Counts, wave: Waves, longest: int, least_seats: int, key: int
    ) -> Numbers:
        """The set of look-alikes of each member of a pool, -1 for none."""
        settings, near = self.plan.settings, self.plan.near
        if not settings.hard or near is None or settings.within == "any":
            return np.full(len(members), -1, np.int32)
        fit = np.where(left <= longest, left, 0)
        # Of two who are kept apart one may be in a set: the other one is then put far from it.
        fit[apart[:, 1]] = 0
        return sets_of(
            members,
            fit,
            near.nearest,
            apart,
            wave,
            hard=settings.hard,
            all_cells=int(left.sum()),
            largest=min(LARGEST_SET, least_seats),
            key=key,
        )

    def _key(self, *use: int) -> int:
        return int(hashed(self.plan.settings.seed, self.number, *use)[0] >> np.uint64(1))

    def _pools_with_seat(self, phase: int, index: int) -> Iterator[tuple[PoolSchedule, int]]:
        """The pools with a seat in a batch of a phase, and which of their own batches that is."""
        for schedule in self._schedules[phase]:
            if schedule.batches is None:
                yield schedule, index
            else:
                own = int(np.searchsorted(schedule.batches, index))
                if own < len(schedule.batches) and schedule.batches[own] == index:
                    yield schedule, own

    def _locate(self, number: int) -> tuple[int, int]:
        """The phase of a batch of the epoch, and the batch's number in it."""
        number %= self.plan.batches
        phase = int(np.searchsorted(self._begins, number, side="right")) - 1
        return phase, number - self._begins[phase]
