"""Verification: are two images of one person? The ten-fold protocol of LFW's View 2."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ethnoshard.evaluation._checks import Floats, embeddings_of, same_of, scores_of
from ethnoshard.evaluation._draws import people_of_pairs
from ethnoshard.evaluation._folded_pairs import FARS, FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold, distances_by_fold, folds_of
from ethnoshard.evaluation._similarity import SPANS, Metric, check_metric, mean_similarity_of_pairs
from ethnoshard.results import Verification


def verification(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    fold: npt.ArrayLike | None = None,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    metric: Metric = "euclidean",
    subtract_mean: bool = False,
    fars: Sequence[float] = FARS,
    draws: int = 1000,
    seed: int = 0,
) -> Verification:
    """Measure embeddings on pairs, as FaceNet (Schroff et al. 2015, section 4) and Sandberg's re-implementation do.

    Embeddings are divided by their length. For each fold the threshold comes from all other folds: for accuracy the
    best of 401 even steps over the metric's span, for VAL the one of 4,001 at which they reach the FAR. Where steps are
    too coarse for that it lies between two distances, and where no threshold reaches the FAR there is no VAL.

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) embedding of the second image.
        same: (N,) bool.
        fold: (N,) whole numbers; None for one fold, whose thresholds come from the same pairs.
        people: (N,) and (N,) identities of the two images; needed for intervals from draws of people.
        metric: "euclidean", squared, 0 to 4, or "cosine", the angle as a share of a half turn, 0 to 1.
        subtract_mean: subtract the mean embedding of the other folds' pairs, and normalise again.
        fars: FARs to give VAL at.
        draws: of people.
        seed: of the draws.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), shapes that don't fit, pairs of one kind
            only (altogether or in a fold), people that contradict ``same``.
    """
    check_metric(metric)
    truth = same_of(same, len(embeddings_of(first, "first embeddings")))
    folds = folds_of(fold, truth)
    distance = distances_by_fold(first, second, folds, metric=metric, subtract_mean=subtract_mean)
    pairs = FoldedPairs(
        DistancesByFold.of(distance, truth, folds),
        SPANS[metric],
        None if people is None else people_of_pairs(*people, truth),
    )
    return pairs.measured(
        fars,
        draws,
        seed,
        metric=metric,
        subtract_mean=subtract_mean,
        # Of the embeddings as they are: without their mean those of a collapsed network look as different as any.
        similarity=mean_similarity_of_pairs(first, second, truth),
    )


def verification_of_distances(
    distance: npt.ArrayLike,
    same: npt.ArrayLike,
    *,
    fold: npt.ArrayLike | None = None,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    fars: Sequence[float] = FARS,
    draws: int = 1000,
    seed: int = 0,
) -> Verification:
    """Measure any system by the distances it gives to pairs; of similarities give the negative.

    Distances may lie anywhere, so that there is no grid: for accuracy the threshold is the best of all ways of cutting
    the pairs in two, and ``accuracy`` is ``accuracy_exact``; for VAL it is the distance of the nearest different pair
    that is one too many for the FAR, and accepts what is below. Nothing changes if distances are put on another scale,
    or one that is wrong anyhow goes far out.

    Args:
        distance: (N,) smaller for images that are more alike.
        same: (N,) bool.
        fold: (N,) whole numbers; None for one fold, whose thresholds come from the same pairs.
        people: (N,) and (N,) identities of the two images; needed for intervals from draws of people.
        fars: FARs to give VAL at.
        draws: of people.
        seed: of the draws.

    Raises:
        EthnoshardError: distances are not finite, arrays don't fit, pairs of one kind only (altogether or in a fold),
            people that contradict ``same``.
    """
    values = scores_of(distance, "distances")
    truth = same_of(same, len(values))
    folds = folds_of(fold, truth)
    people_of = None if people is None else people_of_pairs(*people, truth)
    return FoldedPairs(DistancesByFold.of(values[None], truth, folds), None, people_of).measured(
        fars, draws, seed, metric="given", subtract_mean=False
    )


def pair_distances(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    fold: npt.ArrayLike | None = None,
    metric: Metric = "euclidean",
    subtract_mean: bool = False,
) -> Floats:
    """The distances that ``verification`` tests, each pair's as its own fold sees it, (N,).

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) embedding of the second image.
        fold: (N,) whole numbers; None for one fold.
        metric: "euclidean", squared, 0 to 4, or "cosine", the angle as a share of a half turn, 0 to 1.
        subtract_mean: subtract the mean embedding of the other folds' pairs, and normalise again.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), shapes that don't fit.
    """
    number = len(np.asarray(first))
    names = np.zeros(number, np.int64) if fold is None else np.asarray(fold)
    folds = np.unique(names, return_inverse=True)[1].astype(np.int64)
    seen = distances_by_fold(first, second, folds, metric=metric, subtract_mean=subtract_mean)
    return DistancesByFold.of(seen, np.zeros(number, np.bool_), folds).own
