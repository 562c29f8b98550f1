"""Where each group's similarities lie, of pairs of one person and of two."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._palette import DASHES, MARK, colours_of_groups
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.results import SimilarityHistograms

_HEIGHT = 560


def group_similarities(
    found: SimilarityHistograms, threshold: float, colours: Mapping[str, str] | None = None
) -> go.Figure:
    """Pairs of one person above, of two people below: a line a group, shares of its own pairs in the same bins.

    Args:
        found: the shares.
        threshold: similarity from which a pair is accepted, dashed.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(found.groups) if colours is None else colours
    span = [min(float(found.edges[0]), threshold), max(float(found.edges[-1]), threshold)]
    axis = {"range": span, "matches": "x2"}
    chart = empty_chart(
        "",
        "pairs of one person (%)",
        height=_HEIGHT,
        xaxis={**axis, "anchor": "y", "showticklabels": False},
        yaxis={"domain": [0.54, 1], "rangemode": "tozero"},
        xaxis2={"range": span, "anchor": "y2", "title": {"text": "similarity (higher: more alike)"}},
        yaxis2={"domain": [0, 0.46], "rangemode": "tozero", "title": {"text": "pairs of two people (%)"}},
    )
    for index, group in enumerate(found.groups):
        for panel, shares, kind in (
            ("", found.same[index], "one person"),
            ("2", found.different[index], "two people"),
        ):
            if np.isnan(shares).any():
                continue
            chart.add_scatter(
                x=_corners(found.edges),
                y=_heights(100 * shares),
                xaxis=f"x{panel}",
                yaxis=f"y{panel}",
                mode="lines",
                line={
                    "color": colours[group], "dash": DASHES[index % len(DASHES)], "width": 2, "shape": "hv",
                },
                name=escaped(group),
                legendgroup=str(index),
                showlegend=kind == "two people" or bool(np.isnan(found.different[index]).any()),
                hovertemplate=f"from %{{x:.4f}}: %{{y:.2f}} % of pairs of {kind}<extra>{escaped(group)}</extra>",
            )  # fmt: skip
    for panel in ("", "2"):
        chart.add_shape(
            type="line", x0=threshold, x1=threshold, y0=0, y1=1, xref=f"x{panel}", yref=f"y{panel} domain",
            line={"dash": "dash", "width": 2, "color": MARK},
        )  # fmt: skip
    chart.add_annotation(
        x=threshold, y=1, xref="x", yref="y domain", yanchor="top", xanchor="left", xshift=4, showarrow=False,
        text=f"{threshold:.4f}", font={"color": MARK},
    )  # fmt: skip
    return chart


def _corners(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where steps begin; the first from the ground, the last back to it."""
    return np.concatenate([edges[:1], edges])


def _heights(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], shares, [0.0]])
