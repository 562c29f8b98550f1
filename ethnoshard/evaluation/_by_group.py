"""What a comparison of groups came to, in the shape of fairlearn's MetricFrame."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._figures import IDEALS
from ethnoshard.evaluation._intervals import percentile_interval
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.results import ErrorsAtThreshold, Estimate, GroupRates, Rate


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
    figures: dict[str, Estimate]
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
        """Least over greatest, likewise; undefined where all are 0."""
        figures = {}
        for name, rates in self._compared().items():
            most = rates.max(axis=1)
            share = np.divide(rates.min(axis=1), most, out=np.full_like(most, np.inf), where=most > 0)
            figures[name] = estimate(share, 1)
        return figures

    def _compared(self) -> dict[str, Floats]:
        chosen = self.drawn.compared
        if chosen.sum() < 2:
            return {}
        return {name: rates[:, chosen] for name, rates in self.drawn.metrics().items()}

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
            figures=self.figures,
            difference=self.difference(),
            ratio=self.ratio(),
            left_out=self.left_out,
        )


def estimate(values: Floats, ideal: float | None = None) -> Estimate:
    """A number with its interval, from (1 + D,) values, the first of them as measured."""
    return Estimate(
        value=float(values[0]) if np.isfinite(values[0]) else None,
        people_interval=percentile_interval(values[1:]) if len(values) > 1 else None,
        undefined_draws=int(np.count_nonzero(~np.isfinite(values[1:]))),
        ideal=ideal,
    )


def figures_of(drawn: DrawnRates) -> dict[str, Estimate]:
    """All figures with their intervals."""
    return {name: estimate(values, IDEALS[name]) for name, values in drawn.figures().items()}
