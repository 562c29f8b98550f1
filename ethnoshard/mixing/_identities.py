"""Who can be drawn: the dataset's identities, who resembles whom, and the strata that a target makes of them."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._settings import PlanSettings

Numbers = npt.NDArray[np.int32]
"""Of identities: their rows."""
Pairs = npt.NDArray[np.int32]
_NOBODY = "nobody"
_PLACEBO = 1


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The dataset's identities, a row each; the row is the identity's number.

    Attributes:
        group: number of the group, shape (identities,), an integer.
        faces: number of faces, shape (identities,), an integer.
        shard: number of the shard that holds them.
        offset: where its span begins in the shard, bytes.
        length: length of the span, bytes.
        groups: the groups' names.
    """

    group: npt.NDArray[np.int8]
    faces: npt.NDArray[np.int32]
    shard: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    groups: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Resemblance:
    """Each identity's nearest others, and the pairs that are too near to be two people.

    Attributes:
        nearest: numbers of the identities of its own group that each resembles most, the nearest first, -1 where there
            are fewer, shape (identities, k), int32; may be memory-mapped.
        apart: pairs that are probably one person, who are never sought and kept apart, shape (pairs, 2), int32.
        digest: stands for all of it.
        nearest_of_all: numbers of the identities of any group that each resembles most, the nearest first, -1 where
            there are fewer, shape (identities, k), int32; None where they are not known.
    """

    nearest: npt.NDArray[np.int32]
    apart: Pairs = field(default_factory=lambda: np.empty((0, 2), np.int32))
    digest: str = ""
    nearest_of_all: npt.NDArray[np.int32] | None = None

    @classmethod
    def empty(cls, identities: int) -> "Resemblance":
        """A table of so many identities of whom nobody resembles anybody."""
        nobody = np.full((identities, 1), -1, np.int32)
        return cls(nobody, digest=_NOBODY, nearest_of_all=nobody)

    @property
    def is_empty(self) -> bool:
        """Whether it is the table of whom nobody resembles anybody, which stands for one that is still to come."""
        return self.digest == _NOBODY

    def apart_among(self, members: npt.NDArray[np.int32]) -> Pairs:
        """The pairs of whom both are among ``members``, which ascend."""
        if not len(self.apart) or not len(members):
            return np.empty((0, 2), np.int32)
        found = np.minimum(np.searchsorted(members, self.apart), len(members) - 1)
        among: Pairs = self.apart[(members[found] == self.apart).all(axis=1)]
        return among


@dataclass(frozen=True, kw_only=True)
class Pool:
    """People of one group among whom the slots that a batch has for them are dealt.

    Attributes:
        group: number of the group.
        members: the identities' numbers, ascending, int32.
        cells: how many cells each of them has, int64.
        share: its part of the stratum's slots where each is drawn with that chance; None where cells are shuffled.
    """

    group: int
    members: npt.NDArray[np.int32]
    cells: npt.NDArray[np.int64]
    share: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """People with a quota of their own.

    Attributes:
        name: what messages call it.
        members: the identities' numbers, ascending, int32.
        cells: how many cells each of them has, int64.
        pools: its members by group. Of several, chance says how many of a batch come from which.
        share: its part of each batch, where the target fixes it; None where the cells decide.
    """

    name: str
    members: npt.NDArray[np.int32]
    cells: npt.NDArray[np.int64]
    pools: tuple[Pool, ...]
    share: Fraction | None = None


def strata_of(identities: Identities, settings: PlanSettings) -> list[Stratum]:
    """The pools that the target draws from; an identity in none of them is excluded.

    Raises:
        MixingError: no pool can be made, or a group that the target wants has no identity.
    """
    eligible = np.flatnonzero(identities.faces >= settings.least_faces).astype(np.int32)
    if len(eligible) < settings.people_per_batch:
        raise MixingError(
            f"people_per_batch={settings.people_per_batch}, but the dataset has {len(eligible):,} identities with at "
            f"least {settings.least_faces} faces (of {len(identities.faces):,} in all)"
        )
    per_cell = settings.images_per_person
    cells = -(-identities.faces[eligible].astype(np.int64) // per_cell)
    group = identities.group[eligible]
    target = settings.target
    if target.name == "base":
        return [_stratum("all groups", eligible, cells, group)]
    if target.expected is not None:
        chances = target.shares(identities.groups) or _shares_of_cells(identities.groups, group, cells)
        chosen = np.array([chances[identities.groups[number]] > 0 for number in group.tolist()], np.bool_)
        if np.count_nonzero(chosen) < settings.people_per_batch:
            raise MixingError(
                f"people_per_batch={settings.people_per_batch}, but the groups that have a share have "
                f"{np.count_nonzero(chosen):,} identities with at least {settings.least_faces} faces"
            )
        return [_stratum("all groups", eligible[chosen], cells[chosen], group[chosen], list(chances.values()))]
    quota_group = group
    if target.name == "placebo":
        quota_group = group[np.argsort(hashed(settings.seed, _PLACEBO, eligible), kind="stable")]
    shares = target.shares(identities.groups)
    if shares is not None:
        _check_enough(shares, identities.groups, quota_group, settings)
    strata = []
    for number, name in enumerate(identities.groups):
        chosen = quota_group == number
        if chosen.any() and (shares is None or shares[name] > 0):
            own = group[chosen]
            share = None if shares is None else shares[name]
            strata.append(_stratum(name, eligible[chosen], cells[chosen], own, share=share))
    return strata


def _stratum(
    name: str,
    members: npt.NDArray[np.int32],
    cells: npt.NDArray[np.int64],
    group: npt.NDArray[np.int8],
    chances: list[Fraction] | None = None,
    share: Fraction | None = None,
) -> Stratum:
    pools = tuple(
        Pool(
            group=number,
            members=members[group == number],
            cells=cells[group == number],
            share=chances[number] if chances else None,
        )
        for number in np.unique(group).tolist()
    )
    return Stratum(name=name, members=members, cells=cells, pools=pools, share=share)


def _shares_of_cells(
    groups: tuple[str, ...], group: npt.NDArray[np.int8], cells: npt.NDArray[np.int64]
) -> dict[str, Fraction]:
    """The share of each group in the cells of the identities that take part."""
    counts = [int(cells[group == number].sum()) for number in range(len(groups))]
    return {name: Fraction(count, sum(counts)) for name, count in zip(groups, counts, strict=True)}


def _check_enough(
    shares: dict[str, Fraction], groups: tuple[str, ...], group: npt.NDArray[np.int8], settings: PlanSettings
) -> None:
    """Refuse shares that a batch has no room for, or a group no people.

    Args:
        shares: of each group, exactly.
        groups: the dataset's.
        group: number of the group of each identity that may take part.
        settings: of the plan.

    Raises:
        MixingError: there is too little of either; the message has the numbers.
    """
    wanted = [name for name, share in shares.items() if share > 0]
    if len(wanted) > settings.people_per_batch:
        raise MixingError(
            f"the target wants {len(wanted)} groups in each batch, but people_per_batch={settings.people_per_batch}"
        )
    for name in wanted:
        available = int(np.count_nonzero(group == groups.index(name)))
        most = ceil(settings.people_per_batch * shares[name])
        if available < most:
            raise MixingError(
                f"the target wants up to {most} different people of {name!r} in each batch "
                f"({float(shares[name]):.3g} of people_per_batch={settings.people_per_batch}), but the dataset has "
                f"{available:,} with at least {settings.least_faces} faces; ask for fewer people, or for a smaller "
                "share"
            )
