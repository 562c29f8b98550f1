"""The page "Clusters": pictures that illustrate, and beside them the metrics of the embedding space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import streamlit as st

from ethnoshard.charts import (
    AGREEMENT,
    ARM_COLOURS,
    CLUSTER_METRICS,
    METHODS,
    SweepLine,
    eps_sweep,
    spread,
    sweep_of,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Clustering, ClusterMetrics, ClusterReport, PictureMetrics, PicturePoints, kalinga2020

from .. import _pick, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._picture import picture

_NONE = "none"
_PLAIN_COLOURS = (ARM_COLOURS[6], ARM_COLOURS[5])
METRICS = {name: key for key, name in AGREEMENT.items()}
_COUNTS = {name: key for key, name in CLUSTER_METRICS.items() if key not in AGREEMENT}


@dataclass(frozen=True, kw_only=True, eq=False)
class PickedClustering:
    """A clustering report as the page shows it.

    Attributes:
        name: as the shelf has it.
        label: what charts call it: its model, and its name where two have the same.
        run: the run that it belongs to, if any.
        report: what was measured.
        points: the map of its images.
    """

    name: str
    label: str
    run: str | None
    report: ClusterReport
    points: PicturePoints


def show(shelf: Shelf) -> None:
    """One clustering report, or two side by side."""
    _show.unreadable(shelf.unreadable_reports)
    names = [report.name for report in shelf.reports if report.kind == "clustering" and report.reason is None]
    if not names:
        _show.empty(
            "No clustering is here yet: embed faces with a model, then cluster the embeddings.",
            "ethnoshard embed MODEL FACES embeddings.npz",
            f"ethnoshard cluster embeddings.npz --out {shelf.given.runs}/clusters",
        )
        return
    left, right = st.columns(2)
    with left:
        first = _pick.one("Clustering", names, key="clusters")
    with right:
        second = _pick.one("Beside it", [_NONE, *(name for name in names if name != first)], key="beside_clusters")
    picked: list[PickedClustering] = []
    for name in (first, second):
        if name != _NONE:
            with reporting_errors(name):
                picked.append(_read(shelf, name))
    if not picked:
        return
    picked = _disambiguated(picked)
    if len(picked) == 2:
        _same_people(*picked)
    picture(shelf, [(each.name, each.label, each.report, each.points) for each in picked], _picture_metrics)
    clusterings = {each.label: each.report.clustering for each in picked}
    with reporting_errors("table of methods"):
        _methods(picked, clusterings)
    with reporting_errors("DBSCAN over eps"):
        _sweep(clusterings, _colours(shelf, picked))


def _read(shelf: Shelf, name: str) -> PickedClustering:
    """A clustering report and its map.

    Raises:
        EthnoshardError: it can't be read, or holds no image.
    """
    summary = next(report for report in shelf.reports if report.name == name)
    points = shelf.picture(name)
    if not len(points.keys):
        raise EthnoshardError(f"{summary.path / 'picture.npz'} holds no image; cluster again")
    return PickedClustering(
        name=name, label=summary.model or name, run=summary.run, report=shelf.clustering(name), points=points
    )


def _disambiguated(picked: list[PickedClustering]) -> list[PickedClustering]:
    """Append the report's name where two have the same model."""
    if len({each.label for each in picked}) == len(picked):
        return picked
    return [replace(each, label=f"{each.label}, {each.name}") for each in picked]


def _same_people(first: PickedClustering, second: PickedClustering) -> None:
    draws = [each.report.clustering.drawn for each in (first, second)]
    same_picture = first.points.keys.tolist() == second.points.keys.tolist()
    if draws[0] == draws[1] and same_picture:
        st.caption("Both models see the same images of the same people, in the picture and in every draw.")
        return
    differ = [
        what for what, differs in (("the draws", draws[0] != draws[1]), ("the pictures", not same_picture)) if differs
    ]
    st.warning(
        f"The people of {plain(' and of '.join(differ))} are not the same in both: differences may come from the "
        "people instead of the models\\. `ethnoshard cluster` gives both the same with the same seed and numbers\\.",
        icon=":material/warning:",
    )


def _picture_metrics(content: Mapping[str, PictureMetrics]) -> None:
    """How well clusters of the picture's images agree with the people."""
    about = next(iter(content.values()))
    rows, numbers = picture_tables(content)
    # Beside a picture there is room for the metrics that differ most.
    few = rows if len(content) > 1 else rows.select("method", "ARI", "NMI", "silhouette", "clusters")
    _show.table(
        few,
        name="picture",
        title=f"The {about.images:,} images of the picture, clustered in the embedding space",
        how=f"Against the {about.people:,} people; 1 is best, an ARI of 0 is chance.",
        download=numbers,
    )


def picture_tables(content: Mapping[str, PictureMetrics]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A row a method and model: its clusters of the picture's images, against the people; as text, and as numbers.

    Args:
        content: label of the model -> metrics of its picture.
    """
    metrics = {**METRICS, **_COUNTS}
    rows, numbers = [], []
    for label, about in content.items():
        own = {"model": label} if len(content) > 1 else {}
        # Older reports have k-means alone.
        for method, measured in (about.methods or {"kmeans": about.kmeans}).items():
            best = f"DBSCAN, eps {about.best_eps:g} (best)" if method == "dbscan_best" else ""
            first = {**own, "method": best or _method_name(method)}
            rows.append(first | {name: _spread([measured], name, key) for name, key in metrics.items()})
            numbers.append(first | {key: getattr(measured, key) for key in metrics.values()})
    return pl.DataFrame(rows), pl.DataFrame(numbers, infer_schema_length=None)


def _methods(picked: Sequence[PickedClustering], clusterings: Mapping[str, Clustering]) -> None:
    rows, numbers = method_tables(clusterings)
    about = picked[0].report.clustering
    people = [
        f"{each.label} {spread(each.report.clustering.people_silhouette)}" if len(picked) > 1
        else spread(each.report.clustering.people_silhouette)
        for each in picked
    ]  # fmt: skip
    _show.table(
        rows,
        name="methods",
        title=method_title(clusterings),
        how=(
            f"Mean (least to most) over {len(about.images)} draws of {about.people:,} people with at least "
            f"{about.at_least} images, seed {about.seed}; all in the embedding space. ARI is 0 by chance, 1 where "
            f"clusters are people; images left over count as clusters of one. Silhouette of the people themselves: "
            f"{'; '.join(people)}. That of clusters is over draws with two at least. The best eps was "
            "chosen by knowing the people, so its metrics flatter."
        ),
        download=numbers,
    )


def method_tables(clusterings: Mapping[str, Clustering]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Metrics of each method and model: as text, mean (least to most) over the draws; and as numbers, a row a draw.

    Args:
        clusterings: label of the model -> its clusterings.
    """
    by_method: dict[str, list[tuple[str, Sequence[ClusterMetrics]]]] = {}
    for label, clustering in clusterings.items():
        for method, draws in clustering.methods.items():
            by_method.setdefault(_method_name(method), []).append((label, draws))
    alone = len(clusterings) == 1
    for label, clustering in clusterings.items():
        eps = clustering.best_eps
        for point in clustering.sweep:
            if point.eps == eps and not (alone and eps == kalinga2020.EPS):
                method, of = (
                    (f"DBSCAN, eps {eps:g} (best)", label) if alone else ("DBSCAN, best", f"{label}, eps {eps:g}")
                )
                by_method.setdefault(method, []).append((of, point.draws))
    metrics = {**METRICS, **_COUNTS}
    rows = [
        {
            "method": method,
            **({} if alone else {"model": label}),
            **{name: _spread(draws, name, key) for name, key in metrics.items()},
        }
        for method, models in by_method.items()
        for label, draws in models
    ]
    numbers = [
        {"method": method, "model": label, "draw": number, **{key: getattr(draw, key) for key in metrics.values()}}
        for method, models in by_method.items()
        for label, draws in models
        for number, draw in enumerate(draws)
    ]
    return pl.DataFrame(rows), pl.DataFrame(numbers, infer_schema_length=None)


def _spread(draws: Sequence[ClusterMetrics], name: str, key: str) -> str:
    return spread([getattr(draw, key) for draw in draws], whole=name in _COUNTS)


def _method_name(method: str) -> str:
    return METHODS[method].full if method in METHODS else method


def method_title(clusterings: Mapping[str, Clustering]) -> str:
    """The ARI of k-means, which is told the number of people."""
    aris = []
    for label, clustering in clusterings.items():
        ari = _mean([draw.ari for draw in clustering.methods.get("kmeans", ())])
        if ari is not None:
            aris.append(f"{ari:.2f} ({label})" if len(clusterings) > 1 else f"{ari:.2f}")
    people = ", ".join(dict.fromkeys(f"{clustering.people:,}" for clustering in clusterings.values()))
    if not aris:
        return f"Clusters of {people} people"
    return f"k-means finds {people} people again with an ARI of {' and '.join(aris)}"


@st.fragment
def _sweep(clusterings: Mapping[str, Clustering], colours: Mapping[str, str]) -> None:
    with st.container(width=220):
        metric = _pick.one("Metric over eps", list(METRICS), key="agreement")
    _show.chart(
        eps_sweep(sweep_lines(clusterings, metric, colours), metric),
        name="sweep",
        title=sweep_title(clusterings),
        how=(
            "Line: mean over the draws, band: least to most. Left of the peak DBSCAN leaves images over, right of it "
            f"it throws people together. Kalinga (2020) tried {kalinga2020.EPS} alone."
        ),
    )


def sweep_lines(clusterings: Mapping[str, Clustering], metric: str, colours: Mapping[str, str]) -> list[SweepLine]:
    """A metric over DBSCAN's eps, a line a model.

    Args:
        clusterings: label of the model -> its clusterings.
        metric: name of it, one of ``METRICS``.
        colours: of the models.
    """
    return [sweep_of(found, METRICS[metric], label, colours[label]) for label, found in clusterings.items()]


def sweep_title(clusterings: Mapping[str, Clustering]) -> str:
    """What DBSCAN finds at Kalinga's eps, and what at its best one."""
    at_kalingas, at_best = [], []
    for label, clustering in clusterings.items():
        own = f" ({label})" if len(clusterings) > 1 else ""
        for point in clustering.sweep:
            if point.eps == kalinga2020.EPS:
                at_kalingas.append(f"{_cluster_words(_mean([draw.clusters for draw in point.draws]))}{own}")
            if point.eps == clustering.best_eps:
                at_best.append(f"at {point.eps:g} ARI is {_mean([draw.ari for draw in point.draws]):.2f}{own}")
    people = next(iter(clusterings.values())).people
    found = f"At eps {kalinga2020.EPS} DBSCAN finds {' and '.join(at_kalingas)} among {people:,} people; "
    return ((found if at_kalingas else "") + " and ".join(at_best)).removesuffix("; ") or "No eps was tried"


def _cluster_words(mean: float | None) -> str:
    """``no cluster``, ``1 cluster``, ``22.6 clusters``."""
    if not mean:
        return "no cluster"
    number = f"{mean:.1f}".removesuffix(".0")
    return f"{number} cluster{'' if number == '1' else 's'}"


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _colours(shelf: Shelf, picked: Sequence[PickedClustering]) -> dict[str, str]:
    """An arm's colour where the model is a run's."""
    arms = {run.name: run.arm for run in shelf.runs}
    colours = {}
    for each, otherwise in zip(picked, _PLAIN_COLOURS, strict=False):
        arm = arms.get(each.run or "")
        colours[each.label] = shelf.arm_colours.get(arm, otherwise) if arm else otherwise
    return colours
