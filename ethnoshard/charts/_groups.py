"""For whom a model errs how often: rates by group, who is taken for whom, DET by group."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._numbers import NONE, Ends, count, share, with_interval
from ethnoshard.charts._palette import DASHES, GREY, SYMBOLS, colours_of_groups
from ethnoshard.charts._style import NUMBERS, empty_chart, error_bars, escaped, log_axis
from ethnoshard.charts._words import FMR, FNMR
from ethnoshard.results import ErrorsAtThreshold, Rate

_ROW = 62
_BETWEEN = 0.16
"""Between two models' points of one group, in rows."""
_NO_ERRORS = 0.01
"""Where an axis ends on which there is nothing but 0."""
_SCALE = "Viridis"
"""Safe for the colour-blind, rising in lightness, and nowhere grey, as Cividis is, which here means too few."""
_DECADE = 10.0
_ROOMY = 4
"""Groups of which a cell has room for larger words."""
_LIGHT = 0.6
"""Share of the scale's way from which on it is too light for white words."""


@dataclass(frozen=True, kw_only=True)
class ErrorRate:
    """How often pairs are judged wrongly, and what that rests on.

    Attributes:
        rate: share of the pairs; None where there is no pair.
        errors: pairs judged wrongly.
        pairs: of how many.
        people: who are in them; None if not known.
        interval: low and high of the rate.
        too_few: whether too few people or pairs stand behind it: it is drawn in grey.
    """

    rate: float | None
    errors: int
    pairs: int
    people: int | None = None
    interval: Ends = None
    too_few: bool = False


@dataclass(frozen=True, kw_only=True)
class GroupRates:
    """A model's errors by group, at one threshold for all.

    Attributes:
        name: of the model.
        threshold: in words, for the legend beside other models.
        fmr: group -> false match rate, in the order of the rows.
        fnmr: group -> false non-match rate, of the same groups.
    """

    name: str
    threshold: str = ""
    fmr: Mapping[str, ErrorRate]
    fnmr: Mapping[str, ErrorRate]


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupCurve:
    """Errors of one group over the thresholds that all groups share.

    Attributes:
        group: its name.
        fmr: (T,) false match rates, falling.
        fnmr: (T,) false non-match rates, rising.
        too_few: whether too few people or pairs stand behind it.
    """

    group: str
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    too_few: bool = False


def group_rates(
    models: Sequence[GroupRates] | ErrorsAtThreshold, colours: Mapping[str, str] | None = None
) -> go.Figure:
    """FMR above, FNMR below, a row a group; grey where too few people or pairs stand behind it.

    Args:
        models: one, or several beside each other; the first one's groups are the rows.
        colours: of groups; by their names if not given.
    """
    if isinstance(models, ErrorsAtThreshold):
        models = [group_rates_of(models, f"{models.threshold:.4f}")]
    groups = list(models[0].fmr)
    colours = colours_of_groups(groups) if colours is None else colours
    rows = {
        "tickvals": list(range(len(groups))), "range": [len(groups) - 0.5, -0.5], "showgrid": False, "zeroline": False,
    }  # fmt: skip
    layout: dict[str, object] = {"height": 2 * (90 + _ROW * len(groups)), "showlegend": len(models) > 1}
    traces: list[dict[str, object]] = []
    of_models = ([model.fmr for model in models], [model.fnmr for model in models])
    for title, rates, panel, domain in zip((FMR, FNMR), of_models, ("", "2"), ([0.6, 1], [0, 0.4]), strict=True):
        labels = [_row_label(group, rates[0][group]) for group in groups]
        layout[f"xaxis{panel}"] = {"title": {"text": title}, "range": _range(rates), "anchor": f"y{panel}"}
        layout[f"yaxis{panel}"] = {**rows, "ticktext": labels, "domain": domain, "anchor": f"x{panel}"}
        for index, (model, by_group) in enumerate(zip(models, rates, strict=True)):
            shift = (index - (len(models) - 1) / 2) * _BETWEEN
            traces += [
                {
                    "xaxis": f"x{panel}",
                    "yaxis": f"y{panel}",
                    "y": [row + shift],
                    "marker": {
                        "symbol": _symbol(index),
                        "size": 11,
                        "color": _colour(group, by_group[group].too_few, colours),
                    },
                    **_point(by_group[group], f"{group}, {model.name}"),
                }
                for row, group in enumerate(groups)
                if group in by_group and by_group[group].rate is not None
            ]
    if len(models) > 1:
        # The legend says which symbol is which model; a group's colour is in the rows.
        traces += [
            {
                "x": [None], "y": [None], "mode": "markers",
                "marker": {"symbol": _symbol(index), "size": 10, "color": GREY},
                "name": escaped(f"{model.name} at {model.threshold}" if model.threshold else model.name),
            }
            for index, model in enumerate(models)
        ]  # fmt: skip
    # All at once: plotly takes a second to change what it has.
    return empty_chart("", "", **layout).add_traces([go.Scatter(trace) for trace in traces])


def group_matrix(cells: Mapping[str, Mapping[str, ErrorRate]] | ErrorsAtThreshold) -> go.Figure:
    """Who is taken for whom: FMR of pairs with one person from each of two groups.

    A rate that rests on too few people or pairs is grey, with its counts.

    Args:
        cells: group -> group -> rate, the same groups in both.
    """
    if isinstance(cells, ErrorsAtThreshold):
        cells = group_cells_of(cells)
    groups = list(cells)
    names = [escaped(group) for group in groups]
    table = [[cells[one][other] for other in groups] for one in groups]
    good = [cell.rate for row in table for cell in row if not cell.too_few and cell.rate is not None]
    least = min((rate for rate in good if rate > 0), default=0.0)
    logarithmic = least > 0 and max(good) / least > _DECADE

    def height(cell: ErrorRate) -> float | None:
        if cell.too_few or cell.rate is None:
            return None
        return math.log10(max(cell.rate, least)) if logarithmic else float(cell.rate)

    heights = [[height(cell) for cell in row] for row in table]
    known = [value for row in heights for value in row if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    several = low < high
    if not several:
        high = low + 1

    def words(row: int, column: int) -> dict[str, object]:
        value = heights[row][column]
        dark = value is not None and value < low + _LIGHT * (high - low)
        return {
            "x": names[column],
            "y": names[row],
            "text": _in_cell(table[row][column]),
            "showarrow": False,
            "font": {"color": "white" if dark else "black", "size": 12 if len(groups) <= _ROOMY else 10},
        }

    indices = range(len(groups))
    chart = empty_chart(
        "group of the one person",
        "group of the other",
        height=max(400, 90 * len(groups) + 90),
        annotations=[words(row, column) for row in indices for column in indices],
        xaxis={"showgrid": False, "constrain": "domain"},
        yaxis={"showgrid": False, "autorange": "reversed"},
    )
    shared = {
        "x": names, "y": names, "hoverongaps": False, "xgap": 2, "ygap": 2,
        "customdata": [[_under_pointer(cell) for cell in row] for row in table],
    }  # fmt: skip
    chart.add_heatmap(
        **shared,
        z=[[0 if value is None else None for value in row] for row in heights],
        colorscale=[[0, GREY], [1, GREY]],
        showscale=False,
        hovertemplate="%{x}, %{y}: %{customdata}<extra>too few</extra>",
    )
    return chart.add_heatmap(
        **shared,
        z=heights,
        colorscale=_SCALE,
        zmin=low,
        zmax=high,
        showscale=several,
        colorbar=_colour_bar(low, high, logarithmic=logarithmic),
        hovertemplate="%{x}, %{y}: %{customdata}<extra></extra>",
    )


def group_det(
    curves: Sequence[GroupCurve], thresholds: Sequence[str], at: int, colours: Mapping[str, str] | None = None
) -> go.Figure:
    """FNMR over FMR of each group, both logarithmic, with one threshold for all marked; a rate of 0 is on the edge.

    Args:
        curves: one a group.
        thresholds: (T,) in words.
        at: index of the one that is marked.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(curve.group for curve in curves) if colours is None else colours
    fmrs, fnmrs = np.stack([curve.fmr for curve in curves]), np.stack([curve.fnmr for curve in curves])
    left, bottom = _edge(fmrs), _edge(fnmrs)
    chart = empty_chart(FMR, FNMR)
    for index, curve in enumerate(curves):
        colour = _colour(curve.group, curve.too_few, colours)
        kept = _on_the_way(curve, at)
        fmr, fnmr = curve.fmr[kept], curve.fnmr[kept]
        chart.add_scatter(
            x=np.maximum(fmr, left),
            y=np.maximum(fnmr, bottom),
            mode="lines+markers",
            line={"color": colour, "dash": DASHES[index % len(DASHES)], "width": 2},
            marker={
                "symbol": _symbol(index), "color": colour, "opacity": 1, "line": {"width": 0},
                # One sign on each curve, and the same in the legend.
                "size": [14 if threshold == at else 0 for threshold in kept.tolist()],
            },
            customdata=[
                [thresholds[threshold], share(one), share(two)]
                for threshold, one, two in zip(kept.tolist(), fmr.tolist(), fnmr.tolist(), strict=True)
            ],
            hovertemplate="at %{customdata[0]}: FMR %{customdata[1]}, FNMR %{customdata[2]}"
            f"<extra>{escaped(curve.group)}</extra>",
            name=escaped(curve.group) + (" (too few)" if curve.too_few else ""),
        )  # fmt: skip
    high = [float(np.nanmax(rates, initial=edge)) for rates, edge in ((fmrs, left), (fnmrs, bottom))]
    return chart.update_xaxes(**log_axis(left, high[0])).update_yaxes(**log_axis(bottom, high[1]))


def group_rates_of(found: ErrorsAtThreshold, name: str, threshold: str = "") -> GroupRates:
    """Errors by group of one source of labels.

    Args:
        found: at a threshold.
        name: of the model.
        threshold: in words.
    """
    return GroupRates(
        name=name,
        threshold=threshold,
        fmr={group: _error_rate(rates.fmr) for group, rates in found.by_group.items()},
        fnmr={group: _error_rate(rates.fnmr) for group, rates in found.by_group.items()},
    )


def group_cells_of(found: ErrorsAtThreshold) -> dict[str, dict[str, ErrorRate]]:
    """Errors between any two groups of one source of labels."""
    return {one: {other: _error_rate(cell) for other, cell in row.items()} for one, row in found.cross.items()}


def _colour(group: str, too_few: bool, colours: Mapping[str, str]) -> str:
    return GREY if too_few else colours.get(group, GREY)


def _point(cell: ErrorRate, name: str) -> dict[str, object]:
    """A rate with its interval, as far as that has ends."""
    assert cell.rate is not None, "only rates that there are have a point"
    return {
        "x": [cell.rate],
        "error_x": error_bars([cell.rate], [cell.interval], thickness=2),
        "mode": "markers",
        "hovertemplate": f"{with_interval(cell.rate, cell.interval)}<br>{count(cell.errors)} errors in "
        f"{count(cell.pairs)} pairs<extra>{escaped(name)}</extra>",
        "showlegend": False,
    }


def _symbol(index: int) -> str:
    return SYMBOLS[index % len(SYMBOLS)]


def _range(models: Sequence[Mapping[str, ErrorRate]]) -> list[float]:
    """Of the axis: from 0 unless all are far off. All points are in it, and intervals of all that rest on enough."""
    ends: list[float] = []
    for by_group in models:
        for cell in by_group.values():
            ends += [] if cell.rate is None else [cell.rate]
            ends += [] if cell.too_few else [end for end in cell.interval or () if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0) or _NO_ERRORS
    margin = 0.08 * (high - low) or 0.08 * high
    return [low - margin if low > high / 2 else -0.01 * high, high + margin]


def _row_label(group: str, cell: ErrorRate) -> str:
    people = NONE if cell.people is None else f"{count(cell.people)} people"
    few = " (too few)" if cell.too_few else ""
    return f"{escaped(group)}{few}<br><span style='font-size:11px'>{people}, {count(cell.pairs)} pairs</span>"


def _under_pointer(cell: ErrorRate) -> str:
    return f"{share(cell.rate)}<br>{count(cell.errors)} of {count(cell.pairs)} pairs{_people(cell)}"


def _in_cell(cell: ErrorRate) -> str:
    """What has room in a cell; under a pointer there is more."""
    few = "<br>too few" if cell.too_few else ""
    return f"<b>{share(cell.rate)}</b><br>{count(cell.pairs)} pairs{_people(cell)}{few}"


def _people(cell: ErrorRate) -> str:
    return "" if cell.people is None else f"<br>{count(cell.people)} people"


def _colour_bar(low: float, high: float, *, logarithmic: bool) -> dict[str, object]:
    bar: dict[str, object] = {"title": {"text": "FMR"}, "thickness": 14, "outlinewidth": 0, **NUMBERS}
    if logarithmic:
        found = log_axis(10**low, 10**high)
        bar |= {"tickvals": [math.log10(tick) for tick in found["tickvals"]], "ticktext": found["ticktext"]}
    return bar


def _edge(rates: NDArray[np.float64]) -> float:
    """Half the least rate that there is: where a rate of 0 is drawn."""
    some = rates[np.isfinite(rates) & (rates > 0)]
    return float(some.min()) / 2 if len(some) else 1e-6


def _on_the_way(curve: GroupCurve, at: int) -> NDArray[np.int64]:
    """Thresholds up to the first of each end at which a rate is 0, as beyond the curve runs along the edge; but all
    up to the marked one.
    """
    no_match, no_refusal = np.flatnonzero(curve.fmr <= 0), np.flatnonzero(curve.fnmr <= 0)
    first = int(no_refusal[-1]) if len(no_refusal) else 0
    last = int(no_match[0]) if len(no_match) else len(curve.fmr) - 1
    return np.arange(min(first, last, at), max(first, last, at) + 1)


def _error_rate(cell: Rate) -> ErrorRate:
    return ErrorRate(
        rate=cell.rate,
        errors=cell.errors,
        pairs=cell.pairs,
        people=cell.people,
        interval=cell.interval,
        too_few=cell.too_few,
    )
