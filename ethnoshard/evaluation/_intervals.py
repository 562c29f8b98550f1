"""Intervals from draws."""

import math

import numpy as np

from ethnoshard.evaluation._checks import Floats
from ethnoshard.results import LEVEL, Interval


def percentile_interval(draws: Floats, level: float = LEVEL) -> Interval:
    """The middle ``level`` of draws, shape (D,), by the order statistic on the outer side of each end.

    Infinite draws are in their place in the order, and an end that falls on one is None. NaN draws are those in which
    nothing was there to be counted; they are left out.
    """
    ordered = np.sort(draws[~np.isnan(draws)])
    if not len(ordered):
        return Interval(None, None)
    last = len(ordered) - 1
    low = float(ordered[math.floor(last * (1 - level) / 2)])
    high = float(ordered[math.ceil(last * (1 + level) / 2)])
    return Interval(low if math.isfinite(low) else None, high if math.isfinite(high) else None)
