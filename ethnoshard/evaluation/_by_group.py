"""What a comparison of groups came to, in the shape of fairlearn's MetricFrame."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ethnoshard.evaluation._cells import Rate
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._figures import IDEALS
from ethnoshard.evaluation._intervals import Interval, percentile_interval
from ethnoshard.evaluation._rates import DrawnRates


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with its interval from draws of people.

    Attributes:
        value: None where it is undefined.
        people_interval: None without draws; an end is None where it falls on undefined draws.
        undefined_draws: draws in which it is undefined; they count as infinite.
        ideal: its value if all groups were alike; None where there is no such.
    """

    value: float | None
    people_interval: Interval | None
    undefined_draws: int
    ideal: float | None = None

    @classmethod
    def of_draws(cls, values: Floats, ideal: float | None = None) -> "Figure":
        """From (1 + D,) values, the first of them as measured."""
        return cls(
            value=float(values[0]) if np.isfinite(values[0]) else None,
            people_interval=percentile_interval(values[1:]) if len(values) > 1 else None,
            undefined_draws=int(np.count_nonzero(~np.isfinite(values[1:]))),
            ideal=ideal,
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """One group's rates, or those of all.

    Attributes:
        fmr: share of different-person pairs accepted.
        fnmr: share of same-person pairs refused.
        accuracy: on as many pairs of both kinds, 1 - (FMR + FNMR) / 2.
    """

    fmr: Rate
    fnmr: Rate
    accuracy: Figure

    @property
    def tar(self) -> float | None:
        """Share of same-person pairs accepted."""
        return None if self.fnmr.rate is None else 1 - self.fnmr.rate

    @property
    def too_few(self) -> bool:
        """Whether one of its rates rests on too few people or pairs."""
        return self.fmr.too_few or self.fnmr.too_few

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "fmr": self.fmr.to_dict(),
            "fnmr": self.fnmr.to_dict(),
            "tar": self.tar,
            "accuracy": self.accuracy.to_dict(),
            "too_few": self.too_few,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Demographics:
    """Errors by group at one threshold. Show each group's own rates beside whatever says how far apart they are.

    Attributes:
        threshold: similarity from which a pair is accepted, the same for all.
        overall: all pairs, those across groups too.
        by_group: each group's pairs within it.
        cross: FMR of pairs with one person from each of two groups, both ways round; a group with itself too.
        figures: the figures of ``IDEALS`` over the groups that are large enough; empty where fewer than two are.
        left_out: groups that are too small for the figures -> why.
        min_people: below it a rate is ``too_few``.
        min_pairs: likewise.
        drawn: rates in all draws, for comparing two models and for further figures.
    """

    threshold: float
    overall: GroupRates
    by_group: dict[str, GroupRates]
    cross: dict[str, dict[str, Rate]]
    figures: dict[str, Figure]
    left_out: dict[str, str]
    min_people: int
    min_pairs: int
    drawn: DrawnRates

    def difference(self) -> dict[str, Figure]:
        """Greatest less least over the groups that are large enough, of FMR, FNMR, TAR and accuracy.

        In draws it is never below 0, so its interval lies above 0 even where groups don't differ: it says how large,
        not whether.
        """
        return {
            name: Figure.of_draws(rates.max(axis=1) - rates.min(axis=1), 0) for name, rates in self._compared().items()
        }

    def ratio(self) -> dict[str, Figure]:
        """Least over greatest, likewise; undefined where all are 0."""
        figures = {}
        for name, rates in self._compared().items():
            most = rates.max(axis=1)
            share = np.divide(rates.min(axis=1), most, out=np.full_like(most, np.inf), where=most > 0)
            figures[name] = Figure.of_draws(share, 1)
        return figures

    def _compared(self) -> dict[str, Floats]:
        chosen = self.drawn.compared
        if chosen.sum() < 2:
            return {}
        return {name: rates[:, chosen] for name, rates in self.drawn.metrics().items()}

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; the draws are arrays and stand elsewhere (``drawn.arrays()``)."""
        return {
            "threshold": self.threshold,
            "weighting": self.drawn.weighting,
            "alpha": self.drawn.alpha,
            "draws": self.drawn.draws,
            "seed": self.drawn.seed,
            "min_people": self.min_people,
            "min_pairs": self.min_pairs,
            "overall": self.overall.to_dict(),
            "by_group": {name: rates.to_dict() for name, rates in self.by_group.items()},
            "cross": {one: {other: rate.to_dict() for other, rate in row.items()} for one, row in self.cross.items()},
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "difference": {name: figure.to_dict() for name, figure in self.difference().items()},
            "ratio": {name: figure.to_dict() for name, figure in self.ratio().items()},
            "left_out": self.left_out,
        }


def figures_of(drawn: DrawnRates) -> dict[str, Figure]:
    """All figures with their intervals."""
    return {name: Figure.of_draws(values, IDEALS[name]) for name, values in drawn.figures().items()}
