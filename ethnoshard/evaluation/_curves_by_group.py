"""Errors by group at many thresholds, kept so small that each of them can be had again without a score."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._by_group import Demographics, estimate, figures_of
from ethnoshard.evaluation._cells import UNKNOWN, Count
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._impostors import Weighting, weighting_of
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.results import Arrays, GroupRates, NamedArrays, Rate


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
        crowd: people in all groups.
        alpha: weight of FMR against FNMR in the figures.
        weighting: "person" or "pair".
        seed: of the draws.
        min_people: below it a rate is ``too_few``.
        min_pairs: likewise.
        people: digest of groups and people, as in ``DrawnRates``.
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
    crowd: int
    alpha: float
    weighting: Weighting
    seed: int
    min_people: int
    min_pairs: int
    people: str

    @property
    def fmr(self) -> Floats:
        """(T, 1 + D, G) share of different-person pairs within each group accepted."""
        within: Floats = np.diagonal(self.cross, axis1=2, axis2=3)
        return within

    @property
    def draws(self) -> int:
        """D."""
        return len(self.fnmr[0]) - 1

    def at(self, index: int) -> Demographics:
        """Everything at ``thresholds[index]``, equal to what ``demographics_of_embeddings`` (or scores) gives there.

        Raises:
            IndexError: there are fewer thresholds.
        """
        left_out = self._left_out()
        drawn = self._drawn(index, np.array([group not in left_out for group in self.groups], np.bool_))
        accuracy = drawn.metrics()["accuracy"]
        # Every two groups once.
        upper = np.triu_indices(len(self.groups))
        return Demographics(
            threshold=float(self.thresholds[index]),
            overall=GroupRates.measured(
                fmr=self._rate(
                    _together(self.errors_fmr[index][upper], self.pairs_fmr[upper], self.crowd), drawn.overall_fmr
                ),
                fnmr=self._rate(
                    _together(self.errors_fnmr[index], self.pairs_fnmr, _sum_known(self.people_fnmr)),
                    drawn.overall_fnmr,
                ),
                accuracy=estimate(1 - (drawn.overall_fmr + drawn.overall_fnmr) / 2),
            ),
            by_group={
                group: GroupRates.measured(
                    fmr=self._rate(self._impostor(index, place, place), drawn.fmr[:, place]),
                    fnmr=self._rate(self._genuine(index, place), drawn.fnmr[:, place]),
                    accuracy=estimate(accuracy[:, place]),
                )
                for place, group in enumerate(self.groups)
            },
            cross={
                one: {
                    other: self._rate(self._impostor(index, i, j), drawn.cross[:, i, j])
                    for j, other in enumerate(self.groups)
                }
                for i, one in enumerate(self.groups)
            },
            figures=figures_of(drawn),
            left_out=left_out,
            min_people=self.min_people,
            min_pairs=self.min_pairs,
            drawn=drawn,
        )

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle.

        One triangle of ``cross`` is kept: (T, 1 + D, G (G + 1) / 2), row after row.
        """
        plain = {name: np.asarray(value) for name, value in vars(self).items()}
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
            crowd=int(arrays.whole("crowd")),
            alpha=float(arrays.floats("alpha")),
            weighting=weighting_of(str(arrays.texts("weighting"))),
            seed=int(arrays.whole("seed")),
            min_people=int(arrays.whole("min_people")),
            min_pairs=int(arrays.whole("min_pairs")),
            people=str(arrays.texts("people")),
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
            people=self.people,
        )

    def _rate(self, count: Count, values: Floats) -> Rate:
        interval = percentile_interval(values[1:]) if len(values) > 1 else None
        return count.rate(values[0], interval, self.min_people, self.min_pairs)

    def _impostor(self, index: int, i: int, j: int) -> Count:
        return _count(self.errors_fmr[index, i, j], self.pairs_fmr[i, j], self.people_fmr[i, j])

    def _genuine(self, index: int, place: int) -> Count:
        return _count(self.errors_fnmr[index, place], self.pairs_fnmr[place], self.people_fnmr[place])

    def _left_out(self) -> dict[str, str]:
        """Groups that are too small for the figures -> why. It doesn't depend on the threshold."""
        found = {}
        for place, group in enumerate(self.groups):
            counts = ((self._genuine(0, place), "same-person"), (self._impostor(0, place, place), "different-person"))
            reasons = [
                f"{count.pairs:,} {kind} pairs" + ("" if count.people is None else f" of {count.people:,} people")
                for count, kind in counts
                if count.too_few(self.min_people, self.min_pairs)
            ]
            if reasons:
                found[group] = (
                    f"{' and '.join(reasons)}; at least {self.min_people} people and {self.min_pairs} pairs are needed"
                )
        return found


def _count(errors: int, pairs: int, people: int) -> Count:
    return Count(errors=int(errors), pairs=int(pairs), people=None if people == UNKNOWN else int(people))


def _together(errors: Whole, pairs: Whole, people: int) -> Count:
    return _count(errors.sum(), pairs.sum(), people)


def _sum_known(people: Whole) -> int:
    return UNKNOWN if (people == UNKNOWN).any() else int(people.sum())
