"""What charts of verification are drawn of: curves with operating points and accuracies of folds, from results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ethnoshard.charts._numbers import Ends
from ethnoshard.charts._palette import ARM_COLOURS
from ethnoshard.charts._words import DISTANCES, SCORE
from ethnoshard.results import CurveBand, Evaluation, FoldRate, Verification, VerificationSummary


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """What a threshold that was set for an FMR gave on pairs that didn't set it.

    Attributes:
        far_asked: the FMR that was asked for.
        fmr: the FMR that was reached.
        tar: share of same pairs accepted there (VAL).
        fmr_interval: low and high of ``fmr``.
        tar_interval: low and high of ``tar``.
    """

    far_asked: float
    fmr: float
    tar: float
    fmr_interval: Ends = None
    tar_interval: Ends = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Errors of one model over all thresholds.

    Attributes:
        name: in the legend.
        fmr: (T,) false match rates from 0 to 1, rising.
        tar: (T,) true accept rates, rising with them.
        same: pairs of one person; None if not known.
        different: pairs of two people; None if not known.
        points: measured with thresholds from other pairs.
        band: intervals along the curve; None if not known.
        colour: of line and points.
        dash: of the line.
    """

    name: str
    fmr: NDArray[np.float64]
    tar: NDArray[np.float64]
    same: int | None = None
    different: int | None = None
    points: tuple[OperatingPoint, ...] = ()
    band: CurveBand | None = None
    colour: str = ARM_COLOURS[1]
    dash: str = "solid"


@dataclass(frozen=True, kw_only=True)
class FoldAccuracy:
    """Accuracy on each fold with a threshold from the others, found in one way.

    Attributes:
        name: of the way.
        by_fold: accuracy on each fold.
        thresholds: of each fold, as they are shown.
        mean: of the folds.
    """

    name: str
    by_fold: Sequence[float]
    thresholds: Sequence[float]
    mean: float


Curves: TypeAlias = Evaluation | Sequence[Curve | Evaluation]
"""What a ROC or DET is drawn of."""


def curve_of(verified: Verification, name: str, **look: str) -> Curve:
    """ROC of a verification.

    Args:
        verified: of a report.
        name: of the model.
        look: colour and dash.
    """
    return Curve(
        name=name,
        fmr=verified.curve.fmr,
        tar=verified.curve.tar,
        same=verified.same,
        different=verified.different,
        points=tuple(
            OperatingPoint(
                far_asked=at.far_asked,
                fmr=at.far.mean,
                tar=at.val.mean,
                fmr_interval=_interval(at.far),
                tar_interval=None if at.interval_reason else _interval(at.val),
            )
            for at in verified.validation
            if at.val
        ),
        band=verified.band,
        **look,
    )


def fold_accuracies(verified: VerificationSummary) -> list[FoldAccuracy]:
    """Accuracy of each fold by both searches, thresholds as ``unit_of`` says; of scores the one search there is."""
    sign = unit_of(verified)[1]
    searches = [("in steps", verified.accuracy), ("exact", verified.accuracy_exact)]
    return [
        FoldAccuracy(
            name=name,
            by_fold=accuracy.by_fold,
            thresholds=[sign * at for at in accuracy.thresholds],
            mean=accuracy.mean,
        )
        for name, accuracy in searches
        if name == "exact" or verified.accuracy != verified.accuracy_exact
    ]


def unit_of(verified: VerificationSummary) -> tuple[str, int]:
    """What pairs were scored with, and the sign that makes it of a distance: -1 for scores of others."""
    metric = verified.metric
    return (DISTANCES[metric], 1) if metric in DISTANCES else (SCORE, -1)


def as_curves(found: Curves) -> list[Curve]:
    """A chart's curves, whether it was given them, or evaluations."""
    several = [found] if isinstance(found, Evaluation) else found
    return [curve_of(each.verification, each.title) if isinstance(each, Evaluation) else each for each in several]


def _interval(measured: FoldRate) -> Ends:
    """By draws of people; Wilson's where people aren't known, or an end isn't defined."""
    low, high = measured.people_interval or (None, None)
    return measured.wilson if low is None or high is None else (low, high)
