"""Pictures of clusters: maps of people, agreement by method, and DBSCAN over eps."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ethnoshard.reports._folder import Arrays
from ethnoshard.reports._style import COLOURS, SYMBOLS, escaped, figure, page
from ethnoshard.reports._summary_clusters import FIGURES, METHODS
from ethnoshard.reports._texts import model_name

_AGREEMENT = ("ari", "nmi", "v_measure", "pairwise_f", "silhouette")
_SOLID = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open")
"""The symbols that plotly has in three dimensions."""


def cluster_figures(content: dict[str, Any], arrays: Arrays, people: list[str]) -> dict[str, str]:
    """Name -> page.

    Args:
        content: of the report.
        arrays: places of the picture.
        people: (M,) what to call the person of each place.
    """
    named = escaped(model_name(content))
    return {
        "tsne-2d": page(tsne_map(content, arrays["places_2d"], people, named)),
        "tsne-3d": page(tsne_map(content, arrays["places_3d"], people, named)),
        "methods": page(methods(content, named)),
        "dbscan-eps": page(sweep(content, named)),
    }


def tsne_map(content: dict[str, Any], places: Any, people: list[str], named: str) -> go.Figure:
    """Every image of the picture's people, a colour and a sign each."""
    about = content["picture"]
    dimensions = places.shape[1]
    shown = figure(
        f"t-SNE of {about['people']} people in {dimensions} dimensions: {named}",
        "t-SNE 1 (no unit)",
        "t-SNE 2 (no unit)",
        note=f"{about['images']:,} images, seed {about['seed']}. Illustrates only. In the embedding space: ARI of "
        "k-means "
        f"{about['figures']['ari']:.3f}, NMI {about['figures']['nmi']:.3f}",
    )
    for place, person in enumerate(dict.fromkeys(sorted(people, key=lambda name: (len(name), name)))):
        some = places[[name == person for name in people]]
        marker = {"color": COLOURS[place % len(COLOURS)], "size": 8 if dimensions == 2 else 4}
        axes = {"x": some[:, 0].tolist(), "y": some[:, 1].tolist()}
        if dimensions == 2:
            marker["symbol"] = SYMBOLS[(place + place // len(COLOURS)) % len(SYMBOLS)]
            shown.add_scatter(**axes, mode="markers", marker=marker, name=escaped(person))
        else:
            marker["symbol"] = _SOLID[place % len(_SOLID)]
            shown.add_scatter3d(**axes, z=some[:, 2].tolist(), mode="markers", marker=marker, name=escaped(person))
    if dimensions == 3:
        titles = {f"{axis}axis": {"title": {"text": f"t-SNE {i}"}} for i, axis in enumerate("xyz", start=1)}
        shown.update_layout(scene=titles)
    return shown


def methods(content: dict[str, Any], named: str) -> go.Figure:
    """Agreement of each method with people, a point a draw."""
    found = content["clustering"]
    shown = figure(
        f"Clusters of {found['people']} people against the people themselves: {named}",
        "",
        "figure (1 is best, 0 is chance for ARI)",
        note=f"{len(found['images'])} draws, a point each; all in the space of the embeddings",
        scattermode="group",
    )
    for (method, draws), colour, symbol in zip(found["methods"].items(), COLOURS, SYMBOLS, strict=False):
        points = [(FIGURES[name], draw[name]) for name in _AGREEMENT for draw in draws if draw[name] is not None]
        shown.add_scatter(
            x=[name for name, _ in points], y=[value for _, value in points], mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 8}, name=METHODS[method],
        )  # fmt: skip
    return shown


def sweep(content: dict[str, Any], named: str) -> go.Figure:
    """How DBSCAN depends on eps; the study tried 0.4 alone."""
    found = content["clustering"]
    shown = figure(
        f"DBSCAN of {found['people']} people over eps: {named}",
        "eps (Euclidean distance of vectors of length 1)",
        "figure (1 is best)",
        note=f"mean of {len(found['images'])} draws; dashed: the study's eps of 0.4",
    )
    eps = [each["eps"] for each in found["sweep"]]
    for name, symbol in zip(_AGREEMENT, SYMBOLS, strict=False):
        values = [[draw[name] for draw in each["draws"] if draw[name] is not None] for each in found["sweep"]]
        shown.add_scatter(
            x=eps, y=[float(np.mean(some)) if some else None for some in values], mode="lines+markers",
            marker={"symbol": symbol, "size": 8}, name=FIGURES[name],
        )  # fmt: skip
    return shown.add_vline(x=0.4, line_dash="dash")
