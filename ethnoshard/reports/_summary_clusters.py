"""Clusters as Markdown."""

from collections.abc import Sequence

import numpy as np

from ethnoshard.charts import CLUSTER_METRICS, METHODS, NONE, number, plus_minus
from ethnoshard.reports._summary import setting_text
from ethnoshard.reports._texts import table
from ethnoshard.results import ClusterMetrics, ClusterReport, PictureMetrics

_HEAD = ("", *CLUSTER_METRICS.values())


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
        f"{found.seed}; mean ± std over draws. All figures are in the space of the embeddings. Silhouette of the "
        "people "
        f"themselves: {number(float(np.mean(silhouettes)) if silhouettes else None)}.",
        "",
        *table(_HEAD, [[METHODS[name].full, *_cells(draws)] for name, draws in found.methods.items()]),
        "DBSCAN by eps (Euclidean distance of vectors of length 1), five images for a core:",
        "",
        *table(("eps", *_HEAD[1:]), [[f"{each.eps:g}", *_cells(each.draws)] for each in found.sweep]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _of_picture(shown: PictureMetrics) -> list[str]:
    """How each method clusters the images of the picture."""
    called = {
        **{name: method.full for name, method in METHODS.items()},
        "dbscan_best": f"DBSCAN, eps {shown.best_eps:g}, the best of the table below by ARI",
    }
    rows = [[called[name], *_cells([figures])] for name, figures in shown.methods.items()]
    return ["These same images, clustered:", "", *table(_HEAD, rows)]


def _cells(draws: Sequence[ClusterMetrics]) -> list[str]:
    return [_mean(name, [getattr(draw, name) for draw in draws]) for name in CLUSTER_METRICS]


def _mean(name: str, values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return NONE
    if name in ("clusters", "left_over"):
        return f"{np.mean(known):,.1f}" if len(known) > 1 else f"{known[0]:,}"
    return plus_minus(float(np.mean(known)), float(np.std(known)) if len(known) > 1 else None, 3)
