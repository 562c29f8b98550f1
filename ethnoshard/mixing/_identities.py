"""Who can be drawn: the dataset's identities, who resembles whom, and the strata that a target makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._errors import MixingError
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._settings import PlanSettings, exact_share

Pairs = npt.NDArray[np.int32]
_NOBODY = "nobody"
_PLACEBO = 1


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The dataset's identities, a row each; the row is the identity's number.

    Attributes:
        group: number of the group, shape (identities,), an integer.
        faces: number of faces, likewise.
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
        nearest_of_all: the same, whatever the group; None where that is not known.
    """

    nearest: npt.NDArray[np.int32]
    apart: Pairs = field(default_factory=lambda: np.empty((0, 2), np.int32))
    digest: str = ""
    nearest_of_all: npt.NDArray[np.int32] | None = None

    @classmethod
    def of_nobody(cls, identities: int) -> "Resemblance":
        """A table of so many identities of whom nobody resembles anybody."""
        nobody = np.full((identities, 1), -1, np.int32)
        return cls(nobody, digest=_NOBODY, nearest_of_all=nobody)

    @property
    def knows_nobody(self) -> bool:
        """Whether it is that table: there is none yet."""
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
    """People of one group among whom the places that a batch has for them are dealt.

    Attributes:
        group: number of the group.
        members: the identities' numbers, ascending, int32.
        cells: how many cells each of them has, int64.
        share: its part of the stratum's places where each is drawn with that chance; None where cells are shuffled.
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
    if settings.target == "base":
        return [_stratum("all groups", eligible, cells, group)]
    if settings.is_weighted:
        shares = _shares(identities, group, settings)
        drawn = np.array([shares[identities.groups[number]] > 0 for number in group.tolist()], np.bool_)
        if np.count_nonzero(drawn) < settings.people_per_batch:
            raise MixingError(
                f"people_per_batch={settings.people_per_batch}, but the groups that have a share have "
                f"{np.count_nonzero(drawn):,} identities with at least {settings.least_faces} faces"
            )
        return [_stratum("all groups", eligible[drawn], cells[drawn], group[drawn], list(shares.values()))]
    quota_group = group
    if settings.target == "placebo":
        quota_group = group[np.argsort(hashed(settings.seed, _PLACEBO, eligible), kind="stable")]
    shares = _shares(identities, quota_group, settings)
    strata = []
    for number, name in enumerate(identities.groups):
        chosen = quota_group == number
        if chosen.any() and shares.get(name, Fraction(1)) > 0:
            own = group[chosen]
            strata.append(_stratum(name, eligible[chosen], cells[chosen], own, share=shares.get(name)))
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


def _shares(identities: Identities, group: npt.NDArray[np.int8], settings: PlanSettings) -> dict[str, Fraction]:
    """The shares that the target fixes: of every group, or of none."""
    target = settings.shares
    if target == "uniform":
        shares = {name: Fraction(1, len(identities.groups)) for name in identities.groups}
    elif isinstance(target, Mapping):
        unknown = [name for name in target if name not in identities.groups]
        if unknown:
            raise MixingError(
                f"the target names {', '.join(map(repr, unknown))}; the dataset's groups are "
                f"{', '.join(map(repr, identities.groups))}"
            )
        given = {name: exact_share(share) for name, share in target.items()}
        shares = {name: given.get(name, Fraction(0)) / sum(given.values()) for name in identities.groups}
    elif settings.is_weighted:
        cells = -(-identities.faces.astype(np.int64) // settings.images_per_person)
        cells[identities.faces < settings.least_faces] = 0
        of = [int(cells[identities.group == number].sum()) for number in range(len(identities.groups))]
        shares = {name: Fraction(number, sum(of)) for name, number in zip(identities.groups, of, strict=True)}
    else:
        return {}
    if settings.is_weighted:
        # No number of people is promised.
        return shares
    wanted = [name for name, share in shares.items() if share > 0]
    if len(wanted) > settings.people_per_batch:
        raise MixingError(
            f"the target wants {len(wanted)} groups in each batch, but people_per_batch={settings.people_per_batch}"
        )
    for name in wanted:
        there = int(np.count_nonzero(group == identities.groups.index(name)))
        most = ceil(settings.people_per_batch * shares[name])
        if there < most:
            raise MixingError(
                f"the target wants up to {most} different people of {name!r} in each batch "
                f"({float(shares[name]):.3g} of people_per_batch={settings.people_per_batch}), but the dataset has "
                f"{there:,} with at least {settings.least_faces} faces; ask for fewer people, or for a smaller share"
            )
    return shares
