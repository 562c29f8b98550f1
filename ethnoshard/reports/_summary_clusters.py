"""Clusters as Markdown."""

from collections.abc import Sequence

import numpy as np

from ethnoshard.reports._summary import setting_text
from ethnoshard.reports._texts import NONE, number, table
from ethnoshard.results import ClusterMetrics, ClusterReport, PictureMetrics

METHODS = {"dbscan": "DBSCAN, eps 0.4", "kmeans": "k-means", "som": "self-organising map, 20 x 20"}
FIGURES = {
    "ari": "ARI",
    "nmi": "NMI",
    "v_measure": "V-measure",
    "pairwise_f": "pairwise F",
    "silhouette": "silhouette",
    "clusters": "clusters",
    "left_over": "images in none",
}
_HEAD = ("", *FIGURES.values())


def cluster_summary(report: ClusterReport) -> str:
    """Markdown of a clustering."""
    shown, found = report.picture, report.clustering
    silhouettes = [value for value in found.people_silhouette if value is not None]
    lines = [
        f"# Clusters of {report.title}",
        "",
        setting_text(report),
        "",
        "## Picture (t-SNE)",
        "",
        f"{shown.people} people with at least {shown.at_least} images, {shown.images:,} images, seed "
        f"{shown.seed}. A picture illustrates and proves nothing; in the space of the embeddings themselves k-means "
        f"with as many clusters as people gets ARI {number(shown.figures.ari)}, NMI "
        f"{number(shown.figures.nmi)}; silhouette of the people {number(shown.people_silhouette)}.",
        "",
        *_of_picture(shown),
        "## Clusters",
        "",
        f"{len(found.images)} draws of {found.people} people with at least {found.at_least} images "
        f"({report.eligible:,} have so many), {min(found.images):,} to {max(found.images):,} images, seed "
        f"{found.seed}; mean+-std over draws. All figures are in the space of the embeddings. Silhouette of the "
        "people "
        f"themselves: {number(float(np.mean(silhouettes)) if silhouettes else None)}.",
        "",
        *table(_HEAD, [[METHODS[name], *_cells(draws)] for name, draws in found.methods.items()]),
        "DBSCAN by eps (Euclidean distance of vectors of length 1), five images for a core:",
        "",
        *table(("eps", *_HEAD[1:]), [[f"{each.eps:g}", *_cells(each.draws)] for each in found.sweep]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _of_picture(shown: PictureMetrics) -> list[str]:
    """How each method clusters the images of the picture."""
    called = {**METHODS, "dbscan_best": f"DBSCAN, eps {shown.best_eps:g}, the best of the table below by ARI"}
    rows = [[called[name], *_cells([figures])] for name, figures in shown.methods.items()]
    return ["These same images, clustered:", "", *table(_HEAD, rows)]


def _cells(draws: Sequence[ClusterMetrics]) -> list[str]:
    return [_mean(name, [getattr(draw, name) for draw in draws]) for name in FIGURES]


def _mean(name: str, values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return NONE
    if name in ("clusters", "left_over"):
        return f"{np.mean(known):,.1f}" if len(known) > 1 else f"{known[0]:,}"
    if len(known) == 1:
        return f"{known[0]:.3f}"
    return f"{np.mean(known):.3f}+-{np.std(known):.3f}"
