"""Each fold's accuracy, with a threshold from the others, searched in two ways."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from .._show import figure
from ._scores import Scale

_WAYS = (("accuracy", "in steps", "circle", -0.12), ("accuracy_exact", "exact", "diamond-open", 0.12))


def folds(verified: dict[str, Any], colour: str, scale: Scale) -> go.Figure:
    """Accuracy of each fold, twice; lines are the means."""
    drawn = figure("fold", "accuracy (share of right answers)")
    numbers = list(range(1, verified["folds"] + 1))
    for (key, name, symbol, shift), dash in zip(_WAYS, ("dash", "dot"), strict=True):
        way = verified[key]
        drawn.add_scatter(
            x=[number + shift for number in numbers],
            y=list(way["by_fold"]),
            mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
            customdata=[[number, scale.sign * at] for number, at in zip(numbers, way["thresholds"], strict=True)],
            hovertemplate=f"fold %{{customdata[0]}}: %{{y:.4f}} at %{{customdata[1]:.4f}}<extra>{name}</extra>",
            name=f"threshold {name}",
        )
        drawn.add_scatter(
            x=[0.5, len(numbers) + 0.5],
            y=[way["mean"]] * 2,
            mode="lines",
            line={"dash": dash, "width": 1.5, "color": colour},
            hoverinfo="skip",
            name=f"mean, {name}",
        )
    return drawn.update_xaxes(tickvals=numbers, range=[0.4, len(numbers) + 0.6])


def folds_table(verified: dict[str, Any], scale: Scale) -> pl.DataFrame:
    """A row a fold."""
    columns: dict[str, Any] = {"fold": list(range(1, verified["folds"] + 1))}
    for key, name, *_ in _WAYS:
        columns[f"accuracy, {name}"] = list(verified[key]["by_fold"])
        columns[f"threshold, {name}"] = [scale.sign * at for at in verified[key]["thresholds"]]
    for at in verified["validation"]:
        if at["val"]:
            columns[f"VAL at {at['target']:g}"] = list(at["val"]["by_fold"])
        columns[f"FAR reached for {at['target']:g}"] = list(at["far"]["by_fold"])
    return pl.DataFrame(columns)


def folds_title(verified: dict[str, Any]) -> str:
    """From the worst fold to the best, and what the exact search changes."""
    steps, exact = verified["accuracy"], verified["accuracy_exact"]
    low, high = min(steps["by_fold"]), max(steps["by_fold"])
    change = exact["mean"] - steps["mean"]
    return (
        f"Accuracy from {low:.4f} in the worst fold to {high:.4f} in the best; searching thresholds exactly changes "
        f"the mean by {change:+.4f}"
    )
