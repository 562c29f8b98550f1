"""Thresholds: the curve over all of them, the one for an accuracy, a FAR or an FMR, and those worth looking at.

In verification a pair is accepted if its distance is below the threshold; by group, from a similarity on.
"""

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import TestedPairs, Weighting
from ethnoshard.results import Curve, ThresholdRule, explained_by_chance

ACCURACY_STEPS, VAL_STEPS = 400, 4000
"""Over 0 to 4 these are steps of 0.01 and 0.001."""
_ROUNDING = 1e-9

NUMBER = 41
MOST_FMR, USUAL_FMR, LEAST_FMR = 0.1, 0.001, 0.00001
HALF_FNMR, MOST_FNMR = 0.5, 0.9


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
    """The threshold at which a share ``far`` of different pairs is accepted: by steps, or exactly where these can't.

    Args:
        different: (N,) distances of different pairs.
        far: the share.
        thresholds: (K,) rising, the steps.
    """
    found = by_steps_at_far(different, far, thresholds)
    return exactly_at_far(different, far) if found is None else found


def by_steps_at_far(different: Floats, far: float, thresholds: Floats) -> float | None:
    """The threshold at which a share ``far`` of different pairs is accepted, on the line between grid points.

    As in Sandberg's re-implementation of FaceNet. Where the grid reaches the share exactly and stays there, the lowest
    such threshold is meant, which accepts no pair more.

    Where chance doesn't explain how far the shares at both ends of the line are from the one that is asked for, the
    grid is too coarse: embeddings that are nearly all alike have all their distances within one step, and so have all
    scores but one where that one is far out. There, and where the grid ends too early, there is none.

    Args:
        different: (N,) distances of different pairs.
        far: the share.
        thresholds: (K,) rising, the steps.
    """
    counts = accepted(different, thresholds)
    after = int(np.searchsorted(counts / len(different), far, side="left"))
    if after == 0:
        return float(thresholds[0])
    before = after - 1
    ends = counts[before : after + 1].tolist()
    if after == len(counts) or not all(explained_by_chance(end, len(different), far) for end in ends):
        return None
    shares = counts / len(different)
    part = (far - shares[before]) / (shares[after] - shares[before])
    return float(thresholds[before] + part * (thresholds[after] - thresholds[before]))


def exactly_at_far(different: Floats, far: float) -> float:
    """The highest threshold at which no more than a share ``far`` of different pairs is accepted.

    It is the distance of the nearest pair that it refuses, as where a ROC is read at a FAR; a threshold midway to the
    pair before would move with that one, however far out it lies. Of equal distances all are accepted or none, so that
    the share may be much smaller.
    """
    ends = ends_of(different)
    # A product such as 0.29 x 100 lies below 29 by a rounding.
    most = int(np.searchsorted(accepted(different, ends), far * len(different) + _ROUNDING, side="right"))
    return float(ends[max(0, most - 1)])


def ends_of(distance: Floats) -> Floats:
    """Thresholds that each accept all pairs below one of the distances, and one that accepts them all, rising."""
    values = np.unique(distance)
    return np.append(values, np.nextafter(values[-1], np.inf))


def roc(distance: Floats, same: Bools) -> Curve:
    """All corners of the ROC; points on a straight line between two others are left out."""
    from sklearn.metrics import roc_curve

    fmr, tar, threshold = roc_curve(same, -distance)
    accepted = -threshold
    # scikit-learn's first threshold is infinite, which JSON can't say; below the least distance does the same.
    accepted[0] = np.nextafter(distance.min(), -np.inf)
    return Curve(fmr=fmr, tar=tar, distance=accepted)


def thinned(curve: Curve, each: int = 200) -> Curve:
    """Fewer points for a chart, at most five times ``each``, with the shape kept on plain and logarithmic axes.

    The corners that stay are those at, or just before, ``each`` even steps of both rates, ``each`` even steps of the
    logarithm of FMR and FNMR, and both ends. So no rate moves by more than a step between two points.
    """
    if len(curve.fmr) <= 5 * each:
        return curve
    even = np.linspace(0, 1, each)
    corners = [
        np.searchsorted(curve.fmr, even, side="right") - 1,
        np.searchsorted(curve.tar, even, side="right") - 1,
        np.searchsorted(curve.fmr, _logarithmic(curve.fmr, each), side="right") - 1,
        np.searchsorted(curve.tar, 1 - _logarithmic(curve.fnmr, each), side="left"),
        np.array([0, len(curve.fmr) - 1]),
    ]
    chosen = np.unique(np.clip(np.concatenate(corners), 0, len(curve.fmr) - 1))
    return Curve(fmr=curve.fmr[chosen], tar=curve.tar[chosen], distance=curve.distance[chosen])


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


def threshold_at_fmr(pairs: TestedPairs, fmr: float, *, weighting: Weighting | None = None) -> float:
    """Lowest similarity at which no more than a share ``fmr`` of different pairs is accepted.

    It lies midway between the last score accepted and the first refused, so that rounding moves no pair across.

    Args:
        pairs: of people who are not in the test.
        fmr: the share, 0 to 1.
        weighting: "person", where all pairs of two people together count as one, or "pair"; None for "person" where
            people are known.

    Raises:
        EthnoshardError: ``fmr`` is no share, the pairs are of one person only, or weighting by person is asked for
            without people.
    """
    check_number("fmr", fmr, at_least=0, at_most=1)
    return cut(*pairs.most_similar(fmr, pairs.weighted(weighting)), fmr)


def threshold_by_rule(pairs: TestedPairs, rule: ThresholdRule, *, weighting: Weighting | None = None) -> float:
    """The similarity at which FMR and FNMR are nearest to each other, or at which their sum is least.

    It lies midway between the last score refused and the first accepted; of several it is the lowest. Of all pairs of
    images of a ``Roster`` similarities are in steps of 0.00001.

    Args:
        pairs: of people who are not in the test.
        rule: "eer", or "accuracy", which is that of as many pairs of both kinds.
        weighting: "person", where all pairs of two people together count as one, and all pairs of one person; or
            "pair"; None for "person" where people are known.

    Raises:
        EthnoshardError: pairs are of one kind, or weighting by person is asked for without people.
    """
    edges, different, same = pairs.histogram(pairs.weighted(weighting))
    if not different.sum() or not same.sum():
        raise EthnoshardError(f"a threshold by {rule} needs pairs of one person and of two; there is one kind only")
    fmr = np.append(np.cumsum(different[::-1])[::-1], 0) / different.sum()
    fnmr = np.append(0, np.cumsum(same)) / same.sum()
    cost = np.abs(fmr - fnmr) if rule == "eer" else fmr + fnmr
    # Sums of weights differ in their last digits where shares are equal.
    best = int(np.argmax(cost <= cost.min() + _ROUNDING))
    return float(edges[best] if best in (0, len(edges) - 1) else (edges[best - 1] + edges[best]) / 2)


def thresholds_over(pairs: TestedPairs, own: float, *, weighting: Weighting | None = None) -> Floats:
    """Some 41 evenly spaced similarities over what is worth looking at, and the one that a report has.

    They begin where 10 % of different pairs are accepted, and end where 0.001 % are or where half of the same pairs
    are refused, whichever is later; but not after 90 % are refused, unless more than 0.1 % of different pairs are
    still accepted there.

    Args:
        pairs: that are tested.
        own: the report's threshold, which becomes one of them exactly, wherever it lies.
        weighting: "person", where all pairs of two people together count as one, and all pairs of one person; or
            "pair"; None for "person" where people are known.

    Returns:
        (T,) rising, T 42 at most; fewer where they fall together.

    Raises:
        EthnoshardError: ``own`` is not finite, or weighting by person is asked for without people.
    """
    return _spread(*pairs.histogram(pairs.weighted(weighting)), own)


def top_scores(scores: NDArray[np.float32], shares: Floats, fmr: float) -> tuple[NDArray[np.float32], Floats]:
    """The greatest scores, falling, as far as the first that makes their share exceed ``fmr``.

    Args:
        scores: (N,) of different pairs, in any order.
        shares: (N,) of all different pairs, of which a pair with the score is one.
        fmr: a share, 0 to 1.
    """
    order = np.argsort(-scores, kind="stable")
    scores, shares = scores[order], shares[order]
    end = int(np.searchsorted(np.cumsum(shares), limit(fmr), side="right")) + 1
    # All of the same score stand or fall together.
    end = int(np.searchsorted(-scores, -scores[min(end, len(scores)) - 1], side="right")) if len(scores) else 0
    return scores[:end], shares[:end]


def limit(fmr: float) -> float:
    """A share such as 3 of 3,000 is to admit three, whatever the sum of three rounded numbers is."""
    return fmr * (1 + 1e-9)


def cut(scores: Floats, shares: Floats, fmr: float) -> float:
    """Lowest threshold that accepts no more than the share ``fmr``, from falling scores and the share of each."""
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    within = np.cumsum(shares)[ends] <= limit(fmr)
    accepted = int(np.count_nonzero(within))
    if accepted == 0:
        return float(np.nextafter(scores[0], np.inf))
    last = ends[accepted - 1]
    if last + 1 == len(scores):
        return float(scores[last])
    return float((scores[last] + scores[last + 1]) / 2)


def _spread(edges: Floats, different: Floats, same: Floats, own: float) -> Floats:
    """Thresholds from (K + 1,) candidates, and (K,) weights of the pairs from one to the next."""
    if not np.isfinite(own):
        raise EthnoshardError(f"a threshold is a finite number; {own} is not")
    taken = np.append(np.cumsum(different[::-1])[::-1], 0) / max(different.sum(), np.finfo(float).tiny)
    refused = np.append(0, np.cumsum(same)) / max(same.sum(), np.finfo(float).tiny)

    def first(reached: Bools, otherwise: int) -> float:
        return float(edges[np.argmax(reached) if reached.any() else otherwise])

    most, usual, least = (first(taken <= fmr * (1 + 1e-9), -1) for fmr in (MOST_FMR, USUAL_FMR, LEAST_FMR))
    half, nearly_all = first(refused >= HALF_FNMR, 0), first(refused >= MOST_FNMR, -1)
    end = max(usual, min(max(least, half), nearly_all))
    return np.unique(np.append(np.linspace(most, end, NUMBER), own))


def _logarithmic(rates: Floats, each: int) -> Floats:
    least = rates[rates > 0].min()
    steps: Floats = np.geomspace(least, 1, each)
    return steps
