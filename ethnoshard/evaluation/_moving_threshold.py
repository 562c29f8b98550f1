"""Errors by group of a report at its own threshold, or at others that it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ethnoshard.evaluation._group_curves import GroupCurves
from ethnoshard.results import GroupErrors


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupErrorsOverThresholds:
    """Errors by group by one source of labels.

    Attributes:
        own: at the report's own threshold.
        curves: at all thresholds that the report keeps; None where it keeps none.
    """

    own: GroupErrors
    curves: GroupCurves | None

    @property
    def thresholds(self) -> list[float]:
        """All that there are, rising."""
        return [self.own.threshold] if self.curves is None else self.curves.thresholds.tolist()

    @property
    def own_index(self) -> int:
        """Index of the report's own threshold."""
        return self.nearest(self.own.threshold)

    def text(self, index: int) -> str:
        """A threshold with as many digits, four at least, as tell all apart."""
        digits = next((number for number in range(4, 17) if _apart(self.thresholds, number)), 17)
        return f"{self.thresholds[index]:.{digits}f}"

    def nearest(self, threshold: float) -> int:
        """Index of the threshold nearest to ``threshold``."""
        return int(np.argmin(np.abs(np.array(self.thresholds) - threshold)))

    def index_at_fmr(self, fmr: float) -> int:
        """Index of the threshold whose FMR over all pairs is nearest to ``fmr`` on a logarithmic scale."""
        if self.curves is None:
            return 0
        tiny = np.finfo(np.float64).tiny
        rates = np.maximum(self.curves.overall_fmr, tiny)
        return int(np.argmin(np.abs(np.log(rates) - np.log(max(fmr, tiny)))))

    def fmr_at(self, index: int) -> float:
        """FMR over all pairs at one of the thresholds; 0 where there is none."""
        if self.curves is None:
            return self.own.overall.fmr.rate or 0.0
        rate = float(self.curves.overall_fmr[index])
        return 0.0 if np.isnan(rate) else rate

    def at(self, index: int) -> GroupErrors:
        """Everything at one of the thresholds."""
        return self.own if self.curves is None else replace(self.own, **vars(self.curves.at(index).errors()))


def indices_at(sources: Sequence[Sequence[GroupErrorsOverThresholds]], threshold: float) -> list[list[int]]:
    """Where reports stand when a threshold is chosen among those of the first report's first source.

    Other sources stand at their nearest threshold; other reports, whose similarities are others, where all pairs
    together have the FMR nearest to the first report's. At the first report's own threshold all stand at their own.

    Args:
        sources: of each source of labels the first report, then those beside it.
        threshold: one of the first report's by its first source.

    Returns:
        an index for each of ``sources``' reports.
    """
    first = sources[0][0]
    own = threshold == first.thresholds[first.own_index]
    indices = []
    for leading, *others in sources:
        index = leading.own_index if own else leading.nearest(threshold)
        fmr = leading.fmr_at(index)
        indices.append([index, *(other.own_index if own else other.index_at_fmr(fmr) for other in others)])
    return indices


def _apart(thresholds: Sequence[float], digits: int) -> bool:
    return len({f"{threshold:.{digits}f}" for threshold in thresholds}) == len(thresholds)
