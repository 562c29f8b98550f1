"""Clusters of a few people's embeddings, over several draws of people, each with figures of agreement."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._agreement import ClusterFigures, cluster_figures, silhouette
from ethnoshard.evaluation._checks import Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._methods import dbscan, kmeans, self_organising_map
from ethnoshard.evaluation._people_draws import draw_people

ClusterMethod = Literal["dbscan", "kmeans", "som"]

EPS = 0.4
SWEEP = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
FIGURES = ("ari", "nmi", "v_measure", "pairwise_f", "silhouette")


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Clusterings of several draws of people.

    Attributes:
        people: in a draw.
        images: of each draw.
        at_least: images that a person has to have.
        seed: of the draws.
        people_silhouette: of each draw, the people themselves in the embedding space, whatever the method.
        methods: "dbscan", "kmeans", "som" -> figures of each draw; DBSCAN with eps 0.4.
        sweep: eps -> figures of DBSCAN on each draw.
        drawn: digest of who was drawn, so that two models can be told to be on the same draws.
    """

    people: int
    images: tuple[int, ...]
    at_least: int
    seed: int
    people_silhouette: tuple[float | None, ...]
    methods: dict[str, tuple[ClusterFigures, ...]]
    sweep: dict[float, tuple[ClusterFigures, ...]]
    drawn: str

    @property
    def best_eps(self) -> float | None:
        """The eps of the sweep at which DBSCAN has the highest mean ARI, the least of several; None without a sweep.

        It was chosen by knowing the people, so its figures flatter.
        """
        means = {eps: float(np.mean([draw.ari for draw in draws])) for eps, draws in sorted(self.sweep.items())}
        return max(means, key=lambda eps: means[eps]) if means else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            **vars(self),
            "methods": {name: [draw.to_dict() for draw in draws] for name, draws in self.methods.items()},
            "sweep": [{"eps": eps, "draws": [draw.to_dict() for draw in draws]} for eps, draws in self.sweep.items()],
        }

    @classmethod
    def of_dict(cls, plain: Mapping[str, Any]) -> "Clustering":
        """From what ``to_dict`` gave, perhaps by way of a file.

        Raises:
            KeyError: something is missing.
            TypeError: something is of another kind.
        """
        fields = {name: plain[name] for name in cls.__dataclass_fields__}
        for name in ("images", "people_silhouette"):
            fields[name] = tuple(plain[name])
        fields["methods"] = {name: _figures_of(draws) for name, draws in plain["methods"].items()}
        fields["sweep"] = {float(each["eps"]): _figures_of(each["draws"]) for each in plain["sweep"]}
        return cls(**fields)


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
                cluster_figures(points, owner, clusters_by(method, points, number, seed + draw))
                for draw, (points, owner) in enumerate(drawn)
            )
            for method in methods
        },
        sweep={
            float(eps): tuple(cluster_figures(points, owner, dbscan(points, eps)) for points, owner in drawn)
            for eps in sweep
        },
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
    bad = [value for value in eps if not value > 0]
    if bad:
        raise EthnoshardError(f"eps is above 0; {bad[0]:g} is not")


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


def _figures_of(draws: Sequence[Mapping[str, Any]]) -> tuple[ClusterFigures, ...]:
    return tuple(ClusterFigures(**draw) for draw in draws)


def _digest(drawn: list[npt.NDArray[np.str_]]) -> str:
    return hashlib.sha256(repr([names.tolist() for names in drawn]).encode()).hexdigest()
