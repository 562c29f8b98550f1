"""All kinds of findings of a set, as a table and as counts by kind and group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.audit._same_image import same_images
from ethnoshard.audit._sets import AuditedSet
from ethnoshard.audit._several_people import LEAST_FACES, several_people
from ethnoshard.audit._shared import shared_people
from ethnoshard.audit._strangers import Folders, strangers
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import PersonModel, Vectors, centroids_of, same_people
from ethnoshard.results import FINDINGS_SCHEMA, FindingCounts, FindingKind, FindingSummary, wilson

TYPICAL = 4
"""Faces that stand for an identity: those nearest to its mean."""
_TOO_FEW = "too few people with two faces or more to know how such a fault looks"
_NO_PRINTS = "the faces aren't at hand, only embeddings of them"
_NOBODY_ELSE = "no other set was given; --against names one"

Faces = tuple[tuple[int, int], ...]
"""Faces to show: number of the set, 0 for the one audited, and row in it."""
Steps = Callable[[str], Progress]
"""A progress for each step, by its name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What was found.

    Attributes:
        table: see ``FINDINGS_SCHEMA``; without the numbers of pictures.
        faces: of each row, the faces to show of ``identity`` and of the other.
        kinds: counts of each kind.
    """

    table: pl.DataFrame
    faces: tuple[tuple[Faces, Faces], ...]
    kinds: dict[FindingKind, FindingSummary]


@dataclass
class _Rows:
    """Findings of one kind as they come."""

    kind: FindingKind
    rows: list[dict[str, object]] = field(default_factory=list)
    faces: list[tuple[Faces, Faces]] = field(default_factory=list)
    affected: set[int] = field(default_factory=set)


def audit_set(
    subject: AuditedSet,
    *,
    against: Sequence[AuditedSet] = (),
    least: float = 0.5,
    seed: int = 0,
    step: Steps = lambda name: SILENT,
) -> Findings:
    """Look through a set for faults of its folders.

    Args:
        subject: the set.
        against: other sets, such as test sets, to look for the same people and images in.
        least: findings less sure than this are left out.
        seed: of what is planted on purpose.
        step: gives a progress for each of the steps.

    Raises:
        EthnoshardError: ``least`` is not a probability, or another set's embeddings are of another size.
    """
    check_number("least", least, at_least=0, at_most=1)
    for other in against:
        if other.vectors.shape[1] != subject.vectors.shape[1]:
            raise EthnoshardError(
                f"embeddings of {other.name} have {other.vectors.shape[1]} numbers, those of {subject.name} "
                f"{subject.vectors.shape[1]}; embed both by the same model"
            )
    identities = len(subject.identities)
    try:
        model = PersonModel.fit(subject.vectors, subject.owners, identities)
    except EthnoshardError as error:
        model, why = None, str(error)
    kinds: dict[FindingKind, FindingSummary] = {}
    found: list[_Rows] = []
    if model is None:
        for kind in ("stranger", "same-person", "several-people", "shared"):
            kinds[kind] = _left_out(kind, why)
    else:
        coordinates = model.coordinates(subject.vectors)
        directions = model.directions(coordinates)
        typical = _Typical(directions, Folders.of(subject.owners, identities))
        for rows, summary in (
            _strangers(subject, directions, typical, least, seed, step("strangers")),
            _same_person(subject, model, coordinates, typical, least, seed, step("one person twice")),
            _several(subject, model, coordinates, directions, typical, least, seed, step("several people")),
            _shared(subject, against, model, coordinates, typical, least, seed, step),
        ):
            found.append(rows)
            kinds[rows.kind] = summary
    rows, summary = _same_image(subject, against, least, step)
    found.append(rows)
    kinds["same-image"] = summary
    order: tuple[FindingKind, ...] = ("stranger", "same-person", "several-people", "same-image", "shared")
    found.sort(key=lambda each: order.index(each.kind))
    empty = dict.fromkeys(FINDINGS_SCHEMA.names())
    table = pl.DataFrame([{**empty, **row} for each in found for row in each.rows], schema=FINDINGS_SCHEMA)
    return Findings(
        table=table.with_columns(pl.col("faces").fill_null([]), pl.col("other_faces").fill_null([])),
        faces=tuple(faces for each in found for faces in each.faces),
        kinds={kind: kinds[kind] for kind in order},
    )


class _Fitted(Protocol):
    """What the certainty of a kind of findings rests on."""

    @property
    def planted(self) -> int: ...
    @property
    def recall(self) -> float | None: ...
    @property
    def expected(self) -> float | None: ...


class _Typical:
    """The faces nearest to each identity's mean, looked up when asked for."""

    def __init__(self, directions: Vectors, folders: Folders) -> None:
        self._directions, self.folders = directions, folders

    def of(self, faces: NDArray[np.int64], which: int = 0, without: int | None = None) -> Faces:
        """Of some faces."""
        if without is not None:
            faces = faces[faces != without]
        x = self._directions[faces]
        order = np.argsort(-(x @ x.mean(axis=0)), kind="stable")[:TYPICAL]
        return tuple((which, int(face)) for face in faces[order])

    def of_identity(self, identity: int, which: int = 0, without: int | None = None) -> Faces:
        """Of an identity."""
        return self.of(self.folders.faces(identity), which, without)


def _strangers(
    subject: AuditedSet, directions: Vectors, typical: _Typical, least: float, seed: int, progress: Progress
) -> tuple[_Rows, FindingSummary]:
    found = strangers(directions, subject.owners, len(subject.identities), least=least, seed=seed, progress=progress)
    rows = _Rows("stranger")
    for place, face in enumerate(found.faces.tolist()):
        owner, nearest = int(subject.owners[face]), int(found.nearest[place])
        named = nearest >= 0 and found.other[place] > _RESEMBLES
        rows.rows.append(
            {
                "kind": rows.kind,
                "identity": subject.identities[owner],
                "image": str(subject.keys[face]),
                "other_identity": subject.identities[nearest] if named else None,
                "how": _OF_NEAREST,
                "figure": float(found.own[place]),
                "sure": float(found.sure[place]),
                "group": subject.groups[owner],
                "other_group": subject.groups[nearest] if named else None,
            }
        )
        rows.faces.append(
            (
                ((0, face), *typical.of_identity(owner, without=face)),
                typical.of_identity(nearest) if named else (),
            )
        )
        rows.affected.add(face)
    several = typical.folders.counts[subject.owners] >= 2
    why = _TOO_FEW if found.recall is None else None
    groups = _of_rows(subject, subject.owners[several])
    return rows, _summary(rows, "images", groups, _of_rows(subject, subject.owners[sorted(rows.affected)]), found, why)


_OF_NEAREST = "cosine with the three nearest faces of its identity"
_OF_MEANS = "cosine of the two means"
_RESEMBLES = 0.5
"""Cosine of directions with three faces of somebody else from which a stranger is probably that person."""


def _same_person(
    subject: AuditedSet,
    model: PersonModel,
    coordinates: Vectors,
    typical: _Typical,
    least: float,
    seed: int,
    progress: Progress,
) -> tuple[_Rows, FindingSummary]:
    number = len(subject.identities)
    found = same_people(model, coordinates, subject.owners, number, least=least, seed=seed, progress=progress)
    rows = _Rows("same-person")
    counts = typical.folders.counts
    for place, (one, other) in enumerate(found.pairs.tolist()):
        # The one with fewer faces would go into the other.
        if counts[one] > counts[other]:
            one, other = other, one
        rows.rows.append(
            {
                "kind": rows.kind,
                "identity": subject.identities[one],
                "other_identity": subject.identities[other],
                "how": _OF_MEANS,
                "figure": _cosine(typical, one, other),
                "sure": float(found.sure[place]),
                "group": subject.groups[one],
                "other_group": subject.groups[other],
            }
        )
        rows.faces.append((typical.of_identity(one), typical.of_identity(other)))
        rows.affected |= {one, other}
    why = _TOO_FEW if found.recall is None else None
    everybody = list(subject.groups)
    summary = _summary(rows, "identities", everybody, [subject.groups[each] for each in rows.affected], found, why)
    return rows, summary


def _cosine(typical: _Typical, one: int, other: int) -> float:
    x, y = (typical._directions[typical.folders.faces(each)].mean(axis=0, dtype=np.float64) for each in (one, other))
    return float(x @ y / max(float(np.linalg.norm(x) * np.linalg.norm(y)), 1e-12))


def _several(
    subject: AuditedSet,
    model: PersonModel,
    coordinates: Vectors,
    directions: Vectors,
    typical: _Typical,
    least: float,
    seed: int,
    progress: Progress,
) -> tuple[_Rows, FindingSummary]:
    found = several_people(
        model,
        coordinates,
        directions,
        subject.owners,
        len(subject.identities),
        least=least,
        seed=seed,
        progress=progress,
    )
    rows = _Rows("several-people")
    for place, identity in enumerate(found.identities.tolist()):
        larger, smaller = found.parts[place]
        rows.rows.append(
            {
                "kind": rows.kind,
                "identity": subject.identities[identity],
                "how": _OF_MEANS,
                "figure": float(found.cosine[place]),
                "sure": float(found.sure[place]),
                "group": subject.groups[identity],
                "images": subject.keys[smaller].tolist(),
            }
        )
        rows.faces.append((typical.of(larger), typical.of(smaller)))
        rows.affected.add(identity)
    able = np.flatnonzero(typical.folders.counts >= LEAST_FACES)
    why = _TOO_FEW if found.recall is None else None
    groups = [subject.groups[each] for each in able]
    summary = _summary(rows, "identities", groups, [subject.groups[each] for each in rows.affected], found, why)
    return rows, summary


def _shared(
    subject: AuditedSet,
    against: Sequence[AuditedSet],
    model: PersonModel,
    coordinates: Vectors,
    typical: _Typical,
    least: float,
    seed: int,
    step: Steps,
) -> tuple[_Rows, FindingSummary]:
    rows = _Rows("shared")
    if not against:
        return rows, _left_out("shared", _NOBODY_ELSE)
    planted, recalls, expected = 0, [], 0.0
    for which, other in enumerate(against, start=1):
        mean = centroids_of(other.vectors, other.owners, len(other.identities))[1].astype(np.float64)
        theirs = model.coordinates(other.vectors, mean)
        their_typical = _Typical(model.directions(theirs), Folders.of(other.owners, len(other.identities)))
        found = shared_people(
            model,
            (coordinates, subject.owners, len(subject.identities)),
            (theirs, other.owners, len(other.identities)),
            least=least,
            seed=seed,
            progress=step(f"people of {other.name}"),
        )
        if found.recall is not None:
            planted, expected = planted + found.planted, expected + (found.expected or 0.0)
            recalls.append(found.recall)
        for place, (mine, their) in enumerate(found.pairs.tolist()):
            x = typical._directions[typical.folders.faces(mine)].mean(axis=0, dtype=np.float64)
            y = their_typical._directions[their_typical.folders.faces(their)].mean(axis=0, dtype=np.float64)
            rows.rows.append(
                {
                    "kind": rows.kind,
                    "identity": subject.identities[mine],
                    "other_identity": other.identities[their],
                    "other_set": other.name,
                    "how": _OF_MEANS,
                    "figure": float(x @ y / max(float(np.linalg.norm(x) * np.linalg.norm(y)), 1e-12)),
                    "sure": float(found.sure[place]),
                    "group": subject.groups[mine],
                    "other_group": other.groups[their],
                }
            )
            rows.faces.append((typical.of_identity(mine), their_typical.of_identity(their, which)))
            rows.affected.add(mine)
    _sort(rows)
    affected = [subject.groups[each] for each in rows.affected]
    summary = _counted(rows, list(subject.groups), affected)
    return rows, FindingSummary(
        unit="identities",
        overall=summary[0],
        by_group=summary[1],
        planted=planted,
        recall=float(np.mean(recalls)) if recalls else None,
        prior=expected / max(1, len(subject.identities)) if recalls else None,
        left_out=None if recalls else _TOO_FEW,
    )


def _same_image(
    subject: AuditedSet, against: Sequence[AuditedSet], least: float, step: Steps
) -> tuple[_Rows, FindingSummary]:
    rows = _Rows("same-image")
    if subject.prints is None:
        return rows, _left_out("same-image", _NO_PRINTS)
    found = same_images(subject.vectors, subject.owners, subject.prints, least=least, progress=step("the same image"))
    _image_rows(rows, subject, subject, 0, found.pairs, found.how, found.figure, found.sure)
    for which, other in enumerate(against, start=1):
        if other.prints is None:
            continue
        found = same_images(
            subject.vectors,
            subject.owners,
            subject.prints,
            other=(other.vectors, other.owners, other.prints),
            least=least,
            progress=step(f"images of {other.name}"),
        )
        _image_rows(rows, subject, other, which, found.pairs, found.how, found.figure, found.sure)
    _sort(rows)
    overall, by_group = _counted(
        rows, _of_rows(subject, subject.owners), _of_rows(subject, subject.owners[sorted(rows.affected)])
    )
    return rows, FindingSummary(unit="images", overall=overall, by_group=by_group)


def _image_rows(
    rows: _Rows,
    subject: AuditedSet,
    other: AuditedSet,
    which: int,
    pairs: NDArray[np.integer],
    how: NDArray[np.str_],
    figure: NDArray[np.floating],
    sure: NDArray[np.floating],
) -> None:
    for place, (one, two) in enumerate(pairs.tolist()):
        # Of two images of this set the later one is the one too many.
        mine, theirs = (one, two) if which else (max(one, two), min(one, two))
        owner, their_owner = int(subject.owners[mine]), int(other.owners[theirs])
        rows.rows.append(
            {
                "kind": rows.kind,
                "identity": subject.identities[owner],
                "image": str(subject.keys[mine]),
                "other_identity": other.identities[their_owner],
                "other_image": str(other.keys[theirs]),
                "other_set": other.name if which else None,
                "how": str(how[place]),
                "figure": float(figure[place]),
                "sure": float(sure[place]),
                "group": subject.groups[owner],
                "other_group": other.groups[their_owner],
            }
        )
        rows.faces.append((((0, mine),), ((which, theirs),)))
        rows.affected |= {mine} if which else {mine, theirs}


def _sort(rows: _Rows) -> None:
    order = sorted(range(len(rows.rows)), key=lambda place: -float(str(rows.rows[place]["sure"])))
    rows.rows = [rows.rows[place] for place in order]
    rows.faces = [rows.faces[place] for place in order]


def _of_rows(subject: AuditedSet, owners: NDArray[np.int64]) -> list[str | None]:
    return [subject.groups[owner] for owner in owners.tolist()]


def _counted(
    rows: _Rows, groups: Iterable[str | None], affected: Iterable[str | None]
) -> tuple[FindingCounts, dict[str, FindingCounts]]:
    """Counts of everybody and of each group; ``groups`` of all that was looked at, ``affected`` of those found."""
    of, hit = pl.Series("group", list(groups), pl.String), pl.Series("group", list(affected), pl.String)
    of_each, hit_each = (dict(each.value_counts().iter_rows()) for each in (of, hit))
    overall = _counts(len(of), len(hit), rows.rows)
    by_group = {
        name: _counts(of_each[name], hit_each.get(name, 0), [row for row in rows.rows if row["group"] == name])
        for name in sorted(each for each in of_each if each is not None)
    }
    return overall, by_group


def _counts(of: int, affected: int, rows: Sequence[dict[str, object]]) -> FindingCounts:
    return FindingCounts(
        of=of,
        affected=affected,
        findings=len(rows),
        expected=float(sum(float(str(row["sure"])) for row in rows)),
        wilson=wilson(affected, of),
    )


def _summary(
    rows: _Rows,
    unit: Literal["images", "identities"],
    groups: list[str | None],
    affected: list[str | None],
    found: "_Fitted",
    why: str | None,
) -> FindingSummary:
    overall, by_group = _counted(rows, groups, affected)
    return FindingSummary(
        unit=unit,
        overall=overall,
        by_group=by_group,
        planted=found.planted,
        recall=found.recall,
        prior=None if found.expected is None else min(1.0, found.expected / max(1, len(groups))),
        left_out=why,
    )


def _left_out(kind: FindingKind, why: str) -> FindingSummary:
    unit: Literal["images", "identities"] = "images" if kind in ("stranger", "same-image") else "identities"
    return FindingSummary(unit=unit, overall=_counts(0, 0, []), by_group={}, left_out=why)
