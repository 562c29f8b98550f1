"""What each stratum gives to an epoch's batches, and how far batches are off it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._plan import Plan


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
