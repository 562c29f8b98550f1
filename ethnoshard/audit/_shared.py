"""People of another set, such as a test set, who are in this one too, whatever they are called there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes import (
    Certainty,
    Correction,
    Floats,
    Indices,
    Numbers,
    Vectors,
    centroids_of,
    means_of,
    parted_people,
)

CORRECTION = Correction(shift=-4.0, slope=3.0)
"""Of the probability that two identities of two sets are one person; see ``benchmarks/audit.py``."""
_NEAREST = 3
"""Identities of the other set that are looked at, of each."""
_KNOW_THE_MEAN = 20
"""People whose mean is that of their set; fewer get this set's mean taken off."""
_SAMPLED = 500_000
"""Pairs that tell how far different people are from each other."""
_BLOCK = 1 << 26
"""Bytes of similarities at a time."""

Faces = tuple[Vectors, Indices, int]
"""(n, D) float32 embeddings of length 1, (n,) number of the identity of each, and how many these are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """Pairs of an identity of this set and one of the other that are probably one person, the surest first.

    Attributes:
        pairs: (M, 2) int32, number of the identity here and there.
        cosine: (M,) of their centroids, each set's own mean taken off.
        sure: (M,) probability that they are one person.
        planted: people whose faces were parted in two on purpose.
        recall: share of those that were at least as sure as asked for; None of none.
        expected: pairs that are one person, by the fit; None where too little could be planted to tell.
    """

    pairs: Numbers
    cosine: Floats
    sure: Floats
    planted: int
    recall: float | None
    expected: float | None


def shared_people(
    here: Faces, there: Faces, *, least: float = 0.5, seed: int = 0, progress: Progress = SILENT
) -> Shared:
    """Look for people who are in both sets.

    By the cosine of centroids, each set's own mean taken off. A model of people that was fitted to the one set trusts
    fourteen faces of one session more than they deserve beside a photograph of another year: of 105 people of CFP's set
    who are in LFW it has .73 at a precision of .95 where the cosine has all (``python -m benchmarks.audit --against``).

    Args:
        here: faces of this set.
        there: faces of the other.
        least: pairs less sure than this are left out.
        seed: of what is planted.
        progress: told how many identities there are, and how many are done.

    Raises:
        EthnoshardError: shapes don't fit each other, or an embedding is not finite.
    """
    (vectors, owners, people), (_, their_owners, their_people) = here, there
    mine, mean = centroids_of(*here)
    theirs = centroids_of(*there)[0]
    if np.count_nonzero(np.bincount(their_owners, minlength=their_people)) < _KNOW_THE_MEAN:
        counts = np.bincount(their_owners, minlength=their_people)
        theirs = _centred(means_of(there[0], their_owners, counts), mean)
        theirs[counts == 0] = 0
    mine_there, theirs_there = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(theirs.any(axis=1))
    progress.begun(len(mine_there), 0)
    one, other = _nearest(mine[mine_there], theirs[theirs_there], progress)
    one, other = mine_there[one], theirs_there[other]
    number = len(mine_there) * len(theirs_there)
    if number <= _SAMPLED:
        sample = _cosines(
            mine[np.repeat(mine_there, len(theirs_there))], theirs[np.tile(theirs_there, len(mine_there))]
        )
    else:
        rng = np.random.default_rng(seed)
        sample = _cosines(mine[rng.choice(mine_there, _SAMPLED)], theirs[rng.choice(theirs_there, _SAMPLED)])
    sizes = np.concatenate([np.bincount(owners, minlength=people), np.bincount(their_owners, minlength=their_people)])
    parted = parted_people(vectors, owners, people, sizes[sizes > 0], seed=seed)
    planted = _cosines(_centred(parted.one, mean), _centred(parted.other, mean))
    cosines = _cosines(mine[one], theirs[other])
    certainty = Certainty.fit(
        sample,
        planted,
        most=min(len(mine_there), len(theirs_there)) / max(1, number),
        top=cosines,
        compared=float(number),
        correction=CORRECTION,
    )
    sure = np.zeros(len(one)) if certainty is None else certainty(cosines)
    kept = np.flatnonzero(sure >= least) if certainty is not None else np.empty(0, np.intp)
    order = kept[np.lexsort((other[kept], one[kept], -cosines[kept], -sure[kept]))]
    return Shared(
        pairs=np.stack([one[order], other[order]], axis=1).astype(np.int32),
        cosine=cosines[order],
        sure=sure[order],
        planted=len(planted),
        recall=None if certainty is None else float(np.mean(certainty(planted) >= least)),
        expected=None if certainty is None else certainty.faults,
    )


def _centred(means: Vectors, mean: Vectors) -> Vectors:
    """What ``centroids_of`` makes of means of faces."""
    plain = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12) - mean
    plain /= np.maximum(np.linalg.norm(plain, axis=1, keepdims=True), 1e-12)
    return np.asarray(plain, np.float32)


def _cosines(one: Vectors, other: Vectors) -> Floats:
    return np.asarray(np.einsum("nd,nd->n", one, other, dtype=np.float64), np.float64)


def _nearest(mine: Vectors, theirs: Vectors, progress: Progress) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of rows: each of the one with the nearest of the other."""
    columns = np.ascontiguousarray(theirs.T)
    k = min(_NEAREST, columns.shape[1])
    rows = max(1, _BLOCK // (4 * columns.shape[1]))
    found = []
    for begin in range(0, len(mine), rows):
        block = mine[begin : begin + rows] @ columns
        found.append(np.argpartition(block, block.shape[1] - k, axis=1)[:, -k:])
        progress.advance(len(block))
    nearest = np.concatenate(found)
    return np.repeat(np.arange(len(mine)), k), nearest.ravel()
