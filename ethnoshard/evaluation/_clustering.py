"""Clusters of a few people's embeddings, how far they agree with these people, and a map of them."""

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._draws import draw_people
from ethnoshard.results import Clustering, ClusteringChange, ClusterMetrics, SweepPoint

ClusterMethod = Literal["dbscan", "kmeans", "som"]

EPS = 0.4
SWEEP = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
METRICS = ("ari", "nmi", "v_measure", "pairwise_f", "silhouette")
NOISE = -1
"""The cluster number of images that DBSCAN puts in none."""
SOM_SIDE, SOM_LEARNING_RATE, SOM_ITERATIONS = 20, 0.01, 1000
KMEANS_ITERATIONS = 500
DBSCAN_MIN_SAMPLES = 5
_DIGITS = 7
"""Those that a float32 has: points that differ in later ones are the same point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A map of a few people's images. It illustrates and proves nothing: show the metrics beside it.

    Attributes:
        rows: (M,) which images.
        people: (M,) whose they are.
        coordinates: (M, 2) or (M, 3).
        kmeans: metrics of k-means with as many clusters as people, on the same embeddings, not on the map.
        people_silhouette: of the people, in the embedding space.
        clusters: "dbscan" (eps 0.4, -1 for none), "dbscan_best" (another eps), "kmeans", "som" (row * 20 + column of
            the node) -> (M,) the cluster of each image, found in the embedding space, not on the map.
        methods: the same names -> metrics.
    """

    rows: Whole
    people: npt.NDArray[np.str_]
    coordinates: Floats
    kmeans: ClusterMetrics
    people_silhouette: float | None
    clusters: dict[str, Whole]
    methods: dict[str, ClusterMetrics]


def clustering(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    *,
    number: int = 50,
    at_least: int = 10,
    draws: int = 5,
    seed: int = 0,
    methods: Sequence[ClusterMethod] = ("dbscan", "kmeans", "som"),
    sweep: Sequence[float] = SWEEP,
) -> Clustering:
    """Cluster several draws of people.

    Args:
        embeddings: (N, D), divided by their length.
        people: (N,) whose each image is.
        number: of people in a draw.
        at_least: images that a person has to have.
        draws: how many.
        seed: of draws and methods.
        methods: which; "som" needs minisom.
        sweep: values of eps to run DBSCAN with, beside 0.4.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, too few people
            with so many images, an unknown method, minisom is missing.
    """
    check_methods(methods, sweep)
    unit = normalised(embeddings)
    names, codes = np.unique(texts_of(people, len(unit), "the person"), return_inverse=True)
    rows = draw_people(people, number, at_least=at_least, draws=draws, seed=seed)
    drawn = [(unit[some], codes[some].astype(np.int64)) for some in rows]
    return Clustering(
        people=number,
        images=tuple(len(some) for some in rows),
        at_least=at_least,
        seed=seed,
        people_silhouette=tuple(silhouette(points, owner) for points, owner in drawn),
        methods={
            method: tuple(
                cluster_metrics(points, owner, clusters_by(method, points, number, seed + draw))
                for draw, (points, owner) in enumerate(drawn)
            )
            for method in methods
        },
        sweep=tuple(
            SweepPoint(
                eps=float(eps),
                draws=tuple(cluster_metrics(points, owner, dbscan(points, eps)) for points, owner in drawn),
            )
            for eps in sweep
        ),
        drawn=_digest([names[np.sort(codes[some])] for some in rows]),
    )


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
    """Lay out the images of a few people by t-SNE, with clusters and metrics that don't depend on the map.

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
        coordinates=tsne(points, dimensions, seed),
        kmeans=cluster_metrics(points, owner, kmeans(points, number, seed)),
        people_silhouette=silhouette(points, owner),
        clusters=clusters,
        methods={name: cluster_metrics(points, owner, found) for name, found in clusters.items()},
    )


def check_methods(methods: Sequence[str], eps: Sequence[float]) -> None:
    """Refuse an unknown method, and an eps that isn't above 0.

    Raises:
        EthnoshardError: there is one.
    """
    unknown = set(methods) - set(get_args(ClusterMethod))
    if unknown:
        raise EthnoshardError(f"methods are {', '.join(get_args(ClusterMethod))}; {sorted(unknown)} are not")
    for value in eps:
        check_number("eps", value, above=0)


def clusters_by(method: ClusterMethod, points: Floats, number: int, seed: int) -> Whole:
    """(N,) cluster of each image.

    Args:
        method: which.
        points: (N, D) embeddings of length 1.
        number: of clusters, for k-means.
        seed: of k-means and the map.
    """
    if method == "dbscan":
        return dbscan(points, EPS)
    return kmeans(points, number, seed) if method == "kmeans" else self_organising_map(points, seed)


def dbscan(unit: Floats, eps: float) -> Whole:
    """(N,) clusters by DBSCAN (Ester et al. 1996), Euclidean distance, five images for a core; -1 for none."""
    from sklearn.cluster import DBSCAN

    return np.asarray(DBSCAN(eps=eps, min_samples=DBSCAN_MIN_SAMPLES).fit_predict(unit), np.int64)


def kmeans(unit: Floats, number: int, seed: int) -> Whole:
    """(N,) clusters by k-means, the best of ten starts, 500 iterations at most.

    Of fewer different points than clusters each is one: embeddings of one number have two directions.
    """
    from sklearn.cluster import KMeans

    different = len(np.unique(np.round(unit, _DIGITS), axis=0))
    model = KMeans(n_clusters=min(number, different), max_iter=KMEANS_ITERATIONS, n_init=10, random_state=seed)
    return np.asarray(model.fit_predict(unit), np.int64)


def self_organising_map(unit: Floats, seed: int) -> Whole:
    """(N,) node of a self-organising map (Kohonen 1982) of 20 x 20 nodes that is nearest to each image.

    Raises:
        EthnoshardError: minisom isn't installed.
    """
    try:
        minisom = importlib.import_module("minisom")
    except ModuleNotFoundError as error:
        raise EthnoshardError(
            "the self-organising map needs minisom: pip install minisom, or leave the map out"
        ) from error
    som = minisom.MiniSom(
        SOM_SIDE, SOM_SIDE, unit.shape[1], sigma=1.0, learning_rate=SOM_LEARNING_RATE, random_seed=seed
    )
    som.random_weights_init(unit)
    # minisom takes the first rows for its iterations, in whatever order: of more images than iterations, sorted by
    # person, those of the last people would never be seen.
    shuffled = unit[np.random.default_rng(seed).permutation(len(unit))]
    som.train(shuffled, SOM_ITERATIONS, random_order=True)
    nodes = [som.winner(row) for row in unit]
    return np.array([row * SOM_SIDE + column for row, column in nodes], np.int64)


def tsne(unit: Floats, dimensions: int, seed: int) -> Floats:
    """(N, dimensions) coordinates by t-SNE (van der Maaten and Hinton 2008).

    Raises:
        EthnoshardError: dimensions are neither 2 nor 3, or there are fewer than three images.
    """
    if dimensions not in (2, 3):
        raise EthnoshardError(f"a picture has 2 or 3 dimensions; {dimensions} was asked for")
    if len(unit) < 3:
        raise EthnoshardError(f"t-SNE needs three images at least; there are {len(unit)}")
    from sklearn.manifold import TSNE

    # Perplexity is a number of neighbours: there must be more images than that.
    perplexity = min(30.0, (len(unit) - 1) / 3)
    # Embeddings of fewer numbers than the picture has dimensions, or all alike, have no such principal axes.
    axes = unit.shape[1] >= dimensions and bool(np.ptp(np.round(unit, _DIGITS), axis=0).any())
    model = TSNE(n_components=dimensions, perplexity=perplexity, init="pca" if axes else "random", random_state=seed)
    return np.asarray(model.fit_transform(unit), np.float64)


def cluster_metrics(unit: Floats, people: Whole, clusters: Whole) -> ClusterMetrics:
    """All metrics of one clustering.

    Args:
        unit: (N, D) embeddings of length 1.
        people: (N,) numbers of people.
        clusters: (N,) numbers of clusters, ``NOISE`` for none.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

    kept = clusters != NOISE
    alone = clusters.copy()
    alone[~kept] = clusters.max() + 1 + np.arange(np.count_nonzero(~kept))
    return ClusterMetrics(
        clusters=len(np.unique(clusters[kept])),
        left_over=int(np.count_nonzero(~kept)),
        ari=float(adjusted_rand_score(people, alone)),
        nmi=float(normalized_mutual_info_score(people, alone)),
        v_measure=float(v_measure_score(people, alone)),
        pairwise_f=pairwise_f(people, alone),
        silhouette=silhouette(unit[kept], clusters[kept]),
    )


def pairwise_f(people: Whole, clusters: Whole) -> float:
    """F1 of "one cluster" as an answer to "one person?" over all pairs of images; 0 where no pair is in a cluster."""
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(people, clusters).astype(np.int64)
    both = _pairs(table)
    together, own = _pairs(table.sum(axis=0)), _pairs(table.sum(axis=1))
    return 2 * both / (together + own) if together + own else 0.0


def silhouette(unit: Floats, labels: Whole) -> float | None:
    """Mean silhouette by Euclidean distance, or None where it is undefined."""
    number = len(np.unique(labels))
    if not 2 <= number < len(labels):
        return None
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(unit, labels))


def compare_clusterings(base: Clustering, other: Clustering) -> dict[str, dict[str, ClusteringChange]]:
    """Paired differences: method -> metric -> change, for the methods that both have.

    Args:
        base: clustering of the base model's embeddings.
        other: clustering of the other model's, on the same images with the same seed.

    Raises:
        EthnoshardError: other people were drawn.
    """
    if base.drawn != other.drawn:
        raise EthnoshardError(
            "the two clusterings are of different draws of people; cluster both models' embeddings of the same images "
            "with the same seed and numbers"
        )
    methods = [method for method in base.methods if method in other.methods]
    return {
        method: {name: _change_by_draw(base.methods[method], other.methods[method], name) for name in METRICS}
        for method in methods
    }


def _pairs(counts: Whole) -> int:
    return int((counts * (counts - 1) // 2).sum())


def _digest(drawn: list[npt.NDArray[np.str_]]) -> str:
    return hashlib.sha256(repr([names.tolist() for names in drawn]).encode()).hexdigest()


def _change_by_draw(base: tuple[ClusterMetrics, ...], other: tuple[ClusterMetrics, ...], name: str) -> ClusteringChange:
    ours: list[float | None] = [getattr(draw, name) for draw in base]
    theirs: list[float | None] = [getattr(draw, name) for draw in other]
    differences = [None if a is None or b is None else b - a for a, b in zip(ours, theirs, strict=True)]
    return ClusteringChange(
        base=_mean(ours),
        other=_mean(theirs),
        differences=tuple(differences),
        mean=_mean(differences),
        better=sum(value is not None and value > 0 for value in differences),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
