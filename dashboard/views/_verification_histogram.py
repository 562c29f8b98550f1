"""Distances of same and of different pairs, with a threshold between them."""

import plotly.graph_objects as go

from ethnoshard.charts import count, distances, share

from ._scores import Errors, Scores


def histogram(scores: Scores, threshold: float, *, logarithmic: bool = False) -> go.Figure:
    """Share of pairs over what they were scored with, as the scale of ``scores`` shows it."""
    scale = scores.scale
    return distances(
        scale.sign * scores.of_same,
        scale.sign * scores.of_different,
        unit=scale.name,
        threshold=threshold,
        digits=scale.digits,
        logarithmic=logarithmic,
    )


def histogram_title(errors: Errors, threshold: str) -> str:
    """How many of each kind are on the wrong side."""
    return (
        f"At {threshold}, {count(errors.accepted)} of {count(errors.different)} different pairs are accepted "
        f"(FMR {share(errors.fmr)}) and {count(errors.refused)} of {count(errors.same)} same pairs refused "
        f"(FNMR {share(errors.fnmr)})"
    )
