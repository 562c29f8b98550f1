"""Which identities are probably one person, and how sure that is: one decision for audits and for look-alikes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes._centroids import Numbers, Vectors, means_of
from ethnoshard.lookalikes._certainty import Certainty, Correction, Suspicions, suspicions
from ethnoshard.lookalikes._folders import Folders, Indices
from ethnoshard.lookalikes._neighbours import EXACT, neighbours
from ethnoshard.lookalikes._person_model import Floats, PersonModel

CORRECTION = Correction(shift=1.06, slope=1.42)
"""Of the probability that two identities are one person."""
CANDIDATES = 10
"""Nearest others of each identity that are looked at."""
_MOST_SAMPLED = 500_000
"""Pairs that tell how far different people are from each other."""
_MOST_PLANTED = 4000
"""Faults that are planted, at most."""
_PROBABLY = 0.5
"""Probability from which two identities are more probably one person than not."""
_AT_ONCE = 1 << 15
"""Pairs that are compared at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SamePeople(Suspicions):
    """Pairs of identities that are probably one person. What was planted are people whose faces were parted in two.

    Attributes:
        pairs: (M, 2) int32, the smaller number first, each pair once.
        log_ratio: (M,) log of how much likelier they are one person than two, by the faces alone.
        probable: (P, 2) int32, all pairs that are more probably one person than not, whatever was asked for.
    """

    pairs: Numbers
    log_ratio: Floats
    probable: Numbers


def same_people(
    model: PersonModel,
    coordinates: Vectors,
    owners: Indices,
    identities: int,
    *,
    least: float = 0.5,
    seed: int = 0,
    exact_to: int = EXACT,
    progress: Progress = SILENT,
) -> SamePeople:
    """Look for people under two identities.

    Args:
        model: fitted to these faces.
        coordinates: (n, E) of the faces, see :meth:`PersonModel.coordinates`.
        owners: (n,) number of the identity of each.
        identities: N.
        least: pairs less sure than this are left out.
        seed: of what is planted.
        exact_to: more identities than these are looked up in an index.
        progress: told how many comparisons of an identity there are, and how many are done.
    """
    counts = np.bincount(owners, minlength=identities)
    means = means_of(coordinates, owners, identities)
    near = neighbours(
        model.directions(means), np.zeros(identities, np.int32), CANDIDATES, exact_to=exact_to, progress=progress
    ).nearest_of_all
    row, column = np.nonzero((near >= 0) & (counts > 0)[:, None])
    pairs = np.stack([row.astype(np.int32), near[row, column]], axis=1)
    pairs = np.unique(np.sort(pairs[counts[pairs[:, 1]] > 0], axis=1), axis=0)

    def ratios_of(some: Numbers) -> Floats:
        found = np.empty(len(some))
        for begin in range(0, len(some), _AT_ONCE):
            one, other = some[begin : begin + _AT_ONCE].T
            found[begin : begin + _AT_ONCE] = model.log_ratio(means[one], counts[one], means[other], counts[other])
        return found

    there = np.flatnonzero(counts > 0)
    parted = parted_people(coordinates, owners, identities, counts[there], seed=seed)
    planted = model.log_ratio(parted.one, parted.of_one, parted.other, parted.of_other)
    ratios = ratios_of(pairs)
    number = len(there)
    certainty = Certainty.fit(
        ratios_of(_some_pairs(there, seed)),
        planted,
        most=2 / max(1, number - 1),
        top=ratios,
        compared=number * (number - 1) / 2,
        correction=CORRECTION,
    )
    # Nobody is suspected whose faces are likelier of two people: of few people an odd pair is no proof.
    order, found = suspicions(certainty, ratios, planted, least, above=0.0)
    return SamePeople(
        pairs=pairs[order],
        log_ratio=ratios[order],
        probable=pairs[suspicions(certainty, ratios, planted, _PROBABLY, above=0.0)[0]],
        sure=found.sure,
        planted=found.planted,
        recall=found.recall,
        expected=found.expected,
    )


def _some_pairs(numbers: NDArray[np.intp], seed: int) -> Numbers:
    """All pairs of some numbers, or so many drawn at random, (P, 2)."""
    if len(numbers) * (len(numbers) - 1) // 2 <= _MOST_SAMPLED:
        return np.stack([numbers[side] for side in np.triu_indices(len(numbers), 1)], axis=1).astype(np.int32)
    rng = np.random.default_rng(seed)
    one = rng.integers(0, len(numbers), _MOST_SAMPLED)
    other = (one + rng.integers(1, len(numbers), _MOST_SAMPLED)) % len(numbers)
    return numbers[np.stack([one, other], axis=1)].astype(np.int32)


@dataclass(frozen=True, kw_only=True, eq=False)
class PartedPeople:
    """People whose faces were parted in two at random, as if they were two identities.

    Attributes:
        one: (P, E) float32, mean of the one part's rows.
        of_one: (P,) faces of it.
        other: (P, E) float32, mean of the other part's rows.
        of_other: (P,) faces of it.
    """

    one: Vectors
    of_one: NDArray[np.int64]
    other: Vectors
    of_other: NDArray[np.int64]


def parted_people(
    rows: Vectors, owners: Indices, identities: int, sizes: NDArray[np.integer], *, seed: int
) -> PartedPeople:
    """Part people's faces in two at random, to know how one person under two identities looks.

    Sizes of the parts are drawn from ``sizes``, as far as people have so many faces; those who have the most stand for
    larger ones. Of a set in which nobody has two faces there are none.

    Args:
        rows: (n, E) of the faces: embeddings, or coordinates.
        owners: (n,) number of the identity of each.
        identities: N.
        sizes: (M,) numbers of faces that identities have, from which those of the parts are drawn.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    folders = Folders.of(owners, identities)
    counts = folders.counts
    able = np.flatnonzero(counts >= 2)
    if not len(able):
        none = np.empty((0, rows.shape[1]), np.float32)
        return PartedPeople(one=none, of_one=np.empty(0, np.int64), other=none, of_other=np.empty(0, np.int64))
    able = able[np.argsort(counts[able], kind="stable")]
    number = min(_MOST_PLANTED, max(len(able), 500))
    wanted = np.sort(rng.choice(sizes, (number, 2)), axis=1)
    means = np.zeros((2, number, rows.shape[1]), np.float32)
    of = np.ones((2, number), np.int64)
    for place, (fewer, more) in enumerate(wanted.tolist()):
        # Somebody with faces enough for both; else one of the tenth that has the most.
        first = min(int(np.searchsorted(counts[able], fewer + more)), len(able) - max(1, len(able) // 10))
        person = int(able[rng.integers(first, len(able))])
        mine = rng.permutation(folders.faces(person))
        cut = min(fewer, len(mine) // 2)
        parts = mine[:cut], mine[cut : cut + more]
        for which, part in enumerate(parts):
            means[which, place] = rows[part].mean(axis=0)
            of[which, place] = len(part)
    return PartedPeople(one=means[0], of_one=of[0], other=means[1], of_other=of[1])
