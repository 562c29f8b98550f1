"""Scores of pairs over a threshold that moves: how many errors of each kind it makes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ethnoshard._wilson import RateInterval, wilson
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import PairScores


@dataclass(frozen=True, kw_only=True)
class ThresholdScale:
    """Thresholds to choose from, in even steps.

    Attributes:
        STEPS: as many as the thresholds for accuracy have; over 0 to 4 these are steps of 0.01.
        metric: of a report: "euclidean", "cosine"; anything else is a score, where more is more alike.
        sign: 1 of distances; -1 of scores, whose distance is the negative.
        low: least threshold.
        high: greatest.
        step: between two.
    """

    STEPS: ClassVar[int] = 400
    _SPANS: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType(
        {"euclidean": (0.0, 4.0), "cosine": (0.0, 1.0)}
    )

    metric: str
    sign: int
    low: float
    high: float
    step: float

    @classmethod
    def of_metric(cls, metric: str, distance: NDArray[np.float64]) -> "ThresholdScale":
        """The scale of a report's metric; that of scores spans them, in steps of 1, 2 or 5 times a power of ten.

        Args:
            metric: of the report.
            distance: (N,) of its pairs, N at least 1.
        """
        if metric in cls._SPANS:
            low, high = cls._SPANS[metric]
            return cls(metric=metric, sign=1, low=low, high=high, step=(high - low) / cls.STEPS)
        least, most = float(-distance.max()), float(-distance.min())
        rough = max(most - least, 1e-6) / cls.STEPS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * (1 - 1e-9))
        # One step beyond each end, so that all pairs and none can be accepted.
        low, high = (math.floor(least / step) - 1) * step, (math.ceil(most / step) + 1) * step
        return cls(metric=metric, sign=-1, low=round(low, 10), high=round(high, 10), step=step)

    @property
    def digits(self) -> int:
        """Decimals of a step."""
        return next(digits for digits in range(16) if abs(round(self.step, digits) - self.step) < self.step / 1000)

    def nearest(self, threshold: float) -> float:
        """The step nearest to a threshold."""
        steps = round((min(max(threshold, self.low), self.high) - self.low) / self.step)
        return min(self.high, round(self.low + steps * self.step, 10))

    def text(self, threshold: float) -> str:
        """A threshold with as many digits as a step."""
        return f"{threshold:.{self.digits}f}"

    @property
    def accepts(self) -> str:
        """On which side of a threshold a pair is accepted: "above" or "below"."""
        return "above" if self.sign < 0 else "below"


@dataclass(frozen=True, kw_only=True)
class PairErrors:
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

    @property
    def fmr_interval(self) -> RateInterval:
        """Wilson's interval of the FMR at 95 %."""
        return wilson(self.accepted, self.different)

    @property
    def fnmr_interval(self) -> RateInterval:
        """Wilson's interval of the FNMR at 95 %."""
        return wilson(self.refused, self.same)

    @property
    def accuracy_interval(self) -> RateInterval:
        """Wilson's interval of the accuracy at 95 %."""
        return wilson(self.right, self.different + self.same)


@dataclass(frozen=True, kw_only=True, eq=False)
class RankedPairs:
    """Pairs of a report in the order of their distance.

    Attributes:
        scores: as the report keeps them.
        of_same: distances of pairs of one person, rising.
        of_different: distances of pairs of two people, rising.
        scale: thresholds to choose from.
    """

    scores: PairScores
    of_same: NDArray[np.float64]
    of_different: NDArray[np.float64]
    scale: ThresholdScale

    @classmethod
    def of_scores(cls, scores: PairScores, metric: str, where: object) -> "RankedPairs":
        """From what a report keeps of its pairs.

        Args:
            scores: of the pairs.
            metric: of the report.
            where: the file, for messages.

        Raises:
            EthnoshardError: a distance is not finite, or pairs are of one kind.
        """
        distance, same = scores.distance, scores.same
        if not np.isfinite(distance).all() or same.all() or not same.any():
            raise EthnoshardError(
                f"{where} is damaged: distances are not all finite, or pairs are of one kind; make the report again"
            )
        return cls(
            scores=scores,
            of_same=np.sort(distance[same]),
            of_different=np.sort(distance[~same]),
            scale=ThresholdScale.of_metric(metric, distance),
        )

    def at(self, threshold: float) -> PairErrors:
        """Errors at a threshold of the scale; a pair is accepted if its distance is below."""
        distance = self.scale.sign * threshold
        return PairErrors(
            accepted=int(np.searchsorted(self.of_different, distance, side="left")),
            different=len(self.of_different),
            refused=len(self.of_same) - int(np.searchsorted(self.of_same, distance, side="left")),
            same=len(self.of_same),
        )

    def worst(self, *, same: bool, number: int) -> NDArray[np.int64]:
        """Rows of the ``number`` pairs of a kind that lie the furthest on the other kind's side, the worst first.

        Args:
            same: pairs of one person that are the least alike; else pairs of two people that are the most alike.
            number: of rows, at most.
        """
        rows = np.flatnonzero(self.scores.same == same)
        far = -self.scores.distance[rows] if same else self.scores.distance[rows]
        return rows[np.argsort(far, kind="stable")[:number]]
