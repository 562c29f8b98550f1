"""How well clusters agree with people: method by method, and DBSCAN over eps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ethnoshard.charts._numbers import spread
from ethnoshard.charts._palette import DASHES, GREY, GROUP_COLOURS, SYMBOLS, translucent
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.charts._words import AGREEMENT, KALINGAS_EPS, METHODS
from ethnoshard.results import Clustering, ClusterMetrics


@dataclass(frozen=True, kw_only=True)
class SweepLine:
    """What was measured at each eps of DBSCAN.

    Attributes:
        name: in the legend.
        eps: (E,) Euclidean distances of vectors of length 1, rising.
        values: (E,) of each the values over draws of people; empty where none is defined.
        colour: of line and band.
    """

    name: str
    eps: Sequence[float]
    values: Sequence[Sequence[float]]
    colour: str


def agreement(found: Mapping[str, Mapping[str, Sequence[float]]] | Clustering) -> go.Figure:
    """Agreement of clusters with people, a point a draw of people.

    Args:
        found: method -> metric -> values over the draws.
    """
    if isinstance(found, Clustering):
        found = agreement_of(found)
    chart = empty_chart("", "metric (1 is best, 0 is chance for ARI)", scattermode="group")
    for index, (method, metrics) in enumerate(found.items()):
        chart.add_scatter(
            x=[escaped(metric) for metric, values in metrics.items() for _ in values],
            y=[value for values in metrics.values() for value in values],
            mode="markers",
            marker={
                "color": GROUP_COLOURS[index % len(GROUP_COLOURS)], "symbol": SYMBOLS[index % len(SYMBOLS)], "size": 8
            },
            name=escaped(method),
            hovertemplate="%{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return chart


def eps_sweep(lines: Sequence[SweepLine], metric: str) -> go.Figure:
    """A metric over DBSCAN's eps: the mean over draws, with least and most as a band.

    Args:
        lines: of models, or of metrics.
        metric: title of the axis.
    """
    chart = empty_chart(
        "eps: Euclidean distance of vectors of length 1", f"{metric} (1 is best)", height=400, xaxis={"dtick": 0.1}
    )
    for index, line in enumerate(lines):
        rows = [(eps, values) for eps, values in zip(line.eps, line.values, strict=True) if values]
        eps = [one for one, _ in rows]
        chart.add_scatter(
            x=[*eps, *reversed(eps)],
            y=[*(max(values) for _, values in rows), *(min(values) for _, values in reversed(rows))],
            fill="toself", fillcolor=translucent(line.colour, 0.18), line={"width": 0}, mode="lines",
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        chart.add_scatter(
            x=eps,
            y=[float(np.mean(values)) for _, values in rows],
            mode="lines+markers",
            name=escaped(line.name),
            line={"color": line.colour, "dash": DASHES[index % len(DASHES)]},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 8},
            customdata=[spread(values) for _, values in rows],
            hovertemplate="eps %{x:g}: %{customdata}<extra>%{fullData.name}</extra>",
        )
    chart.add_vline(
        x=KALINGAS_EPS,
        line={"dash": "dash", "color": GREY},
        annotation={"text": f"Kalinga (2020): {KALINGAS_EPS}", "xanchor": "left", "xshift": 6, "yshift": -4},
    )
    return chart.update_layout(showlegend=len(lines) > 1)


def agreement_of(clustering: Clustering) -> dict[str, dict[str, list[float]]]:
    """Method -> metric -> values over the draws that have one, of a clustering."""
    return {
        METHODS[method].full: {name: _defined(draws, key) for key, name in AGREEMENT.items()}
        for method, draws in clustering.methods.items()
    }


def sweep_of(clustering: Clustering, metric: str, name: str, colour: str) -> SweepLine:
    """A metric of ``AGREEMENT`` over DBSCAN's eps.

    Args:
        clustering: of a report.
        metric: as the report calls it.
        name: of the line.
        colour: of the line.
    """
    return SweepLine(
        name=name,
        eps=[each.eps for each in clustering.sweep],
        values=[_defined(each.draws, metric) for each in clustering.sweep],
        colour=colour,
    )


def _defined(draws: Sequence[ClusterMetrics], metric: str) -> list[float]:
    values = [getattr(draw, metric) for draw in draws]
    return [value for value in values if value is not None]
