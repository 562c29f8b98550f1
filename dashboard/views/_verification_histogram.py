"""Distances of same and of different pairs, with a threshold between them."""

import numpy as np
import plotly.graph_objects as go

from .._colours import DIFFERENT, SAME
from .._show import figure
from .._text import count, share
from ._scores import Errors, Scores

BINS = 80
MARK = "#CC3355"
"""Of the threshold."""


def histogram(scores: Scores, threshold: float, *, logarithmic: bool = False) -> go.Figure:
    """Share of pairs over what they were scored with.

    Args:
        scores: of a report.
        threshold: drawn as a line.
        logarithmic: whether the share's axis is, which shows the tails where errors lie.
    """
    scale = scores.scale
    edges, shares = binned(scores)
    drawn = figure(scale.name, "share of the pairs of its kind (%)", barmode="overlay", bargap=0)
    kinds = (("same person", SAME, "", shares[0]), ("two people", DIFFERENT, "/", shares[1]))
    for name, colour, pattern, heights in kinds:
        drawn.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=[100 * height if height else None for height in heights],
            width=np.diff(edges),
            marker={
                "color": colour, "opacity": 0.6, "line": {"width": 0},
                "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6, "solidity": 0.25},
            },
            name=name,
            hovertemplate=f"%{{x:.{scale.digits}f}}: %{{y:.2f}} %<extra>{name}</extra>",
        )  # fmt: skip
    drawn.add_vline(x=threshold, line={"dash": "dash", "width": 2, "color": MARK})
    drawn.add_annotation(
        x=threshold, y=1, yref="paper", yanchor="top", xanchor="left", xshift=4, showarrow=False,
        text=scale.text(threshold), font={"color": MARK},
    )  # fmt: skip
    if logarithmic:
        drawn.update_yaxes(type="log", dtick=1)
    return drawn


def binned(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """(BINS + 1,) edges over the distances there are, and (2, BINS) shares of same and different pairs."""
    sign = scores.scale.sign
    same, different = sign * scores.of_same, sign * scores.of_different
    ends = [*same[[0, -1]], *different[[0, -1]]]
    edges = np.linspace(min(ends), max(ends), BINS + 1)
    return edges, np.stack([np.histogram(values, edges)[0] / len(values) for values in (same, different)])


def histogram_title(errors: Errors, threshold: str) -> str:
    """How many of each kind are on the wrong side."""
    return (
        f"At {threshold}, {count(errors.accepted)} of {count(errors.different)} different pairs are accepted "
        f"(FMR {share(errors.fmr)}) and {count(errors.refused)} of {count(errors.same)} same pairs refused "
        f"(FNMR {share(errors.fnmr)})"
    )
