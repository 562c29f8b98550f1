"""What a batch is made of, whom its people meet, and what the target asks of it."""

import numpy as np
import numpy.typing as npt

from ethnoshard.loading import Batch
from ethnoshard.mixing import Plan, Resemblance

_WITHOUT_SHARES = ("base", "placebo", "same-group", "weighted")
"""Targets that ask for no share of a group in a batch: chance has it, or a batch has one of them."""


class Wanted:
    """How many people of each group the target asks of a step."""

    def __init__(self, plan: Plan, ranks: int) -> None:
        """Take the shares from the plan, which has others in each of its phases where a group leaves its quota."""
        self.groups = plan.identities.groups
        self._shares = [
            dict(zip((stratum.name for stratum in plan.strata), map(float, phase.shares), strict=True))
            for phase in plan.phases
        ]
        self._by_group = plan.settings.name not in _WITHOUT_SHARES
        self._people = np.array([[shares.get(name, 0.0) for name in self.groups] for shares in self._shares])
        self._people *= plan.settings.people_per_batch
        self._ends = np.cumsum([len(phase.quotas) for phase in plan.phases])
        self._batches, self._ranks = plan.batches, ranks
        self.loader_steps = -(-plan.batches // ranks)

    @property
    def shares(self) -> dict[str, float] | None:
        """The target's share of each group, as an epoch of the loader begins; None for an arm without."""
        return {name: self._shares[0].get(name, 0.0) for name in self.groups} if self._by_group else None

    def of_step(self, step: int) -> list[float | None]:
        """People of each group, all ranks together, in the step that follows ``step`` others; None for an arm without.

        Its batches are those that the loader gives, the first ones once more where the ranks don't divide an epoch.
        """
        if not self._by_group:
            return [None] * len(self.groups)
        begin = step % self.loader_steps * self._ranks
        numbers = np.arange(begin, begin + self._ranks) % self._batches
        people: list[float | None] = self._people[np.searchsorted(self._ends, numbers, side="right")].sum(0).tolist()
        return people


def counted(batch: Batch, groups: int, near: Resemblance | None = None) -> npt.NDArray[np.int64]:
    """What a batch holds of each group, shape (4, groups).

    Its people, their places, ordered pairs of two of its people, and people whose nearest other person of the group is
    in the batch: 0 without a table of who that is.
    """
    of_face = batch.groups.numpy()
    who, first = np.unique(batch.identities.numpy(), return_index=True)
    group = of_face[first]
    people = np.bincount(group, minlength=groups)
    # Nobody's number is -1, which stands for one who has no other.
    met = np.isin(near.nearest[who, 0], who) if near is not None else np.zeros(len(who), np.bool_)
    return np.stack(
        [
            people,
            np.bincount(of_face, minlength=groups),
            people * (people - 1),
            np.bincount(group[met], minlength=groups),
        ]
    )


def others_of(plan: Plan) -> npt.NDArray[np.int64]:
    """Of each group, how many others there are whom one of its people may meet; 1 where there is nobody else."""
    drawn = np.bincount(plan.identities.group[plan.drawn], minlength=len(plan.identities.groups))
    return np.maximum(drawn - 1, 1)
