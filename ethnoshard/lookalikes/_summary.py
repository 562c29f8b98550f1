"""A table of look-alikes in a few numbers, by group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.lookalikes._table import LookAlikes
from ethnoshard.shards import FaceDataset


@dataclass(frozen=True, kw_only=True)
class GroupSummary:
    """What the table says of a group's people.

    Attributes:
        group: its name.
        people: its identities.
        without: of them, those without an embedding.
        nearest: median similarity of the nearest other person of the group; None where nobody has one.
        nearest_of_all: median similarity of the nearest other person of any group; None where nobody has one.
        own_share: share of people whose nearest other person is of the group; None where nobody has one.
        pairs_apart: pairs of two of its people that are kept apart.
    """

    group: str
    people: int
    without: int
    nearest: float | None
    nearest_of_all: float | None
    own_share: float | None
    pairs_apart: int


@dataclass(frozen=True, kw_only=True)
class TableSummary:
    """What the table says.

    Attributes:
        groups: a row for each group.
        across: pairs of people of two groups that are kept apart.
    """

    groups: list[GroupSummary]
    across: int


def summary_of(table: LookAlikes, dataset: FaceDataset) -> TableSummary:
    """Sum a table up.

    Raises:
        EthnoshardError: it is of another dataset.
    """
    table.check(dataset)
    names = dataset.identities["group"].to_numpy()
    there = _in_blocks(table.centroids)
    nearest, values = np.asarray(table.nearest_of_all[:, 0]), np.asarray(table.similarity_of_all[:, 0])
    own = np.asarray(table.similarity[:, 0])
    apart = table.record["pairs_apart"]
    groups = []
    for name in dataset.groups:
        mine = names == name
        some = mine & (nearest >= 0)
        groups.append(
            GroupSummary(
                group=name,
                people=int(mine.sum()),
                without=int((mine & ~there).sum()),
                nearest=_median(own[mine & (own > -np.inf)]),
                nearest_of_all=_median(values[some]),
                own_share=float((names[nearest[some]] == name).mean()) if some.any() else None,
                pairs_apart=int(apart["within"].get(name, 0)),
            )
        )
    return TableSummary(groups=groups, across=int(apart["across"]))


def _in_blocks(centroids: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows are not zero, without having all of them in memory."""
    return np.concatenate([centroids[begin : begin + 65536].any(axis=1) for begin in range(0, len(centroids), 65536)])


def _median(values: NDArray[np.float32]) -> float | None:
    return float(np.median(values)) if len(values) else None
