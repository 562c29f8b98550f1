"""What an epoch does with every face, and why."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._identities import Identities, Stratum
from ethnoshard.mixing._phases import Phase
from ethnoshard.mixing._settings import PlanSettings


@dataclass(frozen=True, kw_only=True)
class GroupCoverage:
    """What an epoch does with the faces of one group.

    ``faces = used + dropped + excluded``, and ``draws = used + repeated``.

    Attributes:
        group: its name.
        identities: its identities, those excluded too.
        faces: its faces.
        draws: how many slots of batches they fill.
        used: faces drawn at least once.
        repeated: draws of a face beyond its first.
        dropped: faces of identities that take part, not drawn in this epoch.
        excluded: faces of identities that take no part in any epoch.
        reasons: how many of the repeated, dropped and excluded there are for which reason.
    """

    group: str
    identities: int
    faces: int
    draws: int
    used: int
    repeated: int
    dropped: int
    excluded: int
    reasons: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What an epoch does with every face, by group.

    Attributes:
        groups: one for each group of the dataset, in its order.
        batches: batches in the epoch, all ranks together.
    """

    groups: tuple[GroupCoverage, ...]
    batches: int

    def __str__(self) -> str:
        """A table, and the reasons below it."""
        head = ("group", "faces", "used", "repeated", "dropped", "excluded")
        rows = [
            (g.group, *(f"{v:,}" for v in (g.faces, g.used, g.repeated, g.dropped, g.excluded))) for g in self.groups
        ]
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in (head, *rows)
        ]
        reasons = [f"{g.group}: {number:,} {reason}" for g in self.groups for reason, number in g.reasons.items()]
        return "\n".join([*lines, *reasons])


def coverage_of(
    identities: Identities,
    settings: PlanSettings,
    strata: list[Stratum],
    phases: list[Phase],
    drawn: npt.NDArray[np.int64],
) -> Coverage:
    """Count, given how many cells of each identity are drawn, shape (identities,)."""
    per_cell = settings.images_per_person
    faces = identities.faces.astype(np.int64)
    cells = -(-faces // per_cell)
    included = np.zeros(len(faces), np.bool_)
    limit = np.zeros(len(faces), np.int64)
    for index, stratum in enumerate(strata):
        included[stratum.members] = True
        limit[stratum.members] = sum(int(np.count_nonzero(phase.quotas[:, index])) for phase in phases)
    used = np.where(included, np.minimum(faces, drawn * per_cell), 0)
    repeated = drawn * per_cell - used
    filled = np.where(drawn >= cells, cells * per_cell - faces, 0) * included
    dropped = np.where(included, faces - used, 0)
    ended = next((phase.ends_with for phase in phases if phase.ends_with), None)
    by_chance = settings.target.expected is not None
    crowded = (drawn >= limit) | (ended is None and not by_chance)
    left_out = "places are drawn by chance" if by_chance else f"the epoch ended ({ended!r} ran out)"
    few = faces < settings.least_faces
    again = "drawn again because the group ran out" if ended else "drawn again to fill the last batch"
    kinds = (
        (filled, "repeated to fill short cells"),
        (repeated - filled, f"repeated: {again}"),
        (np.where(crowded, dropped, 0), "dropped: of people with more cells than the epoch has batches for them"),
        (np.where(crowded, 0, dropped), f"dropped: {left_out}"),
        (np.where(few, faces, 0), f"excluded: of people with fewer than {settings.least_faces} faces"),
        (np.where(~included & ~few, faces, 0), "excluded: the target gives the group no share"),
    )
    rows = []
    for number, name in enumerate(identities.groups):
        there = identities.group == number
        sums = [(int(counts[there].sum()), reason) for counts, reason in kinds]
        rows.append(
            GroupCoverage(
                group=name,
                identities=int(there.sum()),
                faces=int(faces[there].sum()),
                draws=int(drawn[there].sum()) * per_cell,
                used=int(used[there].sum()),
                repeated=int(repeated[there].sum()),
                dropped=int(dropped[there].sum()),
                excluded=int(np.where(included, 0, faces)[there].sum()),
                reasons={reason: count for count, reason in sums if count},
            )
        )
    return Coverage(groups=tuple(rows), batches=sum(len(phase.quotas) for phase in phases))
