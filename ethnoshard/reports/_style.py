"""How every figure looks: colours that colour-blind people tell apart, titles, axes, a page that needs no network."""

from typing import Any

import plotly.graph_objects as go

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#F0E442", "#000000", "#666666")
"""Okabe and Ito's (2008), ordered so that neighbours differ in lightness too, and three more."""
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon", "pentagon", "triangle-down")
GREY = "#B0B0B0"
"""Of what rests on too few people or pairs."""


def figure(title: str, x: str, y: str, *, note: str = "", **layout: Any) -> go.Figure:
    """An empty figure.

    Args:
        title: what is shown, of what.
        x: title of the axis, with its unit.
        y: likewise.
        note: below the title, smaller: what it rests on.
        layout: for plotly.
    """
    shown = title + (f"<br><sup>{note}</sup>" if note else "")
    return go.Figure(
        layout={
            "template": "plotly_white",
            "title": {"text": shown},
            "xaxis": {"title": {"text": x}},
            "yaxis": {"title": {"text": y}},
            "colorway": list(COLOURS),
            "margin": {"t": 110},
            **layout,
        }
    )


def page(shown: go.Figure) -> str:
    """The figure as a whole HTML page, with ``plotly.min.js`` taken from the folder that it lies in."""
    html: str = shown.to_html(include_plotlyjs="directory", full_html=True, div_id="figure")
    # plotly leaves the page without a title.
    title = str(shown.layout.title.text).partition("<br>")[0]
    return html.replace("<head>", f"<head><title>{escaped(title)}</title>", 1)


def escaped(text: str) -> str:
    """Names of people and files as text, whatever signs are in them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def error_bars(values: list[float], intervals: list[Any]) -> dict[str, Any]:
    """Bars from interval ends; of a missing end there is no bar."""
    above, below = [], []
    for value, ends in zip(values, intervals, strict=True):
        low, high = ends or (None, None)
        above.append(max(0.0, (value if high is None else high) - value))
        below.append(max(0.0, value - (value if low is None else low)))
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
