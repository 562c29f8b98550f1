"""A metric along a training, as a curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """What one run measured along its training, or the seeds of an arm.

    Attributes:
        name: of the run, or of the arm with the number of its seeds.
        arm: whose colour it has.
        x: (N,) along the training.
        y: (N,) the metric, of several seeds the mean.
        low: (N,) of several seeds the least; None of a run alone.
        high: (N,) of several seeds the most.
    """

    name: str
    arm: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
