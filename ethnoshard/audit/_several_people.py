"""Identities whose faces are of two people or more: they fall into clusters that one person's faces don't make."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

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

CORRECTION = Correction(shift=-4.19, slope=0.8)
"""Of the probability that an identity is of several people; see ``benchmarks/audit.py``."""
LEAST_FACES = 4
"""Faces of an identity that can be told to be of two people: two of each."""
_MOST_CLUSTERS = 4
"""Clusters into which faces are parted, at most; the two largest are compared, so that a stray face is no person."""
_MOST_FACES = 400
"""Faces of an identity that are parted; of more, so many are drawn, and each of the rest goes with the nearest."""
_MOST = 0.25
"""Share of identities that may be of several people, at most, where ordinary ones are told by the rest."""
_MOST_PLANTED = 1000
_AT_ONCE = 256
"""Identities whose clusters are compared at a time."""


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
    seen = _Seen(model, coordinates, directions)
    partings = _parted_all((_some(folders.faces(each), rng) for each in able.tolist()), seen, progress)
    scores = np.array([-np.inf if each is None else each.score for each in partings])
    merged = (np.concatenate(pair) for pair in planted_pairs)
    planted = np.array([-np.inf if each is None else each.score for each in _parted_all(merged, seen, progress)])
    certainty = Certainty.fit(scores, planted, most=_MOST, correction=CORRECTION)
    order, found = suspicions(certainty, scores, planted, least, above=0.0)
    chosen = [
        _with_all(parting, directions, folders.faces(int(able[place])))
        for place in order.tolist()
        if (parting := partings[place]) is not None
    ]
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


class _Cut(NamedTuple):
    """Two clusters of one of some sets of faces."""

    place: int
    larger: NDArray[np.int64]
    smaller: NDArray[np.int64]


class _Seen(NamedTuple):
    """All faces as the model sees them."""

    model: PersonModel
    coordinates: Vectors
    directions: Vectors


def _parted_all(sets: Iterable[NDArray[np.int64]], seen: _Seen, progress: Progress) -> list[_Parting | None]:
    """Part each of some sets of faces; None for a set that can't be parted."""
    found: list[_Parting | None] = []
    rest = iter(sets)
    while some := list(itertools.islice(rest, _AT_ONCE)):
        found += _parted(some, seen)
        progress.advance(len(some))
    return found


def _parted(sets: list[NDArray[np.int64]], seen: _Seen) -> list[_Parting | None]:
    """By Ward's clusters (1963) of the directions; None where no cut leaves two of two faces."""
    cuts = [_Cut(place, *parts) for place, faces in enumerate(sets) for parts in _cuts(faces, seen.directions)]
    best: list[_Parting | None] = [None] * len(sets)
    if not cuts:
        return best
    larger, smaller = ([cut.larger for cut in cuts], [cut.smaller for cut in cuts])
    means, counts = zip(*(_means(parts, seen.coordinates) for parts in (larger, smaller)), strict=True)
    scores = -seen.model.log_ratio(means[0], counts[0], means[1], counts[1])
    for cut, score in zip(cuts, scores.tolist(), strict=True):
        known = best[cut.place]
        if known is None or score > known.score:
            stray = np.setdiff1d(sets[cut.place], np.concatenate([cut.larger, cut.smaller]))
            best[cut.place] = _Parting(score=score, larger=cut.larger, smaller=cut.smaller, stray=stray)
    return best


def _means(parts: list[NDArray[np.int64]], coordinates: Vectors) -> tuple[Vectors, NDArray[np.int64]]:
    """Mean coordinates of each of some sets of faces, and how many these are."""
    means = np.stack([coordinates[part].mean(axis=0, dtype=np.float64) for part in parts])
    return means.astype(np.float32), np.array([len(part) for part in parts], np.int64)


def _cuts(faces: NDArray[np.int64], directions: Vectors) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The two largest clusters of each cut through the tree, as far as both have faces enough.

    Clusters stand in the order of the tree, and of two that are as large the first one is the larger.
    """
    tree = linkage(directions[faces].astype(np.float64), "ward")
    children, heights = tree[:, :2].astype(np.int64).tolist(), tree[:, 2].tolist()
    clusters = [len(faces) + len(children) - 1]
    for cut in range(2, _MOST_CLUSTERS + 1):
        # The join that is undone next is the last but so many, and one of the clusters so far.
        join = len(children) + 1 - cut
        at = clusters.index(len(faces) + join)
        clusters[at : at + 1] = children[join]
        if join and heights[join] <= heights[join - 1]:
            continue  # as high as the next, which is then to be undone too
        sizes = [int(tree[each - len(faces), 3]) if each >= len(faces) else 1 for each in clusters]
        one, other = sorted(range(cut), key=lambda place: -sizes[place])[:2]
        if sizes[other] >= LEAST_FACES // 2:
            larger, smaller = (faces[_leaves(clusters[place], children, len(faces))] for place in (one, other))
            yield larger, smaller


def _leaves(node: int, children: list[list[int]], leaves: int) -> NDArray[np.int64]:
    """Numbers of the leaves below a node of a tree, ascending."""
    found, waiting = [], [node]
    while waiting:
        node = waiting.pop()
        if node < leaves:
            found.append(node)
        else:
            waiting += children[node - leaves]
    return np.sort(np.array(found, np.int64))


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
