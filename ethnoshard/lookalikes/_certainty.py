"""How sure a suspicion is: the share of suspicions with such a score that are right.

What is compared (pairs of identities, a face with its identity) is a mixture of the ordinary and of the faulty. How
faults score is known: some were planted on purpose into the very same set. How far ordinary scores reach isn't, but
most of what is compared is ordinary. So two points of the ordinary distribution are read off where faults can't be many
yet, a normal tail is laid through them, and of what lies beyond, the planted scores' share comes out of a fit of two
known densities (expectation-maximisation). The share of the faulty density at a score is the probability that a
suspicion of that score is right: 1 less a local false discovery rate (Efron 2010, chapter 5).

Scores are taken as the square root of how far they are below the highest one. Log ratios of Gaussian models are sums of
squares, of which the root is nearly normal; ordinary ones of CFP's people fall off a little faster, so that the
probability is too small rather than too great.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError

Floats = NDArray[np.float64]

LEAST_COMPARED = 50
"""Comparisons of which a distribution can be told."""
LEAST_PLANTED = 20
"""Planted faults of which a distribution can be told."""
_BEYOND = 10
"""So many times as many comparisons lie beyond the first point as beyond the second."""
_SPARE = 2
"""So many times as many comparisons lie beyond the second point as there are faults."""
_MOST_FAULTS = 0.6
"""Share of what lies beyond the second point that may be faults."""
_LEAST_BEYOND = 20
"""Comparisons beyond the second point, at least."""
_ANYWHERE = 0.05
"""Share of faults that are unlike the planted ones, of fewer faces say; beyond ordinary scores these are sure too."""
_LEAST_FAULTS = 0.5
"""Faults that are taken to be there where none are seen: else nothing that is found later on could be sure."""
_ROOM = 5.0
"""How far the origin of square roots is above the highest score."""
_SMALLEST = 1e-15
"""Probability that is as good as none."""
_ROUNDS, _STEPS, _ENOUGH = 12, 200, 1e-6
_GRID = 4096
"""Points between which densities are interpolated."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What turns the mixture's probability into the share that was right among faults planted into photographs.

    Its log odds are stretched and moved: ``log odds = shift + slope * log odds``. ``python -m benchmarks.audit`` fits
    them on half of the people and shows, on the other half, how many suspicions were right.
    """

    shift: float = 0.0
    slope: float = 1.0

    def __post_init__(self) -> None:
        """Check that a higher probability stays the higher one.

        Raises:
            EthnoshardError: it wouldn't.
        """
        if not (np.isfinite(self.shift) and np.isfinite(self.slope) and self.slope > 0):
            raise EthnoshardError(
                f"a correction of log odds has a finite shift and a slope above 0, got {self.shift:g} and "
                f"{self.slope:g}: else what is surer would come out as less sure"
            )

    def __call__(self, probability: Floats) -> Floats:
        """(n,) 0 to 1."""
        within = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
        found = 1 / (1 + np.exp(-self.shift - self.slope * np.log(within / (1 - within))))
        return np.asarray(np.where((probability <= 0) | (probability >= 1), probability, found), np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Certainty:
    """A fitted mixture; call it with scores to have the probability that each is a fault.

    Attributes:
        begin: score below which nothing is suspected.
        origin: of square roots.
        mean: of the normal distribution of ordinary scores, as roots.
        deviation: of it.
        compared: comparisons in all.
        faults: of them, by the fit.
        planted: (M,) scores of planted faults, as roots, ascending.
        width: of the kernel that smooths them.
        correction: see :class:`Correction`.
    """

    begin: float
    origin: float
    mean: float
    deviation: float
    compared: float
    faults: float
    planted: Floats
    width: float
    correction: Correction

    @classmethod
    def fit(
        cls,
        sample: Floats,
        planted: Floats,
        *,
        most: float,
        top: Floats | None = None,
        compared: float | None = None,
        correction: Correction = Correction(),  # frozen
    ) -> "Certainty | None":
        """Fit the mixture.

        Args:
            sample: (n,) scores of comparisons, higher for what is suspicious: all, or some drawn at random.
            planted: (M,) scores of planted faults.
            most: share of comparisons that may be faults, at most.
            top: (t,) the highest scores of all comparisons; of the sample by default.
            compared: comparisons in all; those of the sample by default.
            correction: of the probability.

        Returns:
            None where there are too few comparisons or planted faults to tell.
        """
        sample, planted = (np.sort(values[np.isfinite(values)].astype(np.float64)) for values in (sample, planted))
        number = len(sample)
        if number < LEAST_COMPARED or len(planted) < LEAST_PLANTED:
            return None
        top = sample if top is None else np.sort(top[np.isfinite(top)].astype(np.float64))
        total = float(number if compared is None else compared)
        origin = max(float(sample[-1]), float(planted[-1]), float(top[-1]) if len(top) else -np.inf) + _ROOM
        roots, tops, faults = _roots(sample, origin), _roots(top, origin), _roots(planted, origin)
        width = _width(faults)
        least = max(_LEAST_BEYOND / number, _LEAST_BEYOND / total)
        share, count = min(max(most, least), 0.3), 0.0
        mean = deviation = at = seen = 0.0
        for _ in range(_ROUNDS):
            wide = min(_BEYOND * share, (1 + share) / 2.5)
            low, at = np.quantile(roots, [1 - wide, 1 - share])
            # Of what lies beyond a point some are faults already.
            faulty = min(count * seen, _MOST_FAULTS * share * total)
            z_low, z = (_exceeded_by((part * total - faulty) / (total - faulty)) for part in (wide, share))
            deviation = max(float(at - low) / (z - z_low), 1e-9)
            mean = float(at - z * deviation)
            beyond = tops[tops > at]
            seen = max(_beyond(faults, mean, float(at)), 0.05)
            faulty_there = _density_by_grid(faults, width, beyond, mean)
            count = _faults_among(total * _normal(beyond, mean, deviation), faulty_there, seen)
            nearer = min(max(_SPARE * count / total, least), share)
            if nearer >= share:
                break
            # By and by: the first fits see faults as ordinary, and know of too few.
            share = max(nearer, share / 2)
        count = max(count, _LEAST_FAULTS)
        return cls(
            begin=origin - float(at) ** 2,
            origin=origin,
            mean=mean,
            deviation=deviation,
            compared=total,
            faults=count,
            planted=faults,
            width=width,
            correction=correction,
        )

    def __call__(self, scores: Floats) -> Floats:
        """(n,) 0 to 1, never falling as scores rise."""
        at, end = -np.sqrt(self.origin - self.begin), 0.0
        grid = np.linspace(at, end, _GRID)
        ordinary = self.compared * _normal(grid, self.mean, self.deviation)
        faulty = self.faults * _density(self.planted, self.width, grid, self.mean)
        sure = np.maximum.accumulate(faulty / np.maximum(ordinary + faulty, 1e-300))
        found = self.correction(np.interp(_roots(scores, self.origin), grid, sure))
        return np.where(np.isfinite(scores) & (scores > self.begin), found, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspicions:
    """What is suspected of one kind, the surest first, and what its certainty rests on.

    Attributes:
        sure: (M,) probability that each is right.
        planted: faults that were made on purpose, to know how such faults score.
        recall: share of those that were at least as sure as asked for; None where nothing can be told.
        expected: faults there are, the sum of the probabilities of all comparisons, suspicious or not; None where too
            little could be planted to tell.
    """

    sure: Floats
    planted: int
    recall: float | None
    expected: float | None


def suspicions(
    certainty: Certainty | None, scores: Floats, planted: Floats, least: float, above: float = -np.inf
) -> tuple[NDArray[np.intp], Suspicions]:
    """Which of some comparisons are suspicious enough.

    Args:
        certainty: the fit; None where there was too little to tell, so that nothing is suspected.
        scores: (n,) of comparisons, higher for what is suspicious; what isn't finite is never suspected.
        planted: (M,) of planted faults.
        least: what is less sure than this is left out.
        above: nothing is sure that doesn't score more than this, planted faults neither.

    Returns:
        Numbers of comparisons, the surest first, of those that are as sure the higher score, then the smaller number;
        and what is known of them, in this order.
    """
    if certainty is None:
        none = Suspicions(sure=np.empty(0), planted=len(planted), recall=None, expected=None)
        return np.empty(0, np.intp), none
    sure, of_planted = (np.where(each > above, certainty(each), 0.0) for each in (scores, planted))
    kept = np.flatnonzero(np.isfinite(scores) & (sure >= least))
    order = kept[np.lexsort((-scores[kept], -sure[kept]))]
    recall = float(np.mean(of_planted >= least))
    return order, Suspicions(sure=sure[order], planted=len(planted), recall=recall, expected=float(sure.sum()))


def _exceeded_by(share: float) -> float:
    """Standard deviations that so much of a normal distribution exceeds."""
    return -NormalDist().inv_cdf(min(max(share, _SMALLEST), 1 - _SMALLEST))


def _roots(scores: Floats, origin: float) -> Floats:
    return -np.sqrt(np.maximum(origin - scores, 0.0))


def _faults_among(ordinary: Floats, faulty: Floats, seen: float) -> float:
    """How many faults there are, of comparisons with two densities, among which the share ``seen`` of faults is."""
    count = 1.0
    for _ in range(_STEPS):
        right = count * faulty / np.maximum(ordinary + count * faulty, 1e-300)
        before, count = count, float(right.sum()) / seen
        if abs(count - before) < _ENOUGH:
            break
    return count


def _normal(at: Floats, mean: float, deviation: float) -> Floats:
    z = (at - mean) / deviation
    return np.asarray(np.exp(-0.5 * z * z) / (deviation * np.sqrt(2 * np.pi)), np.float64)


def _width(planted: Floats) -> float:
    """Silverman's rule, by the quartiles."""
    low, high = np.quantile(planted, [0.25, 0.75])
    spread = min(float(planted.std()), float(high - low) / 1.34) or float(planted.std())
    return float(max(0.9 * spread * len(planted) ** -0.2, 1e-6))


def _beyond(planted: Floats, mean: float, at: float) -> float:
    """Share of faults that score more, by the density below."""
    span = max(float(planted[-1]) - mean, 1e-9)
    anywhere = min(max((float(planted[-1]) - at) / span, 0.0), 1.0)
    return (1 - _ANYWHERE) * float(np.mean(planted > at)) + _ANYWHERE * anywhere


def _density(planted: Floats, width: float, at: Floats, mean: float) -> Floats:
    """Of normal kernels, at (n,) points; some faults lie anywhere between the ordinary and the surest planted ones."""
    found: Floats = np.empty(len(at))
    rows = max(1, (1 << 22) // len(planted))
    for begin in range(0, len(at), rows):
        z = (at[begin : begin + rows, None] - planted) / width
        found[begin : begin + rows] = np.exp(-0.5 * z * z).sum(axis=1)
    found *= (1 - _ANYWHERE) / (len(planted) * width * np.sqrt(2 * np.pi))
    end = float(planted[-1])
    found[(at > mean) & (at <= end)] += _ANYWHERE / max(end - mean, 1e-9)
    return found


def _density_by_grid(planted: Floats, width: float, at: Floats, mean: float) -> Floats:
    """The same of very many points, ascending, interpolated."""
    if len(at) <= _GRID:
        return _density(planted, width, at, mean)
    grid = np.linspace(at[0], at[-1], _GRID)
    return np.interp(at, grid, _density(planted, width, grid, mean))
