"""Verification of weighted pairs by comparing every pair with every threshold, one draw at a time."""

import itertools
from typing import NamedTuple

import numpy as np
from made_people import Pairs
from numpy.typing import NDArray

from ethnoshard.evaluation._pair_weights import Weights, weights_in_draws

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Recount(NamedTuple):
    """Of one draw."""

    accuracy: float
    exact: float
    val: float
    far: float


def pair_weights(pairs: Pairs, draws: int, seed: int, spread: float) -> Array:
    """(N, draws) weights of the pairs."""
    names = sorted(set(np.concatenate(pairs.people).tolist()))
    (weights,) = weights_in_draws(len(names), draws, seed, spread=spread, at_once=draws)
    first, second = (np.array([names.index(name) for name in side.tolist()]) for side in pairs.people)
    return times_of(weights, first, second, pairs.same)


def times_of(weights: Weights, first: NDArray[np.int64], second: NDArray[np.int64], same: Bools) -> Array:
    return np.where(same[:, None], weights.alone[first], weights.together[first] * weights.together[second])


def share(events: Bools, times: Array) -> float:
    return float(times[events].sum() / times.sum())


def right(distance: Array, same: Bools, times: Array, threshold: float) -> float:
    """Right answers, where pairs of one person have the share that they have in the list."""
    of_same = share(distance[same] < threshold, times[same])
    of_different = share(distance[~same] >= threshold, times[~same])
    return float(same.mean() * of_same + (1 - same.mean()) * of_different)


def best(distance: Array, same: Bools, times: Array, thresholds: list[float]) -> float:
    rights = [right(distance, same, times, threshold) for threshold in thresholds]
    return next(each for each, value in zip(thresholds, rights, strict=True) if value > max(rights) - 1e-12)


def cuts(distance: Array) -> list[float]:
    ordered = sorted(set(distance.tolist()))
    return [ordered[0], *[(a + b) / 2 for a, b in itertools.pairwise(ordered)], float(np.nextafter(ordered[-1], 9e9))]


def at_far(different: Array, times: Array, far: float, steps: list[float] | None) -> float:
    nearest = np.sort(different)
    alone = share(different <= nearest[0], times)
    if alone > far:
        return float(nearest[0] - (nearest[10] - nearest[:10].mean()) * np.log(alone / far))
    if steps is None:
        ends = [*sorted(set(different.tolist())), float(np.nextafter(different.max(), 9e9))]
        return [each for each in ends if share(different < each, times) <= far][-1]
    shares = [share(different < step, times) for step in steps]
    for (low, before), (high, after) in itertools.pairwise(zip(steps, shares, strict=True)):
        if before < far <= after:
            return low + (far - before) / (after - before) * (high - low)
    raise AssertionError("not reached")


def recount(seen: Array, pairs: Pairs, times: Array, far: float, *, stepped: bool) -> Recount:
    """One draw.

    Args:
        seen: (F, N) distances as each fold sees them.
        pairs: with folds from 0 to F - 1.
        times: (N,).
        far: asked for.
        stepped: thresholds in even steps from 0 to 4; else searched exactly.
    """
    found = []
    for number in range(int(pairs.fold.max()) + 1):
        test = pairs.fold == number
        train = test if test.all() else ~test
        distance, same = seen[number], pairs.same
        some = distance[train], same[train], times[train]
        exact = best(*some, cuts(distance[train]))
        steps = [k / 100 for k in range(401)] if stepped else cuts(distance[train])
        fine = [k / 1000 for k in range(4001)] if stepped else None
        threshold = at_far(distance[train & ~same], times[train & ~same], far, fine)
        found.append(
            Recount(
                *(right(distance[test], same[test], times[test], each) for each in (best(*some, steps), exact)),
                *(share(distance[test & kind] < threshold, times[test & kind]) for kind in (same, ~same)),
            )
        )
    return Recount(*np.mean(found, axis=0).tolist())
