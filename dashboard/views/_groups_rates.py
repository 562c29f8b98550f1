"""Each group's own rates at one threshold, with their intervals and what they rest on: tables and titles."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from ethnoshard.charts import count, share, with_interval
from ethnoshard.results import ErrorsAtThreshold, GroupRates, Rate

from ._groups_found import Shown


def rates_table(shown: Sequence[Shown]) -> pl.DataFrame:
    """A row a source, report and group, as text."""
    rows = []
    for each in shown:
        for group, rates in {"all": each.rates.overall, **each.rates.by_group}.items():
            fmr, fnmr = rates.fmr, rates.fnmr
            rows.append(
                {
                    "labels": each.found.source,
                    "model": each.found.picked.label,
                    "threshold": each.text,
                    "group": group + (" (too few)" if rates.too_few else ""),
                    "FMR": with_interval(fmr.rate, fmr.people_interval),
                    "false matches": f"{count(fmr.errors)} of {count(fmr.pairs)}",
                    "people": count(fmr.people),
                    "FNMR": with_interval(fnmr.rate, fnmr.people_interval),
                    "false non-matches": f"{count(fnmr.errors)} of {count(fnmr.pairs)}",
                    "people (same pairs)": count(fnmr.people),
                    "accuracy": with_interval(rates.accuracy.value, rates.accuracy.people_interval),
                }
            )
    table = pl.DataFrame(rows)
    alike = [name for name in ("labels", "model", "threshold") if table[name].n_unique() == 1]
    return table.drop(alike)


def rates_plain(shown: Sequence[Shown]) -> pl.DataFrame:
    """The same as numbers, for the download."""
    rows = []
    for each in shown:
        for group, rates in {"all": each.rates.overall, **each.rates.by_group}.items():
            row: dict[str, Any] = {
                "labels": each.found.own.labels,
                "report": each.found.picked.name,
                "threshold": each.threshold,
                "group": group,
                "too_few": rates.too_few,
            }
            for key in ("fmr", "fnmr"):
                cell: Rate = getattr(rates, key)
                low, high = cell.people_interval or (None, None)
                row |= {
                    key: cell.rate, f"{key}_low": low, f"{key}_high": high, f"{key}_errors": cell.errors,
                    f"{key}_pairs": cell.pairs, f"{key}_people": cell.people,
                }  # fmt: skip
            rows.append(row | {"accuracy": rates.accuracy.value})
    return pl.DataFrame(rows, infer_schema_length=None)


def compared(rates: ErrorsAtThreshold) -> dict[str, GroupRates]:
    """The groups with people and pairs enough."""
    return {group: cells for group, cells in rates.by_group.items() if not cells.too_few}


def spread(rates: ErrorsAtThreshold, key: str) -> str:
    """``FMR 0.0011 (White) to 0.0052 (Black)``, of groups large enough."""
    values = {group: getattr(cells, key).rate for group, cells in compared(rates).items()}
    values = {group: rate for group, rate in values.items() if rate is not None}
    if len(values) < 2:
        return f"{key.upper()} of too few groups to compare"
    low, high = min(values, key=lambda group: values[group]), max(values, key=lambda group: values[group])
    return f"{key.upper()} {share(values[low])} ({low}) to {share(values[high])} ({high})"


def each_rate(rates: ErrorsAtThreshold) -> str:
    """``Black FMR 0.0052, FNMR 0.0402; White ...``, of groups large enough."""
    return "; ".join(
        f"{group} FMR {share(cells.fmr.rate)}, FNMR {share(cells.fnmr.rate)}"
        for group, cells in compared(rates).items()
    )
