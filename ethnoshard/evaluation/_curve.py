"""ROC and DET: points of the curve, area below it, equal error rate."""

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats
from ethnoshard.results import Curve


def roc(distance: Floats, same: Bools) -> Curve:
    """All corners of the ROC; points on a straight line between two others are left out."""
    from sklearn.metrics import roc_curve

    fmr, tar, threshold = roc_curve(same, -distance)
    accepted = -threshold
    # scikit-learn's first threshold is infinite, which JSON can't say; below the least distance does the same.
    accepted[0] = np.nextafter(distance.min(), -np.inf)
    return Curve(fmr=fmr, tar=tar, distance=accepted)


def thinned(curve: Curve, each: int = 200) -> Curve:
    """Fewer points for a picture, at most five times ``each``, with the shape kept on plain and logarithmic axes.

    Kept are the corners at, or just before, ``each`` even steps of both rates, ``each`` even steps of the logarithm of
    FMR and FNMR, and both ends. So no rate moves by more than a step between two points.
    """
    if len(curve.fmr) <= 5 * each:
        return curve
    even = np.linspace(0, 1, each)
    places = [
        np.searchsorted(curve.fmr, even, side="right") - 1,
        np.searchsorted(curve.tar, even, side="right") - 1,
        np.searchsorted(curve.fmr, _logarithmic(curve.fmr, each), side="right") - 1,
        np.searchsorted(curve.tar, 1 - _logarithmic(curve.fnmr, each), side="left"),
        np.array([0, len(curve.fmr) - 1]),
    ]
    kept = np.unique(np.clip(np.concatenate(places), 0, len(curve.fmr) - 1))
    return Curve(fmr=curve.fmr[kept], tar=curve.tar[kept], distance=curve.distance[kept])


def area(distance: Floats, same: Bools) -> float:
    """Area under the ROC: how often a same pair is closer than a different one, ties counting half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(same, -distance))


def equal_error_rate(curve: Curve) -> float:
    """Where FMR and FNMR are equal, on the line between two corners."""
    fmr, fnmr = curve.fmr, curve.fnmr
    after = int(np.argmax(fmr >= fnmr))
    if after == 0:
        return float(fmr[0])
    rise, fall = fmr[after] - fmr[after - 1], fnmr[after - 1] - fnmr[after]
    share = (fnmr[after - 1] - fmr[after - 1]) / (rise + fall)
    return float(fmr[after - 1] + share * rise)


def _logarithmic(rates: Floats, each: int) -> Floats:
    least = rates[rates > 0].min()
    steps: Floats = np.geomspace(least, 1, each)
    return steps
