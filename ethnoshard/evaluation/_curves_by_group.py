"""Errors by group at many thresholds, kept so small that each of them can be had again without a score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard.evaluation._by_group import Demographics, estimate, figures_of
from ethnoshard.evaluation._cells import UNKNOWN, Count
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.results import GroupRates, Rate

_SCALARS = ("crowd", "alpha", "weighting", "seed", "min_people", "min_pairs", "people")


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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What ``numpy.savez`` takes; ``GroupCurves.of_arrays`` reads it back. Nothing in it needs a pickle.

        Of ``cross`` one triangle is kept: (T, 1 + D, G (G + 1) / 2), row after row.
        """
        plain = {name: np.asarray(value) for name, value in vars(self).items()}
        return {**plain, "cross": self.cross[:, :, *np.triu_indices(len(self.groups))]}

    @classmethod
    def of_arrays(cls, arrays: Any) -> "GroupCurves":
        """From what ``arrays`` gave, or a file of it.

        Raises:
            KeyError: one is missing.
        """
        plain = {name: arrays[name] for name in cls.__dataclass_fields__}
        for name in _SCALARS:
            plain[name] = plain[name].item()
        plain["groups"] = tuple(plain["groups"].tolist())
        number = len(plain["groups"])
        full = np.empty((*plain["cross"].shape[:2], number, number))
        rows, columns = np.triu_indices(number)
        full[:, :, rows, columns] = full[:, :, columns, rows] = plain["cross"]
        return cls(**{**plain, "cross": full})

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


def _count(errors: Any, pairs: Any, people: Any) -> Count:
    return Count(errors=int(errors), pairs=int(pairs), people=None if people == UNKNOWN else int(people))


def _together(errors: Whole, pairs: Whole, people: int) -> Count:
    return _count(errors.sum(), pairs.sum(), people)


def _sum_known(people: Whole) -> int:
    return UNKNOWN if (people == UNKNOWN).any() else int(people.sum())
