"""Verification measured again in draws of people, each draw with thresholds of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._draws import People
from ethnoshard.evaluation._folds import DistancesByFold, training_rows
from ethnoshard.evaluation._pair_weights import WeighedPairs, Weights, weights_in_draws
from ethnoshard.evaluation._thresholds import candidates, ends_of, limit

_AT_ONCE = 1_500_000
"""Entries times draws held at once, 12 MB an array."""
_MOST = 100
"""Draws held at once, at most: more gain nothing."""
_TAIL = 10
"""Nearest different pairs by which the tail below them is judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ThresholdRules:
    """How each fold's thresholds were chosen for the point estimates, so that draws do the same.

    Attributes:
        accuracy_steps: (K,) thresholds among which the best for accuracy is; None for all ways of cutting the pairs.
        val_steps: (K,) between which the threshold of a FAR lies on a line; None for the exact rule.
        by_steps: FAR -> for each fold whether its threshold is by ``val_steps``; else it is exact.
        band: (K,) FARs at which the share of same pairs of the whole list is wanted, by one exact threshold for all.
    """

    accuracy_steps: Floats | None
    val_steps: Floats | None
    by_steps: dict[float, list[bool]]
    band: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Redraws:
    """What D draws of people came to, (D,) each; of folds the mean.

    Attributes:
        accuracy: by steps, or exactly where there are none.
        accuracy_exact: thresholds searched exactly.
        val: FAR asked for -> share of same pairs accepted.
        far: FAR asked for -> share of different pairs accepted.
        auc: area under the ROC of all pairs.
        eer: equal error rate of all pairs.
        band: (K, D) share of same pairs of the whole list accepted at each FAR of the rules' ``band``.
    """

    accuracy: Floats
    accuracy_exact: Floats
    val: dict[float, Floats] = field(default_factory=dict)
    far: dict[float, Floats] = field(default_factory=dict)
    auc: Floats
    eer: Floats
    band: Floats


def redraws(
    pairs: DistancesByFold, people: People, rules: ThresholdRules, *, spread: float, draws: int, seed: int
) -> Redraws:
    """Measure accuracy, VAL, the FAR reached, AUC and EER in draws of people.

    In each draw every person has a weight; a pair of one person counts by it, a pair of two people by the product of
    theirs (:class:`Weights`). Each fold's thresholds are chosen from the weighted pairs of the other folds by the rule
    that gave the point estimate, then its own pairs are measured with their weights. In training and test pairs of one
    person have together the share that they have in the list.

    A threshold for a FAR that the nearest pair alone exceeds lies below all pairs. How far, the list doesn't say; the
    draw takes it from an exponential tail as steep as that of the ten nearest pairs, since a threshold just below the
    nearest pair would be the least that draws could give, however much lower the true one may be.

    Args:
        pairs: as each fold sees them.
        people: of the pairs.
        rules: of the thresholds.
        spread: variance of people's factors, see ``spread_of``.
        draws: D, at least 1.
        seed: of the draws.
    """
    views = [_View.of(distance, pairs, people) for distance in pairs.seen]
    whole = views[0] if len(views) == 1 else _View.of(pairs.own, pairs, people)
    entries = sum(len(each.distance) for each in (whole.same, whole.different))
    at_once = max(1, min(_MOST, _AT_ONCE // max(entries, people.number)))
    blocks = [
        _block(pairs, views, whole, rules, weights)
        for weights in weights_in_draws(people.number, draws, seed, spread=spread, at_once=at_once)
    ]
    return Redraws(
        accuracy=np.concatenate([each.accuracy for each in blocks]),
        accuracy_exact=np.concatenate([each.accuracy_exact for each in blocks]),
        val={far: np.concatenate([each.val[far] for each in blocks]) for far in rules.by_steps},
        far={far: np.concatenate([each.far[far] for each in blocks]) for far in rules.by_steps},
        auc=np.concatenate([each.auc for each in blocks]),
        eer=np.concatenate([each.eer for each in blocks]),
        band=np.concatenate([each.band for each in blocks], axis=1),
    )


class _View(NamedTuple):
    """Pairs as one fold, or every fold, sees them."""

    same: WeighedPairs
    different: WeighedPairs

    @classmethod
    def of(cls, distance: Floats, pairs: DistancesByFold, people: People) -> "_View":
        return cls(
            WeighedPairs.of(distance, pairs.fold, people, pairs.same, same=True),
            WeighedPairs.of(distance, pairs.fold, people, ~pairs.same, same=False),
        )


class _Weighed(NamedTuple):
    """Entries of one kind, rising in distance, with the sums of their weights: (C,) and (C + 1, D)."""

    distance: Floats
    sums: Floats

    @classmethod
    def of(cls, distance: Floats, weights: Floats) -> "_Weighed":
        sums = np.zeros((len(weights) + 1, weights.shape[1]))
        np.cumsum(weights, axis=0, out=sums[1:])
        return cls(distance, sums)

    @property
    def total(self) -> Floats:
        """(D,) of all."""
        total: Floats = self.sums[-1]
        return total

    def below(self, thresholds: Floats) -> Floats:
        """(K, D) shares below each of K thresholds."""
        shares: Floats = self.sums[np.searchsorted(self.distance, thresholds, side="left")] / self.total
        return shares

    def below_each(self, thresholds: Floats) -> Floats:
        """(D,) share below the threshold that each draw has."""
        index = np.searchsorted(self.distance, thresholds, side="left")
        shares: Floats = self.sums[index, np.arange(len(thresholds))] / self.total
        return shares


class _Some(NamedTuple):
    """Pairs of both kinds, and the share of the first among them in the list."""

    same: _Weighed
    different: _Weighed
    part: float

    @classmethod
    def of(cls, view: _View, same: Floats, different: Floats, pairs: DistancesByFold, rows: list[Bools]) -> "_Some":
        """Those of the rows, of same entries, different entries and of the list."""
        return cls(
            _Weighed.of(view.same.distance[rows[0]], same[rows[0]]),
            _Weighed.of(view.different.distance[rows[1]], different[rows[1]]),
            float(pairs.same[rows[2]].mean()),
        )


def _block(
    pairs: DistancesByFold, views: list[_View], whole: _View, rules: ThresholdRules, weights: Weights
) -> Redraws:
    """Some of the draws."""
    folds, draws = int(pairs.fold.max()) + 1, weights.alone.shape[1]
    steps, exact = np.zeros(draws), np.zeros(draws)
    val, far = ({asked: np.zeros(draws) for asked in rules.by_steps} for _ in range(2))
    for number, (train, test) in enumerate(_folds(pairs, views, weights, folds)):
        everything = candidates(np.concatenate([train.same.distance, train.different.distance]))
        best = _accuracy(train, test, everything)
        exact += best
        steps += best if rules.accuracy_steps is None else _accuracy(train, test, rules.accuracy_steps)
        for asked, by_steps in rules.by_steps.items():
            grid = rules.val_steps if by_steps[number] else None
            thresholds = _threshold_at_far(train.different, asked, grid)
            val[asked] += test.same.below_each(thresholds)
            far[asked] += test.different.below_each(thresholds)
    same, different = (_Weighed.of(side.distance, side.weights(weights)) for side in whole)
    return Redraws(
        accuracy=steps / folds,
        accuracy_exact=exact / folds,
        val={asked: shares / folds for asked, shares in val.items()},
        far={asked: shares / folds for asked, shares in far.items()},
        auc=_area(same, different),
        eer=_eer(same, different),
        band=_tar_at_fars(same, different, rules.band),
    )


def _folds(pairs: DistancesByFold, views: list[_View], weights: Weights, folds: int) -> Iterator[tuple[_Some, _Some]]:
    """Of each fold the pairs that its thresholds are chosen from, and those that it tests."""
    same = different = np.empty((0, 0))
    for number in range(folds):
        view = views[min(number, len(views) - 1)]
        if number < len(views):
            same, different = view.same.weights(weights), view.different.weights(weights)
        yield (
            _Some.of(view, same, different, pairs, [training_rows(fold, number) for fold in _folds_of(view, pairs)]),
            _Some.of(view, same, different, pairs, [fold == number for fold in _folds_of(view, pairs)]),
        )


def _folds_of(view: _View, pairs: DistancesByFold) -> tuple[Whole, Whole, Whole]:
    return view.same.fold, view.different.fold, pairs.fold


def _accuracy(train: _Some, test: _Some, thresholds: Floats) -> Floats:
    """(D,) share of right answers at the threshold with the most of them in training, the lowest of several."""
    right = train.same.below(thresholds)
    right *= train.part
    right -= (1 - train.part) * train.different.below(thresholds)
    best = thresholds[np.argmax(right, axis=0)]
    accuracy: Floats = test.part * test.same.below_each(best) + (1 - test.part) * (1 - test.different.below_each(best))
    return accuracy


def _threshold_at_far(different: _Weighed, far: float, steps: Floats | None) -> Floats:
    """(D,) thresholds at which a share ``far`` of different pairs is accepted; between steps, or exactly for None."""
    thresholds = _exactly_at_far(different, far) if steps is None else _on_a_line(different, far, steps)
    return _Tail.of(different).beneath(far, thresholds)


class _Tail(NamedTuple):
    """How pairs go on below the nearest of them: exponentially, as steeply as the nearest ten.

    Attributes:
        end: the least distance.
        share: (D,) of the pairs at it.
        mean_excess: of the tail; NaN where there are too few pairs to judge it.
    """

    end: float
    share: Floats
    mean_excess: float

    @classmethod
    def of(cls, different: _Weighed) -> "_Tail":
        distinct = np.unique(different.distance)
        number = min(_TAIL, len(distinct) - 1)
        if number < 1:
            return cls(float(distinct[0]), different.total / different.total, np.nan)
        excess = float(distinct[number] - distinct[:number].mean())
        return cls(float(distinct[0]), different.below(distinct[1:2])[0], excess)

    def beneath(self, far: float, thresholds: Floats) -> Floats:
        """(D,) thresholds, in the tail where the nearest pairs alone are more than the share ``far``."""
        if far == 0 or np.isnan(self.mean_excess):
            return thresholds
        below = self.end - self.mean_excess * np.log(np.maximum(self.share / far, 1))
        return np.where(self.share > limit(far), below, thresholds)


def _tar_at_fars(same: _Weighed, different: _Weighed, fars: Floats) -> Floats:
    """(K, D) shares of same pairs accepted by the exact threshold of each FAR, all thresholds searched at once."""
    draws = same.sums.shape[1]
    ends, tail = ends_of(different.distance), _Tail.of(different)
    limits = np.array([limit(far) for far in fars.tolist()])
    shares = different.below(ends)
    # Shares rise with the threshold; the first, of nothing, is within every limit.
    last = np.stack([np.searchsorted(shares[:, draw], limits, side="right") - 1 for draw in range(draws)], axis=1)
    found = np.empty((len(fars), draws))
    for number, far in enumerate(fars.tolist()):
        found[number] = same.below_each(tail.beneath(far, ends[last[number]]))
    return found


def _on_a_line(different: _Weighed, far: float, steps: Floats) -> Floats:
    """As ``at_far`` has it: on the line between the step that reaches the share first and the one before."""
    shares = different.below(steps)
    draws = np.arange(shares.shape[1])
    after = np.argmax(shares >= far, axis=0)
    # Where the last step doesn't reach it, the greatest distance is all that is refused.
    after = np.where(shares[-1] < far, len(steps) - 1, after)
    before = np.maximum(after - 1, 0)
    low, high = shares[before, draws], shares[after, draws]
    part = np.divide(far - low, high - low, out=np.ones_like(low), where=high > low)
    thresholds: Floats = steps[before] + np.clip(part, 0, 1) * (steps[after] - steps[before])
    return thresholds


def _exactly_at_far(different: _Weighed, far: float) -> Floats:
    """The highest threshold at which no more than a share ``far`` is accepted."""
    ends = ends_of(different.distance)
    within = different.below(ends) <= limit(far)
    thresholds: Floats = ends[np.count_nonzero(within, axis=0) - 1]
    return thresholds


def _area(same: _Weighed, different: _Weighed) -> Floats:
    """(D,) areas under the ROC, ties counting half."""
    nearer = different.sums[np.searchsorted(different.distance, same.distance, side="left")]
    not_farther = different.sums[np.searchsorted(different.distance, same.distance, side="right")]
    weights = np.diff(same.sums, axis=0)
    lost = (weights * (nearer + not_farther)).sum(axis=0) / 2
    area: Floats = 1 - lost / (same.total * different.total)
    return area


def _eer(same: _Weighed, different: _Weighed) -> Floats:
    """(D,) error rates where FMR and FNMR are equal, on the line between two corners."""
    distances = np.unique(np.concatenate([same.distance, different.distance]))
    corners = np.append(distances, np.nextafter(distances[-1], np.inf))
    fmr, fnmr = different.below(corners), 1 - same.below(corners)
    draws = np.arange(fmr.shape[1])
    after = np.argmax(fmr >= fnmr, axis=0)
    before = np.maximum(after - 1, 0)
    rise, fall = fmr[after, draws] - fmr[before, draws], fnmr[before, draws] - fnmr[after, draws]
    gap = fnmr[before, draws] - fmr[before, draws]
    share = np.divide(gap, rise + fall, out=np.zeros_like(gap), where=rise + fall > 0)
    rate: Floats = fmr[before, draws] + share * rise
    return rate
