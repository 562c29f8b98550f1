"""Verification: are two images of one person? The ten-fold protocol of LFW's View 2."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number, check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, embeddings_of, normalised, same_of, scores_of
from ethnoshard.evaluation._draws import People, drawn_shares, people_of_pairs, percentile_interval
from ethnoshard.evaluation._similarity import (
    SPANS,
    Metric,
    check_metric,
    check_same_shape,
    distances,
    mean_similarity_of_pairs,
)
from ethnoshard.evaluation._thresholds import (
    ACCURACY_STEPS,
    VAL_STEPS,
    area,
    at_far,
    candidates,
    equal_error_rate,
    grid,
    most_accurate,
    roc,
    thinned,
)
from ethnoshard.results import Accepted, FoldRate, MeanSimilarity, Validation, Verification, why_no_val, wilson

FARS = (0.001, 0.01)

Choice = Callable[[Floats, Bools], float]
"""A threshold from the distances and answers of training pairs."""


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
    folds = _folds(fold, truth)
    distance = distances_by_fold(first, second, folds, metric=metric, subtract_mean=subtract_mean)
    pairs = FoldedPairs(
        distance, truth, folds, SPANS[metric], None if people is None else people_of_pairs(*people, truth)
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
    span: tuple[float, float] | None = None,
    fars: Sequence[float] = FARS,
    draws: int = 1000,
    seed: int = 0,
) -> Verification:
    """Measure any system by the distances it gives to pairs; of similarities give the negative.

    Args:
        distance: (N,) smaller for images that are more alike.
        same: (N,) bool.
        fold: (N,) whole numbers; None for one fold, whose thresholds come from the same pairs.
        people: (N,) and (N,) identities of the two images; needed for intervals from draws of people.
        span: least and greatest threshold of the grid; None for those of the distances.
        fars: FARs to give VAL at.
        draws: of people.
        seed: of the draws.

    Raises:
        EthnoshardError: distances are not finite, arrays don't fit, pairs of one kind only (altogether or in a fold),
            people that contradict ``same``, or a span that doesn't rise.
    """
    values = scores_of(distance, "distances")
    truth = same_of(same, len(values))
    folds = _folds(fold, truth)
    # The grid's upper end is to accept the greatest distance as well.
    low, high = span or (float(values.min()), float(np.nextafter(values.max(), np.inf)))
    if not low < high:
        raise EthnoshardError(f"the span of thresholds goes from a lower to a higher one; {low:g} to {high:g} doesn't")
    people_of = None if people is None else people_of_pairs(*people, truth)
    return FoldedPairs(values[None], truth, folds, (low, high), people_of).measured(
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
    distance = distances_by_fold(first, second, folds, metric=metric, subtract_mean=subtract_mean)
    own: Floats = np.broadcast_to(distance, (int(folds.max(initial=0)) + 1, number))[folds, np.arange(number)]
    return own


class FoldedPairs:
    """Pairs with their distances, folds and, where known, people.

    Args:
        distance: (F, N), of which row f is for testing and training of fold f; or (1, N) for all folds.
        same: (N,).
        fold: (N,) 0 to F - 1.
        span: least and greatest threshold.
        people: of the pairs; None where not known.
    """

    def __init__(
        self, distance: Floats, same: Bools, fold: Whole, span: tuple[float, float], people: People | None
    ) -> None:
        self._folds = int(fold.max()) + 1
        self._distance = np.broadcast_to(distance, (self._folds, distance.shape[1]))
        self._own: Floats = self._distance[fold, np.arange(len(fold))]
        self._same, self._fold, self._span, self._people = same, fold, span, people

    def measured(
        self,
        fars: Sequence[float],
        draws: int,
        seed: int,
        *,
        metric: str,
        subtract_mean: bool,
        similarity: MeanSimilarity | None = None,
    ) -> Verification:
        """All metrics; ``similarity`` is handed on.

        Raises:
            EthnoshardError: a FAR is not between 0 and 1, or draws are below 0.
        """
        check_whole("draws", draws, 0)
        for far in fars:
            check_number("a FAR", far, at_least=0, at_most=1)
        coarse, fine = grid(self._span, ACCURACY_STEPS), grid(self._span, VAL_STEPS)
        curve = roc(self._own, self._same)
        drawn = draws if self._people is not None else 0
        return Verification(
            pairs=len(self._same),
            same=int(self._same.sum()),
            different=int((~self._same).sum()),
            people=None if self._people is None else self._people.number,
            folds=self._folds,
            thresholds_from="the other folds" if self._folds > 1 else "the same pairs",
            metric=metric,
            subtract_mean=subtract_mean,
            accuracy=self._accuracy(lambda values, same: most_accurate(values, same, coarse), drawn, seed),
            accuracy_exact=self._accuracy(
                lambda values, same: most_accurate(values, same, candidates(values)), drawn, seed
            ),
            validation=tuple(self._validation(far, fine, drawn, seed) for far in fars),
            auc=area(self._own, self._same),
            eer=equal_error_rate(curve),
            curve=thinned(curve),
            draws=drawn,
            seed=seed,
            similarity=similarity,
        )

    def _accuracy(self, choose: Choice, draws: int, seed: int) -> FoldRate:
        thresholds = self._thresholds(choose)
        right = self._accepted(thresholds) == self._same
        return self._rate(right, np.ones_like(right), thresholds, draws, seed)

    def _validation(self, far: float, steps: Floats, draws: int, seed: int) -> Validation:
        thresholds = self._thresholds(lambda values, same: at_far(values[~same], far, steps))
        taken = self._accepted(thresholds)
        val, reached = (self._rate(taken, kind, thresholds, draws, seed) for kind in (self._same, ~self._same))
        trained = [self._accepted_in_training(number, threshold) for number, threshold in enumerate(thresholds)]
        reason = why_no_val(far, trained, (reached.events, reached.pairs), val.mean)
        return Validation(far_asked=far, val=None if reason else val, far=reached, reason=reason)

    def _accepted_in_training(self, number: int, threshold: float) -> Accepted:
        different = self._distance[number][training_rows(self._fold, number) & ~self._same]
        events, refused = int(np.count_nonzero(different < threshold)), different[different >= threshold]
        tied = int(np.count_nonzero(refused == refused.min())) if len(refused) else 0
        return Accepted(events, len(different), events + tied)

    def _thresholds(self, choose: Choice) -> list[float]:
        chosen = []
        for number in range(self._folds):
            train = training_rows(self._fold, number)
            chosen.append(choose(self._distance[number][train], self._same[train]))
        return chosen

    def _accepted(self, thresholds: list[float]) -> Bools:
        taken: Bools = self._own < np.array(thresholds)[self._fold]
        return taken

    def _rate(self, events: Bools, counted: Bools, thresholds: list[float], draws: int, seed: int) -> FoldRate:
        shares = [float(events[counted & (self._fold == number)].mean()) for number in range(self._folds)]
        happened, pairs = int(np.count_nonzero(events & counted)), int(np.count_nonzero(counted))
        return FoldRate(
            by_fold=tuple(shares),
            mean=float(np.mean(shares)),
            std=float(np.std(shares)),
            thresholds=tuple(thresholds),
            events=happened,
            pairs=pairs,
            wilson=wilson(happened, pairs),
            people_interval=percentile_interval(self._drawn(events, counted, draws, seed)) if draws else None,
        )

    def _drawn(self, events: Bools, counted: Bools, draws: int, seed: int) -> Floats:
        """Shares of draws; both kinds of pairs keep the part that they have in the list, which draws would unsettle."""
        if self._people is None:
            raise ValueError("people can't be drawn where they aren't known")
        part = float(self._same[counted].mean())
        total = np.zeros(draws)
        for kind, weight in ((self._same, part), (~self._same, 1 - part)):
            if weight:
                total += weight * drawn_shares(events, counted & kind, self._people, draws, seed)
        return total


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


def _folds(fold: npt.ArrayLike | None, same: Bools) -> Whole:
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
