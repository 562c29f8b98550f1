"""Each group's own rates at one threshold, with their intervals and what they rest on."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from .._colours import SYMBOLS, TOO_FEW
from .._show import figure
from .._text import NONE, count, in_chart, share, with_interval
from ._groups_found import Shown

RATES = (("fmr", "false match rate (share of different pairs)"), ("fnmr", "false non-match rate (share of same pairs)"))
_ROW = 62
_BETWEEN = 0.16
"""Between two reports of one group, in rows."""
_NO_ERRORS = 0.01
"""Where an axis ends on which there is nothing but 0."""


def rates_chart(shown: Sequence[Shown], colours: Mapping[str, str]) -> go.Figure:
    """FMR above, FNMR below, a row a group; grey where too few people or pairs stand behind it.

    Args:
        shown: one source of one report, and of those beside it.
        colours: of groups.
    """
    groups = list(shown[0].rates["by_group"])
    rows = {
        "tickvals": list(range(len(groups))), "range": [len(groups) - 0.5, -0.5], "showgrid": False, "zeroline": False,
    }  # fmt: skip
    layout: dict[str, Any] = {"height": 2 * (90 + _ROW * len(groups)), "showlegend": len(shown) > 1}
    traces: list[dict[str, Any]] = []
    for (key, name), panel, domain in zip(RATES, ("", "2"), ([0.6, 1], [0, 0.4]), strict=True):
        labels = [_behind(group, shown[0].rates["by_group"][group][key]) for group in groups]
        layout[f"xaxis{panel}"] = {"title": {"text": name}, "range": _range(shown, key), "anchor": f"y{panel}"}
        layout[f"yaxis{panel}"] = {**rows, "ticktext": labels, "domain": domain, "anchor": f"x{panel}"}
        for place, each in enumerate(shown):
            for row, group in enumerate(groups):
                shift = (place - (len(shown) - 1) / 2) * _BETWEEN
                found = each.rates["by_group"].get(group)
                if found is not None and found[key]["rate"] is not None:
                    traces.append(
                        {
                            "xaxis": f"x{panel}",
                            "yaxis": f"y{panel}",
                            "y": [row + shift],
                            "marker": {
                                "symbol": _symbol(place),
                                "size": 11,
                                "color": _colour(group, found[key], colours),
                            },
                            **_dot(found[key], f"{group}, {each.found.picked.label}"),
                        }
                    )
    if len(shown) > 1:
        # The legend says which symbol is which report; a group's colour is in the rows.
        traces += [
            {
                "x": [None], "y": [None], "mode": "markers",
                "marker": {"symbol": _symbol(place), "size": 10, "color": TOO_FEW},
                "name": f"{in_chart(each.found.picked.label)} at {each.text}",
            }
            for place, each in enumerate(shown)
        ]  # fmt: skip
    # All at once: plotly takes a second to change what it has.
    return figure("", "", **layout).add_traces([go.Scatter(trace) for trace in traces])


def rates_table(shown: Sequence[Shown]) -> pl.DataFrame:
    """A row a source, report and group, as text."""
    rows = []
    for each in shown:
        for group, rates in {"all": each.rates["overall"], **each.rates["by_group"]}.items():
            fmr, fnmr = rates["fmr"], rates["fnmr"]
            rows.append(
                {
                    "labels": each.found.source,
                    "model": each.found.picked.label,
                    "threshold": each.text,
                    "group": group + (" (too few)" if rates["too_few"] else ""),
                    "FMR": with_interval(fmr["rate"], fmr["people_interval"]),
                    "false matches": f"{count(fmr['errors'])} of {count(fmr['pairs'])}",
                    "people": count(fmr["people"]),
                    "FNMR": with_interval(fnmr["rate"], fnmr["people_interval"]),
                    "false non-matches": f"{count(fnmr['errors'])} of {count(fnmr['pairs'])}",
                    "people (same pairs)": count(fnmr["people"]),
                    "accuracy": with_interval(rates["accuracy"]["value"], rates["accuracy"]["people_interval"]),
                }
            )
    table = pl.DataFrame(rows)
    alike = [name for name in ("labels", "model", "threshold") if table[name].n_unique() == 1]
    return table.drop(alike)


def rates_plain(shown: Sequence[Shown]) -> pl.DataFrame:
    """The same as numbers, for the download."""
    rows = []
    for each in shown:
        for group, rates in {"all": each.rates["overall"], **each.rates["by_group"]}.items():
            row: dict[str, Any] = {
                "labels": each.found.own["labels"],
                "report": each.found.picked.name,
                "threshold": each.threshold,
                "group": group,
                "too_few": rates["too_few"],
            }
            for key, _ in RATES:
                cell = rates[key]
                low, high = cell["people_interval"] or (None, None)
                row |= {
                    key: cell["rate"], f"{key}_low": low, f"{key}_high": high, f"{key}_errors": cell["errors"],
                    f"{key}_pairs": cell["pairs"], f"{key}_people": cell["people"],
                }  # fmt: skip
            rows.append(row | {"accuracy": rates["accuracy"]["value"]})
    return pl.DataFrame(rows, infer_schema_length=None)


def compared(rates: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The groups with people and pairs enough."""
    return {group: cells for group, cells in rates["by_group"].items() if not cells["too_few"]}


def spread(rates: Mapping[str, Any], key: str) -> str:
    """``FMR 0.0011 (White) to 0.0052 (Black)``, of groups large enough."""
    values = {group: cells[key]["rate"] for group, cells in compared(rates).items() if cells[key]["rate"] is not None}
    if len(values) < 2:
        return f"{key.upper()} of too few groups to compare"
    low, high = min(values, key=lambda group: values[group]), max(values, key=lambda group: values[group])
    return f"{key.upper()} {share(values[low])} ({low}) to {share(values[high])} ({high})"


def each_rate(rates: Mapping[str, Any]) -> str:
    """``Black FMR 0.0052, FNMR 0.0402; White ...``, of groups large enough."""
    return "; ".join(
        f"{group} FMR {share(cells['fmr']['rate'])}, FNMR {share(cells['fnmr']['rate'])}"
        for group, cells in compared(rates).items()
    )


def _colour(group: str, cell: Mapping[str, Any], colours: Mapping[str, str]) -> str:
    return TOO_FEW if cell["too_few"] else colours.get(group, TOO_FEW)


def _dot(cell: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A rate with its interval, as far as that has ends."""
    low, high = cell["people_interval"] or (None, None)
    return {
        "x": [cell["rate"]],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0 if high is None else max(0.0, high - cell["rate"])],
            "arrayminus": [0 if low is None else max(0.0, cell["rate"] - low)],
            "thickness": 2,
        },
        "mode": "markers",
        "hovertemplate": f"{with_interval(cell['rate'], cell['people_interval'])}<br>{count(cell['errors'])} errors in "
        f"{count(cell['pairs'])} pairs<extra>{in_chart(name)}</extra>",
        "showlegend": False,
    }


def _symbol(place: int) -> str:
    return SYMBOLS[place % len(SYMBOLS)]


def _range(shown: Sequence[Shown], key: str) -> list[float]:
    """Of the axis: from 0 unless all are far off. All points are in it, and intervals of all that rest on enough."""
    ends = []
    for each in shown:
        for cells in each.rates["by_group"].values():
            cell = cells[key]
            ends += [] if cell["rate"] is None else [cell["rate"]]
            ends += [] if cell["too_few"] else [end for end in cell["people_interval"] or () if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0) or _NO_ERRORS
    margin = 0.08 * (high - low) or 0.08 * high
    return [low - margin if low > high / 2 else -0.01 * high, high + margin]


def _behind(group: str, cell: Mapping[str, Any]) -> str:
    people = NONE if cell["people"] is None else f"{count(cell['people'])} people"
    few = " (too few)" if cell["too_few"] else ""
    return f"{in_chart(group)}{few}<br><span style='font-size:11px'>{people}, {count(cell['pairs'])} pairs</span>"
