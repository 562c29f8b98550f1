"""A map of a few people's images, and the clusters that each method puts these images into."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.evaluation._agreement import cluster_metrics, silhouette
from ethnoshard.evaluation._checks import Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._clustering import ClusterMethod, check_methods, clusters_by
from ethnoshard.evaluation._methods import dbscan, kmeans, tsne
from ethnoshard.evaluation._people_draws import draw_people
from ethnoshard.results import ClusterMetrics


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A map of a few people's images. It illustrates and proves nothing: show the figures beside it.

    Attributes:
        rows: (M,) which images.
        people: (M,) whose they are.
        places: (M, 2) or (M, 3).
        figures: of k-means with as many clusters as people, on the same embeddings, not on the map.
        people_silhouette: of the people, in the embedding space.
        clusters: "dbscan" (eps 0.4, -1 for none), "dbscan_best" (another eps), "kmeans", "som" (row * 20 + column of
            the node) -> (M,) the cluster of each image, found in the embedding space, not on the map.
        methods: the same names -> figures.
    """

    rows: Whole
    people: npt.NDArray[np.str_]
    places: Floats
    figures: ClusterMetrics
    people_silhouette: float | None
    clusters: dict[str, Whole]
    methods: dict[str, ClusterMetrics]


def picture(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    number: int = 10,
    at_least: int = 10,
    dimensions: int = 2,
    seed: int = 0,
    methods: Sequence[ClusterMethod] = (),
    best_eps: float | None = None,
) -> Picture:
    """Lay out the images of a few people by t-SNE, with clusters and figures that don't depend on the map.

    Args:
        embeddings: (N, D), divided by their length.
        people: (N,) whose each image is.
        number: of people.
        at_least: images that a person has to have.
        dimensions: 2 or 3.
        seed: of the draw, of t-SNE and of the methods.
        methods: which to cluster these images by; "som" needs minisom.
        best_eps: of a second DBSCAN, such as ``Clustering.best_eps``; None for no second.

    Raises:
        EthnoshardError: as ``clustering``; dimensions are neither 2 nor 3.
    """
    check_methods(methods, () if best_eps is None else (best_eps,))
    unit = normalised(embeddings)
    names, codes = np.unique(texts_of(people, len(unit), "the person"), return_inverse=True)
    (rows,) = draw_people(people, number, at_least=at_least, seed=seed)
    points, owner = unit[rows], codes[rows].astype(np.int64)
    clusters = {str(method): clusters_by(method, points, number, seed) for method in methods}
    if best_eps is not None:
        clusters["dbscan_best"] = dbscan(points, best_eps)
    return Picture(
        rows=rows,
        people=names[owner],
        places=tsne(points, dimensions, seed),
        figures=cluster_metrics(points, owner, kmeans(points, number, seed)),
        people_silhouette=silhouette(points, owner),
        clusters=clusters,
        methods={name: cluster_metrics(points, owner, found) for name, found in clusters.items()},
    )
