"""Curves along a training: arms in their colours, seeds as a band."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._palette import SYMBOLS, colours_of_arms, translucent
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.results import Series

_HEIGHT = 320
_DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
"""Without dots, which are what chance alone would give."""


def training_curves(
    found: Sequence[Series],
    colours: Mapping[str, str] | None = None,
    *,
    x: str,
    y: str,
    digits: int = 3,
    points: bool = False,
    chance: Sequence[Series] = (),
    log: bool = False,
    from_zero: bool = False,
    until: float | None = None,
) -> go.Figure:
    """One metric along the training, a curve an arm.

    Args:
        found: a curve an arm.
        colours: of the arms; by their names if not given.
        x: title of the axis.
        y: title of the other axis.
        digits: decimals that the metric deserves.
        points: whether it was measured at a few steps only.
        chance: the same by chance, dotted.
        log: whether the axis is logarithmic.
        from_zero: whether it begins at 0.
        until: where x ends, the same for charts that stand together.
    """
    colours = colours_of_arms(curve.arm for curve in found) if colours is None else colours
    traces: list[go.Scatter] = []
    for number, curve in enumerate(found):
        colour = colours[curve.arm]
        traces += _band(curve, colour)
        traces.append(
            go.Scatter(
                x=curve.x, y=curve.y, name=escaped(curve.name), mode="lines+markers" if points else "lines",
                legendgroup=curve.arm,
                line={"color": colour, "dash": _DASHES[number % len(_DASHES)], "width": 2},
                marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 9},
                hovertemplate=_spoken(curve, digits),
                customdata=_range(curve),
            )
        )  # fmt: skip
    traces += [
        go.Scatter(
            x=curve.x, y=curve.y, name="by chance", mode="lines", legendgroup="by chance", showlegend=not number,
            line={"color": colours[curve.arm], "dash": "dot", "width": 1.5},
            hovertemplate=f"{escaped(curve.arm)}, by chance: %{{y:.{digits}f}}<extra></extra>",
        )
        for number, curve in enumerate(chance)
    ]  # fmt: skip
    chart = empty_chart(x, y, height=_HEIGHT, hovermode="x unified").add_traces(traces)
    if until is not None:
        chart.update_xaxes(range=[0, 1.02 * until])
    if log:
        ticks = _log_ticks(found)
        chart.update_yaxes(type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    else:
        chart.update_yaxes(tickformat=f",.{digits}f")
    values = np.concatenate([curve.y for curve in found]) if found else np.zeros(0)
    if len(values) and values.min() == values.max() and not log:
        # Plotly would show as much as 1 on both sides of a lone point.
        chart.update_yaxes(range=[values[0] - 5 * 10.0**-digits, values[0] + 5 * 10.0**-digits])
    if from_zero:
        chart.update_yaxes(rangemode="tozero")
    return chart


def _log_ticks(found: Sequence[Series]) -> list[float]:
    values = np.concatenate([curve.y[curve.y > 0] for curve in found]) if found else np.ones(1)
    wide = len(values) and values.max() > 50 * values.min()
    return [factor * 10.0**power for power in range(-9, 10) for factor in ((1,) if wide else (1, 1.5, 2, 3, 5, 7))]


def _band(curve: Series, colour: str) -> list[go.Scatter]:
    if curve.low is None or curve.high is None:
        return []
    return [
        go.Scatter(
            x=curve.x, y=edge, mode="lines", line={"width": 0}, fill=fill, fillcolor=translucent(colour, 0.22),
            showlegend=False, legendgroup=curve.arm, hoverinfo="skip",
        )
        for edge, fill in ((curve.low, None), (curve.high, "tonexty"))
    ]  # fmt: skip


def _range(curve: Series) -> NDArray[np.float64] | None:
    return None if curve.low is None or curve.high is None else np.stack([curve.low, curve.high], axis=1)


def _spoken(curve: Series, digits: int) -> str:
    seeds = "" if curve.low is None else f" (%{{customdata[0]:.{digits}f}} to %{{customdata[1]:.{digits}f}})"
    return f"{escaped(curve.name)}: %{{y:.{digits}f}}{seeds}<extra></extra>"
