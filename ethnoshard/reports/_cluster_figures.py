"""The pages of a clustering: charts with their titles."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard import charts
from ethnoshard.charts import AGREEMENT, GROUP_COLOURS, KALINGAS_EPS, agreement_of, page, sweep_of
from ethnoshard.results import ClusterReport, PictureMetrics, PicturePoints


def cluster_figures(report: ClusterReport, points: PicturePoints, people: list[str]) -> dict[str, str]:
    """Name -> page.

    Args:
        report: what was measured.
        points: of the map.
        people: (M,) what to call the person of each point.
    """
    named, found = report.title, report.clustering
    return {
        "tsne-2d": _tsne(report.picture, points.coordinates[2], people, named),
        "tsne-3d": _tsne(report.picture, points.coordinates[3], people, named),
        "methods": page(
            charts.agreement(agreement_of(found)),
            f"Clusters of {found.people} people against the people themselves: {named}",
            f"{len(found.images)} draws, a point each; all in the space of the embeddings",
            script="directory",
        ),
        "dbscan-eps": page(
            charts.eps_sweep(
                [
                    sweep_of(found, metric, name, colour)
                    for (metric, name), colour in zip(AGREEMENT.items(), GROUP_COLOURS, strict=False)
                ],
                "metric",
            ),
            f"DBSCAN of {found.people} people over eps: {named}",
            f"lines: mean of {len(found.images)} draws, bands: least to most; dashed: the eps of "
            f"{KALINGAS_EPS} that Kalinga (2020) tried",
            script="directory",
        ),
    }


def _tsne(about: PictureMetrics, xy: NDArray[np.float64], people: list[str], named: str) -> str:
    # By length first: person 2 comes before person 10.
    called = {name: name for name in sorted(set(people), key=lambda name: (len(name), name))}
    return page(
        charts.embedding_map(xy, charts.points_of_people(people, called)),
        f"t-SNE of {about.people} people in {xy.shape[1]} dimensions: {named}",
        f"{about.images:,} images, seed {about.seed}. Illustrates only. In the embedding space: ARI of k-means "
        f"{about.figures.ari:.3f}, NMI {about.figures.nmi:.3f}",
        script="directory",
    )
