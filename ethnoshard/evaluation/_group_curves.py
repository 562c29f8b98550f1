"""Errors by group at one threshold, and at many, kept so small that each can be had again."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import (
    UNKNOWN,
    Count,
    Weighting,
    weighting_of,
)
from ethnoshard.evaluation._equal_groups import MeasuredRates, fairness_estimates
from ethnoshard.evaluation._fairness import FALLING, IDEALS, fairness_metrics
from ethnoshard.evaluation._group_options import GroupOptions
from ethnoshard.evaluation._group_tally import GroupTally
from ethnoshard.evaluation._influence import enlargement, rate_interval
from ethnoshard.evaluation._rate_curves import RateCurve, RateCurves
from ethnoshard.results import Arrays, ErrorsAtThreshold, Estimate, GroupRates, Interval, NamedArrays, Rate

_NAMES = {"n_people": "crowd", "people_digest": "people"}
"""Fields of curves that have another name in a file."""


_RATIOS, _DIFFERENCES = "ratio of ", "difference of "


@dataclass(frozen=True, kw_only=True, eq=False)
class Demographics:
    """Errors by group at one threshold. Show each group's own rates beside whatever says how far apart they are.

    Attributes:
        threshold: similarity from which a pair is accepted, the same for all.
        overall: all pairs, those across groups too.
        by_group: each group's pairs within it.
        cross: FMR of pairs with one person from each of two groups, both ways round; a group with itself too.
        metrics: the fairness metrics of ``IDEALS`` over the groups that are large enough; empty where fewer than two
            are.
        difference: greatest less least over these groups, of FMR, FNMR, TAR and accuracy.
        ratio: least over greatest; undefined where all are 0.
        left_out: groups that are too small for the metrics -> why.
        settings: weighting, alpha, draws, seed and minimums.
        tally: the counts behind it, for comparing two models; None where it was had again from curves.
    """

    threshold: float
    overall: GroupRates
    by_group: dict[str, GroupRates]
    cross: dict[str, dict[str, Rate]]
    metrics: dict[str, Estimate]
    difference: dict[str, Estimate]
    ratio: dict[str, Estimate]
    left_out: dict[str, str]
    settings: GroupOptions
    tally: GroupTally | None = None

    def errors(self) -> ErrorsAtThreshold:
        """As reports hold it; the counts are arrays and stand elsewhere (``tally.arrays()``)."""
        return ErrorsAtThreshold(
            threshold=self.threshold,
            weighting=self.settings.weighting or "person",
            alpha=self.settings.alpha,
            draws=self.settings.draws,
            seed=self.settings.seed,
            min_people=self.settings.min_people,
            min_pairs=self.settings.min_pairs,
            overall=self.overall,
            by_group=self.by_group,
            cross=self.cross,
            metrics=self.metrics,
            difference=self.difference,
            ratio=self.ratio,
            left_out=self.left_out,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupCurves:
    """Errors of G groups at T thresholds, each with its spread.

    A group's ``fmr`` and ``fnmr`` are its DET curve. Counts of people are -1 where people aren't known.

    Attributes:
        groups: (G) names.
        thresholds: (T,) rising, similarities from which a pair is accepted, each the same for all groups.
        rates: FMR, FNMR and accuracy, with their spread.
        errors_fmr: (T, G, G) different-person pairs accepted, unweighted.
        errors_fnmr: (T, G) same-person pairs refused.
        pairs_fmr: (G, G) different-person pairs.
        pairs_fnmr: (G,) same-person pairs.
        people_fmr: (G, G) people who have such a pair.
        people_fnmr: (G,).
        units_fmr: (G, G) pairs of people who have such a pair.
        n_people: people in all groups.
        alpha: weight of FMR against FNMR in the metrics.
        weighting: "person" or "pair".
        draws: simulated sets of groups.
        seed: of the simulation.
        min_people: below it a rate is ``too_few``.
        min_pairs: below it a rate is ``too_few``.
        people_digest: of groups and people: models with the same were tested on the same.
        own: the counts at the threshold that was asked for; None where none was, and where read from a file.
    """

    groups: tuple[str, ...]
    thresholds: Floats
    rates: RateCurves
    errors_fmr: Whole
    errors_fnmr: Whole
    pairs_fmr: Whole
    pairs_fnmr: Whole
    people_fmr: Whole
    people_fnmr: Whole
    units_fmr: Whole
    n_people: int
    alpha: float
    weighting: Weighting
    draws: int
    seed: int
    min_people: int
    min_pairs: int
    people_digest: str
    own: GroupTally | None = None

    @property
    def fmr(self) -> Floats:
        """(T, G) share of different-person pairs within each group accepted."""
        within: Floats = np.diagonal(self.rates.cross.rate, axis1=1, axis2=2)
        return within

    @property
    def fnmr(self) -> Floats:
        """(T, G) share of same-person pairs refused."""
        return self.rates.within.rate

    @property
    def overall_fmr(self) -> Floats:
        """(T,) share of all different-person pairs accepted, those across groups too."""
        overall: Floats = self.rates.overall.rate[:, 0]
        return overall

    @property
    def known(self) -> bool:
        """Whether people are known."""
        return self.n_people != UNKNOWN

    def index_of(self, threshold: float) -> int:
        """Where a threshold stands among ``thresholds``.

        Raises:
            EthnoshardError: it is none of them.
        """
        index = int(np.searchsorted(self.thresholds, threshold))
        if index == len(self.thresholds) or self.thresholds[index] != threshold:
            raise EthnoshardError(f"there are no errors by group at the threshold {threshold:g}, only at others")
        return index

    def at(self, index: int) -> Demographics:
        """Everything at ``thresholds[index]``, equal to what ``demographics`` gives there.

        Raises:
            IndexError: there are fewer thresholds.
        """
        left_out = self.left_out()
        compared = np.array([group not in left_out for group in self.groups], np.bool_)
        upper = np.triu_indices(len(self.groups))
        # Every two groups once.
        everybody = (
            _together(self.errors_fmr[index][upper], self.pairs_fmr[upper], self.n_people),
            _together(self.errors_fnmr[index], self.pairs_fnmr, _sum_known(self.people_fnmr)),
        )
        units = int(self.units_fmr[upper].sum()), _sum_known(self.people_fnmr)
        estimates = self._estimates(index, compared)
        own = self.own if self.own is not None and self.own.tally.threshold == self.thresholds[index] else None
        return Demographics(
            threshold=float(self.thresholds[index]),
            overall=_with_accuracy(
                self._rate(everybody[0], self.rates.overall, (index, 0), units[0]),
                self._rate(everybody[1], self.rates.overall, (index, 1), units[1]),
            ),
            by_group={
                name: _with_accuracy(
                    self._fmr(index, group, group),
                    self._rate(
                        self._genuine(index, group), self.rates.within, (index, group), int(self.people_fnmr[group])
                    ),
                )
                for group, name in enumerate(self.groups)
            },
            cross={
                one: {other: self._fmr(index, i, j) for j, other in enumerate(self.groups)}
                for i, one in enumerate(self.groups)
            },
            metrics={name: estimates[name] for name in IDEALS if name in estimates},
            difference=_named(estimates, _DIFFERENCES),
            ratio=_named(estimates, _RATIOS),
            left_out=left_out,
            settings=GroupOptions(
                weighting=self.weighting,
                alpha=self.alpha,
                draws=self.draws,
                seed=self.seed,
                min_people=self.min_people,
                min_pairs=self.min_pairs,
            ),
            tally=own,
        )

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle."""
        plain = {name: value for name, value in vars(self).items() if name not in ("rates", "own")}
        return {**{_NAMES.get(name, name): np.asarray(value) for name, value in plain.items()}, **self.rates.arrays()}

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "GroupCurves":
        """From what ``arrays`` gave, or from what versions before kept: rates in draws of people.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        groups = tuple(arrays.texts("groups", "G").tolist())
        people_fmr, people_fnmr = arrays.whole("people_fmr", "G", "G"), arrays.whole("people_fnmr", "G")
        if "overall_fmr" in arrays:
            rates, draws = RateCurves.of_draws(arrays, people_fmr, people_fnmr)
            units = people_fmr * (people_fmr - 1) // 2
        else:
            rates, draws = RateCurves.of_arrays(arrays), int(arrays.whole("draws"))
            units = arrays.whole("units_fmr", "G", "G")
        return cls(
            rates=rates,
            groups=groups,
            thresholds=arrays.floats("thresholds", "T"),
            errors_fmr=arrays.whole("errors_fmr", "T", "G", "G"),
            errors_fnmr=arrays.whole("errors_fnmr", "T", "G"),
            pairs_fmr=arrays.whole("pairs_fmr", "G", "G"),
            pairs_fnmr=arrays.whole("pairs_fnmr", "G"),
            people_fmr=people_fmr,
            people_fnmr=people_fnmr,
            units_fmr=units,
            n_people=int(arrays.whole("crowd")),
            alpha=float(arrays.floats("alpha")),
            weighting=weighting_of(str(arrays.texts("weighting"))),
            draws=draws,
            seed=int(arrays.whole("seed")),
            min_people=int(arrays.whole("min_people")),
            min_pairs=int(arrays.whole("min_pairs")),
            people_digest=str(arrays.texts("people")),
        )

    def _estimates(self, index: int, compared: Bools) -> dict[str, Estimate]:
        """Fairness metrics, differences and ratios over the groups that are large enough."""
        if compared.sum() < 2:
            return {}
        chosen = np.flatnonzero(compared)
        trials = (
            (self.units_fmr.diagonal()[chosen], self.people_fnmr[chosen])
            if self.known
            else (self.pairs_fmr.diagonal()[chosen], self.pairs_fnmr[chosen])
        )
        fmr = _measured(self.rates.cross, (index, chosen, chosen), trials[0], heavy=True)
        fnmr = _measured(self.rates.within, (index, chosen), trials[1], heavy=False)

        def metrics(one: Floats, other: Floats) -> dict[str, Floats]:
            return {
                **fairness_metrics(one, other, trials[0], trials[1], self.alpha),
                **_apart({"fmr": one, "fnmr": other, "tar": 1 - other, "accuracy": 1 - (one + other) / 2}),
            }

        names = ("fmr", "fnmr", "tar", "accuracy")
        return fairness_estimates(
            metrics,
            {**IDEALS, **{_DIFFERENCES + name: 0 for name in names}, **{_RATIOS + name: 1 for name in names}},
            {*FALLING, *(_RATIOS + name for name in names)},
            fmr,
            fnmr,
            self.draws if self.known else 0,
            self.seed,
        )

    def _rate(self, count: Count, curve: RateCurve, at: tuple[int, ...], units: int) -> Rate:
        rate = float(curve.rate[at])
        ends = rate_interval(rate, curve.spread(*at), units) if self.known and self.draws else None
        interval = None if ends is None else Interval(*ends)
        return count.rate(rate, interval, self.min_people, self.min_pairs)

    def _fmr(self, index: int, i: int, j: int) -> Rate:
        count = _count(self.errors_fmr[index, i, j], self.pairs_fmr[i, j], self.people_fmr[i, j])
        return self._rate(count, self.rates.cross, (index, i, j), int(self.units_fmr[i, j]))

    def _genuine(self, index: int, group: int) -> Count:
        return _count(self.errors_fnmr[index, group], self.pairs_fnmr[group], self.people_fnmr[group])

    def left_out(self) -> dict[str, str]:
        """Groups that are too small for the metrics -> why. It doesn't depend on the threshold."""
        left_out = {}
        for group, name in enumerate(self.groups):
            impostor = _count(0, self.pairs_fmr[group, group], self.people_fmr[group, group])
            counts = ((self._genuine(0, group), "same-person"), (impostor, "different-person"))
            reasons = [
                f"{count.pairs:,} {kind} pairs" + ("" if count.people is None else f" of {count.people:,} people")
                for count, kind in counts
                if count.too_few(self.min_people, self.min_pairs)
            ]
            if reasons:
                left_out[name] = (
                    f"{' and '.join(reasons)}; at least {self.min_people} people and {self.min_pairs} pairs are needed"
                )
        return left_out


def _with_accuracy(fmr: Rate, fnmr: Rate) -> GroupRates:
    """With the accuracy on as many pairs of both kinds, and its interval from those of both (Zou and Donner 2008)."""
    interval = None
    # A rate that the threshold was set for has no interval: it is what it is.
    ends = [rate.people_interval or (rate.rate, rate.rate) for rate in (fmr, fnmr)]
    known = fmr.people_interval is not None or fnmr.people_interval is not None
    value = None if fmr.rate is None or fnmr.rate is None else 1 - (fmr.rate + fnmr.rate) / 2
    if value is not None and known:
        rates = np.array([fmr.rate, fnmr.rate], np.float64)
        low, high = np.linalg.norm(np.array(ends, np.float64).T - rates, axis=1) / 2
        interval = Interval(max(0.0, value - float(high)), min(1.0, value + float(low)))
    return GroupRates.measured(
        fmr=fmr, fnmr=fnmr, accuracy=Estimate(value=value, people_interval=interval, undefined_draws=0)
    )


def _measured(curve: RateCurve, at: tuple[int | Whole, ...], units: Whole, *, heavy: bool) -> MeasuredRates:
    """Rates of the compared groups; ``heavy`` where a few people may have most of the errors."""
    return MeasuredRates(
        rate=curve.rate[at],
        variance=curve.variance[at],
        independent=curve.independent[at],
        factor=enlargement(curve.df[at]) if heavy else np.ones(len(units)),
        units=units.astype(np.float64),
    )


def _apart(rates: dict[str, Floats]) -> dict[str, Floats]:
    """Greatest less least of each rate, and least over greatest, undefined where all are 0."""
    found = {}
    for name, values in rates.items():
        most, least = values.max(axis=-1), values.min(axis=-1)
        found[_DIFFERENCES + name] = most - least
        found[_RATIOS + name] = np.divide(least, most, out=np.full_like(most, np.inf), where=most > 0)
    return found


def _named(estimates: dict[str, Estimate], prefix: str) -> dict[str, Estimate]:
    return {name.removeprefix(prefix): value for name, value in estimates.items() if name.startswith(prefix)}


def _count(errors: int, pairs: int, people: int) -> Count:
    return Count(errors=int(errors), pairs=int(pairs), people=None if people == UNKNOWN else int(people))


def _together(errors: Whole, pairs: Whole, people: int) -> Count:
    return _count(errors.sum(), pairs.sum(), people)


def _sum_known(people: Whole) -> int:
    return UNKNOWN if (people == UNKNOWN).any() else int(people.sum())
