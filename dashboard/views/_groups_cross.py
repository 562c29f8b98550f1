"""Who is taken for whom: FMR of pairs with one person from each of two groups."""

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from .._colours import TOO_FEW
from .._show import NUMBERS, figure
from .._text import count, in_chart, share
from ._log_axis import ticks

_SCALE = "Viridis"
"""Safe for the colour-blind, rising in lightness, and nowhere grey, as Cividis is, which here means too few."""
_DECADE = 10.0
_ROOMY = 4
"""Groups of which a cell has room for larger words."""
_LIGHT = 0.6
"""Share of the scale's way from which on it is too light for white words."""


def cross(rates: Mapping[str, Any]) -> go.Figure:
    """A cell for each two groups; grey, with its counts, where too few people or pairs stand behind it."""
    groups = list(rates["cross"])
    names = [in_chart(group) for group in groups]
    cells = [[rates["cross"][one][other] for other in groups] for one in groups]
    good = [cell["rate"] for row in cells for cell in row if not cell["too_few"] and cell["rate"] is not None]
    least = min((rate for rate in good if rate > 0), default=0.0)
    logarithmic = least > 0 and max(good) / least > _DECADE

    def height(cell: Mapping[str, Any]) -> float | None:
        if cell["too_few"] or cell["rate"] is None:
            return None
        return math.log10(max(cell["rate"], least)) if logarithmic else float(cell["rate"])

    heights = [[height(cell) for cell in row] for row in cells]
    known = [value for row in heights for value in row if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    several = low < high
    if not several:
        high = low + 1

    def words(row: int, column: int) -> dict[str, Any]:
        value = heights[row][column]
        dark = value is not None and value < low + _LIGHT * (high - low)
        return {
            "x": names[column],
            "y": names[row],
            "text": _short(cells[row][column]),
            "showarrow": False,
            "font": {"color": "white" if dark else "black", "size": 12 if len(groups) <= _ROOMY else 10},
        }

    places = range(len(groups))
    title = {"text": "group of the one person"}, {"text": "group of the other"}
    drawn = figure(
        "",
        "",
        height=max(400, 90 * len(groups) + 90),
        annotations=[words(row, column) for row in places for column in places],
        xaxis={"title": title[0], "showgrid": False, "constrain": "domain"},
        yaxis={"title": title[1], "showgrid": False, "autorange": "reversed"},
    )
    shared = {
        "x": names, "y": names, "hoverongaps": False, "xgap": 2, "ygap": 2,
        "customdata": [[_said(cell) for cell in row] for row in cells],
    }  # fmt: skip
    drawn.add_heatmap(
        **shared,
        z=[[0 if value is None else None for value in row] for row in heights],
        colorscale=[[0, TOO_FEW], [1, TOO_FEW]],
        showscale=False,
        hovertemplate="%{x}, %{y}: %{customdata}<extra>too few</extra>",
    )
    return drawn.add_heatmap(
        **shared,
        z=heights,
        colorscale=_SCALE,
        zmin=low,
        zmax=high,
        showscale=several,
        colorbar=_bar(low, high, logarithmic=logarithmic),
        hovertemplate="%{x}, %{y}: %{customdata}<extra></extra>",
    )


def cross_title(rates: Mapping[str, Any]) -> str:
    """From the least confused two groups to the most."""
    groups = list(rates["cross"])
    found = {
        (one, other): rates["cross"][one][other]["rate"]
        for place, one in enumerate(groups)
        for other in groups[place:]
        if not rates["cross"][one][other]["too_few"] and rates["cross"][one][other]["rate"] is not None
    }
    if not found:
        return "Too few people or pairs for any two groups"
    low, high = min(found, key=lambda two: found[two]), max(found, key=lambda two: found[two])
    if found[low] == found[high]:
        return f"FMR {share(found[low])} wherever there are people and pairs enough"
    return f"FMR from {share(found[low])} ({_two(*low)}) to {share(found[high])} ({_two(*high)})"


def _two(one: str, other: str) -> str:
    return f"within {one}" if one == other else f"{one} with {other}"


def _said(cell: Mapping[str, Any]) -> str:
    return f"{share(cell['rate'])}<br>{count(cell['errors'])} of {count(cell['pairs'])} pairs{_people(cell)}"


def _short(cell: Mapping[str, Any]) -> str:
    """What has room in a cell; under a pointer there is more."""
    few = "<br>too few" if cell["too_few"] else ""
    return f"<b>{share(cell['rate'])}</b><br>{count(cell['pairs'])} pairs{_people(cell)}{few}"


def _people(cell: Mapping[str, Any]) -> str:
    return "" if cell["people"] is None else f"<br>{count(cell['people'])} people"


def _bar(low: float, high: float, *, logarithmic: bool) -> dict[str, Any]:
    bar: dict[str, Any] = {"title": {"text": "FMR"}, "thickness": 14, "outlinewidth": 0, **NUMBERS}
    if logarithmic:
        found = ticks(10**low, 10**high)
        bar |= {"tickvals": [math.log10(tick) for tick in found["tickvals"]], "ticktext": found["ticktext"]}
    return bar
