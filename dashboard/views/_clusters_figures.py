"""How well clusters agree with people: tables and titles, and DBSCAN over eps."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.charts import (
    AGREEMENT,
    CLUSTER_METRICS,
    KALINGAS_EPS,
    MAP_SIDE,
    METHODS,
    SweepLine,
    som_nodes,
    spread,
    sweep_of,
)
from ethnoshard.results import Clustering, ClusterMetrics, PictureMetrics

FIGURES = {name: key for key, name in AGREEMENT.items()}
_COUNTS = {name: key for key, name in CLUSTER_METRICS.items() if key not in AGREEMENT}


def best_eps(clustering: Clustering) -> float | None:
    """The eps of the sweep with the highest mean ARI; None without a sweep."""
    means = {each.eps: _mean([draw.ari for draw in each.draws]) for each in clustering.sweep}
    known = {eps: mean for eps, mean in means.items() if mean is not None}
    return max(sorted(known), key=lambda eps: known[eps]) if known else None


def methods(clusterings: Mapping[str, Clustering]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Figures of each method and model: to be read, mean (least to most) over the draws; and a row a draw, unrounded.

    Args:
        clusterings: what to call the model -> "clustering" of its report.
    """
    by_method: dict[str, list[tuple[str, Sequence[ClusterMetrics]]]] = {}
    for model, found in clusterings.items():
        for method, draws in found.methods.items():
            by_method.setdefault(_name(method), []).append((model, draws))
    alone = len(clusterings) == 1
    for model, found in clusterings.items():
        eps = best_eps(found)
        for each in found.sweep:
            if each.eps == eps and not (alone and eps == KALINGAS_EPS):
                method, at = (
                    (f"DBSCAN, eps {eps:g} (best)", model) if alone else ("DBSCAN, best", f"{model}, eps {eps:g}")
                )
                by_method.setdefault(method, []).append((at, each.draws))
    figures = {**FIGURES, **_COUNTS}
    read = [
        {
            "method": method,
            **({} if alone else {"model": model}),
            **{
                name: spread([getattr(draw, key) for draw in draws], whole=name in _COUNTS)
                for name, key in figures.items()
            },
        }
        for method, rows in by_method.items()
        for model, draws in rows
    ]
    kept = [
        {"method": method, "model": model, "draw": number, **{key: getattr(draw, key) for key in figures.values()}}
        for method, rows in by_method.items()
        for model, draws in rows
        for number, draw in enumerate(draws)
    ]
    return pl.DataFrame(read), pl.DataFrame(kept, infer_schema_length=None)


def _spread_of(draws: Sequence[ClusterMetrics], name: str, key: str) -> str:
    return spread([getattr(draw, key) for draw in draws], whole=name in _COUNTS)


def of_picture(content: Mapping[str, PictureMetrics]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A row a method and model: its clusters of the picture's images, against the people; to be read, and unrounded.

    Args:
        content: what to call the model -> metrics of its picture.
    """
    figures = {**FIGURES, **_COUNTS}
    read, kept = [], []
    for model, about in content.items():
        own = {"model": model} if len(content) > 1 else {}
        # Older reports have k-means alone.
        for method, found in (about.methods or {"kmeans": about.figures}).items():
            best = f"DBSCAN, eps {about.best_eps:g} (best)" if method == "dbscan_best" else ""
            first = {**own, "method": best or _name(method)}
            read.append(first | {name: _spread_of([found], name, key) for name, key in figures.items()})
            kept.append(first | {key: getattr(found, key) for key in figures.values()})
    return pl.DataFrame(read), pl.DataFrame(kept, infer_schema_length=None)


def methods_title(clusterings: Mapping[str, Clustering]) -> str:
    """K-means, which is told the number of people, beside the seed's DBSCAN."""
    said = []
    for model, found in clusterings.items():
        ari = _mean([draw.ari for draw in found.methods["kmeans"]]) if "kmeans" in found.methods else None
        if ari is not None:
            said.append(f"{ari:.2f} ({model})" if len(clusterings) > 1 else f"{ari:.2f}")
    people = ", ".join(dict.fromkeys(f"{found.people:,}" for found in clusterings.values()))
    if not said:
        return f"Clusters of {people} people"
    return f"k-means finds {people} people again with an ARI of {' and '.join(said)}"


def sweep_lines(clusterings: Mapping[str, Clustering], figure: str, colours: Mapping[str, str]) -> list[SweepLine]:
    """A figure over DBSCAN's eps, a line a model.

    Args:
        clusterings: what to call the model -> "clustering" of its report.
        figure: one of ``FIGURES``.
        colours: of the models.
    """
    return [sweep_of(found, FIGURES[figure], model, colours[model]) for model, found in clusterings.items()]


def sweep_title(clusterings: Mapping[str, Clustering]) -> str:
    """What DBSCAN finds at the seed's eps, and what at its best one."""
    at_seed, at_best = [], []
    for model, found in clusterings.items():
        own = f" ({model})" if len(clusterings) > 1 else ""
        by_eps = {each.eps: each.draws for each in found.sweep}
        if KALINGAS_EPS in by_eps:
            clusters = _mean([draw.clusters for draw in by_eps[KALINGAS_EPS]])
            at_seed.append(f"{_clusters(clusters)}{own}")
        eps = best_eps(found)
        if eps is not None:
            ari = _mean([draw.ari for draw in by_eps[eps]])
            at_best.append(f"at {eps:g} ARI is {ari:.2f}{own}")
    people = next(iter(clusterings.values())).people
    said = f"At eps 0.4 DBSCAN finds {' and '.join(at_seed)} among {people:,} people; " if at_seed else ""
    return (said + " and ".join(at_best)).removesuffix("; ") or "No eps was tried"


def _clusters(mean: float | None) -> str:
    """``no cluster``, ``1 cluster``, ``22.6 clusters``."""
    if not mean:
        return "no cluster"
    number = f"{mean:.1f}".removesuffix(".0")
    return f"{number} cluster{'' if number == '1' else 's'}"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _name(method: str) -> str:
    return METHODS[method].full if method in METHODS else method


def som_title(nodes: NDArray[np.int64], people: Sequence[str]) -> str:
    """On how many nodes the images lie, and how many hold one person's alone."""
    codes = np.unique(np.asarray(people), return_inverse=True)[1]
    found = som_nodes(nodes, codes.tolist())
    mixed = sum(count > own for _, count, _, own in found)
    return (
        f"{len(nodes):,} images lie on {len(found):,} of the map's {MAP_SIDE**2} nodes; {mixed:,} hold images of more "
        "than one person"
        if mixed
        else f"{len(nodes):,} images lie on {len(found):,} of the map's {MAP_SIDE**2} nodes, each of one person alone"
    )
