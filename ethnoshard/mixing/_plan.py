"""The plan of an epoch: a pure function of the dataset's identities, the settings and the epoch's number."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._at_random import at_random, weighted
from ethnoshard.mixing._blocks import LEAST_BATCHES
from ethnoshard.mixing._coverage import Coverage, cover
from ethnoshard.mixing._draws import Counts, in_order, of_the_fullest, seatable
from ethnoshard.mixing._errors import MixingError
from ethnoshard.mixing._faces import faces_of_cells
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities
from ethnoshard.mixing._layout import Block, Layout, Numbers
from ethnoshard.mixing._length import Phase, phases_of
from ethnoshard.mixing._order import piece_bits, reading_order, waves
from ethnoshard.mixing._resemblance import Resemblance
from ethnoshard.mixing._sets import LARGEST_SET, sets_of
from ethnoshard.mixing._settings import PlanSettings
from ethnoshard.mixing._strata import Pool, Stratum, strata_of

_DEAL, _ROWS, _CHANCE = 5, 6, 10
_FEW = 256
"""Cells of a block, where a batch has few of its pool."""


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


class Plan:
    """Batches of P identities with K faces each, whose groups follow a target.

    Made once; :meth:`epoch` gives what depends on the epoch. Nothing here depends on ranks, workers or the position:
    with R ranks, rank r takes the batches r, r + R, r + 2R ... of one sequence.

    Attributes:
        identities: what was planned for.
        settings: how.
        near: who resembles whom; None where that plays no part.
        strata: the people with a quota of their own: the groups, save for the targets "base", "placebo" and "weighted".
        pools: the people of one group in one stratum, in the order of the strata.
        phases: stretches of the epoch with the same quotas; one, but for ``when_exhausted="redistribute"``.
        drawn: which identities take part at all, shape (identities,).
        batches: number of batches in an epoch, whatever the epoch.
    """

    def __init__(self, identities: Identities, settings: PlanSettings, near: Resemblance | None = None) -> None:
        """Make the plan.

        Raises:
            MixingError: the dataset can't give what the target asks for; the message has the numbers.
        """
        if settings.hard and near is None:
            raise MixingError(
                f"hard={settings.hard:g} of the cells come with look-alikes: name a table of them; "
                "`ethnoshard look-alikes` makes one"
            )
        if near is not None and len(near.nearest) != len(identities.faces):
            raise MixingError(
                f"the table of look-alikes is of {len(near.nearest):,} identities, the dataset has "
                f"{len(identities.faces):,}"
            )
        self.identities = identities
        self.settings = settings
        self.near = near
        self.strata: list[Stratum] = strata_of(identities, settings)
        self.pools: list[Pool] = [pool for stratum in self.strata for pool in stratum.pools]
        self.phases: list[Phase] = phases_of(self.strata, settings)
        self.drawn = np.zeros(len(identities.faces), np.bool_)
        for stratum in self.strata:
            self.drawn[stratum.members] = True
        self.batches = sum(len(phase.quotas) for phase in self.phases)
        self.piece_bits = piece_bits(settings.window_mib, settings.people_per_batch)
        """Bits of an offset in a shard that a piece spans, which is read in one go."""
        self._remember()

    def __getstate__(self) -> dict[str, Any]:
        """All but the epochs laid out so far, which follow from the rest."""
        return {name: value for name, value in self.__dict__.items() if name != "_epoch"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Be the same plan in another process."""
        self.__dict__.update(state)
        self._remember()

    def _remember(self) -> None:
        self._epoch = lru_cache(maxsize=2)(partial(EpochPlan, self))

    @property
    def redistributes(self) -> bool:
        """Whether a group that runs out leaves its quota to the others."""
        return self.settings.when_exhausted == "redistribute" and self.strata[0].share is not None

    def epoch(self, number: int) -> "EpochPlan":
        """The plan of one epoch."""
        return self._epoch(number)

    def coverage(self) -> Coverage:
        """What an epoch does with every face, by group; a fact of the plan, the same in every epoch but for chance.

        See :meth:`EpochPlan.coverage` for one epoch's exact numbers.
        """
        return self.epoch(0).coverage()

    @property
    def block_batches(self) -> int:
        """Batches among which cells are shuffled."""
        return max(1, int(self._cells_in_window / self.settings.people_per_batch))

    @cached_property
    def _cells_in_window(self) -> float:
        members = np.concatenate([stratum.members for stratum in self.strata])
        cells = sum(int(stratum.cells.sum()) for stratum in self.strata)
        return self.settings.window_mib * 2**20 * cells / int(self.identities.length[members].sum())

    def block_of_pool(self, seats: Numbers, batches: int) -> int:
        """How many of the batches in which a pool has a seat, of so many in all, its blocks should have.

        The others' number; or more where a batch has but few of the pool, who would always meet the same.
        """
        part = min(_FEW, self._cells_in_window / len(self.pools))
        few = int(part * len(seats) / int(seats.sum(dtype=np.int64)))
        return max(LEAST_BATCHES, round(self.block_batches * len(seats) / batches), few)


class EpochPlan:
    """The batches of one epoch, any of them in a time that does not grow with the dataset."""

    def __init__(self, plan: Plan, epoch: int) -> None:
        """Lay out the epoch; some seconds for millions of identities."""
        self.plan = plan
        self.number = epoch
        self._begins: list[int] = []
        self._seats: list[list[tuple[Layout, npt.NDArray[np.int64] | None]]] = []
        # Cells of each member of each pool that the phases before have drawn.
        started = [np.zeros_like(pool.cells) for pool in plan.pools]
        begin = 0
        for number, phase in enumerate(plan.phases):
            self._begins.append(begin)
            self._seats.append(self._laid_out(number, phase, started))
            begin += len(phase.quotas)

    def batch(self, number: int) -> PlannedBatch:
        """Batch ``number``, from 0; past the last one the first ones come again, so that all ranks get as many."""
        people, cells = self._people(number)
        return PlannedBatch(people, self.faces(people, cells), cells)

    def people(self, number: int) -> Numbers:
        """The identities of a batch alone, shape (P,), int32."""
        return self._people(number)[0]

    def _people(self, number: int) -> tuple[Numbers, Counts]:
        phase, place = self._place(number)
        number %= self.plan.batches
        parts = [layout.batch(at) for layout, _, at in self._seated(phase, place)]
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
        phase, place = self._place(number)
        blocks = {}
        for layout, there, at in self._seated(phase, place):
            end = layout.block_of(at)[1]
            if there is not None:
                end = int(there[end]) if end < len(there) else len(self.plan.phases[phase].quotas)
            blocks[layout.pool] = layout.block(at), number + end - place
        return blocks

    def horizon(self, number: int) -> int:
        """The first batch after ``number`` at which all the blocks that it draws from have ended."""
        return max(end for _, end in self.blocks(number).values())

    def coverage(self) -> Coverage:
        """What the epoch does with every face, by group."""
        plan = self.plan
        return cover(plan.identities, plan.settings, plan.strata, plan.phases, self.drawn())

    def drawn(self) -> Counts:
        """How many cells of each identity the epoch draws, shape (identities,), int64."""
        drawn = np.zeros(len(self.plan.identities.faces), np.int64)
        for seats in self._seats:
            for layout, _ in seats:
                people, counts = layout.drawn()
                drawn[people] += counts
        return drawn

    def people_of_groups(self) -> Numbers:
        """How many people of each group each batch has, shape (batches, groups), int32."""
        counts = np.zeros((self.plan.batches, len(self.plan.identities.groups)), np.int32)
        for begin, seats in zip(self._begins, self._seats, strict=True):
            for layout, there in seats:
                own = begin + (np.arange(len(layout.seats)) if there is None else there)
                counts[own, self.plan.pools[layout.pool].group] += layout.seats
        return counts

    def _laid_out(
        self, number: int, phase: Phase, started: list[Counts]
    ) -> list[tuple[Layout, npt.NDArray[np.int64] | None]]:
        """The layouts of a phase's pools that have a seat in it, and in which of its batches; ``started`` goes on."""
        plan = self.plan
        batches = len(phase.quotas)
        seats = []
        first = 0
        for index, stratum in enumerate(plan.strata):
            own = range(first, first + len(stratum.pools))
            first += len(stratum.pools)
            table = self._seats_of(stratum, phase.quotas[:, index], [started[each] for each in own], (number, index))
            for each, pool, quotas in zip(own, stratum.pools, table.T, strict=True):
                there = np.flatnonzero(quotas)
                if len(there) == 0:
                    continue
                key = self._key(_DEAL, number, each)
                layout, drawn = self._layout(each, pool, started[each], quotas[there], batches, key)
                seats.append((layout, None if len(there) == batches else there))
                if len(plan.phases) > 1:
                    started[each] = started[each] + drawn
        return seats

    def _seats_of(self, stratum: Stratum, quotas: Numbers, started: list[Counts], place: tuple[int, int]) -> Numbers:
        """The seats of a stratum's pools in each batch, shape (batches, pools)."""
        pools = stratum.pools
        if len(pools) == 1:
            return quotas[:, None]
        key = self._key(_CHANCE, *place)
        if pools[0].share is not None:
            shares = [pool.share or Fraction(0) for pool in pools]
            most = [len(pool.members) for pool in pools]
            return weighted(self.plan.settings.people_per_batch, len(quotas), shares, most, key)
        members = np.concatenate([pool.members for pool in pools])
        left = np.concatenate([pool.cells - before for pool, before in zip(pools, started, strict=True)])
        of = np.repeat(np.arange(len(pools)), [len(pool.members) for pool in pools])
        there = np.flatnonzero(quotas)
        table = np.zeros((len(quotas), len(pools)), np.int32)
        table[there] = at_random(quotas[there], self._drawn(members, left, quotas[there], key), of, len(pools), key)
        return table

    def _drawn(self, members: Numbers, left: Counts, quotas: Numbers, key: int) -> Counts:
        """How many cells of each member are drawn; where not all can be, those of whom chance has it."""
        order = np.argsort(hashed(key, members), kind="stable")
        total = int(quotas.sum(dtype=np.int64))
        drawn = np.empty_like(left)
        if self.plan.redistributes and int(np.minimum(left, len(quotas)).sum()) >= total:
            drawn[order] = of_the_fullest(left[order], total, len(quotas))
        else:
            drawn[order] = in_order(left[order], total, len(quotas))
        return seatable(drawn, quotas)

    def _layout(
        self, index: int, pool: Pool, started: Counts, quotas: Numbers, batches: int, key: int
    ) -> tuple[Layout, Counts]:
        """Lay out a pool in the batches in which it has a seat; and the cells of each member that it draws."""
        plan, settings = self.plan, self.plan.settings
        left = pool.cells - started
        drawn = self._drawn(pool.members, left, quotas, key)
        block = plan.block_of_pool(quotas, batches)
        pairs = plan.near.apart_among(pool.members) if plan.near is not None else np.empty((0, 2), np.int32)
        apart = np.searchsorted(pool.members, pairs)
        wave = waves(plan.identities, pool.members, settings.seed, self.number, settings.open_shards)
        sets = np.full(len(left), -1, np.int32)
        if settings.hard and plan.near is not None:
            fit = np.where(left <= min(block, len(quotas)), left, 0)
            # Of two who are kept apart one may be in a set: the other one is then put far from it.
            fit[apart[:, 1]] = 0
            largest = min(LARGEST_SET, int(quotas.min()))
            sets = sets_of(
                pool.members,
                fit,
                plan.near,
                wave,
                hard=settings.hard,
                all_cells=int(left.sum()),
                largest=largest,
                key=key,
            )
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
        )
        # Where a group that runs out leaves its quota to others, nobody is drawn beyond what he has.
        per_pass = drawn if plan.redistributes else left
        some = np.flatnonzero(per_pass[order.places])
        places = order.places[some]
        layout = Layout(
            index,
            pool.members[places],
            drawn[places],
            per_pass[places],
            started[places],
            order.unit[some],
            order.is_set[some],
            quotas,
            block,
            pairs,
            key,
        )
        return layout, drawn

    def _key(self, *use: int) -> int:
        return int(hashed(self.plan.settings.seed, self.number, *use)[0] >> np.uint64(1))

    def _seated(self, phase: int, place: int) -> Iterator[tuple[Layout, npt.NDArray[np.int64] | None, int]]:
        """The pools with a seat in a batch of a phase, and which of their batches that is."""
        for layout, there in self._seats[phase]:
            if there is None:
                yield layout, there, place
            else:
                at = int(np.searchsorted(there, place))
                if at < len(there) and there[at] == place:
                    yield layout, there, at

    def _place(self, number: int) -> tuple[int, int]:
        number %= self.plan.batches
        phase = int(np.searchsorted(self._begins, number, side="right")) - 1
        return phase, number - self._begins[phase]
