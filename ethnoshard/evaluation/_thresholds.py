"""Thresholds found on some pairs to be used on others. A pair is accepted if its distance is below the threshold."""

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.results import explained_by_chance

ACCURACY_STEPS, VAL_STEPS = 400, 4000
"""Over 0 to 4 these are steps of 0.01 and 0.001."""
_ROUNDING = 1e-9


def grid(span: tuple[float, float], steps: int) -> Floats:
    """Thresholds at both ends of ``span`` and even steps between, (steps + 1,)."""
    low, high = span
    # One division each, so that the thresholds are 0.01, 0.02 ... to the last digit rather than sums of steps.
    values: Floats = low + np.arange(steps + 1) * (high - low) / steps
    return values


def accepted(distance: Floats, thresholds: Floats) -> Whole:
    """How many pairs each threshold accepts, shape of ``thresholds``."""
    return np.searchsorted(np.sort(distance), thresholds, side="left")


def most_accurate(distance: Floats, same: Bools, thresholds: Floats) -> float:
    """The threshold with the most right answers, the lowest of several."""
    right = accepted(distance[same], thresholds) - accepted(distance[~same], thresholds)
    return float(thresholds[int(np.argmax(right))])


def candidates(distance: Floats) -> Floats:
    """Thresholds that tell all different ways of cutting these pairs in two: midway between neighbouring distances."""
    values = np.unique(distance)
    between = (values[:-1] + values[1:]) / 2
    return np.concatenate([values[:1], between, [np.nextafter(values[-1], np.inf)]])


def at_far(different: Floats, far: float, thresholds: Floats) -> float:
    """The threshold at which a share ``far`` of different pairs is accepted, on the line between grid points.

    As in Sandberg's re-implementation of FaceNet. Where the grid reaches the share exactly and stays there, the lowest
    such threshold is meant, which accepts no pair more.

    Where chance doesn't explain how far the shares at both ends of the line are from the one that is asked for, the
    grid is too coarse: embeddings that are nearly all alike have all their distances within one step, and so have all
    scores but one where that one is far out. There, and where the grid ends too early, the threshold lies between two
    distances: the highest one that accepts no more than the share.
    """
    counts = accepted(different, thresholds)
    after = int(np.searchsorted(counts / len(different), far, side="left"))
    if after == 0:
        return float(thresholds[0])
    before = after - 1
    ends = counts[before : after + 1].tolist()
    if after == len(counts) or not all(explained_by_chance(end, len(different), far) for end in ends):
        return exactly_at_far(different, far)
    shares = counts / len(different)
    part = (far - shares[before]) / (shares[after] - shares[before])
    return float(thresholds[before] + part * (thresholds[after] - thresholds[before]))


def exactly_at_far(different: Floats, far: float) -> float:
    """The highest threshold between two distances at which no more than a share ``far`` of different pairs is accepted.

    Of equal distances all are accepted or none, so that the share may be much smaller.
    """
    between = candidates(different)
    # A product such as 0.29 x 100 lies below 29 by a rounding.
    most = int(np.searchsorted(accepted(different, between), far * len(different) + _ROUNDING, side="right"))
    return float(between[max(0, most - 1)])
