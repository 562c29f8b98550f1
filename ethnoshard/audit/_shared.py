"""People of another set, such as a test set, who are in this one too, whatever they are called there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes import (
    LEAST_PEOPLE,
    Certainty,
    Correction,
    Floats,
    Indices,
    Numbers,
    Suspicions,
    Vectors,
    centred,
    centroids_of,
    means_of,
    nearest_of,
    parted_people,
    similarities,
    suspicions,
)

CORRECTION = Correction(shift=-4.02, slope=3.1)
"""Of the probability that two identities of two sets are one person; see ``benchmarks/audit.py``."""
_NEAREST = 3
"""Identities of the other set that are looked at, of each."""
_KNOW_THE_MEAN = 20
"""People whose mean is that of their set; fewer get this set's mean taken off."""
_SAMPLED = 500_000
"""Pairs that tell how far different people are from each other."""
_BLOCK = 1 << 25
"""Bytes of similarities at a time, for each core."""

Faces = tuple[Vectors, Indices, int]
"""(n, D) float32 embeddings of length 1, (n,) number of the identity of each, and how many these are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared(Suspicions):
    """Pairs of an identity of this set and one of the other that are probably one person.

    What was planted are people of this set whose faces were parted in two; of fewer than twenty with two faces none,
    since so few tell nothing, and then nobody is suspected.

    Attributes:
        pairs: (M, 2) int32, number of the identity here and there.
        cosine: (M,) of their centroids, each set's own mean taken off.
    """

    pairs: Numbers
    cosine: Floats


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
    (vectors, owners, people), (their_vectors, their_owners, their_people) = here, there
    counts, their_counts = np.bincount(owners, minlength=people), np.bincount(their_owners, minlength=their_people)
    mine, mean = centroids_of(*here)
    theirs = centroids_of(*there)[0]
    if np.count_nonzero(their_counts) < _KNOW_THE_MEAN:
        theirs = centred(means_of(their_vectors, their_owners, their_people), mean)
    mine_there, theirs_there = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(theirs.any(axis=1))
    progress.begun(len(mine_there), 0)
    near = nearest_of(mine[mine_there], theirs[theirs_there], _NEAREST, block_bytes=_BLOCK, progress=progress)[0]
    one, other = np.repeat(mine_there, near.shape[1]), theirs_there[np.sort(near, axis=1).ravel()]
    cosines = similarities(mine, one, other, theirs)
    planted = np.empty(0)
    if np.count_nonzero(counts >= 2) >= LEAST_PEOPLE:
        sizes = np.concatenate([counts, their_counts])
        parted = parted_people(vectors, owners, people, sizes[sizes > 0], seed=seed)
        same = np.arange(len(parted.one))
        planted = similarities(centred(parted.one, mean), same, same, centred(parted.other, mean))
    number = len(mine_there) * len(theirs_there)
    certainty = Certainty.fit(
        similarities(mine, *_some_pairs(mine_there, theirs_there, seed), theirs),
        planted,
        most=min(len(mine_there), len(theirs_there)) / max(1, number),
        top=cosines,
        compared=float(number),
        correction=CORRECTION,
    )
    order, found = suspicions(certainty, cosines, planted, least)
    return Shared(
        pairs=np.stack([one[order], other[order]], axis=1).astype(np.int32),
        cosine=cosines[order],
        sure=found.sure,
        planted=found.planted,
        recall=found.recall,
        expected=found.expected,
    )


def _some_pairs(
    mine: NDArray[np.intp], theirs: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of two sets of numbers, or so many drawn at random."""
    if len(mine) * len(theirs) <= _SAMPLED:
        return np.repeat(mine, len(theirs)), np.tile(theirs, len(mine))
    rng = np.random.default_rng(seed)
    return rng.choice(mine, _SAMPLED), rng.choice(theirs, _SAMPLED)
