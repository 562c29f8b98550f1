"""People of another set, such as a test set, who are in this one too, whatever they are called there."""

from dataclasses import dataclass

import numpy as np

from ethnoshard._progress import SILENT, Progress
from ethnoshard.lookalikes import (
    Certainty,
    Correction,
    Floats,
    Indices,
    Numbers,
    PersonModel,
    Vectors,
    means_of,
    parted_people,
)

CORRECTION = Correction()
"""Of the probability that two identities of two sets are one person; see ``benchmarks/audit.py``."""
_NEAREST = 3
"""Identities of the other set that are looked at, of each."""
_SAMPLED = 500_000
"""Pairs that tell how far different people are from each other."""
_BLOCK = 1 << 26
"""Bytes of similarities at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shared:
    """Pairs of an identity of this set and one of the other that are probably one person, the surest first.

    Attributes:
        pairs: (M, 2) int32, number of the identity here and there.
        log_ratio: (M,) log of how much likelier they are one person than two.
        sure: (M,) probability that they are.
        planted: people whose faces were parted in two on purpose.
        recall: share of those that were at least as sure as asked for; None of none.
        expected: pairs that are one person, by the fit; None where too little could be planted to tell.
    """

    pairs: Numbers
    log_ratio: Floats
    sure: Floats
    planted: int
    recall: float | None
    expected: float | None


def shared_people(
    model: PersonModel,
    here: tuple[Vectors, Indices, int],
    there: tuple[Vectors, Indices, int],
    *,
    least: float = 0.5,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Shared:
    """Look for people who are in both sets.

    Args:
        model: fitted to this set's faces.
        here: (n, E) coordinates of this set's faces, (n,) number of the identity of each, and how many these are.
        there: the same of the other set, whose own mean is taken off: other photographs have another one.
        least: pairs less sure than this are left out.
        seed: of what is planted.
        progress: told how many identities there are, and how many are done.
    """
    (mine, my_owners, my_people), (theirs, their_owners, their_people) = here, there
    my_counts = np.bincount(my_owners, minlength=my_people)
    their_counts = np.bincount(their_owners, minlength=their_people)
    my_means, their_means = means_of(mine, my_owners, my_counts), means_of(theirs, their_owners, their_counts)
    mine_there, theirs_there = np.flatnonzero(my_counts), np.flatnonzero(their_counts)
    progress.begun(len(mine_there), 0)
    one, other = _nearest(model, my_means[mine_there], their_means[theirs_there], progress)
    one, other = mine_there[one], theirs_there[other]

    def ratios_of(some: Indices, others: Indices) -> Floats:
        return model.log_ratio(my_means[some], my_counts[some], their_means[others], their_counts[others])

    rng = np.random.default_rng(seed)
    number = len(mine_there) * len(theirs_there)
    if number <= _SAMPLED:
        sample = ratios_of(np.repeat(mine_there, len(theirs_there)), np.tile(theirs_there, len(mine_there)))
    else:
        sample = ratios_of(rng.choice(mine_there, _SAMPLED), rng.choice(theirs_there, _SAMPLED))
    sizes = np.concatenate([my_counts[mine_there], their_counts[theirs_there]])
    planted = parted_people(model, mine, my_owners, my_people, sizes, seed=seed)
    ratios = ratios_of(one, other)
    certainty = Certainty.fit(
        sample,
        planted,
        most=min(len(mine_there), len(theirs_there)) / max(1, number),
        top=ratios,
        compared=float(number),
        correction=CORRECTION,
    )
    sure = np.zeros(len(one)) if certainty is None else certainty(ratios)
    kept = np.flatnonzero(sure >= least) if certainty is not None else np.empty(0, np.intp)
    order = kept[np.lexsort((other[kept], one[kept], -ratios[kept], -sure[kept]))]
    return Shared(
        pairs=np.stack([one[order], other[order]], axis=1).astype(np.int32),
        log_ratio=ratios[order],
        sure=sure[order],
        planted=len(planted),
        recall=None if certainty is None else float(np.mean(certainty(planted) >= least)),
        expected=None if certainty is None else certainty.faults,
    )


def _nearest(model: PersonModel, mine: Vectors, theirs: Vectors, progress: Progress) -> tuple[Indices, Indices]:
    """Pairs of rows: each of the one with the nearest of the other."""
    one, columns = model.directions(mine), np.ascontiguousarray(model.directions(theirs).T)
    k = min(_NEAREST, columns.shape[1])
    rows = max(1, _BLOCK // (4 * columns.shape[1]))
    found = []
    for begin in range(0, len(one), rows):
        block = one[begin : begin + rows] @ columns
        found.append(np.argpartition(block, block.shape[1] - k, axis=1)[:, -k:])
        progress.advance(len(block))
    nearest = np.concatenate(found)
    return np.repeat(np.arange(len(one)), k), nearest.ravel()
