"""Two models' errors by group on the same people: differences, each with an interval and a p-value."""

import math
from collections.abc import Mapping

import numpy as np

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._fairness import fairness_metrics
from ethnoshard.evaluation._group_tally import GroupTally, difference_of
from ethnoshard.evaluation._influence import Influence, Part, Spread, crossed, difference_interval, enlargement, spread
from ethnoshard.results import Change, DemographicsChange, Interval, claimed_together

_TAIL, _ROUNDING = 0.025, 1e-9


def compare_demographics(
    base: GroupTally, other: GroupTally, *, draws: int = 1000, seed: int = 0
) -> DemographicsChange:
    """Differences of two models by group, each at its own threshold.

    The interval of a rate's difference is that of a mean over people, or over pairs of people, of their own
    differences, and holds the chance of the samples on which the thresholds were set. Groups are several: the p-values
    of one rate are adjusted over all of them (Holm 1979).

    Args:
        base: ``tally`` of the base model's ``Demographics``.
        other: of the other model's, on the same people, with the same settings.
        draws: simulated pairs of models, for the differences of fairness metrics.
        seed: of the simulation.

    Raises:
        EthnoshardError: people, groups, pairs or settings differ.
    """
    check_whole("draws", draws, 0)
    _check_same(base, other)
    both = _Both(base, other)
    groups = base.tally.groups
    overall = {
        "fmr": both.change(both.base.of_all(fmr=1)),
        "fnmr": both.change(both.base.of_all(fnmr=1)),
        "accuracy": _turned(both.change(both.base.of_all(fmr=0.5, fnmr=0.5))),
    }
    by_group = {
        group: {
            "fmr": both.change(both.base.of_group(index, fmr=1)),
            "fnmr": both.change(both.base.of_group(index, fnmr=1)),
            "accuracy": _turned(both.change(both.base.of_group(index, fmr=0.5, fnmr=0.5))),
        }
        for index, group in enumerate(groups)
    }
    names = ("fmr", "fnmr", "accuracy")
    adjusted = {name: claimed_together({group: some[name] for group, some in by_group.items()}) for name in names}
    return DemographicsChange(
        overall=overall,
        by_group={group: {name: adjusted[name][group] for name in names} for group in groups},
        metrics=both.metrics(draws, seed),
        compared=tuple(group for group, chosen in zip(groups, base.compared.tolist(), strict=True) if chosen),
        draws=draws if base.tally.known else 0,
    )


class _Both:
    """Two models' rates, and what their differences owe to whom."""

    def __init__(self, base: GroupTally, other: GroupTally) -> None:
        self._counts = base, other
        self.base, self.other = base.influence(), other.influence()
        difference = Influence.of(difference_of(base.tally, other.tally), base.weighting)
        self._cross = crossed(self.base, self.other, difference)
        self._samples = base.sample_influence(), other.sample_influence()
        self._sample_cross: Floats | None = None
        one, two = (None if each.sensitivity is None else each.sensitivity.sample for each in (base, other))
        if one is not None and two is not None and one.digest() == two.digest():
            first, second = self._samples
            assert first is not None and second is not None, "there are samples"
            self._sample_cross = crossed(first, second, Influence.of(difference_of(one, two), base.weighting))

    def spread(self, part: Part) -> Spread:
        """Of the difference of an estimate."""
        (base, other), less = self._counts, part.scaled(-1)
        terms = [(self.other, other.moved(self.other, part)), (self.base, base.moved(self.base, less))]
        found = self._paired(terms)
        return found.with_variance(self._of_samples(part)) if found.variance else found

    def plain(self, part: Part) -> tuple[float, float, float]:
        """Variances of both models' estimates and of their difference, at these thresholds, enlarged for few people."""
        found = [spread([(each, part)]) for each in (self.base, self.other)]
        found.append(self._paired([(self.other, part), (self.base, part.scaled(-1))]))
        variances = np.array([each.variance for each in found]) * enlargement(np.array([each.df for each in found]))
        own, theirs, difference = variances.tolist()
        return own, theirs, difference

    def _paired(self, terms: list[tuple[Influence, Part]]) -> Spread:
        found = spread(terms, self._cross)
        # Models that are alike differ by the rounding of large sums.
        least = _ROUNDING * sum(spread([term]).variance for term in terms)
        return found if not found.variance < least else found._replace(variance=0.0)

    def change(self, part: Part) -> Change:
        """The difference of an estimate."""
        base, other = self.base.value(part), self.other.value(part)
        found = None
        if self._counts[0].tally.known:
            found = difference_interval(other - base, self.spread(part), self.base.most_unseen(part))
        return Change(
            base=None if math.isnan(base) else base,
            other=None if math.isnan(other) else other,
            difference=None if math.isnan(other - base) else other - base,
            people_interval=None if found is None else found[0],
            undefined_draws=0,
            p_value=None if found is None else found[1],
        )

    def metrics(self, draws: int, seed: int) -> dict[str, Change]:
        """Differences of the fairness metrics, over the groups that are large enough."""
        counts = self._counts[0]
        chosen = np.flatnonzero(counts.compared)
        if len(chosen) < 2:
            return {}
        known = counts.tally.known
        trials = self.base.fmr_units.diagonal()[chosen], self.base.fnmr_units[chosen]

        def metrics(fmr: Floats, fnmr: Floats) -> dict[str, Floats]:
            return fairness_metrics(fmr, fnmr, *trials, counts.alpha)

        rates = [(each.fmr.diagonal()[chosen], each.fnmr[chosen]) for each in (self.base, self.other)]
        ours, theirs = (metrics(*each) for each in rates)
        if not known or not draws:
            return {name: _change_of(float(ours[name]), float(theirs[name])) for name in ours}
        spreads = [
            _with_chance(
                np.array([self.plain(self.base.of_group(group, **kind)) for group in chosen.tolist()]),
                np.stack([rates[0][which], rates[1][which]]),
                trials[which],
            )
            for which, kind in enumerate(({"fmr": 1.0}, {"fnmr": 1.0}))
        ]
        rng = np.random.default_rng([seed, len(chosen)])
        noise = [_paired(each, draws, rng) for each in spreads]
        as_measured, alike = (
            _difference(
                *(
                    metrics(*(np.clip(rate + part[side], 0, 1) for rate, part in zip(centre, noise, strict=True)))
                    for side, centre in enumerate(centres)
                )
            )
            for centres in (rates, [tuple((one + two) / 2 for one, two in zip(*rates, strict=True))] * 2)
        )
        return {
            name: _change_of(float(ours[name]), float(theirs[name]), as_measured[name], alike[name]) for name in ours
        }

    def _of_samples(self, part: Part) -> float:
        """Variance of the difference by the samples on which the thresholds were set."""
        terms = []
        for counts, sample, sign in zip(reversed(self._counts), reversed(self._samples), (1, -1), strict=True):
            if sample is not None and counts.sensitivity is not None:
                terms.append((sample, sample.of_all(fmr=sign * counts.sensitivity.of(part))))
        if self._sample_cross is not None:
            return spread(terms, self._sample_cross).variance
        return sum(spread([term]).variance for term in terms)


def _with_chance(variances: Floats, rates: Floats, units: Floats) -> Floats:
    """Variances with those of groups without an error, whose own are 0, by the mean rate of all.

    Args:
        variances: (G, 3) of the one model's rate, of the other's, and of their difference.
        rates: (2, G) of both.
        units: (G,) people, or pairs of people.
    """
    mean = rates.mean(axis=1, keepdims=True)
    without = (rates <= 0) | (rates >= 1)
    both = np.where(without, mean * (1 - mean) / np.maximum(units, 1), variances[:, :2].T)
    difference = np.where(without.any(axis=0) & (rates[0] != rates[1]), both.sum(axis=0), variances[:, 2])
    alike = np.where(rates[0] == rates[1], variances[:, 2], difference)
    chance: Floats = np.stack([both[0], both[1], alike], axis=1)
    return chance


def _paired(variances: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(draws, G) and (draws, G) errors of two models on the same people.

    Args:
        variances: (G, 3) of the one's rate, of the other's, and of their difference.
        draws: how many.
        rng: draws them.
    """
    one, two, difference = variances.T
    covariance = (one + two - difference) / 2
    first = rng.normal(size=(draws, len(one)))
    second = rng.normal(size=(draws, len(one)))
    scale = np.sqrt(one)
    share = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
    rest = np.sqrt(np.maximum(two - share**2, 0))
    # Of the same answers the differences are none, not the rounding of one.
    return first * scale, np.where(difference > 0, first * share + second * rest, first * scale)


def _difference(base: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, Floats]:
    with np.errstate(invalid="ignore"):
        return {name: other[name] - base[name] for name in base}


def _change_of(base: float, other: float, measured: Floats | None = None, alike: Floats | None = None) -> Change:
    """A metric's change, with (draws,) simulated differences of two models as measured, and of two that are alike."""
    defined = math.isfinite(base) and math.isfinite(other)
    difference = other - base if defined else None
    undefined = 0 if measured is None else int(np.count_nonzero(~np.isfinite(measured)))
    interval, p_value = None, None
    if difference is not None and measured is not None and alike is not None and not undefined:
        low, high = np.quantile(measured, [_TAIL, 1 - _TAIL]) - float(np.median(measured))
        interval = Interval(difference - float(high), difference - float(low))
        if np.isfinite(alike).all():
            p_value = (1 + int(np.count_nonzero(np.abs(alike) >= abs(difference) - 1e-12))) / (len(alike) + 1)
    return Change(
        base=base if math.isfinite(base) else None,
        other=other if math.isfinite(other) else None,
        difference=difference,
        people_interval=interval,
        undefined_draws=undefined,
        p_value=p_value,
    )


def _turned(change: Change) -> Change:
    """Of accuracy, from that of the share of wrong answers."""
    ends = change.people_interval
    low, high = ends if ends is not None else (None, None)
    return Change(
        base=None if change.base is None else 1 - change.base,
        other=None if change.other is None else 1 - change.other,
        difference=None if change.difference is None else -change.difference,
        people_interval=None if low is None or high is None else Interval(-high, -low),
        undefined_draws=change.undefined_draws,
        p_value=change.p_value,
    )


def _check_same(base: GroupTally, other: GroupTally) -> None:
    one, two = base.tally, other.tally
    if one.digest() != two.digest():
        raise EthnoshardError(
            "the two models were tested on different people or groups; evaluate both on the same images with the same "
            "groups"
        )
    for name in ("alpha", "weighting"):
        ours, theirs = getattr(base, name), getattr(other, name)
        if ours != theirs:
            raise EthnoshardError(
                f"the two models were tested with {name} {ours} and {theirs}; evaluate both with the same"
            )
    same_pairs = (
        np.array_equal(one.genuine_pairs, two.genuine_pairs)
        and np.array_equal(one.images, two.images)
        and np.array_equal(one.matched, two.matched)
        and (one.impostor_pairs is None) == (two.impostor_pairs is None)
        and (
            one.impostor_pairs is None
            or two.impostor_pairs is None
            or not abs(one.impostor_pairs - two.impostor_pairs).sum()
        )
    )
    if not same_pairs:
        raise EthnoshardError("the two models were tested on different pairs; evaluate both on the same")
    if not np.array_equal(base.compared, other.compared):
        raise EthnoshardError("the two models' metrics are over different groups; evaluate both with the same minimums")
