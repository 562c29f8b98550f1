"""Which identities are probably one person, and how sure that is: one decision for audits and for look-alikes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes._centroids import Numbers, Vectors
from ethnoshard.lookalikes._certainty import Certainty, Correction
from ethnoshard.lookalikes._neighbours import EXACT, neighbours
from ethnoshard.lookalikes._person_model import Floats, Indices, PersonModel, sums_of

CORRECTION = Correction(shift=1.1, slope=1.6)
"""Of the probability that two identities are one person."""
CANDIDATES = 10
"""Nearest others of each identity that are looked at."""
_MOST_SAMPLED = 500_000
"""Pairs that tell how far different people are from each other."""
_MOST_PLANTED = 4000
"""Faults that are planted, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SamePeople:
    """Pairs of identities, those that are most probably one person first.

    Attributes:
        pairs: (M, 2) int32, the smaller number first, each pair once.
        log_ratio: (M,) log of how much likelier they are one person than two, by the faces alone.
        sure: (M,) probability that they are one person.
        planted: people whose faces were parted in two on purpose, to know how that looks.
        recall: share of those that were at least as sure as asked for; None of none.
        expected: pairs that are one person, by the fit; None where too little could be planted to tell.
    """

    pairs: Numbers
    log_ratio: Floats
    sure: Floats
    planted: int
    recall: float | None
    expected: float | None


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
    means = means_of(coordinates, owners, counts)
    near = neighbours(
        model.directions(means), np.zeros(identities, np.int32), CANDIDATES, exact_to=exact_to, progress=progress
    ).nearest_of_all
    row, column = np.nonzero((near >= 0) & (counts > 0)[:, None])
    pairs = np.stack([row.astype(np.int32), near[row, column]], axis=1)
    pairs = np.unique(np.sort(pairs[counts[pairs[:, 1]] > 0], axis=1), axis=0)

    def ratios_of(some: Numbers) -> Floats:
        return model.log_ratio(means[some[:, 0]], counts[some[:, 0]], means[some[:, 1]], counts[some[:, 1]])

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
    sure = np.zeros(len(pairs)) if certainty is None else _sure(certainty, ratios)
    kept = np.flatnonzero(sure >= least) if certainty is not None else np.empty(0, np.intp)
    order = kept[np.lexsort((pairs[kept, 1], pairs[kept, 0], -ratios[kept], -sure[kept]))]
    return SamePeople(
        pairs=pairs[order],
        log_ratio=ratios[order],
        sure=sure[order],
        planted=len(planted),
        recall=None if certainty is None else float(np.mean(_sure(certainty, planted) >= least)),
        expected=None if certainty is None else certainty.faults,
    )


def _sure(certainty: Certainty, ratios: Floats) -> Floats:
    """Nobody is suspected whose faces are likelier of two people: of few people an odd pair is no proof."""
    return np.where(ratios > 0, certainty(ratios), 0.0)


def _some_pairs(numbers: NDArray[np.intp], seed: int) -> Numbers:
    """All pairs of some numbers, or so many drawn at random, (P, 2)."""
    if len(numbers) * (len(numbers) - 1) // 2 <= _MOST_SAMPLED:
        return np.stack([numbers[side] for side in np.triu_indices(len(numbers), 1)], axis=1).astype(np.int32)
    rng = np.random.default_rng(seed)
    one = rng.integers(0, len(numbers), _MOST_SAMPLED)
    other = (one + rng.integers(1, len(numbers), _MOST_SAMPLED)) % len(numbers)
    return numbers[np.stack([one, other], axis=1)].astype(np.int32)


def means_of(coordinates: Vectors, owners: Indices, counts: Indices) -> Vectors:
    """(N, E) float32, mean coordinates of each identity's faces; zeros of none."""
    means = sums_of(coordinates, owners, len(counts)) / np.maximum(counts, 1)[:, None]
    return means.astype(np.float32)


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
    counts = np.bincount(owners, minlength=identities)
    able = np.flatnonzero(counts >= 2)
    if not len(able):
        none = np.empty((0, rows.shape[1]), np.float32)
        return PartedPeople(one=none, of_one=np.empty(0, np.int64), other=none, of_other=np.empty(0, np.int64))
    able = able[np.argsort(counts[able], kind="stable")]
    number = min(_MOST_PLANTED, max(len(able), 500))
    wanted = np.sort(rng.choice(sizes, (number, 2)), axis=1)
    order = np.argsort(owners, kind="stable")
    begins = np.cumsum(counts) - counts
    means = np.zeros((2, number, rows.shape[1]), np.float32)
    of = np.ones((2, number), np.int64)
    for place, (fewer, more) in enumerate(wanted.tolist()):
        # Somebody with faces enough for both; else one of the tenth that has the most.
        first = min(int(np.searchsorted(counts[able], fewer + more)), len(able) - max(1, len(able) // 10))
        person = int(able[rng.integers(first, len(able))])
        mine = rng.permutation(order[begins[person] : begins[person] + counts[person]])
        cut = min(fewer, len(mine) // 2)
        parts = mine[:cut], mine[cut : cut + more]
        for which, part in enumerate(parts):
            means[which, place] = rows[part].mean(axis=0)
            of[which, place] = len(part)
    return PartedPeople(one=means[0], of_one=of[0], other=means[1], of_other=of[1])
