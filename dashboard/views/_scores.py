"""Scores of pairs over a threshold that moves: how many errors of each kind it makes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard.charts import DISTANCES, SCORE
from ethnoshard.evaluation import RateInterval, wilson

STEPS = 400
"""As many as the thresholds for accuracy have; over 0 to 4 these are steps of 0.01."""
_SPANS = {"euclidean": (0.0, 4.0), "cosine": (0.0, 1.0)}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How thresholds are shown.

    Attributes:
        name: of what is measured, with its unit.
        sign: what is shown is this times the distance: -1 for scores, of which the distance is the negative.
        low: least threshold shown.
        high: greatest.
        step: between two.
    """

    name: str
    sign: int
    low: float
    high: float
    step: float

    @property
    def digits(self) -> int:
        """Decimals that a step has."""
        return next(digits for digits in range(16) if abs(round(self.step, digits) - self.step) < self.step / 1000)

    def nearest(self, shown: float) -> float:
        """The place of the slider nearest to a threshold."""
        steps = round((min(max(shown, self.low), self.high) - self.low) / self.step)
        return min(self.high, round(self.low + steps * self.step, 10))

    def text(self, shown: float) -> str:
        """A threshold."""
        return f"{shown:.{self.digits}f}"

    @property
    def accepts(self) -> str:
        """Which pairs a threshold accepts."""
        return "above" if self.sign < 0 else "below"


def scale_of(metric: str, distance: NDArray[np.float64]) -> Scale:
    """Of a report's metric; scores of others have a scale of their own, in steps of 1, 2 or 5 times a power of ten."""
    if metric in _SPANS:
        low, high = _SPANS[metric]
        return Scale(name=DISTANCES[metric], sign=1, low=low, high=high, step=(high - low) / STEPS)
    least, most = float(-distance.max()), float(-distance.min())
    rough = max(most - least, 1e-6) / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * (1 - 1e-9))
    # One step beyond each end, so that all pairs and none can be accepted.
    low, high = (math.floor(least / step) - 1) * step, (math.ceil(most / step) + 1) * step
    return Scale(name=SCORE, sign=-1, low=round(low, 10), high=round(high, 10), step=step)


@dataclass(frozen=True, kw_only=True)
class Errors:
    """What one threshold does to all pairs.

    Attributes:
        accepted: different pairs accepted.
        different: of how many.
        refused: same pairs refused.
        same: of how many.
    """

    accepted: int
    different: int
    refused: int
    same: int

    @property
    def fmr(self) -> float:
        """False match rate."""
        return self.accepted / self.different

    @property
    def fnmr(self) -> float:
        """False non-match rate."""
        return self.refused / self.same

    @property
    def right(self) -> int:
        """Right answers."""
        return self.different - self.accepted + self.same - self.refused

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / (self.different + self.same)

    def intervals(self) -> dict[str, RateInterval]:
        """Wilson's, of each."""
        return {
            "fmr": wilson(self.accepted, self.different),
            "fnmr": wilson(self.refused, self.same),
            "accuracy": wilson(self.right, self.different + self.same),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """Pairs of a report, in the order of their distance.

    Attributes:
        distance: (N,) as the report's metric has it, in the order of the list.
        same: (N,) bool.
        of_same: distances of pairs of one person, rising.
        of_different: of two people, rising.
        scale: how thresholds are shown.
    """

    distance: NDArray[np.float64]
    same: NDArray[np.bool_]
    of_same: NDArray[np.float64]
    of_different: NDArray[np.float64]
    scale: Scale

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], metric: str) -> "Scores":
        """From ``scores.npz`` of a report.

        Raises:
            KeyError: an array is missing.
            ValueError: arrays don't fit, a distance is not finite, or pairs are of one kind.
        """
        distance, same = np.asarray(arrays["distance"], np.float64), np.asarray(arrays["same"])
        if distance.ndim != 1 or same.shape != distance.shape or same.dtype != np.bool_:
            raise ValueError(f"distances {distance.shape} and truth {same.dtype} {same.shape} don't fit")
        if not np.isfinite(distance).all() or same.all() or not same.any():
            raise ValueError("distances are not all finite, or pairs are of one kind")
        return cls(
            distance=distance,
            same=same,
            of_same=np.sort(distance[same]),
            of_different=np.sort(distance[~same]),
            scale=scale_of(metric, distance),
        )

    def at(self, shown: float) -> Errors:
        """Errors at a threshold as the scale shows it; a pair is accepted if its distance is below."""
        threshold = self.scale.sign * shown
        return Errors(
            accepted=int(np.searchsorted(self.of_different, threshold, side="left")),
            different=len(self.of_different),
            refused=len(self.of_same) - int(np.searchsorted(self.of_same, threshold, side="left")),
            same=len(self.of_same),
        )
