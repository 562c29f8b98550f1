"""Wilson's interval of a rate, which every room reports the same way."""

import math
from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95


class RateInterval(NamedTuple):
    """Ends of the interval of a rate, 0 to 1."""

    low: float
    high: float


def wilson(events: int, number: int, level: float = LEVEL) -> RateInterval:
    """Interval of a rate of independent events (Wilson 1927).

    Args:
        events: how often it happened.
        number: how often it could have; of 0 the interval is 0 to 1.
        level: share of such intervals that hold the true rate.

    >>> tuple(round(end, 4) for end in wilson(3, 3000))
    (0.0003, 0.0029)
    """
    if number == 0:
        return RateInterval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, square = events / number, z * z
    centre = (rate + square / (2 * number)) / (1 + square / number)
    half = z / (1 + square / number) * math.sqrt(rate * (1 - rate) / number + square / (4 * number * number))
    # Rounding must not put the end beside the rate where it lies on it.
    low = 0.0 if events == 0 else max(0.0, centre - half)
    high = 1.0 if events == number else min(1.0, centre + half)
    return RateInterval(low, high)
