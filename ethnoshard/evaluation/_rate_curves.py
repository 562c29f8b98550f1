"""Rates by group over thresholds, each with its spread: as measured, as a file holds them, and as one of before did."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from ethnoshard.evaluation._checks import Floats, Whole
from ethnoshard.evaluation._group_tally import GroupTally, added_variance
from ethnoshard.evaluation._influence import Influence, Part, Spread, spread
from ethnoshard.results import Arrays, NamedArrays


@dataclass(frozen=True, kw_only=True, eq=False)
class RateCurve:
    """Rates of one kind at T thresholds with their spread; arrays of shape (T, ...).

    Attributes:
        rate: NaN where there is no pair.
        variance: of the rate; NaN where people aren't known.
        independent: what the variance would be if no two pairs of people shared a person.
        df: degrees of freedom of the variance.
        added: what the variance has more, or less, because the threshold was itself set on a sample; 0 at thresholds
            that were not.
    """

    rate: Floats
    variance: Floats
    independent: Floats
    df: Floats
    added: Floats

    def spread(self, *index: int) -> Spread:
        """Of one rate, at a threshold that is as uncertain as it is."""
        plain = Spread(*(float(values[index]) for values in (self.variance, self.independent, self.df)))
        return plain.with_variance(float(self.added[index]))

    def arrays(self, name: str) -> Arrays:
        """Name -> array; the inverse of ``of_arrays``."""
        return {f"{name}_{each.name}": np.asarray(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: NamedArrays, name: str, *axes: str | int) -> "RateCurve":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        return cls(**{each.name: arrays.floats(f"{name}_{each.name}", *axes) for each in fields(cls)})

    @classmethod
    def of_points(cls, rows: Sequence["Points"], shape: tuple[int, ...], *, known: bool) -> "RateCurve":
        """From the points of each threshold; without people there are rates alone."""
        values = np.array([[(rate, *spread) for rate, spread in row] for row in rows])
        rate, *spreads = np.moveaxis(values, -1, 0).reshape(4, len(rows), *shape)
        if not known:
            spreads = [np.full_like(rate, np.nan)] * 3
        return cls(rate=rate, variance=spreads[0], independent=spreads[1], df=spreads[2], added=np.zeros_like(rate))

    @classmethod
    def of_draws(cls, drawn: Floats, people: Whole) -> "RateCurve":
        """From (T, 1 + D, ...) rates as measured and in draws of people, which reports of before have."""
        rate = drawn[:, 0]
        variance = drawn[:, 1:].var(axis=1) if drawn.shape[1] > 2 else np.full_like(rate, np.nan)
        df = np.broadcast_to(np.maximum(people - 1, 1), rate.shape).astype(np.float64)
        return cls(rate=rate, variance=variance, independent=variance, df=df, added=np.zeros_like(rate))


Points = Sequence[tuple[float, Spread]]
"""Estimates of one threshold with their spread."""


class Threshold(NamedTuple):
    """Everything at one threshold, by the curve that it becomes a point of, in the order of the curve's axes."""

    cross: Points
    within: Points
    overall: Points

    @classmethod
    def of(cls, influence: Influence) -> "Threshold":
        """Measure it."""
        return cls(
            *([(influence.value(part), spread([(influence, part)])) for part in each] for each in _parts(influence))
        )


class RateCurves(NamedTuple):
    """All curves of G groups.

    Attributes:
        cross: (T, G, G) FMR of every two groups, both ways round; a group with itself too.
        within: (T, G) FNMR of each group.
        overall: (T, 2) FMR of all pairs, those across groups too, and FNMR.
    """

    cross: RateCurve
    within: RateCurve
    overall: RateCurve

    @classmethod
    def of(cls, thresholds: Sequence[Threshold], groups: int, *, known: bool) -> "RateCurves":
        """From everything at each threshold."""
        shapes = ((groups, groups), (groups,), (2,))
        columns = zip(*thresholds, strict=True)
        return cls(
            *(RateCurve.of_points(rows, shape, known=known) for rows, shape in zip(columns, shapes, strict=True))
        )

    def with_choice(self, index: int, counts: GroupTally, influence: Influence) -> "RateCurves":
        """With what the choice of a threshold adds to the variances there.

        Args:
            index: of the threshold.
            counts: at it, with the sample on which it was set.
            influence: of the counts.
        """
        changed = []
        for curve, parts in zip(self, _parts(influence), strict=True):
            added = curve.added.copy()
            more = [added_variance(counts, influence, part, spread([(influence, part)])) for part in parts]
            added[index] = np.array(more).reshape(added[index].shape)
            changed.append(replace(curve, added=added))
        return RateCurves(*changed)

    def arrays(self) -> Arrays:
        """Name -> array; the inverse of ``of_arrays``."""
        return {key: values for name in self._fields for key, values in getattr(self, name).arrays(name).items()}

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "RateCurves":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        return cls(
            cross=RateCurve.of_arrays(arrays, "cross", "T", "G", "G"),
            within=RateCurve.of_arrays(arrays, "within", "T", "G"),
            overall=RateCurve.of_arrays(arrays, "overall", "T", 2),
        )

    @classmethod
    def of_draws(cls, arrays: NamedArrays, people_fmr: Whole, people_fnmr: Whole) -> tuple["RateCurves", int]:
        """Curves of a report of before, which has rates in draws of people, and the number of draws.

        Raises:
            EthnoshardError: an array is missing, or of another type or shape.
        """
        groups = len(people_fnmr)
        rows, columns = np.triu_indices(groups)
        triangle = arrays.floats("cross", "T", "1 + D", len(rows))
        cross = np.empty((*triangle.shape[:2], groups, groups))
        cross[:, :, rows, columns] = cross[:, :, columns, rows] = triangle
        fnmr = arrays.floats("fnmr", "T", "1 + D", "G")
        both = [arrays.floats(f"overall_{kind}", "T", "1 + D") for kind in ("fmr", "fnmr")]
        overall = np.stack(both, axis=-1)
        return cls(
            cross=RateCurve.of_draws(cross, people_fmr),
            within=RateCurve.of_draws(fnmr, people_fnmr),
            overall=RateCurve.of_draws(overall, np.full(2, people_fnmr.sum())),
        ), triangle.shape[1] - 1


def _parts(influence: Influence) -> tuple[list[Part], list[Part], list[Part]]:
    """The estimates of each curve."""
    groups = range(len(influence.fnmr))
    return (
        [influence.of_two(i, j) for i in groups for j in groups],
        [influence.of_group(group, fnmr=1) for group in groups],
        [influence.of_all(fmr=1), influence.of_all(fnmr=1)],
    )
