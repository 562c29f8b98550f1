"""What ``run.json`` says of a run, with types."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ethnoshard.results import from_json


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Those settings of a training that say what its batches were.

    Attributes:
        epochs: to train.
        arm: target of the batches.
        people_per_batch: P.
        images_per_person: K.
        together: people of a group that come at once, at least.
        hard: share of the draws that come in sets of look-alikes.
        within: "group" where look-alikes are of one group, else "any".
    """

    epochs: int
    arm: str = "natural"
    people_per_batch: int = 8
    images_per_person: int = 4
    together: int = 1
    hard: float = 0.0
    within: str = "group"


@dataclass(frozen=True, kw_only=True)
class GroupSize:
    """A group of the dataset.

    Attributes:
        name: of it.
        faces: of its people.
    """

    name: str
    faces: int


@dataclass(frozen=True, kw_only=True)
class TrainingDataset:
    """The dataset of a training.

    Attributes:
        path: folder or URL; None where it is not on record.
        fingerprint: of the dataset; None where it is not on record.
        groups: in its order.
    """

    path: str | None = None
    fingerprint: str | None = None
    groups: tuple[GroupSize, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """How far a training is.

    Attributes:
        epoch: epochs done.
        step: steps done.
        loss: mean of the last epoch.
        lfw: accuracy, val, auc ... of the last evaluation, fractions, and "val_reason"; None before one.
        collapsed: what has to be known where embeddings of different people are all alike.
    """

    epoch: int
    step: int
    loss: float | None = None
    lfw: dict[str, float | str | None] | None = None
    collapsed: str | None = None


@dataclass(frozen=True, kw_only=True)
class GroupUse:
    """What became of a group's faces in an epoch.

    Attributes:
        group: its name.
        faces: of the dataset.
        draws: slots of batches that they filled, used + repeated.
        used: faces that came at least once.
        repeated: slots that repeat a face.
        dropped: faces that didn't come.
        excluded: faces of people who can't come.
        reasons: of a plan, why faces are repeated, dropped or excluded -> how many.
    """

    group: str
    faces: int
    draws: int
    used: int
    repeated: int
    dropped: int
    excluded: int
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EpochUse:
    """What became of every face in an epoch of the training.

    Attributes:
        epoch: its number, from 0.
        groups: in the dataset's order.
        replaced_from_identity: draws that got another face of the same person, theirs being bad.
        replaced_from_group: draws that got a face of another person of the group.
    """

    epoch: int
    groups: tuple[GroupUse, ...]
    replaced_from_identity: int = 0
    replaced_from_group: int = 0


@dataclass(frozen=True, kw_only=True)
class PlannedCompany:
    """Who of a group meets whom, as planned.

    Attributes:
        group: its name.
        people: of it in a batch, mean.
        none_at_random: share of batches without anybody of it, if people were drawn at random.
        distinct: different people behind an epoch's batches.
        effective: people who, each coming as often, would vary as little.
    """

    group: str
    people: float | None = None
    none_at_random: float | None = None
    distinct: int | None = None
    effective: float | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedMeetings:
    """Who meets whom, as planned.

    Attributes:
        groups: in the dataset's order.
    """

    groups: tuple[PlannedCompany, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedEpoch:
    """An epoch of the loader as planned.

    Attributes:
        coverage: what it does with every face, by group.
        meetings: who meets whom; None in runs from before it was recorded.
    """

    coverage: tuple[GroupUse, ...] = ()
    meetings: PlannedMeetings | None = None


@dataclass(frozen=True, kw_only=True)
class UsedTable:
    """A table of look-alikes that batches were planned with.

    Attributes:
        digest: of what in it decides batches; None where it is not on record.
    """

    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class RankChange:
    """Other processes trained together from a step on.

    Attributes:
        step: steps taken before.
        epochs: of the training done before, a fraction of the last one with it.
        ranks: processes since then.
        ranks_before: processes until then.
        steps_an_epoch: since then.
    """

    step: int
    epochs: float
    ranks: int
    ranks_before: int
    steps_an_epoch: int


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A training, as far as anybody looks at it.

    Attributes:
        arm: how its batches were composed.
        seed: of everything random.
        status: "running", "interrupted", "finished" or "failed".
        settings: of the training.
        progress: how far it is.
        dataset: that it learns from.
        steps_an_epoch: None where it is not on record.
        ranks: processes that train together, in the end.
        rank_changes: where their number changed, the first one first.
        plan: of the loader; None in runs from before it was recorded.
        coverage: what became of every face, of each epoch that ended.
        look_alikes: tables that batches were planned with, the first one first.
        reason: why it failed.
    """

    arm: str
    seed: int
    status: str
    settings: RunSettings
    progress: TrainingProgress
    dataset: TrainingDataset = field(default_factory=TrainingDataset)
    steps_an_epoch: int | None = None
    ranks: int = 1
    rank_changes: tuple[RankChange, ...] = ()
    plan: PlannedEpoch | None = None
    coverage: tuple[EpochUse, ...] = ()
    look_alikes: tuple[UsedTable, ...] | None = None
    reason: str | None = None

    @classmethod
    def of_json(cls, content: Mapping[str, object], where: object) -> "RunRecord":
        """From what ``run.json`` holds; what else it holds is passed over.

        Args:
            content: as read.
            where: the file, for messages.

        Raises:
            EthnoshardError: something is missing or of another type; the message has its place.
        """
        return from_json(cls, content, where)

    @property
    def most_ranks(self) -> int:
        """Processes that trained together at most."""
        return max([self.ranks, *(change.ranks_before for change in self.rank_changes)])

    def ranks_at(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Processes that took each of the steps, (N,) counted from 1."""
        changes = self.rank_changes
        numbers = np.array([*(change.ranks_before for change in changes[:1]), *(change.ranks for change in changes)])
        if not changes:
            return np.full(len(steps), self.ranks)
        ranks: NDArray[np.int64] = numbers[np.searchsorted([change.step for change in changes], steps, side="left")]
        return ranks

    @property
    def planned_coverage(self) -> tuple[GroupUse, ...]:
        """What an epoch of the loader does with every face; empty in runs from before it was recorded."""
        return self.plan.coverage if self.plan else ()

    @property
    def planned_meetings(self) -> tuple[PlannedCompany, ...]:
        """Who meets whom by the plan; empty in runs from before it was recorded."""
        return self.plan.meetings.groups if self.plan and self.plan.meetings else ()

    @property
    def replaced(self) -> int:
        """Draws of the finished epochs that got another face in place of a bad one."""
        return sum(epoch.replaced_from_identity + epoch.replaced_from_group for epoch in self.coverage)
