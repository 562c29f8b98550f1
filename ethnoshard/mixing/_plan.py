"""The plan of batches, a pure function of the dataset's identities and the settings; its quotas."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._blocks import LEAST_BATCHES
from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._coverage import Coverage
from ethnoshard.mixing._epoch import EpochPlan
from ethnoshard.mixing._identities import Identities, Numbers, Pool, Resemblance, Stratum, strata_of
from ethnoshard.mixing._order import piece_bits
from ethnoshard.mixing._phases import Phase, phases_of
from ethnoshard.mixing._settings import PlanSettings

_FEW = 256
"""Cells of a block, where a batch has few of its pool."""


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
        included: which identities take part at all, shape (identities,).
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
        self.included = np.zeros(len(identities.faces), np.bool_)
        for stratum in self.strata:
            self.included[stratum.members] = True
        self.batches = sum(len(phase.quotas) for phase in self.phases)
        self.piece_bits = piece_bits(settings.window_mib, settings.people_per_batch)
        """Bits of an offset in a shard that a piece spans, which is read in one go."""
        self._remember()

    def __getstate__(self) -> dict[str, object]:
        """All but the epochs laid out so far, which follow from the rest."""
        return {name: value for name, value in self.__dict__.items() if name != "_epoch"}

    def __setstate__(self, state: dict[str, object]) -> None:
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


@dataclass(frozen=True)
class Quota:
    """What a stratum gives to the epoch's batches.

    Attributes:
        stratum: its name: that of a group, or of what groups are drawn from together.
        people: identities in it.
        share: of a batch, 0 to 1, in the epoch's first phase.
        least: fewest of its people in a batch.
        most: most of its people in a batch.
        drawn: its people in all batches together, each as often as drawn.
    """

    stratum: str
    people: int
    share: float
    least: int
    most: int
    drawn: int


def quotas_of(plan: Plan) -> list[Quota]:
    """A row for each stratum of the plan, the same in every epoch."""
    rows = []
    for index, stratum in enumerate(plan.strata):
        least = min(int(phase.quotas[:, index].min()) for phase in plan.phases)
        most = max(int(phase.quotas[:, index].max()) for phase in plan.phases)
        drawn = sum(int(phase.quotas[:, index].sum()) for phase in plan.phases)
        rows.append(Quota(stratum.name, len(stratum.members), float(plan.phases[0].shares[index]), least, most, drawn))
    return rows


class Deviation(NamedTuple):
    """How far batches are off the exact shares of their strata, in people.

    Attributes:
        in_batch: the most over strata and batches.
        in_all: the most by which all batches so far together are off, since their phase of the epoch began.
    """

    in_batch: float
    in_all: float


def deviation_of(plan: Plan, numbers: Sequence[int], people: Sequence[npt.NDArray[np.int64]]) -> Deviation:
    """Compare batches that were made with what the target asks for.

    Args:
        plan: of the epoch.
        numbers: which batch of the epoch each one is, from 0; past the last one the first ones come again.
        people: the identities of each, shape (P,), in that order.
    """
    stratum_of = np.full(len(plan.identities.group), -1)
    for index, stratum in enumerate(plan.strata):
        stratum_of[stratum.members] = index
    strata = stratum_of[np.array(people)]
    counts = np.stack([(strata == index).sum(axis=1) for index in range(len(plan.strata))], axis=1)
    ends = np.cumsum([len(phase.quotas) for phase in plan.phases])
    phase_of = np.searchsorted(ends, np.array(numbers) % plan.batches, side="right")
    in_batch = in_all = 0.0
    for number, phase in enumerate(plan.phases):
        wanted = plan.settings.people_per_batch * np.array(phase.shares, np.float64)
        off = counts[phase_of == number] - wanted
        in_batch = max(in_batch, float(np.abs(off).max(initial=0)))
        in_all = max(in_all, float(np.abs(np.cumsum(off, axis=0)).max(initial=0)))
    return Deviation(in_batch, in_all)
