"""Faces that don't belong to their identity: far from its others, nearer to somebody else or to nobody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard import _blas
from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes import (
    Certainty,
    Correction,
    Floats,
    Folders,
    Indices,
    Numbers,
    Suspicions,
    Vectors,
    nearest_of,
    sums_of,
    suspicions,
)

CORRECTION = Correction(shift=1.47, slope=1.33)
"""Of the probability that a face is a stranger; see ``benchmarks/audit.py``."""
_NEAREST = 3
"""Faces of an identity that a face is compared with: the nearest. Not all, since a profile resembles profiles only."""
_CANDIDATES = 8
"""Other identities whose faces are looked at, the nearest by their centroids."""
_MOST = 0.1
"""Share of faces that may be strangers, at most, where ordinary ones are told by the rest."""
_LOOKED_AT = 0.35
"""Share of faces that are compared face by face; the others are surely nearer to their own."""
_MOST_PLANTED = 4000
_BLOCK = 1 << 25
"""Bytes of similarities at a time, for each core."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Strangers(Suspicions):
    """Faces that are probably in the wrong folder. What was planted was compared with an identity not its own.

    Attributes:
        faces: (M,) which.
        nearest: (M,) identity that each is nearest to, of the others.
        own: (M,) mean cosine with its nearest faces of its own identity.
        other: (M,) mean cosine with the nearest faces of the nearest other identity.
        looked_at: faces of identities with two faces or more.
    """

    faces: NDArray[np.int64]
    nearest: Numbers
    own: Floats
    other: Floats
    looked_at: int


def strangers(
    directions: Vectors,
    owners: Indices,
    identities: int,
    *,
    least: float = 0.5,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Strangers:
    """Look for faces in the wrong folder.

    Args:
        directions: (n, E) float32 of length 1, see :meth:`PersonModel.directions`.
        owners: (n,) number of the identity of each.
        identities: N.
        least: faces less sure than this are left out.
        seed: of what is planted.
        progress: told how many faces there are, twice, and how many are done.
    """
    folders = Folders.of(owners, identities)
    progress.begun(2 * len(owners), 0)
    near, margin = _nearest_identities(directions, owners, folders, progress)
    looked_at = int(np.count_nonzero(folders.counts[owners] >= 2))
    # The rest can't be suspicious: they enter as a number.
    some = np.sort(np.argsort(-margin, kind="stable")[: max(min(looked_at, 2000), int(_LOOKED_AT * looked_at))])
    progress.advance(len(owners) - len(some))
    own, other, nearest = _face_by_face(directions, some, near[some], owners[some], folders, progress)
    scores = np.full(looked_at, -np.inf)
    scores[: len(some)] = other - own
    planted = _planted(directions, near, owners, folders, seed)
    certainty = _fitted(scores, planted, looked_at)
    order, found = suspicions(certainty, other - own, planted, least)
    return Strangers(
        faces=some[order],
        nearest=nearest[order].astype(np.int32),
        own=own[order],
        other=other[order],
        looked_at=looked_at,
        sure=found.sure,
        planted=found.planted,
        recall=found.recall,
        expected=found.expected,
    )


def _fitted(scores: Floats, planted: Floats, number: int) -> Certainty | None:
    """Those not looked at lie below all others: quantiles are taken as if they were the least that was seen."""
    known = scores[np.isfinite(scores)]
    if not len(known):
        return None
    filled = np.concatenate([np.full(max(0, number - len(known)), known.min()), known])
    return Certainty.fit(filled, planted, most=_MOST, correction=CORRECTION)


def _of_the_rest(directions: Vectors, owners: Indices, counts: NDArray[np.int64], sums: Vectors) -> Floats:
    """(n,) cosine of each face with its own identity's centroid without it; -inf where it is the only one."""
    found = np.full(len(directions), -np.inf)
    rows = max(1, _BLOCK // (4 * directions.shape[1]))
    for begin in range(0, len(directions), rows):
        some = slice(begin, begin + rows)
        x, mine = directions[some], owners[some]
        rest = sums[mine] - x
        lengths = np.maximum(np.linalg.norm(rest, axis=1), 1e-12)
        found[some] = np.where(counts[mine] > 1, np.einsum("nd,nd->n", rest, x) / lengths, -np.inf)
    return found


def _nearest_identities(
    directions: Vectors, owners: Indices, folders: Folders, progress: Progress
) -> tuple[Numbers, Floats]:
    """Other identities whose centroids are nearest to each face, (n, K); and by how much the first is nearer than its
    own, (n,), -inf where there is no other or it is the only face of its own."""
    sums = sums_of(directions, owners, len(folders.counts), np.float32)
    there = np.flatnonzero(folders.counts)
    centroids = sums[there]
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)
    own = np.searchsorted(there, owners)
    near, cosines = nearest_of(directions, centroids, _CANDIDATES, avoided=own, block_bytes=_BLOCK, progress=progress)
    nearest = cosines[:, 0] if near.shape[1] else np.full(len(directions), -np.inf)
    alone = folders.counts[owners] < 2
    margin = np.where(alone, -np.inf, nearest - _of_the_rest(directions, owners, folders.counts, sums))
    return there[near].astype(np.int32), margin


def _face_by_face(
    directions: Vectors,
    some: NDArray[np.int64],
    candidates: Numbers,
    owners: Indices,
    folders: Folders,
    progress: Progress,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean cosine with the nearest faces of the own identity, and of the nearest other one, and which that is.

    An identity's faces are compared with all who come to it at once.

    Args:
        directions: (n, E) of all faces.
        some: (m,) faces to look at.
        candidates: (m, K) identities.
        owners: (m,) their own.
        folders: of all faces.
        progress: told how many are done.
    """
    hosts = np.concatenate([owners[:, None], candidates], axis=1)
    visits, width = Folders.of(hosts.ravel(), len(folders.counts)), hosts.shape[1]
    means = np.empty(hosts.shape)

    def receive(host: int) -> int:
        faces, visit = folders.faces(host), visits.faces(host)
        onto = np.ascontiguousarray(directions[faces].T)
        rows = max(1, _BLOCK // (4 * len(faces)))
        for begin in range(0, len(visit), rows):
            place, column = np.divmod(visit[begin : begin + rows], width)
            cosines = directions[some[place]] @ onto
            # Nobody is compared with itself.
            (at_home,) = np.nonzero(column == 0)
            cosines[at_home, np.searchsorted(faces, some[place[at_home]])] = -np.inf
            means[place, column] = _means_of_nearest(cosines)
        return len(visit)

    visited = 0
    with _blas.threads() as pool:
        for number in pool.map(receive, np.flatnonzero(visits.counts).tolist()):
            before, visited = visited, visited + number
            progress.advance(visited // width - before // width)
    if not candidates.shape[1]:
        return means[:, 0], np.full(len(some), -np.inf), np.full(len(some), -1, np.int64)
    best, every = np.argmax(means[:, 1:], axis=1), np.arange(len(some))
    return means[:, 0], means[every, 1 + best], candidates[every, best].astype(np.int64)


def _means_of_nearest(cosines: NDArray[np.floating]) -> Floats:
    """Mean of the greatest few of each row; what is -inf isn't there."""
    if cosines.shape[1] > _NEAREST:
        cosines = np.partition(cosines, cosines.shape[1] - _NEAREST, axis=1)[:, -_NEAREST:]
    there = np.isfinite(cosines)
    sums = np.where(there, cosines, 0).sum(axis=1, dtype=np.float64)
    return np.where(there.any(axis=1), sums / np.maximum(there.sum(axis=1), 1), -np.inf)


def _planted(directions: Vectors, candidates: Numbers, owners: Indices, folders: Folders, seed: int) -> Floats:
    """Scores of faces that were compared with an identity not theirs: of people in the set, and of people who aren't.

    Every second one keeps its true identity among the others, as a face moved from there has it; the rest don't.
    """
    rng = np.random.default_rng(seed)
    several = np.flatnonzero(folders.counts >= 2)
    if len(several) < 2 or len(directions) < 2:
        return np.empty(0)
    faces = np.flatnonzero(folders.counts[owners] >= 2)
    faces = rng.choice(faces, min(_MOST_PLANTED, len(faces)), replace=False)
    found = np.empty(len(faces))
    for place, face in enumerate(faces.tolist()):
        x, home = directions[face], int(owners[face])
        wrong = int(rng.choice(several))
        while wrong == home:
            wrong = int(rng.choice(several))
        mine = folders.faces(home)
        hosts = [folders.faces(each) for each in candidates[face].tolist() if each != wrong]
        if place % 2 == 0:
            hosts.append(mine[mine != face])
        theirs = folders.faces(wrong)
        if len(theirs) > 2:
            # An identity of so many faces of which this is one has one fewer of its own.
            theirs = np.delete(theirs, int(rng.integers(len(theirs))))
        means = [float(_means_of_nearest((directions[each] @ x)[None])[0]) for each in (theirs, *hosts)]
        found[place] = max(means[1:], default=-np.inf) - means[0]
    return found
