"""Where the similarities of a group's pairs lie, beside those of all groups."""

import numpy as np

from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._counts import Levels, TestedPairs
from ethnoshard.evaluation._group_curves import GroupCurves
from ethnoshard.results import GroupSimilarities, ScoreShift, Similarities, SimilarityHistograms

BINS = 120
"""Of the histograms, between the least similarity and the greatest."""


def score_shift(pairs: TestedPairs, curves: GroupCurves) -> tuple[ScoreShift, SimilarityHistograms]:
    """Number, mean, median and deviation of each group's similarities, and how far they are shifted.

    Pairs are those within a group, weighted as the rates are. Similarities of a ``Roster`` are taken to 0.00001.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        curves: errors of these pairs, from which groups, numbers and weighting are taken.

    Raises:
        EthnoshardError: the pairs have no groups.
    """
    levels = [pairs.within(group).levels(curves.weighting) for group in curves.groups]
    together = Levels(*(np.concatenate(each) for each in zip(*levels, strict=True)))
    numbers = curves.pairs_fnmr.tolist(), curves.pairs_fmr.diagonal().tolist()
    overall = _group(together, sum(numbers[0]), sum(numbers[1]), None)
    by_group = {
        group: _group(own, same, different, overall)
        for group, own, same, different in zip(curves.groups, levels, *numbers, strict=True)
    }
    return ScoreShift(overall=overall, by_group=by_group), _histograms(curves.groups, levels, together)


def _group(levels: Levels, same: int, different: int, overall: GroupSimilarities | None) -> GroupSimilarities:
    alike = _similarities(levels.similarity, levels.same, same, overall.same if overall else None)
    others = _similarities(levels.similarity, levels.different, different, overall.different if overall else None)
    return GroupSimilarities(same=alike, different=others, d_prime=_apart(alike, others))


def _similarities(values: Floats, weights: Floats, pairs: int, overall: Similarities | None) -> Similarities:
    total = float(weights.sum())
    if not total:
        return Similarities(pairs=pairs, mean=None, median=None, std=None, shift=None)
    mean = float(values @ weights) / total
    order = np.argsort(values, kind="stable")
    half = int(np.searchsorted(np.cumsum(weights[order]), total / 2))
    std = float(np.sqrt(np.square(values - mean) @ weights / total))
    found = Similarities(pairs=pairs, mean=mean, median=float(values[order[half]]), std=std, shift=0.0)
    shift = 0.0 if overall is None else _apart(found, overall)
    return Similarities(pairs=pairs, mean=mean, median=found.median, std=std, shift=shift)


def _apart(one: Similarities, other: Similarities) -> float | None:
    """Difference of the means over the root of the mean of both variances; None where it is undefined."""
    if one.mean is None or other.mean is None or one.std is None or other.std is None:
        return None
    variance = (one.std**2 + other.std**2) / 2
    return float((one.mean - other.mean) / np.sqrt(variance)) if variance else None


def _histograms(groups: tuple[str, ...], levels: list[Levels], together: Levels) -> SimilarityHistograms:
    there = together.similarity[(together.same > 0) | (together.different > 0)]
    low, high = float(there.min()), float(there.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)

    def shares(values: Floats, weights: Floats) -> Floats:
        total = weights.sum()
        heights: Floats = np.histogram(values, edges, weights=weights)[0]
        return heights / total if total else np.full(BINS, np.nan)

    return SimilarityHistograms(
        groups=groups,
        edges=edges,
        same=np.stack([shares(own.similarity, own.same) for own in levels]),
        different=np.stack([shares(own.similarity, own.different) for own in levels]),
    )
