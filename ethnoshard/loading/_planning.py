"""From a dataset to a plan, with errors of ours."""

from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ethnoshard._listed import listed
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._spans import MOST_FACES, MOST_IDENTITIES
from ethnoshard.mixing import Identities, MixingError, Plan, PlanSettings, Resemblance, Target, Weighted
from ethnoshard.shards import FaceDataset

_WEIGHTED = "weighted:"
"""Before shares that hold in expectation only, given as text."""


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


def plan_of(
    dataset: FaceDataset,
    *,
    target: Target | str = "natural",
    look_alikes: ResemblanceTable | Resemblance | None = None,
    **settings: Any,
) -> Plan:
    """Plan batches of a dataset.

    Args:
        dataset: the faces.
        look_alikes: who resembles whom in it.
        target: as :class:`~ethnoshard.mixing.PlanSettings` has it, or shares as text: ``asian=0.5,white=0.5``.
        settings: as :class:`~ethnoshard.mixing.PlanSettings` has them.

    Raises:
        EthnoshardError: a setting makes no sense, or the dataset can't give what the target asks for.
    """
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
    try:
        return Plan(identities, PlanSettings(target=target_of(target), **settings), near)
    except MixingError as error:
        raise EthnoshardError(str(error)) from error


def resemblance_of(look_alikes: ResemblanceTable, dataset: FaceDataset) -> Resemblance:
    """What the plan needs of a table.

    Raises:
        EthnoshardError: it is of another dataset.
    """
    look_alikes.check(dataset)
    return Resemblance(
        look_alikes.nearest, look_alikes.pairs_apart, look_alikes.digest, nearest_of_all=look_alikes.nearest_of_all
    )


def target_of(target: Target | str) -> Target:
    """A target, of which shares may be given as text: a name with a comma stands in double quotes, as in a CSV file.

    >>> target_of("uniform"), target_of("A=0.25, B=0.75"), target_of('"A, B"=0.25, C=D=0.75')
    ('uniform', {'A': 0.25, 'B': 0.75}, {'A, B': 0.25, 'C=D': 0.75})
    >>> target_of("weighted:natural"), target_of("weighted:A=0.25, B=0.75")
    (Weighted(shares='natural'), Weighted(shares={'A': 0.25, 'B': 0.75}))

    Raises:
        EthnoshardError: a share is no number, or a group has two.
    """
    if not isinstance(target, str):
        return target
    if target.startswith(_WEIGHTED):
        try:
            return Weighted(cast(Any, target_of(target.removeprefix(_WEIGHTED))))
        except MixingError as error:
            raise EthnoshardError(str(error)) from error
    if "=" not in target:
        return cast(Target, target)
    shares: dict[str, float] = {}
    for part in listed(target):
        group, _, share = part.rpartition("=")
        try:
            number = float(share)
        except ValueError as error:
            raise EthnoshardError(
                f'a target of your own is like asian=0.5,white=0.5, a name with a comma like "east, asian"=0.5; '
                f"{part!r} in it is not"
            ) from error
        if group.strip() in shares:
            raise EthnoshardError(f"the target gives {group.strip()!r} two shares")
        shares[group.strip()] = number
    return shares
