"""A source at a glance: what it was taken for, how many are in it, and what is odd."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.sources._listing import GROUP, IDENTITY, Smell
from ethnoshard.sources._refs import identity_starts, total_bytes
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources._source import Source


@dataclass(frozen=True, kw_only=True)
class Look:
    """A source at a glance.

    Attributes:
        path: as given.
        kind: of the container, see :class:`~ethnoshard.sources.Place`.
        form: what it was taken for, in words.
        images: images of an identity.
        identities: how many.
        least: fewest images of an identity.
        middle: the median over identities.
        most: most images of an identity.
        image_bytes: of all encoded images.
        groups: group -> identities, as the form gives them.
        without_group: identities to which the form gives no group, where it gives some.
        given_by: what it says of people -> what says it, as ``{"group": "the folder names"}``.
        examples: names of three images, from the first, the middle and the last identity.
        skipped: reason -> number of entries that are no image of an identity.
        smells: what suggests that it is something else.
        remarks: what was left out of what it says of people.
    """

    path: str
    kind: str
    form: str
    images: int
    identities: int
    least: int
    middle: float
    most: int
    image_bytes: int
    groups: dict[str, int]
    without_group: int
    given_by: dict[str, str]
    examples: tuple[str, ...]
    skipped: dict[str, int]
    smells: tuple[Smell, ...]
    remarks: tuple[Remark, ...] = ()

    def __str__(self) -> str:
        """The first line of what is told."""
        people = "identity" if self.identities == 1 else "identities"
        return (
            f"{self.path}: {self.form}, {self.images:,} images of {self.identities:,} {people}, {self.least:,} / "
            f"{self.middle:,.5g} / {self.most:,} images an identity (least, median, most)"
        )


def look_at(source: Source) -> Look:
    """What a source is, from its listing alone: no image is read.

    Args:
        source: as listed, whether it smells or not.
    """
    refs = source.refs
    starts = identity_starts(refs)
    images = np.diff(np.append(starts, len(refs)))
    chosen = dict.fromkeys(starts[[0, len(starts) // 2, -1]].tolist())
    people = source.people
    groups: dict[str, int] = {}
    if people is not None and GROUP in people.rows.columns:
        there = people.rows.filter(
            people.rows[IDENTITY].is_in([refs[start].identity for start in starts.tolist()])
        ).drop_nulls(GROUP)
        groups = dict(there.group_by(GROUP).len().sort(GROUP).iter_rows())
    return Look(
        path=str(source.path),
        kind=source.kind,
        form=source.form,
        images=len(refs),
        identities=len(images),
        least=int(images.min()),
        middle=float(np.median(images)),
        most=int(images.max()),
        image_bytes=total_bytes(refs),
        groups=groups,
        without_group=len(images) - sum(groups.values()) if groups else 0,
        given_by={} if people is None else people.given_by,
        examples=tuple(refs[start].name for start in chosen),
        skipped={reason: len(entries) for reason, entries in source.skipped.items()},
        smells=source.smells,
        remarks=source.remarks,
    )
