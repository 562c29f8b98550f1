"""Curves along the training: arms in their colours, seeds as a band."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ethnoshard.charts import SYMBOLS, empty_chart, escaped, translucent

from ._training_series import Curve, Numbers

HEIGHT = 320
_DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
"""Without dots, which are what chance alone would give."""


def along(
    found: Sequence[Curve],
    colours: Mapping[str, str],
    *,
    x: str,
    y: str,
    digits: int = 3,
    points: bool = False,
    chance: Sequence[Curve] = (),
    log: bool = False,
    from_zero: bool = False,
    until: float | None = None,
) -> go.Figure:
    """Curves of one figure.

    Args:
        found: a curve an arm.
        colours: of the arms.
        x: title of the axis.
        y: likewise.
        digits: that the figure deserves.
        points: whether it was measured at a few places only.
        chance: the same by chance, dotted.
        log: whether the axis is logarithmic.
        from_zero: whether it begins at 0.
        until: where x ends, the same for charts that stand together.
    """
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
    drawn = empty_chart(x, y, height=HEIGHT, hovermode="x unified").add_traces(traces)
    if until is not None:
        drawn.update_xaxes(range=[0, 1.02 * until])
    if log:
        ticks = _log_ticks(found)
        drawn.update_yaxes(type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    else:
        drawn.update_yaxes(tickformat=f",.{digits}f")
    values = np.concatenate([curve.y for curve in found]) if found else np.zeros(0)
    if len(values) and values.min() == values.max() and not log:
        # Plotly would show as much as 1 on both sides of a lone point.
        drawn.update_yaxes(range=[values[0] - 5 * 10.0**-digits, values[0] + 5 * 10.0**-digits])
    if from_zero:
        drawn.update_yaxes(rangemode="tozero")
    return drawn


def _log_ticks(found: Sequence[Curve]) -> list[float]:
    values = np.concatenate([curve.y[curve.y > 0] for curve in found]) if found else np.ones(1)
    wide = len(values) and values.max() > 50 * values.min()
    return [factor * 10.0**power for power in range(-9, 10) for factor in ((1,) if wide else (1, 1.5, 2, 3, 5, 7))]


def _band(curve: Curve, colour: str) -> list[go.Scatter]:
    if curve.low is None or curve.high is None:
        return []
    return [
        go.Scatter(
            x=curve.x, y=edge, mode="lines", line={"width": 0}, fill=fill, fillcolor=translucent(colour, 0.22),
            showlegend=False, legendgroup=curve.arm, hoverinfo="skip",
        )
        for edge, fill in ((curve.low, None), (curve.high, "tonexty"))
    ]  # fmt: skip


def _range(curve: Curve) -> Numbers | None:
    return None if curve.low is None or curve.high is None else np.stack([curve.low, curve.high], axis=1)


def _spoken(curve: Curve, digits: int) -> str:
    seeds = "" if curve.low is None else f" (%{{customdata[0]:.{digits}f}} to %{{customdata[1]:.{digits}f}})"
    return f"{escaped(curve.name)}: %{{y:.{digits}f}}{seeds}<extra></extra>"
