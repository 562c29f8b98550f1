"""Who can be drawn, and from which pools: one a group, or whatever else the target's arm calls for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._errors import MixingError
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities
from ethnoshard.mixing._settings import PlanSettings, exact_share

_PLACEBO = 1


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """A pool with a quota of its own.

    Attributes:
        name: what messages call it.
        members: the identities' numbers, ascending, int32.
        cells: how many cells each of them has, int64.
        share: its part of each batch, where the target fixes it; None where the cells decide.
    """

    name: str
    members: npt.NDArray[np.int32]
    cells: npt.NDArray[np.int64]
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
    if settings.target == "base":
        return [Stratum(name="all groups", members=eligible, cells=cells)]
    group = identities.group[eligible]
    if settings.target == "placebo":
        shuffled = np.argsort(hashed(settings.seed, _PLACEBO, eligible), kind="stable")
        group = group[shuffled]
    shares = _shares(identities, group, settings)
    strata = []
    for number, name in enumerate(identities.groups):
        chosen = group == number
        if chosen.any() and shares.get(name, Fraction(1)) > 0:
            members = eligible[chosen]
            strata.append(Stratum(name=name, members=members, cells=cells[chosen], share=shares.get(name)))
    return strata


def _shares(identities: Identities, group: npt.NDArray[np.int8], settings: PlanSettings) -> dict[str, Fraction]:
    """The shares that the target fixes: of every group, or of none."""
    if settings.target == "uniform":
        shares = {name: Fraction(1, len(identities.groups)) for name in identities.groups}
    elif isinstance(settings.target, Mapping):
        unknown = [name for name in settings.target if name not in identities.groups]
        if unknown:
            raise MixingError(
                f"the target names {', '.join(map(repr, unknown))}; the dataset's groups are "
                f"{', '.join(map(repr, identities.groups))}"
            )
        given = {name: exact_share(share) for name, share in settings.target.items()}
        shares = {name: given.get(name, Fraction(0)) / sum(given.values()) for name in identities.groups}
    else:
        return {}
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
