"""Measuring each fold of pairs with thresholds from the other folds."""

from collections.abc import Callable, Sequence

import numpy as np

from ethnoshard._checks import check_number, check_whole
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._curve import area, equal_error_rate, roc, thinned
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._people import People, drawn_shares
from ethnoshard.evaluation._thresholds import ACCURACY_STEPS, VAL_STEPS, at_far, candidates, grid, most_accurate
from ethnoshard.results import Accepted, FoldRate, MeanSimilarity, Validation, Verification, why_no_val, wilson

Choice = Callable[[Floats, Bools], float]
"""A threshold from the distances and answers of training pairs."""


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
        """All figures; ``similarity`` is handed on.

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
        return self._figure(right, np.ones_like(right), thresholds, draws, seed)

    def _validation(self, far: float, steps: Floats, draws: int, seed: int) -> Validation:
        thresholds = self._thresholds(lambda values, same: at_far(values[~same], far, steps))
        taken = self._accepted(thresholds)
        val, reached = (self._figure(taken, kind, thresholds, draws, seed) for kind in (self._same, ~self._same))
        trained = [self._accepted_in_training(number, threshold) for number, threshold in enumerate(thresholds)]
        reason = why_no_val(far, trained, (reached.events, reached.pairs), val.mean)
        return Validation(target=far, val=None if reason else val, far=reached, reason=reason)

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

    def _figure(self, events: Bools, counted: Bools, thresholds: list[float], draws: int, seed: int) -> FoldRate:
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
