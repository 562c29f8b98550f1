"""Thresholds found on some pairs to be used on others. A pair is accepted if its distance is below the threshold."""

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole

ACCURACY_STEPS, VAL_STEPS = 400, 4000
"""Over 0 to 4 these are steps of 0.01 and 0.001."""


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
    such threshold is meant, which accepts no pair more. Where it never reaches it, the highest is.
    """
    shares = accepted(different, thresholds) / len(different)
    after = int(np.searchsorted(shares, far, side="left"))
    if after == len(shares):
        return float(thresholds[-1])
    if after == 0:
        return float(thresholds[0])
    before = after - 1
    part = (far - shares[before]) / (shares[after] - shares[before])
    return float(thresholds[before] + part * (thresholds[after] - thresholds[before]))
