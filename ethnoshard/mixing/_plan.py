"""The plan of an epoch: a pure function of the dataset's identities, the settings and the epoch's number."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._blocks import LEAST_BATCHES
from ethnoshard.mixing._coverage import Coverage, cover
from ethnoshard.mixing._draws import Counts, at_random, in_order, of_the_fullest, seatable, weighted
from ethnoshard.mixing._errors import MixingError
from ethnoshard.mixing._faces import faces_of_cells
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities, Pool, Resemblance, Stratum, strata_of
from ethnoshard.mixing._order import LARGEST_SET, Waves, piece_bits, reading_order, sets_of, waves
from ethnoshard.mixing._quotas import Phase, phases_of
from ethnoshard.mixing._schedule import Across, Block, Layout, Numbers, Ties
from ethnoshard.mixing._settings import PlanSettings

_DEAL, _ROWS, _CHANCE, _COMPANY = 5, 6, 10, 11
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
        if settings.hard and settings.within == "any" and near is not None and near.nearest_of_all is None:
            raise MixingError("within='any' needs a table that knows the nearest of all groups; this one does not")
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
        tables: list[Numbers] = []
        for index, stratum in enumerate(plan.strata):
            own = range(len(tables), len(tables) + len(stratum.pools))
            table = self._seats_of(stratum, phase.quotas[:, index], [started[each] for each in own], (number, index))
            tables += list(table.T)
        # Those with most seats come first: people of other pools can follow theirs, as their blocks are the shorter.
        order = sorted(
            (each for each in range(len(tables)) if tables[each].any()), key=lambda each: -int(tables[each].sum())
        )
        company = self._company(number, started, order, tables)
        across = self._across(order, company)
        layouts: list[Layout] = []
        for rank, each in enumerate(order):
            there = np.flatnonzero(tables[each])
            ties = across.of(rank, layouts) if across is not None else None
            layout, drawn = self._layout(
                each,
                started[each],
                tables[each][there],
                None if len(there) == batches else there,
                batches,
                self._key(_DEAL, number, each),
                company,
                ties,
            )
            layouts.append(layout)
            if len(plan.phases) > 1:
                started[each] = started[each] + drawn
        return [(layouts[rank], layouts[rank].there) for rank in np.argsort(order).tolist()]

    def _company(self, number: int, started: list[Counts], order: list[int], tables: list[Numbers]) -> Numbers | None:
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

    def _across(self, order: list[int], company: Numbers | None) -> Across | None:
        """Who looks to whom in another pool; None where nobody does."""
        plan = self.plan
        if plan.near is None or (company is None and not len(plan.near.apart)):
            return None
        rank = np.full(len(plan.identities.faces), -1, np.int16)
        for place, each in enumerate(order):
            rank[plan.pools[each].members] = place
        return Across(rank, company, plan.near)

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
        self,
        index: int,
        started: Counts,
        quotas: Numbers,
        there: npt.NDArray[np.int64] | None,
        batches: int,
        key: int,
        company: Numbers | None,
        ties: Ties | None,
    ) -> tuple[Layout, Counts]:
        """Lay out a pool in the batches in which it has a seat; and the cells of each member that it draws."""
        plan, settings = self.plan, self.plan.settings
        pool = plan.pools[index]
        left = pool.cells - started
        drawn = self._drawn(pool.members, left, quotas, key)
        block = plan.block_of_pool(quotas, batches)
        pairs = plan.near.apart_among(pool.members) if plan.near is not None else np.empty((0, 2), np.int32)
        apart = np.searchsorted(pool.members, pairs)
        wave = waves(plan.identities, pool.members, settings.seed, self.number, settings.open_shards)
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
            anchors=_anchors(pool.members, left, sets, quotas, there, ties) if ties is not None else None,
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
            there,
            ties,
        )
        return layout, drawn

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


def _anchors(
    members: Numbers,
    cells: Counts,
    sets: Numbers,
    quotas: Numbers,
    there: npt.NDArray[np.int64] | None,
    ties: Ties,
) -> Counts:
    """After how many cells of its pool each member is to come, who looks to somebody of another pool; -1 for others.

    He comes when the other one does; or half a turn from there, where they are kept apart.
    """
    anchors = np.full(len(members), -1, np.int64)
    turn = int(cells.sum())
    moments = ties.moments()
    batch = moments if there is None else np.searchsorted(there, moments)
    seats = np.concatenate([[0], np.cumsum(quotas, dtype=np.int64)])
    at = np.searchsorted(members, ties.own)
    wanted = seats[np.minimum(batch, len(quotas))] - cells[at] // 2
    wanted[~ties.meet] += turn // 2
    # Who is to meet somebody counts more than who is kept apart from another; and of a set all go with its first.
    for some in (~ties.meet, ties.meet):
        anchors[at[some]] = wanted[some] % turn
    held = np.flatnonzero((anchors >= 0) & (sets >= 0))
    _, first, which = np.unique(sets[held], return_index=True, return_inverse=True)
    of_set = np.full(int(sets.max(initial=-1)) + 2, -1, np.int64)
    of_set[sets[held]] = anchors[held][first][which]
    together = of_set[sets] >= 0
    anchors[together] = of_set[sets][together]
    return anchors
