"""The distance of each pair, as each fold of the protocol sees it."""

import numpy as np
import numpy.typing as npt

from ethnoshard.evaluation._checks import Floats, Whole, normalised
from ethnoshard.evaluation._embeddings import Metric, check_metric, check_same_shape, distances
from ethnoshard.evaluation._folds import training_rows


def distances_by_fold(
    first: npt.ArrayLike, second: npt.ArrayLike, folds: Whole, *, metric: Metric, subtract_mean: bool
) -> Floats:
    """Distances of pairs.

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) of the second.
        folds: (N,) 0 to F - 1.
        metric: "euclidean" or "cosine".
        subtract_mean: subtract the mean embedding of the other folds' pairs, and normalise again.

    Returns:
        (F, N), of which row f is for fold f's threshold and test; (1, N) where all folds see the same.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), shapes that don't fit.
    """
    check_metric(metric)
    one, other = normalised(first, "first embeddings"), normalised(second, "second embeddings")
    check_same_shape(one.shape, other.shape)
    if not subtract_mean:
        return distances(one, other, metric)[None]
    each = []
    for number in range(int(folds.max()) + 1):
        chosen = training_rows(folds, number)
        mean = np.concatenate([one[chosen], other[chosen]]).mean(axis=0)
        each.append(distances(normalised(one - mean), normalised(other - mean), metric))
    return np.stack(each)


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
        second: (N, D) of the second.
        fold: (N,) whole numbers; None for one fold.
        metric: as for ``verification``.
        subtract_mean: likewise.

    Raises:
        EthnoshardError: as ``verification``.
    """
    number = len(np.asarray(first))
    names = np.zeros(number, np.int64) if fold is None else np.asarray(fold)
    folds = np.unique(names, return_inverse=True)[1].astype(np.int64)
    distance = distances_by_fold(first, second, folds, metric=metric, subtract_mean=subtract_mean)
    own: Floats = np.broadcast_to(distance, (int(folds.max(initial=0)) + 1, number))[folds, np.arange(number)]
    return own
