"""Every difference of a comparison in one list, with what its interval says."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ethnoshard.results._estimates import Change, Interval
from ethnoshard.results._reports import Comparison

_OF_ALL = ("accuracy", "auc", "eer")
_BY_GROUP: tuple[Literal["fmr"], Literal["fnmr"]] = ("fmr", "fnmr")
_VAL = "val_at_"


LEVEL_OF_CLAIMS = 0.05


class Verdict(Enum):
    """What may be claimed of two models.

    A metric that stands by itself differs where its interval excludes 0; of rates by group one differs where its
    p-value, adjusted over the groups, is below 5 %.
    """

    NO_INTERVAL = "no interval"
    INCLUDES_0 = "includes 0"
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, kw_only=True)
class MetricChange:
    """One metric, from the base to the other model.

    Attributes:
        report: name of the comparison.
        base: the one model.
        other: the other.
        metric: its key in reports, such as "accuracy", "val_at_0.001", "fmr"; of searches of a gallery
            "fnir_at_0.1" and "fpir_at_0.1", with the FPIR that all people's threshold was set for; of clusterings
            "ari".
        method: of clusterings, how they were made; None of evaluations.
        group: whose rate; None of all people together.
        labels: whose groups, such as "as given by kumar"; None without a group.
        before: of the base.
        after: of the other.
        difference: other minus base.
        interval: at 95 % from draws of people; None if there is none.
        p_adjusted: of rates by group, by Holm (1979) over the groups; None of others, and in reports of before.
        too_few: whether too few people or pairs of the group stand behind it.
        better: of clusterings, draws of people in which the other is higher; None of evaluations.
        draws: of people.
    """

    report: str
    base: str
    other: str
    metric: str
    method: str | None = None
    group: str | None = None
    labels: str | None = None
    before: float | None
    after: float | None
    difference: float
    interval: tuple[float, float] | None = None
    p_adjusted: float | None = None
    too_few: bool = False
    better: int | None = None
    draws: int

    @property
    def verdict(self) -> Verdict:
        """Whether the models are told apart, and which is higher."""
        if self.interval is None:
            return Verdict.NO_INTERVAL
        alike = self.interval[0] <= 0 <= self.interval[1]
        if alike if self.p_adjusted is None else self.p_adjusted > LEVEL_OF_CLAIMS:
            return Verdict.INCLUDES_0
        return Verdict.HIGHER if self.difference > 0 else Verdict.LOWER

    @property
    def excludes_0(self) -> bool:
        """Whether the models are told apart."""
        return self.verdict in (Verdict.HIGHER, Verdict.LOWER)


def changes_of(report: str, comparison: Comparison) -> list[MetricChange]:
    """The differences of a comparison: metrics of all people first, then rates by group.

    Args:
        report: name of the comparison.
        comparison: that was read.
    """
    return [*_of_clusterings(report, comparison), *_of_evaluations(report, comparison)]


def _of_clusterings(report: str, comparison: Comparison) -> Iterator[MetricChange]:
    for method, metrics in comparison.clustering.items():
        ari = metrics.get("ari")
        if ari is not None and ari.mean is not None:
            yield MetricChange(
                report=report,
                base=_name_of(comparison, "base"),
                other=_name_of(comparison, "other"),
                metric="ari",
                method=method,
                before=ari.base,
                after=ari.other,
                difference=ari.mean,
                better=ari.better,
                draws=comparison.draws,
            )


def _of_evaluations(report: str, comparison: Comparison) -> Iterator[MetricChange]:
    for key, change in comparison.verification.items():
        if key in _OF_ALL or key.startswith(_VAL):
            yield from _change(report, comparison, key, change)
    for source in comparison.demographics:
        for group, rates in source.by_group.items():
            for rate in _BY_GROUP:
                if rate in rates:
                    few = group in source.too_few
                    yield from _change(report, comparison, rate, rates[rate], group, source.labels, few=few)
        for at in source.open_set:
            for group, searches in at.by_group.items():
                few = group in at.too_few
                for name, searched in (("fnir", searches.fnir), ("fpir", searches.fpir)):
                    if searched is not None:
                        metric = f"{name}_at_{at.fpir_asked:g}"
                        yield from _change(report, comparison, metric, searched, group, source.labels, few=few)


def _change(
    report: str,
    comparison: Comparison,
    metric: str,
    change: Change,
    group: str | None = None,
    labels: str | None = None,
    *,
    few: bool = False,
) -> Iterator[MetricChange]:
    """The metric's change, if it is one: of rates that are undefined there is none."""
    if change.difference is not None:
        yield MetricChange(
            report=report,
            base=_name_of(comparison, "base"),
            other=_name_of(comparison, "other"),
            metric=metric,
            group=group,
            labels=labels,
            before=change.base,
            after=change.other,
            difference=change.difference,
            interval=_closed(change.people_interval),
            p_adjusted=change.p_adjusted,
            too_few=few,
            draws=comparison.draws,
        )


def _name_of(comparison: Comparison, side: Literal["base", "other"]) -> str:
    about = comparison.base if side == "base" else comparison.other
    return about.model.name if about.model else about.report


def _closed(interval: Interval | None) -> tuple[float, float] | None:
    low, high = interval or (None, None)
    return None if low is None or high is None else (low, high)
