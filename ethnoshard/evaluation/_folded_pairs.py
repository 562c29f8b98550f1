"""Pairs in folds: accuracy, VAL and FAR at thresholds from other folds, with intervals from draws of people."""

from collections.abc import Callable, Sequence

import numpy as np

from ethnoshard._checks import check_number, check_whole
from ethnoshard.evaluation._checks import Bools, Floats
from ethnoshard.evaluation._draws import People, percentile_interval
from ethnoshard.evaluation._folds import DistancesByFold, training_rows
from ethnoshard.evaluation._pair_weights import spread_of
from ethnoshard.evaluation._redraws import Redraws, ThresholdRules, redraws
from ethnoshard.evaluation._thresholds import (
    ACCURACY_STEPS,
    VAL_STEPS,
    area,
    at_far,
    by_steps_at_far,
    candidates,
    equal_error_rate,
    exactly_at_far,
    grid,
    most_accurate,
    roc,
    thinned,
)
from ethnoshard.results import (
    LEVEL,
    Accepted,
    CurveBand,
    FoldRate,
    Interval,
    MeanSimilarity,
    Validation,
    Verification,
    why_no_val,
    wilson,
)

FARS = (0.001, 0.01)
_LEAST_BEHIND = 2.5
"""Different pairs that a FAR allows below which VAL has no interval."""
_BAND = 60
"""FARs at which the ROC has its interval."""

Choice = Callable[[Floats, Bools], float]
"""A threshold from the distances and answers of training pairs."""


class FoldedPairs:
    """Pairs with their distances, folds and, where known, people.

    Args:
        pairs: as each fold sees them.
        span: least and greatest threshold of the grids; None to search exactly.
        people: of the pairs; None where not known.
    """

    def __init__(self, pairs: DistancesByFold, span: tuple[float, float] | None, people: People | None) -> None:
        self._pairs, self._people = pairs, people
        self._coarse, self._fine = (
            None if span is None else grid(span, steps) for steps in (ACCURACY_STEPS, VAL_STEPS)
        )

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
        own, same = self._pairs.own, self._pairs.same
        curve = roc(own, same)
        drawn, of_band = None, np.empty(0)
        if self._people is not None and draws:
            of_band = self._fars_of_band(fars)
            drawn = self.redraws(fars, draws, seed, spread=self.spread(fars), band=of_band)
        return Verification(
            pairs=len(same),
            same=int(same.sum()),
            different=int((~same).sum()),
            people=None if self._people is None else self._people.number,
            folds=self._pairs.folds,
            thresholds_from="the other folds" if self._pairs.folds > 1 else "the same pairs",
            metric=metric,
            subtract_mean=subtract_mean,
            accuracy=self._accuracy(self._most_accurate, None if drawn is None else drawn.accuracy),
            accuracy_exact=self._accuracy(_exactly_most_accurate, None if drawn is None else drawn.accuracy_exact),
            validation=tuple(self._validation(far, drawn) for far in fars),
            auc=area(own, same),
            auc_interval=None if drawn is None else percentile_interval(drawn.auc),
            eer=equal_error_rate(curve),
            eer_interval=None if drawn is None else percentile_interval(drawn.eer),
            curve=thinned(curve),
            band=None if drawn is None or not len(of_band) else self._band(of_band, drawn),
            draws=draws if drawn else 0,
            seed=seed,
            similarity=similarity,
        )

    def spread(self, fars: Sequence[float]) -> float:
        """Variance of people's factors in draws that suits different pairs at these FARs and at the best accuracy.

        Args:
            fars: that are asked for.

        Raises:
            ValueError: people aren't known.
        """
        people = self._known()
        different = ~self._pairs.same
        distance = self._pairs.own[different]
        thresholds = [exactly_at_far(distance, far) for far in fars]
        thresholds.append(_exactly_most_accurate(self._pairs.own, self._pairs.same))
        events = (distance < threshold for threshold in thresholds)
        return spread_of(events, people.first[different], people.second[different], people.number)

    def redraws(
        self, fars: Sequence[float], draws: int, seed: int, *, spread: float, band: Floats | None = None
    ) -> Redraws:
        """Measure again in draws of people.

        Args:
            fars: that are asked for.
            draws: how many, at least 1.
            seed: of the draws.
            spread: variance of people's factors.
            band: (K,) FARs at which the ROC of all pairs is wanted, too.

        Raises:
            ValueError: people aren't known.
        """
        rules = ThresholdRules(
            accuracy_steps=self._coarse,
            val_steps=self._fine,
            by_steps={far: [self._by_steps(far, number) for number in range(self._pairs.folds)] for far in fars},
            band=np.empty(0) if band is None else band,
        )
        return redraws(self._pairs, self._known(), rules, spread=spread, draws=draws, seed=seed)

    def _known(self) -> People:
        if self._people is None:
            raise ValueError("people can't be drawn where they aren't known")
        return self._people

    def _by_steps(self, far: float, number: int) -> bool:
        """Whether the threshold that fold ``number`` has for a FAR is by steps."""
        if self._fine is None:
            return False
        train = training_rows(self._pairs.fold, number) & ~self._pairs.same
        return by_steps_at_far(self._pairs.seen_by(number)[train], far, self._fine) is not None

    def _most_accurate(self, distance: Floats, same: Bools) -> float:
        return most_accurate(distance, same, candidates(distance) if self._coarse is None else self._coarse)

    def _at_far(self, different: Floats, far: float) -> float:
        return exactly_at_far(different, far) if self._fine is None else at_far(different, far, self._fine)

    def _accuracy(self, choose: Choice, drawn: Floats | None) -> FoldRate:
        thresholds = self._thresholds(choose)
        right = self._accepted(thresholds) == self._pairs.same
        return self._rate(right, np.ones_like(right), thresholds, drawn)

    def _validation(self, far: float, drawn: Redraws | None) -> Validation:
        same = self._pairs.same
        thresholds = self._thresholds(lambda values, alike: self._at_far(values[~alike], far))
        accepted = self._accepted(thresholds)
        few = "" if drawn is None else self.few_behind(far)
        val = self._rate(accepted, same, thresholds, None if drawn is None or few else drawn.val[far])
        reached = self._rate(accepted, ~same, thresholds, None if drawn is None else drawn.far[far])
        trained = [self._accepted_in_training(number, threshold) for number, threshold in enumerate(thresholds)]
        reason = why_no_val(far, trained, (reached.events, reached.pairs), val.mean)
        return Validation(
            far_asked=far, val=None if reason else val, far=reached, reason=reason, interval_reason=few or None
        )

    def _fars_of_band(self, fars: Sequence[float]) -> Floats:
        """(K,) FARs from the least with pairs enough behind it to 1, evenly on a logarithmic axis, and those asked for.

        Empty where there are too few pairs for any.
        """
        least = _LEAST_BEHIND / int(np.count_nonzero(~self._pairs.same))
        if least >= 1:
            return np.empty(0)
        asked = [far for far in fars if far >= least]
        return np.unique(np.concatenate([np.geomspace(least, 1, _BAND), asked]))

    def _band(self, fars: Floats, drawn: Redraws) -> CurveBand:
        own, same = self._pairs.own, self._pairs.same
        thresholds = [exactly_at_far(own[~same], far) for far in fars.tolist()]
        happened = np.searchsorted(np.sort(own[same]), thresholds, side="left")
        ends = [self._interval(count, same, drawn.band[row]) for row, count in enumerate(happened.tolist())]
        low, high = (np.array(side, np.float64) for side in zip(*ends, strict=True))
        return CurveBand(fmr=fars, low=low, high=high)

    def few_behind(self, far: float) -> str:
        """Why the threshold of a FAR rests on too few pairs for an interval of VAL; "" where it doesn't.

        In simulated worlds of LFW's size intervals cover 88 % where one pair is accepted, 90 % where 1.6 are and 92 to
        95 % where 2.7 are.
        """
        different = ~self._pairs.same
        numbers = range(self._pairs.folds)
        fewest = min(int((training_rows(self._pairs.fold, number) & different).sum()) for number in numbers)
        if far * fewest >= _LEAST_BEHIND:
            return ""
        asked = f"{far * fewest:.2g} of {fewest:,} different pairs"
        return f"no interval of VAL at FAR {far:g}: that is {asked}; {_LEAST_BEHIND:g} are needed"

    def _accepted_in_training(self, number: int, threshold: float) -> Accepted:
        train = training_rows(self._pairs.fold, number) & ~self._pairs.same
        different = self._pairs.seen_by(number)[train]
        events, refused = int(np.count_nonzero(different < threshold)), different[different >= threshold]
        tied = int(np.count_nonzero(refused == refused.min())) if len(refused) else 0
        return Accepted(events, len(different), events + tied)

    def _thresholds(self, choose: Choice) -> list[float]:
        chosen = []
        for number in range(self._pairs.folds):
            train = training_rows(self._pairs.fold, number)
            chosen.append(choose(self._pairs.seen_by(number)[train], self._pairs.same[train]))
        return chosen

    def _accepted(self, thresholds: list[float]) -> Bools:
        accepted: Bools = self._pairs.own < np.array(thresholds)[self._pairs.fold]
        return accepted

    def _rate(self, events: Bools, counted: Bools, thresholds: list[float], drawn: Floats | None) -> FoldRate:
        fold = self._pairs.fold
        shares = [float(events[counted & (fold == number)].mean()) for number in range(self._pairs.folds)]
        happened, pairs = int(np.count_nonzero(events & counted)), int(np.count_nonzero(counted))
        return FoldRate(
            by_fold=tuple(shares),
            mean=float(np.mean(shares)),
            std=float(np.std(shares)),
            thresholds=tuple(thresholds),
            events=happened,
            pairs=pairs,
            wilson=wilson(happened, pairs),
            people_interval=None if drawn is None else self._interval(happened, counted, drawn),
        )

    def _interval(self, happened: int, counted: Bools, drawn: Floats) -> Interval:
        """The middle of the draws. Where all pairs or none count, draws are all alike, however few people there are:
        there it is Clopper and Pearson's (1934), each person being one trial, and each two people that come together.
        """
        if 0 < happened < int(np.count_nonzero(counted)):
            return percentile_interval(drawn)
        people = self._known()
        two = np.minimum(people.first, people.second) * people.number + np.maximum(people.first, people.second)
        beyond = ((1 - LEVEL) / 2) ** (1 / len(np.unique(two[counted])))
        return Interval(beyond, 1.0) if happened else Interval(0.0, 1 - beyond)


def _exactly_most_accurate(distance: Floats, same: Bools) -> float:
    return most_accurate(distance, same, candidates(distance))
