"""How well pairs of one person are told from pairs of two."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ethnoshard._json import stored_as
from ethnoshard._wilson import RateInterval
from ethnoshard.results._estimates import Interval

COLLAPSED_COSINE = 0.9
"""Mean cosine similarity of different people above which embeddings count as nearly all alike.

That is a mean squared distance below 0.2, the margin of FaceNet's loss (Schroff et al. 2015, section 3.2): between such
people it can't be kept even if all images of a person had one embedding. It is also a mean resultant length (Mardia and
Jupp 2000) above 0.95. Networks that tell people apart lie between -0.1 and 0.5.
"""
WORKING_AUC = 0.9
"""Area under the ROC curve from which embeddings count as working, however alike they are: those of a network that ends
in a ReLU share a direction, and may tell people apart within a narrow cone."""


@dataclass(frozen=True, kw_only=True)
class FoldRate:
    """A share measured on every fold with a threshold that the fold has no part in.

    Attributes:
        by_fold: (F) share on each fold.
        mean: of the folds.
        std: of the folds, population standard deviation: how far apart folds are, not how sure the mean is.
        thresholds: (F) distance below which a pair of the fold was accepted.
        events: pairs of all folds that count.
        pairs: of how many.
        wilson: interval of events / pairs, as if pairs were independent.
        people_interval: interval from draws of people; None where the people aren't known.
    """

    by_fold: tuple[float, ...]
    mean: float
    std: float
    thresholds: tuple[float, ...]
    events: int
    pairs: int
    wilson: RateInterval
    people_interval: Interval | None

    @property
    def standard_error(self) -> float | None:
        """Of the mean over folds, as FaceNet's "99.63 % +- 0.09" is: sample deviation by the root of F; None of one."""
        number = len(self.by_fold)
        return float(np.std(self.by_fold, ddof=1) / np.sqrt(number)) if number > 1 else None


@dataclass(frozen=True, kw_only=True)
class Validation:
    """VAL at a FAR.

    Attributes:
        far_asked: FAR for which the threshold was set on the other folds.
        val: share of same pairs accepted (TAR); None where the FAR that was reached isn't the one asked for.
        far: share of different pairs accepted: the FAR that was reached.
        reason: why there is no VAL.
        interval_reason: why VAL has no interval though people were drawn.
    """

    far_asked: float = field(metadata=stored_as("target"))
    val: FoldRate | None
    far: FoldRate
    reason: str | None = None
    interval_reason: str | None = None

    @property
    def val_interval(self) -> Interval | RateInterval | None:
        """The one of VAL to show: from draws of people, or Wilson's where none were drawn; None where there is none."""
        if self.val is None or self.interval_reason:
            return None
        return self.val.people_interval or self.val.wilson


@dataclass(frozen=True, kw_only=True)
class MeanSimilarity:
    """Means of the cosine similarity, as embeddings are, without subtracting their mean.

    Attributes:
        different: of pairs of different people, -1 to 1.
        same: of pairs of one person.
        auc: how often a pair of one person is more similar than one of two, ties counting half.
        collapsed: a warning where embeddings of different people are nearly all alike, and don't tell them apart
            either; None of others.
    """

    different: float
    same: float
    auc: float
    collapsed: str | None = None

    @classmethod
    def measured(cls, different: float, same: float, auc: float) -> "MeanSimilarity":
        """With the warning that follows from the numbers."""
        collapsed = None
        if different > COLLAPSED_COSINE and auc < WORKING_AUC:
            collapsed = (
                f"collapsed: embeddings of different people are nearly all alike, with a mean cosine similarity of "
                f"{different:.4f} (of one person {same:.4f}), and AUC is {auc:.3f}"
            )
        return cls(different=different, same=same, auc=auc, collapsed=collapsed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Points of a ROC, from the one that accepts no pair to the one that accepts all.

    Attributes:
        fmr: (K,) float64, share of different pairs accepted, never falling.
        tar: (K,) float64, share of same pairs accepted, never falling.
        distance: (K,) float64, the distance up to which, itself included, pairs are accepted.
    """

    fmr: NDArray[np.float64]
    tar: NDArray[np.float64]
    distance: NDArray[np.float64]

    @property
    def fnmr(self) -> NDArray[np.float64]:
        """(K,) share of same pairs refused; over ``fmr`` it is the DET."""
        return 1 - self.tar


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveBand:
    """Pointwise 95 % intervals of the share of same pairs accepted, at K FMRs, from draws of people.

    In each draw the threshold of every FMR is chosen again, from all pairs. At an FMR that was asked for this is VAL's
    interval where that has exact thresholds from the same pairs. It begins where 2.5 different pairs are accepted.

    Attributes:
        fmr: (K,) float64, rising to 1.
        low: (K,) float64, of TAR; 1 less that is the high end of FNMR.
        high: (K,) float64.
    """

    fmr: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class VerificationSummary:
    """A verification without its curve.

    Attributes:
        pairs: N.
        same: of one person.
        different: of two.
        people: whom the pairs show; None where not known.
        folds: F.
        thresholds_from: "the other folds", or "the same pairs" where there is one fold, which flatters.
        metric: "euclidean" (squared), "cosine" or "given".
        subtract_mean: whether the mean of the other folds' embeddings was subtracted.
        accuracy: share of right answers, thresholds from the grid.
        accuracy_exact: the same, thresholds searched exactly.
        validation: one for each FAR asked for.
        auc: area under the ROC of all pairs.
        eer: equal error rate of all pairs.
        draws: of people, for the intervals; 0 without.
        seed: of the draws.
        similarity: how alike embeddings are, of one person and of different people; None of distances that were given,
            and in reports from before it was measured.
        auc_interval: of ``auc``, from draws of people; None without, and in reports from before it was measured.
        eer_interval: of ``eer``, from draws of people; None without, and in reports from before it was measured.
    """

    pairs: int
    same: int
    different: int
    people: int | None
    folds: int
    thresholds_from: str
    metric: str
    subtract_mean: bool
    accuracy: FoldRate
    accuracy_exact: FoldRate
    validation: tuple[Validation, ...]
    auc: float
    eer: float
    draws: int
    seed: int
    similarity: MeanSimilarity | None = None
    auc_interval: Interval | None = None
    eer_interval: Interval | None = None

    @property
    def why_no_draws(self) -> str:
        """Why intervals aren't from draws of people; "" where they are."""
        if self.draws:
            return ""
        return "people are not known" if self.people is None else "no people were drawn"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification(VerificationSummary):
    """How well pairs of one person are told from pairs of two.

    Attributes:
        curve: the ROC, thinned for a chart.
        band: intervals along it; None where people aren't known or none were drawn, and in reports from before it was
            measured.
    """

    curve: Curve
    band: CurveBand | None = None
