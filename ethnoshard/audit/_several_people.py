"""Identities whose faces are of two people or more: they fall into clusters that one person's faces don't make."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes import (
    Certainty,
    Correction,
    Floats,
    Folders,
    Indices,
    Numbers,
    PersonModel,
    Suspicions,
    Vectors,
    suspicions,
)

CORRECTION = Correction(shift=-4.2, slope=0.8)
"""Of the probability that an identity is of several people; see ``benchmarks/audit.py``."""
LEAST_FACES = 4
"""Faces of an identity that can be told to be of two people: two of each."""
_CUTS = (2, 3, 4)
"""Clusters into which faces are parted; of these the two largest are compared, so that a stray face is no person."""
_MOST_FACES = 400
"""Faces of an identity that are parted; of more, so many are drawn, and each of the rest goes with the nearest."""
_MOST = 0.25
"""Share of identities that may be of several people, at most, where ordinary ones are told by the rest."""
_MOST_PLANTED = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class SeveralPeople(Suspicions):
    """Identities that are probably of several people. What was planted are two people's faces put together.

    Attributes:
        identities: (M,) which.
        log_ratio: (M,) log of how much likelier the two largest clusters are of two people than of one.
        cosine: (M,) between the directions of the two clusters' means.
        parts: of each, the faces of the larger cluster and of the smaller, each ascending; a stray face is in neither.
        looked_at: identities with faces enough.
    """

    identities: Numbers
    log_ratio: Floats
    cosine: Floats
    parts: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]
    looked_at: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parting:
    """The two clusters of an identity's faces that are the least likely of one person, and faces in neither."""

    score: float
    larger: NDArray[np.int64]
    smaller: NDArray[np.int64]
    stray: NDArray[np.int64]


def several_people(
    model: PersonModel,
    coordinates: Vectors,
    directions: Vectors,
    owners: Indices,
    identities: int,
    *,
    least: float = 0.5,
    seed: int = 0,
    progress: Progress = SILENT,
) -> SeveralPeople:
    """Look for identities of several people.

    Args:
        model: fitted to these faces.
        coordinates: (n, E) of the faces, see :meth:`PersonModel.coordinates`.
        directions: (n, E) of length 1, see :meth:`PersonModel.directions`.
        owners: (n,) number of the identity of each.
        identities: N.
        least: identities less sure than this are left out.
        seed: of what is planted, and of which faces of very many are looked at.
        progress: told how many identities there are, and how many are done.
    """
    folders, rng = Folders.of(owners, identities), np.random.default_rng(seed)
    able = np.flatnonzero(folders.counts >= LEAST_FACES)
    planted_pairs = _pairs_to_merge(folders, rng)
    progress.begun(len(able) + len(planted_pairs), 0)
    scores, partings = np.full(len(able), -np.inf), {}
    for place, identity in enumerate(able.tolist()):
        parting = _parted(model, coordinates, directions, _some(folders.faces(identity), rng))
        if parting is not None:
            scores[place], partings[identity] = parting.score, parting
        progress.advance(1)
    planted = np.full(len(planted_pairs), -np.inf)
    for place, (one, other) in enumerate(planted_pairs):
        parting = _parted(model, coordinates, directions, np.concatenate([one, other]))
        planted[place] = -np.inf if parting is None else parting.score
        progress.advance(1)
    certainty = Certainty.fit(scores, planted, most=_MOST, correction=CORRECTION)
    order, found = suspicions(certainty, scores, planted, least, above=0.0)
    chosen = [_with_all(partings[identity], directions, folders.faces(identity)) for identity in able[order].tolist()]
    return SeveralPeople(
        identities=able[order].astype(np.int32),
        log_ratio=scores[order],
        cosine=np.array([_cosine(directions, each) for each in chosen], np.float64),
        parts=tuple((each.larger, each.smaller) for each in chosen),
        looked_at=len(able),
        sure=found.sure,
        planted=found.planted,
        recall=found.recall,
        expected=found.expected,
    )


def _parted(model: PersonModel, coordinates: Vectors, directions: Vectors, faces: NDArray[np.int64]) -> _Parting | None:
    """Ward's clusters (1963) of the directions; None where no cut leaves two of two faces."""
    tree = linkage(directions[faces].astype(np.float64), "ward")
    best: _Parting | None = None
    for cut in _CUTS:
        cluster = fcluster(tree, cut, "maxclust")
        sizes = np.bincount(cluster)
        one, other = np.argsort(-sizes, kind="stable")[:2]
        if sizes[other] < LEAST_FACES // 2:
            continue
        larger, smaller = faces[cluster == one], faces[cluster == other]
        means = [
            coordinates[part].mean(axis=0, dtype=np.float64)[None].astype(np.float32) for part in (larger, smaller)
        ]
        counts = [np.array([len(part)]) for part in (larger, smaller)]
        score = -float(model.log_ratio(means[0], counts[0], means[1], counts[1])[0])
        if best is None or score > best.score:
            stray = faces[(cluster != one) & (cluster != other)]
            best = _Parting(score=score, larger=larger, smaller=smaller, stray=stray)
    return best


def _with_all(parting: _Parting, directions: Vectors, faces: NDArray[np.int64]) -> _Parting:
    """The parting of all faces of an identity: those that weren't drawn go where the nearest of the drawn ones is."""
    drawn = np.concatenate([parting.larger, parting.smaller, parting.stray])
    rest = np.setdiff1d(faces, drawn)
    if not len(rest):
        return parting
    part = np.repeat(np.arange(3), [len(parting.larger), len(parting.smaller), len(parting.stray)])
    nearest = part[np.argmax(directions[rest] @ directions[drawn].T, axis=1)]
    larger, smaller, stray = (
        np.sort(np.concatenate([own, rest[nearest == number]]))
        for number, own in enumerate((parting.larger, parting.smaller, parting.stray))
    )
    return _Parting(score=parting.score, larger=larger, smaller=smaller, stray=stray)


def _cosine(directions: Vectors, parting: _Parting) -> float:
    one, other = (directions[part].mean(axis=0, dtype=np.float64) for part in (parting.larger, parting.smaller))
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


def _some(faces: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return faces if len(faces) <= _MOST_FACES else np.sort(rng.choice(faces, _MOST_FACES, replace=False))


def _pairs_to_merge(folders: Folders, rng: np.random.Generator) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Faces of pairs of identities: of both together as many as identities have, of each two at least."""
    able = np.flatnonzero(folders.counts >= LEAST_FACES // 2)
    sizes = folders.counts[folders.counts >= LEAST_FACES]
    if len(able) < 2 or not len(sizes):
        return []
    pairs = []
    for _ in range(min(_MOST_PLANTED, max(200, len(able)))):
        one, other = rng.choice(able, 2, replace=False).tolist()
        size = min(int(rng.choice(sizes)), _MOST_FACES)
        first, second = rng.permutation(folders.faces(one)), rng.permutation(folders.faces(other))
        fewer = int(rng.integers(2, max(3, size // 2 + 1)))
        second = second[:fewer]
        first = first[: max(2, size - len(second))]
        pairs.append((first, second))
    return pairs
