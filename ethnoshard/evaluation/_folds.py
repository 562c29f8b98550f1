"""Folds of pairs: which pairs choose a fold's thresholds, and how far apart each fold sees them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, normalised
from ethnoshard.evaluation._similarity import Metric, check_metric, check_same_shape, distances


class DistancesByFold(NamedTuple):
    """N pairs as each of F folds sees them.

    Attributes:
        seen: (F, N) distances, of which row f is for thresholds and test of fold f; (1, N) where all see the same.
        own: (N,) as each pair's own fold sees it.
        same: (N,) whether both images show one person.
        fold: (N,) 0 to F - 1.
    """

    seen: Floats
    own: Floats
    same: Bools
    fold: Whole

    @classmethod
    def of(cls, seen: Floats, same: Bools, fold: Whole) -> "DistancesByFold":
        """With each pair's own distance."""
        return cls(seen, seen[np.minimum(fold, len(seen) - 1), np.arange(len(fold))], same, fold)

    @property
    def folds(self) -> int:
        """F."""
        return int(self.fold.max()) + 1

    def seen_by(self, number: int) -> Floats:
        """(N,) distances as fold ``number`` sees them."""
        row: Floats = self.seen[min(number, len(self.seen) - 1)]
        return row


def training_rows(fold: Whole, number: int) -> Bools:
    """All pairs of other folds; where there is one fold only, its own."""
    others: Bools = fold != number
    return others if others.any() else ~others


def distances_by_fold(
    first: npt.ArrayLike, second: npt.ArrayLike, folds: Whole, *, metric: Metric, subtract_mean: bool
) -> Floats:
    """Distances of pairs.

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) embedding of the second image.
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


def folds_of(fold: npt.ArrayLike | None, same: Bools) -> Whole:
    """(N,) 0 to F - 1; one fold for None.

    Args:
        fold: (N,) whole numbers.
        same: (N,).

    Raises:
        EthnoshardError: they are not whole numbers of that shape, or a fold has pairs of one kind only.
    """
    if fold is None:
        return np.zeros(len(same), np.int64)
    values = np.asarray(fold)
    if values.shape != same.shape or values.dtype.kind not in "iu":
        raise EthnoshardError(
            f"fold is a whole number for each of {len(same):,} pairs; this is {values.dtype} of shape {values.shape}"
        )
    names, codes = np.unique(values, return_inverse=True)
    for index, name in enumerate(names.tolist()):
        here = same[codes == index]
        if here.all() or not here.any():
            only = "same" if here.all() else "different"
            raise EthnoshardError(f"fold {name} has {len(here):,} pairs, all {only}; a fold needs pairs of both kinds")
    return codes.astype(np.int64)
