"""The plan of an epoch: a pure function of the dataset's identities, the settings and the epoch's number."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._coverage import Coverage, cover
from ethnoshard.mixing._draws import Counts, in_order, of_the_fullest
from ethnoshard.mixing._faces import faces_of_cells
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities
from ethnoshard.mixing._layout import Block, Layout, Numbers
from ethnoshard.mixing._length import Phase, phases_of
from ethnoshard.mixing._order import reading_order
from ethnoshard.mixing._settings import PlanSettings
from ethnoshard.mixing._strata import Stratum, strata_of

_DEAL, _ROWS = 5, 6


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
        strata: the pools drawn from: the groups, save for the targets "base" and "placebo".
        phases: stretches of the epoch with the same quotas; one, but for ``when_exhausted="redistribute"``.
        drawn: which identities take part at all, shape (identities,).
        batches: number of batches in an epoch, whatever the epoch.
    """

    def __init__(self, identities: Identities, settings: PlanSettings) -> None:
        """Make the plan.

        Raises:
            MixingError: the dataset can't give what the target asks for; the message has the numbers.
        """
        self.identities = identities
        self.settings = settings
        self.strata: list[Stratum] = strata_of(identities, settings)
        self.phases: list[Phase] = phases_of(self.strata, settings)
        self.drawn = np.zeros(len(identities.faces), np.bool_)
        for stratum in self.strata:
            self.drawn[stratum.members] = True
        self.batches = sum(len(phase.quotas) for phase in self.phases)
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
        members = np.concatenate([stratum.members for stratum in self.strata])
        faces = int(self.identities.faces[members].sum(dtype=np.int64))
        mean = int(self.identities.length[members].sum()) / faces
        batch = self.settings.people_per_batch * self.settings.images_per_person * mean
        return max(1, int(self.settings.window_mib * 2**20 / batch))


class EpochPlan:
    """The batches of one epoch, any of them in a time that does not grow with the dataset."""

    def __init__(self, plan: Plan, epoch: int) -> None:
        """Lay out the epoch; some seconds for millions of identities."""
        self.plan = plan
        self.number = epoch
        self._begins: list[int] = []
        self._seats: list[list[tuple[Layout, npt.NDArray[np.int64] | None]]] = []
        settings, identities = plan.settings, plan.identities
        begin = 0
        orders = [
            reading_order(identities, stratum.members, settings.seed, epoch, settings.open_shards)
            for stratum in plan.strata
        ]
        cells = [-(-identities.faces[order].astype(np.int64) // settings.images_per_person) for order in orders]
        started = [np.zeros_like(of) for of in cells]
        for number, phase in enumerate(plan.phases):
            seats = []
            for index, order in enumerate(orders):
                quotas = phase.quotas[:, index]
                there = np.flatnonzero(quotas)
                if len(there) == 0:
                    continue
                left = cells[index] - started[index]
                total = int(quotas.sum(dtype=np.int64))
                key = int(hashed(settings.seed, epoch, _DEAL, number, index)[0] >> np.uint64(1))
                if plan.redistributes:
                    drawn = of_the_fullest(left, total, len(there))
                    some = np.flatnonzero(drawn)
                    per_pass = drawn[some]
                else:
                    drawn = in_order(left, total, len(there))
                    some = np.arange(len(order))
                    per_pass = left
                layout = Layout(
                    index,
                    order[some],
                    drawn[some],
                    per_pass,
                    started[index][some],
                    quotas[there],
                    round(plan.block_batches * len(there) / len(quotas)),
                    key,
                )
                seats.append((layout, None if len(there) == len(quotas) else there))
                if len(plan.phases) > 1:
                    started[index] = started[index] + drawn
            self._begins.append(begin)
            self._seats.append(seats)
            begin += len(phase.quotas)

    def batch(self, number: int) -> PlannedBatch:
        """Batch ``number``, from 0; past the last one the first ones come again, so that all ranks get as many."""
        phase, place = self._place(number)
        number %= self.plan.batches
        parts = [layout.batch(at) for layout, _, at in self._seated(phase, place)]
        people = np.concatenate([part[0] for part in parts])
        cells = np.concatenate([part[1] for part in parts])
        settings = self.plan.settings
        # Otherwise the groups would stand in blocks, and whoever takes a slice of a batch would get one of them.
        rows = np.argsort(hashed(settings.seed, self.number, _ROWS, number, people), kind="stable")
        people, cells = people[rows], cells[rows]
        faces = self.faces(people, cells)
        return PlannedBatch(people, faces, cells)

    def faces(self, people: Numbers, cells: Counts) -> npt.NDArray[np.int32]:
        """Numbers of the faces of cells, shape (people, K)."""
        settings = self.plan.settings
        of = self.plan.identities.faces[people]
        return faces_of_cells(people, cells, of, settings.images_per_person, settings.seed, self.number)

    def blocks(self, number: int) -> dict[int, Block]:
        """The blocks that batch ``number`` draws from, by stratum; the same object as long as it is the same block."""
        phase, place = self._place(number)
        return {layout.stratum: layout.block(at) for layout, _, at in self._seated(phase, place)}

    def horizon(self, number: int) -> int:
        """The first batch after ``number`` at which all the blocks that it draws from have ended."""
        phase, place = self._place(number)
        end = place + 1
        for layout, there, at in self._seated(phase, place):
            after = layout.block_of(at)[1]
            if there is not None:
                after = int(there[after]) if after < len(there) else len(self.plan.phases[phase].quotas)
            end = max(end, after)
        return number + end - place

    def coverage(self) -> Coverage:
        """What the epoch does with every face, by group."""
        drawn = np.zeros(len(self.plan.identities.faces), np.int64)
        for seats in self._seats:
            for layout, _ in seats:
                people, counts = layout.drawn()
                drawn[people] += counts
        return cover(self.plan.identities, self.plan.settings, self.plan.strata, self.plan.phases, drawn)

    def _seated(self, phase: int, place: int) -> Iterator[tuple[Layout, npt.NDArray[np.int64] | None, int]]:
        """The strata with a seat in a batch of a phase, and which of their batches that is."""
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
