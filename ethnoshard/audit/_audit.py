"""All kinds of findings of a set, as a table and as counts by kind and group."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.audit._counts import left_out, plain_summary, summary_of
from ethnoshard.audit._findings import (
    Faces,
    Rows,
    Typical,
    add_same_images,
    add_shared,
    same_person_rows,
    several_people_rows,
    stranger_rows,
    table_of,
)
from ethnoshard.audit._same_image import same_images
from ethnoshard.audit._sets import AuditedSet
from ethnoshard.audit._several_people import LEAST_FACES, several_people
from ethnoshard.audit._shared import shared_people
from ethnoshard.audit._strangers import strangers
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import Folders, Numbers, PersonModel, SamePeople, Vectors, centroids_of, same_people
from ethnoshard.results import FindingKind, FindingSummary

_ORDER: tuple[FindingKind, ...] = ("stranger", "same-person", "several-people", "same-image", "shared")
_NO_PRINTS = "the faces aren't at hand, only embeddings of them"
_NOBODY_ELSE = "no other set was given; --against names one"

Steps = Callable[[str], Progress]
"""A progress for each step, by its name."""
_Kind = tuple[Rows, FindingSummary]


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
    how = _How(subject=subject, against=against, least=least, seed=seed, step=step)
    found: list[_Kind]
    try:
        model = PersonModel.fit(subject.vectors, subject.owners, len(subject.identities))
    except EthnoshardError as error:
        by_embeddings: tuple[FindingKind, ...] = ("stranger", "same-person", "several-people", "shared")
        found = [(Rows(kind=kind), left_out(kind, str(error))) for kind in by_embeddings]
    else:
        seen = _Seen.by(model, subject)
        same, twice = _same_person(how, seen)
        people = _people(twice.probable, len(subject.identities))
        found = [same, _strangers(how, seen, people), _several(how, seen), _shared(how, seen)]
    found.append(_same_image(how))
    kinds = {rows.kind: summary for rows, summary in found}
    found.sort(key=lambda each: _ORDER.index(each[0].kind))
    return Findings(
        table=table_of([row for rows, _ in found for row in rows.rows]),
        faces=tuple(faces for rows, _ in found for faces in rows.faces),
        kinds={kind: kinds[kind] for kind in _ORDER},
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _How:
    """What is looked at, and how: the arguments of ``audit_set``."""

    subject: AuditedSet
    against: Sequence[AuditedSet]
    least: float
    seed: int
    step: Steps

    def groups(self, identities: Iterable[int]) -> list[str | None]:
        """Group of each of some identities."""
        return [self.subject.groups[each] for each in identities]

    def groups_of(self, faces: NDArray[np.integer] | set[int]) -> list[str | None]:
        """Group of each of some faces."""
        rows = faces if isinstance(faces, np.ndarray) else np.array(sorted(faces), np.int64)
        return self.groups(self.subject.owners[rows].tolist())


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """The faces of the audited set as the model sees them."""

    model: PersonModel
    coordinates: Vectors
    directions: Vectors
    typical: Typical

    @classmethod
    def by(cls, model: PersonModel, subject: AuditedSet) -> "_Seen":
        coordinates = model.coordinates(subject.vectors)
        directions = model.directions(coordinates)
        folders = Folders.of(subject.owners, len(subject.identities))
        return cls(model=model, coordinates=coordinates, directions=directions, typical=Typical(directions, folders))


def _same_person(how: _How, seen: _Seen) -> tuple[_Kind, SamePeople]:
    subject = how.subject
    found = same_people(
        seen.model,
        seen.coordinates,
        subject.owners,
        len(subject.identities),
        least=how.least,
        seed=how.seed,
        progress=how.step("one person twice"),
    )
    rows = same_person_rows(subject, seen.typical, found)
    return (rows, summary_of(rows, "identities", subject.groups, how.groups(rows.affected), [found])), found


def _people(pairs: Numbers, identities: int) -> NDArray[np.int64]:
    """(N,) number of each identity's person: the least number of those that are more probably one person than not."""
    one, other = pairs.T
    graph = coo_array((np.ones(len(one)), (one, other)), (identities, identities))
    person = connected_components(graph, directed=False)[1]
    first = np.unique(person, return_index=True)[1]
    return np.asarray(first[person], np.int64)


def _strangers(how: _How, seen: _Seen, people: NDArray[np.int64]) -> _Kind:
    subject, counts = how.subject, seen.typical.folders.counts
    found = strangers(
        seen.directions,
        people[subject.owners],
        len(subject.identities),
        least=how.least,
        seed=how.seed,
        progress=how.step("strangers"),
    )
    rows = stranger_rows(subject, seen.typical, found)
    looked_at = how.groups_of(np.flatnonzero(counts[subject.owners] >= 2))
    return rows, summary_of(rows, "images", looked_at, how.groups_of(rows.affected), [found])


def _several(how: _How, seen: _Seen) -> _Kind:
    subject, counts = how.subject, seen.typical.folders.counts
    found = several_people(
        seen.model,
        seen.coordinates,
        seen.directions,
        subject.owners,
        len(subject.identities),
        least=how.least,
        seed=how.seed,
        progress=how.step("several people"),
    )
    rows = several_people_rows(subject, seen.typical, found)
    looked_at = how.groups(np.flatnonzero(counts >= LEAST_FACES).tolist())
    return rows, summary_of(rows, "identities", looked_at, how.groups(rows.affected), [found])


def _shared(how: _How, seen: _Seen) -> _Kind:
    subject, rows = how.subject, Rows(kind="shared")
    if not how.against:
        return rows, left_out("shared", _NOBODY_ELSE)
    found = []
    for which, other in enumerate(how.against, start=1):
        here = subject.vectors, subject.owners, len(subject.identities)
        there = other.vectors, other.owners, len(other.identities)
        found.append(
            shared_people(here, there, least=how.least, seed=how.seed, progress=how.step(f"people of {other.name}"))
        )
        mean = centroids_of(*there)[1].astype(np.float64)
        directions = seen.model.directions(seen.model.coordinates(other.vectors, mean))
        theirs = Typical(directions, Folders.of(other.owners, len(other.identities)), which)
        add_shared(rows, subject, other, seen.typical, theirs, found[-1])
    rows.sort()
    return rows, summary_of(rows, "identities", subject.groups, how.groups(rows.affected), found)


def _same_image(how: _How) -> _Kind:
    subject, rows = how.subject, Rows(kind="same-image")
    if subject.prints is None:
        return rows, left_out("same-image", _NO_PRINTS)
    own = subject.vectors, subject.owners, subject.prints
    found = same_images(*own, least=how.least, progress=how.step("the same image"))
    add_same_images(rows, subject, subject, 0, found)
    for which, other in enumerate(how.against, start=1):
        if other.prints is None:
            continue
        there = other.vectors, other.owners, other.prints
        found = same_images(*own, other=there, least=how.least, progress=how.step(f"images of {other.name}"))
        add_same_images(rows, subject, other, which, found)
    rows.sort()
    return rows, plain_summary(rows, "images", how.groups(subject.owners.tolist()), how.groups_of(rows.affected))
