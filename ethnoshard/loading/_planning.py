"""From a dataset to the plan of its batches, with errors of ours."""

import contextlib
from collections.abc import Iterator
from typing import Protocol, Required, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._jpegs import MOST_FACES, MOST_IDENTITIES
from ethnoshard.mixing import (
    Exhaustion,
    Identities,
    MixingError,
    Plan,
    PlanSettings,
    Resemblance,
    Target,
    TargetLike,
    Within,
)
from ethnoshard.shards import FaceDataset


class ResemblanceTable(Protocol):
    """What a plan takes from a table of who resembles whom, see :class:`~ethnoshard.LookAlikes`."""

    @property
    def digest(self) -> str:
        """Stands for all that decides batches."""

    @property
    def nearest(self) -> npt.NDArray[np.int32]:
        """The nearest identities of the same group, shape (identities, k)."""

    @property
    def nearest_of_all(self) -> npt.NDArray[np.int32]:
        """The nearest identities of any group, shape (identities, k)."""

    @property
    def pairs_apart(self) -> npt.NDArray[np.int32]:
        """Pairs that are probably one person, shape (pairs, 2)."""

    def check(self, dataset: FaceDataset) -> None:
        """Refuse another dataset than that of the table."""


class PlanOptions(TypedDict, total=False):
    """The settings of :class:`~ethnoshard.mixing.PlanSettings` but for the target."""

    people_per_batch: Required[int]
    images_per_person: Required[int]
    when_exhausted: Exhaustion
    seed: int
    min_faces: int | None
    together: int
    hard: float
    within: Within
    window_mib: int
    shards_in_window: int | None


def plan_of(
    dataset: FaceDataset,
    *,
    target: TargetLike = "natural",
    look_alikes: ResemblanceTable | Resemblance | None = None,
    **options: Unpack[PlanOptions],
) -> Plan:
    """Plan batches of a dataset.

    Args:
        dataset: the faces.
        target: wanted distribution over the groups: a :class:`~ethnoshard.mixing.Target`, or what it is parsed from.
        look_alikes: who resembles whom in the dataset.
        options: as :class:`~ethnoshard.mixing.PlanSettings` has them.

    Raises:
        EthnoshardError: a setting makes no sense, or the dataset can't give what the target asks for.
    """
    with mixing_errors():
        settings = PlanSettings(target=Target.parse(target), **options)
    table = dataset.identities
    names = dataset.groups
    faces = table["faces"].to_numpy()
    if len(table) > MOST_IDENTITIES or (faces > MOST_FACES).any():
        raise EthnoshardError(
            f"the loader knows at most {MOST_IDENTITIES:,} identities of {MOST_FACES:,} faces each; there are more"
        )
    # By comparisons, for which polars needs no threads: a forked process may plan from the dataset of its parent.
    group = np.full(len(table), -1, np.int8)
    for number, name in enumerate(names):
        group[(table["group"] == name).to_numpy()] = number
    if (group < 0).any():
        raise EthnoshardError(f"the index of {dataset.path} has groups that its manifest lacks; pack it again")
    identities = Identities(
        group=group,
        faces=faces,
        shard=table["shard"].to_numpy(),
        offset=table["offset"].to_numpy(),
        length=table["length"].to_numpy(),
        groups=tuple(names),
    )
    near = None
    if isinstance(look_alikes, Resemblance):
        near = look_alikes
    elif look_alikes is not None:
        near = resemblance_of(look_alikes, dataset)
    with mixing_errors():
        return Plan(identities, settings, near)


def resemblance_of(look_alikes: ResemblanceTable, dataset: FaceDataset) -> Resemblance:
    """What the plan needs of a table.

    Raises:
        EthnoshardError: it is of another dataset.
    """
    look_alikes.check(dataset)
    return Resemblance(
        look_alikes.nearest, look_alikes.pairs_apart, look_alikes.digest, nearest_of_all=look_alikes.nearest_of_all
    )


def target_of(target: TargetLike) -> Target:
    """A target from what :meth:`~ethnoshard.mixing.Target.parse` takes, with an error of ours.

    Raises:
        EthnoshardError: there is no such target, a share is not a number, or shares don't sum to 1.
    """
    with mixing_errors():
        return Target.parse(target)


@contextlib.contextmanager
def mixing_errors() -> Iterator[None]:
    """Turn errors of ``mixing``, which imports nothing of ours, into our own."""
    try:
        yield
    except MixingError as error:
        raise EthnoshardError(str(error)) from error
