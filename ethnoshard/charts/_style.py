"""What all charts share: how an empty one looks, error bars, logarithmic axes, titles, a page that needs no network."""

import html
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import plotly.graph_objects as go

from ethnoshard.charts._numbers import Ends

HEIGHT = 420
"""Of a chart that doesn't grow with its rows, in pixels."""
NUMBERS = {"exponentformat": "power", "minexponent": 5}
"""Of axes and colour bars: plotly would write 0.0005 as 500µ."""
_WIDTH = 120
"""Signs of a note's line."""
_LINE, _ABOVE = 22, 70
"""Pixels of a note's line, and of a title with a row of the legend."""


def empty_chart(x: str, y: str, **layout: object) -> go.Figure:
    """A chart with nothing in it; ground and words have the colours of plotly's template, or of the page that shows it.

    Args:
        x: title of the axis, with its unit.
        y: title of the other.
        layout: for plotly.
    """
    axes = {
        name: NUMBERS | ({"title": {"text": title}} if title else {}) | _axis(layout.pop(name, {}))
        for name, title in (("xaxis", x), ("yaxis", y))
    }
    others = {name: NUMBERS | _axis(layout.pop(name)) for name in list(layout) if name.startswith(("xaxis", "yaxis"))}
    return go.Figure(
        layout={
            "height": HEIGHT,
            "margin": {"t": 20, "b": 10, "l": 10, "r": 10},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
            **axes,
            **others,
            **layout,
        }
    )


def _axis(settings: object) -> dict[str, object]:
    return dict(settings) if isinstance(settings, Mapping) else {}


def escaped(text: object) -> str:
    """The text itself for plotly, which takes some HTML."""
    return html.escape(str(text), quote=False)


def error_bars(
    values: Sequence[float], intervals: Sequence[Ends], *, least: float = float("-inf"), **look: object
) -> dict[str, object]:
    """Bars from values to the ends of their intervals, for ``error_x`` or ``error_y``.

    Args:
        values: what was measured.
        intervals: of each; of a missing end there is no bar.
        least: where a logarithmic axis begins: no bar goes further.
        look: for plotly.
    """
    above, below = [], []
    for value, ends in zip(values, intervals, strict=True):
        low, high = ends or (None, None)
        above.append(0.0 if high is None else max(0.0, high - value))
        below.append(0.0 if low is None else max(0.0, value - max(least, low)))
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.5, **look}


def titled(chart: go.Figure, title: str, note: str = "") -> go.Figure:
    """A copy with a title, for a chart that stands alone.

    Args:
        chart: without a title.
        title: what it shows. Plain text.
        note: how to read it, or what it rests on; below the title, smaller. Plain text.
    """
    lines = [escaped(line) for line in textwrap.wrap(note, _WIDTH)]
    text = escaped(title) + "".join(f"<br><span style='font-size:12px'>{line}</span>" for line in lines)
    return go.Figure(chart).update_layout(
        title={"text": text, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 14}, "x": 0.02},
        margin={**chart.layout.margin.to_plotly_json(), "t": _ABOVE + _LINE * len(lines)},
        height=(chart.layout.height or HEIGHT) + _ABOVE + _LINE * len(lines),
    )


def page(chart: go.Figure, title: str, note: str = "", *, script: Literal["directory"] | bool = True) -> str:
    """The chart as a whole page of HTML on white, with its title.

    Args:
        chart: without a title.
        title: what it shows; of the page too. Plain text.
        note: how to read it, or what it rests on. Plain text.
        script: True puts plotly's script into the page, 5 MB; "directory" takes ``plotly.min.js`` from the folder that
            the page lies in.
    """
    shown = titled(chart, title, note).update_layout(template="plotly_white")
    if chart.layout.height == HEIGHT:
        # What doesn't grow with its rows fills the window.
        shown.update_layout(height=None)
    text: str = shown.to_html(include_plotlyjs=script, full_html=True, div_id="chart", config={"displaylogo": False})
    # plotly leaves the page without a title.
    return text.replace("<head>", f"<head><title>{escaped(title)}</title>", 1)


_FEW, _SOME = 0.8, 2.6
"""Decades up to which every digit, or 1, 2 and 5, have a tick."""


class LogAxis(TypedDict):
    """What plotly takes for an axis."""

    type: str
    range: list[float]
    tickvals: list[float]
    ticktext: list[str]


def log_axis(low: float, high: float) -> LogAxis:
    """For ``update_xaxes`` or ``update_yaxes``.

    Args:
        low: least share on the axis, above 0.
        high: greatest.
    """
    decades = math.log10(high / low)
    digits = range(1, 10) if decades < _FEW else (1, 2, 5) if decades < _SOME else (1,)
    # One step of rounding must not lose the tick at an end.
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [float(f"{digit}e{power}") for power in exponents for digit in digits]
    shown = [value for value in values if low / 1.001 <= value <= high * 1.001]
    margin = 0.03 * decades + 0.01
    return {
        "type": "log",
        "range": [math.log10(low) - margin, math.log10(high) + margin],
        "tickvals": shown,
        "ticktext": [_text(value) for value in shown],
    }


def _text(value: float) -> str:
    """``0.002``; of the very small ``10`` to a power."""
    if value >= 1e-4:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    digit, power = f"{value:e}".split("e")
    first = float(digit)
    return f"10<sup>{int(power)}</sup>" if first == 1 else f"{first:g}·10<sup>{int(power)}</sup>"
