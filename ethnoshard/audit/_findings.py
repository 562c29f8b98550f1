"""From suspicions to findings: rows with names, groups and figures, and the faces to be looked at."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.audit._same_image import SameImages
from ethnoshard.audit._sets import AuditedSet
from ethnoshard.audit._several_people import SeveralPeople
from ethnoshard.audit._shared import Shared
from ethnoshard.audit._strangers import Strangers
from ethnoshard.lookalikes import Folders, SamePeople, Vectors
from ethnoshard.results import FINDINGS_SCHEMA, Finding, FindingKind

TYPICAL = 4
"""Faces that stand for an identity: those nearest to its mean."""
_OF_NEAREST = "cosine with the three nearest faces of its identity"
_OF_MEANS = "cosine of the two means"
_RESEMBLES = 0.6
"""Cosine of directions with three faces of somebody else from which a stranger is named as that person: from there on
more are that person than not, if as many strangers are of nobody in the set; of all who are named nine in ten are
(``python -m benchmarks.audit_named``)."""

Faces = tuple[tuple[int, int], ...]
"""Faces to show: number of the set, 0 for the one audited, and row in it."""


@dataclass(kw_only=True)
class Rows:
    """Findings of one kind as they come.

    Attributes:
        kind: of all of them.
        rows: one a finding.
        faces: of each, the faces to show of ``identity`` and of the other.
        affected: numbers of the identities or images that they are about.
    """

    kind: FindingKind
    rows: list[Finding] = field(default_factory=list)
    faces: list[tuple[Faces, Faces]] = field(default_factory=list)
    affected: set[int] = field(default_factory=set)

    def add(self, finding: Finding, own: Faces, other: Faces, *affected: int) -> None:
        """One finding more."""
        self.rows.append(finding)
        self.faces.append((own, other))
        self.affected.update(affected)

    def sort(self) -> None:
        """The surest first; of those that are as sure, as they came."""
        order = sorted(range(len(self.rows)), key=lambda place: -self.rows[place].sure)
        self.rows = [self.rows[place] for place in order]
        self.faces = [self.faces[place] for place in order]


def table_of(rows: list[Finding]) -> pl.DataFrame:
    """Findings as a table, see ``FINDINGS_SCHEMA``."""
    lists = {"images", "faces", "other_faces"}
    return pl.DataFrame(
        [
            {name: list(value) if name in lists and value is not None else value for name, value in vars(row).items()}
            for row in rows
        ],
        schema=FINDINGS_SCHEMA,
    )


class Typical:
    """The faces nearest to an identity's mean, looked up when asked for."""

    def __init__(self, directions: Vectors, folders: Folders, which: int = 0) -> None:
        """Of directions (n, E), by identity; ``which`` is the number of the set."""
        self._directions, self.folders, self._which = directions, folders, which

    def of(self, faces: NDArray[np.int64]) -> Faces:
        """Of some faces."""
        x = self._directions[faces]
        order = np.argsort(-(x @ x.mean(axis=0)), kind="stable")[:TYPICAL]
        return tuple((self._which, int(face)) for face in faces[order])

    def of_identity(self, identity: int, without: int | None = None) -> Faces:
        """Of an identity, one face of it left out."""
        faces = self.folders.faces(identity)
        return self.of(faces if without is None else faces[faces != without])

    def cosine(self, one: int, other: int) -> float:
        """Of the means of two identities."""
        x, y = (self._directions[self.folders.faces(each)].mean(axis=0, dtype=np.float64) for each in (one, other))
        return float(x @ y / max(float(np.linalg.norm(x) * np.linalg.norm(y)), 1e-12))


def stranger_rows(subject: AuditedSet, typical: Typical, found: Strangers) -> Rows:
    """Faces that don't belong, with whom they resemble, if anybody."""
    rows = Rows(kind="stranger")
    for place, face in enumerate(found.faces.tolist()):
        owner, nearest = int(subject.owners[face]), int(found.nearest[place])
        named = nearest >= 0 and found.other[place] > _RESEMBLES
        finding = Finding(
            kind=rows.kind,
            identity=subject.identities[owner],
            image=str(subject.keys[face]),
            other_identity=subject.identities[nearest] if named else None,
            how=_OF_NEAREST,
            figure=float(found.own[place]),
            sure=float(found.sure[place]),
            group=subject.groups[owner],
            other_group=subject.groups[nearest] if named else None,
        )
        own = ((0, face), *typical.of_identity(owner, without=face))
        rows.add(finding, own, typical.of_identity(nearest) if named else (), face)
    return rows


def same_person_rows(subject: AuditedSet, typical: Typical, found: SamePeople) -> Rows:
    """Pairs of identities; the one with fewer faces, which would go into the other, comes first."""
    rows = Rows(kind="same-person")
    counts = typical.folders.counts
    for place, (one, other) in enumerate(found.pairs.tolist()):
        if counts[one] > counts[other]:
            one, other = other, one
        finding = Finding(
            kind=rows.kind,
            identity=subject.identities[one],
            other_identity=subject.identities[other],
            how=_OF_MEANS,
            figure=typical.cosine(one, other),
            sure=float(found.sure[place]),
            group=subject.groups[one],
            other_group=subject.groups[other],
        )
        rows.add(finding, typical.of_identity(one), typical.of_identity(other), one, other)
    return rows


def several_people_rows(subject: AuditedSet, typical: Typical, found: SeveralPeople) -> Rows:
    """Identities, with the images of the smaller part."""
    rows = Rows(kind="several-people")
    for place, identity in enumerate(found.identities.tolist()):
        larger, smaller = found.parts[place]
        finding = Finding(
            kind=rows.kind,
            identity=subject.identities[identity],
            how=_OF_MEANS,
            figure=float(found.cosine[place]),
            sure=float(found.sure[place]),
            group=subject.groups[identity],
            images=tuple(subject.keys[smaller].tolist()),
        )
        rows.add(finding, typical.of(larger), typical.of(smaller), identity)
    return rows


def add_shared(
    rows: Rows, subject: AuditedSet, other: AuditedSet, typical: Typical, theirs: Typical, found: Shared
) -> None:
    """Add people who are in another set too."""
    for place, (mine, their) in enumerate(found.pairs.tolist()):
        finding = Finding(
            kind=rows.kind,
            identity=subject.identities[mine],
            other_identity=other.identities[their],
            other_set=other.name,
            how=_OF_MEANS,
            figure=float(found.cosine[place]),
            sure=float(found.sure[place]),
            group=subject.groups[mine],
            other_group=other.groups[their],
        )
        rows.add(finding, typical.of_identity(mine), theirs.of_identity(their), mine)


def add_same_images(rows: Rows, subject: AuditedSet, other: AuditedSet, which: int, found: SameImages) -> None:
    """Add images that come twice; ``which`` is the number of the other set, 0 where that is the same."""
    for place, (one, two) in enumerate(found.pairs.tolist()):
        # Of two images of this set the later one is the one too many.
        mine, theirs = (one, two) if which else (max(one, two), min(one, two))
        owner, their_owner = int(subject.owners[mine]), int(other.owners[theirs])
        finding = Finding(
            kind=rows.kind,
            identity=subject.identities[owner],
            image=str(subject.keys[mine]),
            other_identity=other.identities[their_owner],
            other_image=str(other.keys[theirs]),
            other_set=other.name if which else None,
            how=str(found.how[place]),
            figure=float(found.figure[place]),
            sure=float(found.sure[place]),
            group=subject.groups[owner],
            other_group=other.groups[their_owner],
        )
        rows.add(finding, ((0, mine),), ((which, theirs),), *((mine,) if which else (mine, theirs)))
