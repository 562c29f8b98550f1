"""Who is taken for whom: FMR of pairs with one person from each of two groups."""

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from .._colours import TOO_FEW
from .._show import figure
from .._text import count, in_chart, share

_SCALE = "Cividis"
"""Safe for the colour-blind, and rising in lightness."""
_DECADE = 10.0


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

    drawn = figure("group of the one person", "group of the other")
    shared = {
        "x": names,
        "y": names,
        "text": [[_said(cell) for cell in row] for row in cells],
        "texttemplate": "%{text}",
    }
    drawn.add_heatmap(
        **shared,
        z=[[None if height(cell) is not None else 0 for cell in row] for row in cells],
        colorscale=[[0, TOO_FEW], [1, TOO_FEW]],
        showscale=False,
        hovertemplate="%{x}, %{y}: %{text}<extra>too few</extra>",
        xgap=2,
        ygap=2,
    )
    drawn.add_heatmap(
        **shared,
        z=[[height(cell) for cell in row] for row in cells],
        colorscale=_SCALE,
        colorbar=_bar(good, least, logarithmic=logarithmic),
        hovertemplate="%{x}, %{y}: %{text}<extra></extra>",
        xgap=2,
        ygap=2,
    )
    drawn.update_xaxes(showgrid=False, constrain="domain")
    return drawn.update_yaxes(showgrid=False, autorange="reversed")


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
    return f"FMR from {share(found[low])} ({_two(*low)}) to {share(found[high])} ({_two(*high)})"


def _two(one: str, other: str) -> str:
    return f"within {one}" if one == other else f"{one} with {other}"


def _said(cell: Mapping[str, Any]) -> str:
    people = "" if cell["people"] is None else f"<br>{count(cell['people'])} people"
    return f"{share(cell['rate'])}<br>{count(cell['errors'])} of {count(cell['pairs'])}{people}"


def _bar(good: list[float], least: float, *, logarithmic: bool) -> dict[str, Any]:
    bar: dict[str, Any] = {"title": {"text": "FMR"}, "thickness": 14, "outlinewidth": 0}
    if logarithmic:
        exponents = range(math.floor(math.log10(least)), math.ceil(math.log10(max(good))) + 1)
        ticks = [times * 10.0**power for power in exponents for times in (1, 2, 5)]
        inside = [tick for tick in ticks if least <= tick <= max(good)]
        bar |= {"tickvals": [math.log10(tick) for tick in inside], "ticktext": [f"{tick:g}" for tick in inside]}
    return bar
