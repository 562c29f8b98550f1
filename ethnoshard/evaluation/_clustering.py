"""Clusters of a few people's embeddings, over several draws of people, each with figures of agreement."""

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._agreement import cluster_metrics, silhouette
from ethnoshard.evaluation._checks import Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._methods import dbscan, kmeans, self_organising_map
from ethnoshard.evaluation._people_draws import draw_people
from ethnoshard.results import Clustering, SweepPoint

ClusterMethod = Literal["dbscan", "kmeans", "som"]

EPS = 0.4
SWEEP = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
FIGURES = ("ari", "nmi", "v_measure", "pairwise_f", "silhouette")


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


def check_methods(methods: Sequence[str], eps: Sequence[float]) -> None:
    """Refuse a method that is none, and an eps that can't be.

    Raises:
        EthnoshardError: one is.
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


def _digest(drawn: list[npt.NDArray[np.str_]]) -> str:
    return hashlib.sha256(repr([names.tolist() for names in drawn]).encode()).hexdigest()
