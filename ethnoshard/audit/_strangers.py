"""Faces that don't belong to their identity: far from its others, nearer to somebody else or to nobody."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    sums_of,
    suspicions,
)

CORRECTION = Correction(shift=1.3, slope=1.3)
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
_BLOCK = 1 << 26
"""Bytes of similarities at a time."""


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
    near = _nearest_centroids(directions, owners, folders, progress)
    alone = folders.counts[owners] < 2
    margin = np.where(alone, -np.inf, near.similarity[:, 0] - near.own)
    looked_at = int(np.count_nonzero(~alone))
    # The rest can't be suspicious: they enter as a number.
    some = np.sort(np.argsort(-margin, kind="stable")[: max(min(looked_at, 2000), int(_LOOKED_AT * looked_at))])
    progress.advance(len(owners) - len(some))
    own, other, nearest = _face_by_face(directions, some, near.identity[some], owners[some], folders, progress)
    scores = np.full(looked_at, -np.inf)
    scores[: len(some)] = other - own
    planted = _planted(directions, near.identity, owners, folders, seed)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Near:
    """Of each face the cosine with its own identity's centroid without it, and the nearest others."""

    own: Floats
    identity: Numbers
    similarity: Vectors


def _nearest_centroids(directions: Vectors, owners: Indices, folders: Folders, progress: Progress) -> _Near:
    sums = sums_of(directions, owners, len(folders.counts), np.float32)
    centroids = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    there = np.flatnonzero(folders.counts)
    columns = np.ascontiguousarray(centroids[there].T)
    k = min(_CANDIDATES, len(there) - 1)
    number = len(directions)
    own = np.full(number, -np.inf)
    column_of = np.empty(len(folders.counts), np.int64)
    column_of[there] = np.arange(len(there))
    identity = np.full((number, _CANDIDATES), -1, np.int32)
    similarity = np.full((number, _CANDIDATES), -np.inf, np.float32)
    rows = max(1, _BLOCK // (4 * max(1, len(there))))
    for begin in range(0, number, rows):
        some = slice(begin, min(begin + rows, number))
        x, mine = directions[some], owners[some]
        rest = sums[mine] - x
        lengths = np.linalg.norm(rest, axis=1)
        own[some] = np.where(
            folders.counts[mine] > 1, np.einsum("nd,nd->n", rest, x) / np.maximum(lengths, 1e-12), -np.inf
        )
        if k > 0:
            block = x @ columns
            block[np.arange(len(x)), column_of[mine]] = -np.inf
            best = np.argpartition(block, block.shape[1] - k, axis=1)[:, -k:]
            values = np.take_along_axis(block, best, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            identity[some, :k] = there[np.take_along_axis(best, order, axis=1)]
            similarity[some, :k] = np.take_along_axis(values, order, axis=1)
        progress.advance(len(x))
    return _Near(own=own, identity=identity, similarity=similarity)


def _face_by_face(
    directions: Vectors,
    some: NDArray[np.int64],
    candidates: Numbers,
    owners: Indices,
    folders: Folders,
    progress: Progress,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Mean cosine with the nearest faces of the own identity, and of the nearest other one, and which that is.

    Args:
        directions: (n, E) of all faces.
        some: (m,) faces to look at.
        candidates: (m, k) identities, -1 for none.
        owners: (m,) their own.
        folders: of all faces.
        progress: told how many are done.
    """
    own = np.empty(len(some))
    other, nearest = np.full(len(some), -np.inf), np.full(len(some), -1, np.int64)
    for place, face in enumerate(some.tolist()):
        x = directions[face]
        mine = folders.faces(int(owners[place]))
        own[place] = _mean_of_nearest(directions[mine[mine != face]] @ x)
        known = candidates[place][candidates[place] >= 0]
        parts = [folders.faces(int(identity)) for identity in known]
        if parts:
            cosines = directions[np.concatenate(parts)] @ x
            ends = np.cumsum([len(part) for part in parts])
            means = [_mean_of_nearest(cosines[end - len(part) : end]) for part, end in zip(parts, ends, strict=True)]
            best = int(np.argmax(means))
            other[place], nearest[place] = means[best], int(known[best])
        if place % 256 == 255:
            progress.advance(256)
    progress.advance(len(some) % 256)
    return own, other, nearest


def _mean_of_nearest(cosines: NDArray[np.floating]) -> float:
    if len(cosines) > _NEAREST:
        cosines = np.partition(cosines, len(cosines) - _NEAREST)[-_NEAREST:]
    return float(cosines.mean())


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
        means = [_mean_of_nearest(directions[mine[mine != face]] @ x)] if place % 2 == 0 else []
        for identity in candidates[face].tolist():
            if identity not in (-1, wrong):
                means.append(_mean_of_nearest(directions[folders.faces(identity)] @ x))
        theirs = folders.faces(wrong)
        if len(theirs) > 2:
            # An identity of so many faces of which this is one has one fewer of its own.
            theirs = np.delete(theirs, int(rng.integers(len(theirs))))
        found[place] = max(means, default=-np.inf) - _mean_of_nearest(directions[theirs] @ x)
    return found
