"""Errors by group: at one threshold for all groups, and at many, kept so small that each can be had again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number, check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import (
    UNKNOWN,
    Count,
    TestedPairs,
    Weighting,
    genuine_errors,
    genuine_pairs,
    impostor_errors,
    impostor_pairs,
    weighting_of,
)
from ethnoshard.evaluation._draws import percentile_interval
from ethnoshard.evaluation._fairness import IDEALS
from ethnoshard.evaluation._group_rates import DrawnRates, drawn_rates
from ethnoshard.results import Arrays, ErrorsAtThreshold, Estimate, GroupRates, NamedArrays, Rate

_NAMES = {"n_people": "crowd", "people_digest": "people"}
"""Fields of curves that have another name in a file."""


@dataclass(frozen=True, kw_only=True)
class GroupOptions:
    """How errors by group are measured.

    Attributes:
        weighting: "person", where each person's same-person pairs count alike, and each two people's different-person
            pairs; "pair"; or None for "person" where people are known.
        alpha: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.
        draws: of people, for intervals.
        seed: of the draws.
        min_people: below it a rate is flagged and its group enters no metric: of fewer people draws are so much alike
            that their interval means nothing.
        min_pairs: below it a rate is flagged and its group enters no metric: of fewer pairs one error more or less
            moves the rate by more than 3 %.

    Raises:
        EthnoshardError: a value is out of its range.
    """

    weighting: Weighting | None = None
    alpha: float = 0.5
    draws: int = 1000
    seed: int = 0
    min_people: int = 20
    min_pairs: int = 30

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.weighting is not None:
            weighting_of(self.weighting)
        check_number("alpha", self.alpha, at_least=0, at_most=1)
        for name in ("draws", "seed", "min_people", "min_pairs"):
            check_whole(name, getattr(self, name), 0)


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
        left_out: groups that are too small for the metrics -> why.
        min_people: below it a rate is ``too_few``.
        min_pairs: below it a rate is ``too_few``.
        drawn: rates in all draws, for comparing two models and for further metrics.
    """

    threshold: float
    overall: GroupRates
    by_group: dict[str, GroupRates]
    cross: dict[str, dict[str, Rate]]
    metrics: dict[str, Estimate]
    left_out: dict[str, str]
    min_people: int
    min_pairs: int
    drawn: DrawnRates

    def difference(self) -> dict[str, Estimate]:
        """Greatest less least over the groups that are large enough, of FMR, FNMR, TAR and accuracy.

        In draws it is never below 0, so its interval lies above 0 even where groups don't differ: it says how large,
        not whether.
        """
        return {name: estimate(rates.max(axis=1) - rates.min(axis=1), 0) for name, rates in self._compared().items()}

    def ratio(self) -> dict[str, Estimate]:
        """Least over greatest rate of the groups that are large enough, of FMR, FNMR, TAR and accuracy.

        Undefined where all are 0.
        """
        ratios = {}
        for name, rates in self._compared().items():
            most = rates.max(axis=1)
            share = np.divide(rates.min(axis=1), most, out=np.full_like(most, np.inf), where=most > 0)
            ratios[name] = estimate(share, 1)
        return ratios

    def _compared(self) -> dict[str, Floats]:
        chosen = self.drawn.compared
        if chosen.sum() < 2:
            return {}
        return {name: rates[:, chosen] for name, rates in self.drawn.rates().items()}

    def errors(self) -> ErrorsAtThreshold:
        """As reports hold it; the draws are arrays and stand elsewhere (``drawn.arrays()``)."""
        return ErrorsAtThreshold(
            threshold=self.threshold,
            weighting=self.drawn.weighting,
            alpha=self.drawn.alpha,
            draws=self.drawn.draws,
            seed=self.drawn.seed,
            min_people=self.min_people,
            min_pairs=self.min_pairs,
            overall=self.overall,
            by_group=self.by_group,
            cross=self.cross,
            metrics=self.metrics,
            difference=self.difference(),
            ratio=self.ratio(),
            left_out=self.left_out,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupCurves:
    """Errors of G groups at T thresholds: as measured, and in D draws of people, the same at all thresholds.

    The rows of a group's ``fmr[:, 0]`` and ``fnmr[:, 0]`` are its DET curve. Counts of people are -1 where people
    aren't known.

    Attributes:
        groups: (G) names.
        thresholds: (T,) rising, similarities from which a pair is accepted, each the same for all groups.
        fnmr: (T, 1 + D, G) share of same-person pairs refused; of the second axis 0 is as measured, 1 to D are draws;
            NaN where there is no pair.
        cross: (T, 1 + D, G, G) FMR of every two groups, both ways round; a group with itself too.
        overall_fmr: (T, 1 + D) of all pairs, those across groups too.
        overall_fnmr: (T, 1 + D).
        errors_fmr: (T, G, G) different-person pairs accepted, unweighted.
        errors_fnmr: (T, G) same-person pairs refused.
        pairs_fmr: (G, G) different-person pairs.
        pairs_fnmr: (G,) same-person pairs.
        people_fmr: (G, G) people who have such a pair.
        people_fnmr: (G,).
        n_people: people in all groups.
        alpha: weight of FMR against FNMR in the metrics.
        weighting: "person" or "pair".
        seed: of the draws.
        min_people: below it a rate is ``too_few``.
        min_pairs: below it a rate is ``too_few``.
        people_digest: of groups and people, as in ``DrawnRates``.
    """

    groups: tuple[str, ...]
    thresholds: Floats
    fnmr: Floats
    cross: Floats
    overall_fmr: Floats
    overall_fnmr: Floats
    errors_fmr: Whole
    errors_fnmr: Whole
    pairs_fmr: Whole
    pairs_fnmr: Whole
    people_fmr: Whole
    people_fnmr: Whole
    n_people: int
    alpha: float
    weighting: Weighting
    seed: int
    min_people: int
    min_pairs: int
    people_digest: str

    @property
    def fmr(self) -> Floats:
        """(T, 1 + D, G) share of different-person pairs within each group accepted."""
        within: Floats = np.diagonal(self.cross, axis1=2, axis2=3)
        return within

    @property
    def draws(self) -> int:
        """Number of draws of people, D."""
        return len(self.fnmr[0]) - 1

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
        left_out = self._left_out()
        drawn = self._drawn(index, np.array([group not in left_out for group in self.groups], np.bool_))
        accuracy = drawn.rates()["accuracy"]
        # Every two groups once.
        upper = np.triu_indices(len(self.groups))
        return Demographics(
            threshold=float(self.thresholds[index]),
            overall=GroupRates.measured(
                fmr=self._rate(
                    _together(self.errors_fmr[index][upper], self.pairs_fmr[upper], self.n_people), drawn.overall_fmr
                ),
                fnmr=self._rate(
                    _together(self.errors_fnmr[index], self.pairs_fnmr, _sum_known(self.people_fnmr)),
                    drawn.overall_fnmr,
                ),
                accuracy=estimate(1 - (drawn.overall_fmr + drawn.overall_fnmr) / 2),
            ),
            by_group={
                name: GroupRates.measured(
                    fmr=self._rate(self._impostor(index, group, group), drawn.fmr[:, group]),
                    fnmr=self._rate(self._genuine(index, group), drawn.fnmr[:, group]),
                    accuracy=estimate(accuracy[:, group]),
                )
                for group, name in enumerate(self.groups)
            },
            cross={
                one: {
                    other: self._rate(self._impostor(index, i, j), drawn.cross[:, i, j])
                    for j, other in enumerate(self.groups)
                }
                for i, one in enumerate(self.groups)
            },
            metrics=metrics_of(drawn),
            left_out=left_out,
            min_people=self.min_people,
            min_pairs=self.min_pairs,
            drawn=drawn,
        )

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle.

        One triangle of ``cross`` is kept: (T, 1 + D, G (G + 1) / 2), row after row.
        """
        plain = {_NAMES.get(name, name): np.asarray(value) for name, value in vars(self).items()}
        return {**plain, "cross": self.cross[:, :, *np.triu_indices(len(self.groups))]}

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "GroupCurves":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        groups = tuple(arrays.texts("groups", "G").tolist())
        rows, columns = np.triu_indices(len(groups))
        triangle = arrays.floats("cross", "T", "1 + D", len(rows))
        cross = np.empty((*triangle.shape[:2], len(groups), len(groups)))
        cross[:, :, rows, columns] = cross[:, :, columns, rows] = triangle
        return cls(
            groups=groups,
            thresholds=arrays.floats("thresholds", "T"),
            fnmr=arrays.floats("fnmr", "T", "1 + D", "G"),
            cross=cross,
            overall_fmr=arrays.floats("overall_fmr", "T", "1 + D"),
            overall_fnmr=arrays.floats("overall_fnmr", "T", "1 + D"),
            errors_fmr=arrays.whole("errors_fmr", "T", "G", "G"),
            errors_fnmr=arrays.whole("errors_fnmr", "T", "G"),
            pairs_fmr=arrays.whole("pairs_fmr", "G", "G"),
            pairs_fnmr=arrays.whole("pairs_fnmr", "G"),
            people_fmr=arrays.whole("people_fmr", "G", "G"),
            people_fnmr=arrays.whole("people_fnmr", "G"),
            n_people=int(arrays.whole("crowd")),
            alpha=float(arrays.floats("alpha")),
            weighting=weighting_of(str(arrays.texts("weighting"))),
            seed=int(arrays.whole("seed")),
            min_people=int(arrays.whole("min_people")),
            min_pairs=int(arrays.whole("min_pairs")),
            people_digest=str(arrays.texts("people")),
        )

    def _drawn(self, index: int, compared: Bools) -> DrawnRates:
        return DrawnRates(
            groups=self.groups,
            compared=compared,
            fmr=self.fmr[index],
            fnmr=self.fnmr[index],
            overall_fmr=self.overall_fmr[index],
            overall_fnmr=self.overall_fnmr[index],
            cross=self.cross[index],
            pairs_fmr=self.pairs_fmr.diagonal(),
            pairs_fnmr=self.pairs_fnmr,
            alpha=self.alpha,
            weighting=self.weighting,
            seed=self.seed,
            people_digest=self.people_digest,
        )

    def _rate(self, count: Count, values: Floats) -> Rate:
        interval = percentile_interval(values[1:]) if len(values) > 1 else None
        return count.rate(values[0], interval, self.min_people, self.min_pairs)

    def _impostor(self, index: int, i: int, j: int) -> Count:
        return _count(self.errors_fmr[index, i, j], self.pairs_fmr[i, j], self.people_fmr[i, j])

    def _genuine(self, index: int, group: int) -> Count:
        return _count(self.errors_fnmr[index, group], self.pairs_fnmr[group], self.people_fnmr[group])

    def _left_out(self) -> dict[str, str]:
        """Groups that are too small for the metrics -> why. It doesn't depend on the threshold."""
        left_out = {}
        for group, name in enumerate(self.groups):
            counts = ((self._genuine(0, group), "same-person"), (self._impostor(0, group, group), "different-person"))
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


def demographics(pairs: TestedPairs, threshold: float, options: GroupOptions = GroupOptions()) -> Demographics:
    """Errors by group at one threshold for all.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        threshold: similarity from which a pair is accepted. Set it on people who are not in the test
            (``threshold_at_fmr``).
        options: how they are measured.

    Raises:
        EthnoshardError: the pairs have no groups, or one only, or weighting by person is asked for without people.
    """
    return group_curves(pairs, [threshold], options).at(0)


def group_curves(pairs: TestedPairs, thresholds: npt.ArrayLike, options: GroupOptions = GroupOptions()) -> GroupCurves:
    """Errors by group at each of T thresholds.

    Scores are computed once for all thresholds, and only errors are kept, counted by people; draws need no score. Time
    and memory grow with the pairs that the lowest threshold accepts.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        thresholds: (T,) rising similarities (``thresholds_over``); a pair is accepted from it on.
        options: how they are measured.

    Raises:
        EthnoshardError: the pairs have no groups, or one only, weighting by person is asked for without people, or
            thresholds don't rise.
    """
    weighting = pairs.weighted(options.weighting)
    rates, accepted, refused = [], [], []
    rising = _rising(thresholds)
    for tally in pairs.tallies(rising):
        rates.append(drawn_rates(tally, weighting, options.draws, options.seed))
        accepted.append(impostor_errors(tally))
        refused.append(genuine_errors(tally))
    pairs_fmr, people_fmr = impostor_pairs(tally)
    pairs_fnmr, people_fnmr = genuine_pairs(tally)
    return GroupCurves(
        groups=tally.groups,
        thresholds=rising,
        fnmr=np.stack([each.fnmr for each in rates]),
        cross=np.stack([each.cross for each in rates]),
        overall_fmr=np.stack([each.overall_fmr for each in rates]),
        overall_fnmr=np.stack([each.overall_fnmr for each in rates]),
        errors_fmr=np.stack(accepted),
        errors_fnmr=np.stack(refused),
        pairs_fmr=pairs_fmr,
        pairs_fnmr=pairs_fnmr,
        people_fmr=people_fmr,
        people_fnmr=people_fnmr,
        n_people=len(tally.people) if tally.known else UNKNOWN,
        alpha=options.alpha,
        weighting=weighting,
        seed=options.seed,
        min_people=options.min_people,
        min_pairs=options.min_pairs,
        people_digest=tally.digest(),
    )


def estimate(values: Floats, ideal: float | None = None) -> Estimate:
    """A number with its interval, from (1 + D,) values, the first of them as measured."""
    return Estimate(
        value=float(values[0]) if np.isfinite(values[0]) else None,
        people_interval=percentile_interval(values[1:]) if len(values) > 1 else None,
        undefined_draws=int(np.count_nonzero(~np.isfinite(values[1:]))),
        ideal=ideal,
    )


def metrics_of(drawn: DrawnRates) -> dict[str, Estimate]:
    """All fairness metrics with their intervals."""
    return {name: estimate(values, IDEALS[name]) for name, values in drawn.fairness().items()}


def _rising(thresholds: npt.ArrayLike) -> Floats:
    values = np.asarray(thresholds, np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any() or (np.diff(values) <= 0).any():
        raise EthnoshardError(
            f"thresholds are one number at least, each greater than the one before; these are {values.tolist()}"
        )
    return values


def _count(errors: int, pairs: int, people: int) -> Count:
    return Count(errors=int(errors), pairs=int(pairs), people=None if people == UNKNOWN else int(people))


def _together(errors: Whole, pairs: Whole, people: int) -> Count:
    return _count(errors.sum(), pairs.sum(), people)


def _sum_known(people: Whole) -> int:
    return UNKNOWN if (people == UNKNOWN).any() else int(people.sum())
