"""What the batches of a run, or of a plan, hold of each group: people against a target, and who meets whom."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Delivery:
    """What the batches of a run's steps held of each group, against what was wanted.

    Attributes:
        run: its name.
        arm: how its batches were composed.
        groups: in the dataset's order.
        promised: whether the arm has a target; else ``wanted`` is what the dataset holds.
        within: people that a group is ahead or behind at most, where it is promised.
        steps: numbers from 1, shape (steps,).
        ranks: whose batches a step has, a batch of each, shape (steps,).
        epochs: of the training, from 0, shape (steps,).
        people: shape (steps, groups).
        wanted: people who were wanted, shape (steps, groups).
        ahead: people beyond what was wanted, summed since the loader's epoch began, shape
            (steps, groups).
    """

    run: str
    arm: str
    groups: tuple[str, ...]
    promised: bool
    within: int
    steps: NDArray[np.int64]
    ranks: NDArray[np.int64]
    epochs: NDArray[np.int64]
    people: NDArray[np.float64]
    wanted: NDArray[np.float64]
    ahead: NDArray[np.float64]

    def of_epoch(self, epoch: int | None) -> "Delivery":
        """One epoch's steps, from 0; all for None."""
        if epoch is None:
            return self
        there = self.epochs == epoch
        return replace(
            self,
            **{name: getattr(self, name)[there] for name in ("steps", "ranks", "epochs", "people", "wanted", "ahead")},
        )

    @property
    def against(self) -> str:
        """What is compared with."""
        return "the target" if self.promised else "the dataset"

    @property
    def farthest(self) -> float:
        """Most people that any group was ahead or behind."""
        return float(np.abs(self.ahead).max())

    @property
    def off_in_a_batch(self) -> float:
        """Most people that any group was off in a single step."""
        return float(np.abs(self.people - self.wanted).max())


@dataclass(frozen=True, kw_only=True)
class Encounters:
    """What a batch holds of a group; None where it is not known or can't be.

    Attributes:
        group: its name; "" for all people together.
        people: of it in a batch, mean.
        dispersion: variance of that number over that of people drawn at random: 1 is random, 0 a quota.
        pairs: ordered pairs of two of its people, mean.
        pairs_at_random: the same of people drawn at random, as many on average.
        none: share of batches without anybody of it.
        none_at_random: the same at random.
        nearest: share of its draws whose nearest other person of the group is in the batch.
        nearest_by_chance: the same if those who meet were anybody of the group.
        nearest_of_all: share of its draws whose nearest other person of any group is in the batch.
        distinct: different people behind an epoch's batches, as planned.
        effective: people who, each coming as often, would vary as little, as planned.
        apart: pairs of its people that are probably one person.
        apart_met: how often such a pair was in a batch all the same.
    """

    group: str
    people: float
    dispersion: float | None = None
    pairs: float | None = None
    pairs_at_random: float | None = None
    none: float | None = None
    none_at_random: float | None = None
    nearest: float | None = None
    nearest_by_chance: float | None = None
    nearest_of_all: float | None = None
    distinct: int | None = None
    effective: float | None = None
    apart: int | None = None
    apart_met: int | None = None
