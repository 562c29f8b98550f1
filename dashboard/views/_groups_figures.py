"""The figures that say in one number how far groups are apart, and what each means."""

from collections.abc import Mapping, Sequence

import polars as pl

from ethnoshard.charts import GROUP_METRICS, NONE, interval
from ethnoshard.results import Estimate

from ._groups_found import Shown


def figures_table(shown: Sequence[Shown]) -> pl.DataFrame:
    """A row a figure, a column a source and report, each value with its interval."""
    columns: dict[str, list[str]] = {"figure": [name for name, _ in GROUP_METRICS.values()]}
    for each in shown:
        columns[_head(each, shown)] = [_value(each.rates.figures.get(key)) for key in GROUP_METRICS]
    some: Mapping[str, Estimate] = next((each.rates.figures for each in shown if each.rates.figures), {})
    columns["ideal"] = [f"{some[key].ideal:g}" if key in some else NONE for key in GROUP_METRICS]
    columns["what it says"] = [meaning for _, meaning in GROUP_METRICS.values()]
    return pl.DataFrame(columns)


def figures_plain(shown: Sequence[Shown]) -> pl.DataFrame:
    """The same as numbers, a row a figure, source and report."""
    rows = []
    for each in shown:
        for key, found in each.rates.figures.items():
            low, high = found.people_interval or (None, None)
            rows.append(
                {
                    "labels": each.found.own.labels,
                    "report": each.found.picked.name,
                    "threshold": each.threshold,
                    "figure": key,
                    "value": found.value,
                    "low": low,
                    "high": high,
                    "undefined_draws": found.undefined_draws,
                    "ideal": found.ideal,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def _head(each: Shown, shown: Sequence[Shown]) -> str:
    several = len({other.found.picked.name for other in shown}) > 1
    return f"{each.found.source}, {each.found.picked.label}" if several else each.found.source


def _value(found: Estimate | None) -> str:
    """``2.66 [1.32, 11.97]``: three digits that count, and no more, as intervals are wide."""
    if found is None:
        return NONE
    value = "undefined" if found.value is None else _digits(found.value)
    return f"{value} {interval(found.people_interval, _digits)}".rstrip()


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"
