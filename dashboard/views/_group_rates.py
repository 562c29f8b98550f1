"""Rates and fairness metrics of groups at the threshold in view, as tables and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ethnoshard._stamp import Stamp
from ethnoshard.charts import (
    GROUP_METRICS,
    NONE,
    count,
    interval,
    p_value,
    share,
    with_interval,
)
from ethnoshard.evaluation import GroupErrorsOverThresholds
from ethnoshard.results import (
    ErrorsAtThreshold,
    Estimate,
    GroupErrors,
    GroupRates,
)

from ._evaluations import PickedEvaluation


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceErrors:
    """Errors by group of one report, by one source of labels.

    Attributes:
        picked: the report.
        errors: at its own threshold, and at others that it keeps.
        reason: why it keeps no others.
        stamp: of the file that keeps them; None where it can't be read.
    """

    picked: PickedEvaluation
    errors: GroupErrorsOverThresholds
    reason: str | None
    stamp: Stamp | None

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.errors.own.source

    @property
    def labels(self) -> str:
        """Which attribute, and whose labels, in words."""
        return self.errors.own.whose


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorsInView:
    """Errors by group at the threshold that the page stands at.

    Attributes:
        of: which report and source.
        index: of its thresholds.
        rates: at this threshold.
    """

    of: SourceErrors
    index: int
    rates: GroupErrors

    @property
    def threshold(self) -> float:
        """The one for all groups."""
        return self.rates.threshold

    @property
    def text(self) -> str:
        """The threshold in words."""
        return self.of.errors.text(self.index)


def rate_table(everything: Sequence[ErrorsInView]) -> pl.DataFrame:
    """A row a source, report and group, as text."""
    rows = []
    for each in everything:
        everybody = "all, within and across groups" if each.rates.across else "all, within groups"
        for group, rates in {everybody: each.rates.overall, **each.rates.by_group}.items():
            fmr, fnmr = rates.fmr, rates.fnmr
            rows.append(
                {
                    "labels": each.of.source,
                    "model": each.of.picked.label,
                    "threshold": each.text,
                    "group": group + (" (too few)" if rates.too_few else ""),
                    "FMR": with_interval(fmr.rate, fmr.interval),
                    "false matches": f"{count(fmr.errors)} of {count(fmr.pairs)}",
                    "people": count(fmr.people),
                    "FNMR": with_interval(fnmr.rate, fnmr.interval),
                    "false non-matches": f"{count(fnmr.errors)} of {count(fnmr.pairs)}",
                    "people (same pairs)": count(fnmr.people),
                    "accuracy": with_interval(rates.accuracy.value, rates.accuracy.people_interval),
                }
            )
    table = pl.DataFrame(rows)
    alike = [name for name in ("labels", "model", "threshold") if table[name].n_unique() == 1]
    return table.drop(alike)


def rate_numbers(everything: Sequence[ErrorsInView]) -> pl.DataFrame:
    """Rows of ``rate_table`` as numbers, for the download."""
    rows = []
    for each in everything:
        for group, rates in {"all": each.rates.overall, **each.rates.by_group}.items():
            row: dict[str, str | float | None] = {
                "attribute": each.of.errors.own.attribute,
                "labels": each.of.errors.own.labels,
                "report": each.of.picked.name,
                "threshold": each.threshold,
                "group": group,
                "too_few": rates.too_few,
            }
            for key, cell in (("fmr", rates.fmr), ("fnmr", rates.fnmr)):
                low, high = cell.interval or (None, None)
                row |= {
                    key: cell.rate, f"{key}_low": low, f"{key}_high": high, f"{key}_errors": cell.errors,
                    f"{key}_pairs": cell.pairs, f"{key}_people": cell.people,
                }  # fmt: skip
            rows.append(row | {"accuracy": rates.accuracy.value})
    return pl.DataFrame(rows, infer_schema_length=None)


def compared_groups(rates: ErrorsAtThreshold) -> dict[str, GroupRates]:
    """The groups with people and pairs enough."""
    return {group: cells for group, cells in rates.by_group.items() if not cells.too_few}


def spread(rates: ErrorsAtThreshold, kind: Literal["fmr", "fnmr"]) -> str:
    """``FMR 0.0011 (White) to 0.0052 (Black)``, of groups large enough."""
    cells = {group: own.fmr if kind == "fmr" else own.fnmr for group, own in compared_groups(rates).items()}
    values = {group: cell.rate for group, cell in cells.items() if cell.rate is not None}
    if len(values) < 2:
        return f"{kind.upper()} of too few groups to compare"
    low, high = min(values, key=lambda group: values[group]), max(values, key=lambda group: values[group])
    return f"{kind.upper()} {share(values[low])} ({low}) to {share(values[high])} ({high})"


def each_rate(rates: ErrorsAtThreshold) -> str:
    """``Black FMR 0.0052, FNMR 0.0402; White ...``, of groups large enough."""
    return "; ".join(
        f"{group} FMR {share(cells.fmr.rate)}, FNMR {share(cells.fnmr.rate)}"
        for group, cells in compared_groups(rates).items()
    )


def metric_table(everything: Sequence[ErrorsInView]) -> pl.DataFrame:
    """A row a metric of how far groups are apart, a column a source and report, each value with its interval."""
    columns: dict[str, list[str]] = {"metric": [name for name, _ in GROUP_METRICS.values()]}
    for each in everything:
        name = f"{each.of.source}{model_of(each, everything)}"
        columns[name] = [_value(each.rates.metrics.get(key)) for key in GROUP_METRICS]
    some: Mapping[str, Estimate] = next((each.rates.metrics for each in everything if each.rates.metrics), {})
    ideals = [some.get(key) for key in GROUP_METRICS]
    columns["ideal"] = [NONE if ideal is None else f"{ideal.ideal:g}" for ideal in ideals]
    columns["what it says"] = [meaning for _, meaning in GROUP_METRICS.values()]
    return pl.DataFrame(columns)


def metric_numbers(everything: Sequence[ErrorsInView]) -> pl.DataFrame:
    """What ``metric_table`` shows as numbers, a row a metric, source and report."""
    rows = []
    for each in everything:
        for key, found in each.rates.metrics.items():
            low, high = found.people_interval or (None, None)
            rows.append(
                {
                    "attribute": each.of.errors.own.attribute,
                    "labels": each.of.errors.own.labels,
                    "report": each.of.picked.name,
                    "threshold": each.threshold,
                    "figure": key,
                    "value": found.value,
                    "low": low,
                    "high": high,
                    "undefined_draws": found.undefined_draws,
                    "equal_groups_median": None if found.equal_groups is None else found.equal_groups.median,
                    "equal_groups_limit": None if found.equal_groups is None else found.equal_groups.limit,
                    "p_value": None if found.equal_groups is None else found.equal_groups.p_value,
                    "ideal": found.ideal,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def model_of(each: ErrorsInView, everything: Sequence[ErrorsInView]) -> str:
    """Of which model, where there are several."""
    several = len({other.of.picked.name for other in everything}) > 1
    return f", {each.of.picked.label}" if several else ""


def _value(estimate: Estimate | None) -> str:
    """``2.66 [1.32, 11.97], p 0.034``: three digits that count, and no more, as intervals are wide."""
    if estimate is None:
        return NONE
    value = "undefined" if estimate.value is None else _digits(estimate.value)
    alike = "" if estimate.equal_groups is None else f", p {p_value(estimate.equal_groups.p_value)}"
    return f"{value} {interval(estimate.people_interval, _digits)}".rstrip() + alike


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"


def cross_title(rates: ErrorsAtThreshold) -> str:
    """From the least confused two groups to the most."""
    groups = list(rates.cross)
    cells = {(one, other): rates.cross[one][other] for number, one in enumerate(groups) for other in groups[number:]}
    found = {two: cell.rate for two, cell in cells.items() if not cell.too_few and cell.rate is not None}
    if not found:
        return "Too few people or pairs for any two groups"
    low, high = min(found, key=lambda two: found[two]), max(found, key=lambda two: found[two])
    if found[low] == found[high]:
        return f"FMR {share(found[low])} wherever there are people and pairs enough"
    return f"FMR from {share(found[low])} ({_two(*low)}) to {share(found[high])} ({_two(*high)})"


def _two(one: str, other: str) -> str:
    return f"within {one}" if one == other else f"{one} with {other}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
