"""The pictures of clusterings: t-SNE of the images, coloured by person, group or cluster, with faces on hover."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ethnoshard import charts
from ethnoshard.charts import (
    MAP_SIDE,
    PointSet,
    embedding_map,
    node_map,
    points_of_clusters,
    points_of_groups,
    points_of_people,
    som_map,
    som_nodes,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import ClusterReport, PictureMetrics, PicturePoints, Source
from ethnoshard.shards import label_words

from .. import _faces, _pick, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors

METHODS = {key: method.name if key == "som" else method.full for key, method in charts.METHODS.items()}
"""Clusterings of a map -> what pages and URLs call them."""
_THUMBNAIL = 64
_MOST_FACES = 600
"""Sent to the browser; about 2 kB each."""
_PERSON, _GROUP = "person", "group"


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """What the widgets were set to, and what it takes to show it.

    Attributes:
        dimensions: 2 or 3.
        colour: "person", "group", or what pages call a clustering.
        method: key of that clustering; None otherwise.
        groups: person -> group; empty where points aren't coloured by group.
        faces: key of an image -> its thumbnail.
        people: person -> what it may be called here.
    """

    dimensions: int
    colour: str
    method: str | None
    groups: Mapping[str, str]
    faces: Mapping[str, str]
    people: Mapping[str, str]


Clustering = tuple[str, str, ClusterReport, PicturePoints]
"""Name of a report, what charts call it, what was measured, the map of its images."""


def picture(
    shelf: Shelf, clusterings: Sequence[Clustering], metrics: Callable[[Mapping[str, PictureMetrics]], None]
) -> None:
    """One report's picture, or two beside each other.

    Args:
        shelf: what there is.
        clusterings: one or two.
        metrics: shows the metrics that stand beside the pictures, of what each clustering is called.
    """
    people = {person for *_, points in clusterings for person in points.people.tolist()}
    labels = {
        whose: groups for whose, groups in _labels(shelf, clusterings[0][2].source).items() if groups.keys() & people
    }
    faces: Mapping[str, str] = {}
    with reporting_errors("Faces can't be shown"):
        faces = _thumbnails(shelf, clusterings)
    _picture(shelf, clusterings, metrics, labels, faces)


@st.fragment
def _picture(
    shelf: Shelf,
    clusterings: Sequence[Clustering],
    metrics: Callable[[Mapping[str, PictureMetrics]], None],
    labels: Mapping[str, Mapping[str, str]],
    faces: Mapping[str, str],
) -> None:
    having = [method for method in METHODS if any(method in points.clusters for *_, points in clusterings)]
    ways = [_PERSON, *([_GROUP] if labels else []), *(METHODS[method] for method in having)]
    first, second, third = st.columns(3)
    with first:
        colour = _pick.one("Colour by", ways, key="colour")
    with second:
        dimensions = int(_pick.one("Dimensions", ["2", "3"], key="dimensions"))
    whose = None
    if colour == _GROUP:
        with third:
            whose = _pick.one("Groups", list(labels), key="labels")
    view = _View(
        dimensions=dimensions,
        colour=colour,
        method={words: name for name, words in METHODS.items()}.get(colour),
        groups=labels[whose] if whose else {},
        faces=faces,
        people=shelf.labels(person for *_, points in clusterings for person in points.people.tolist()),
    )
    columns = st.columns([1, 1] if len(clusterings) == 2 else [3, 2], gap="medium")
    for number, (clustering, column) in enumerate(zip(clusterings, columns, strict=False), start=1):
        with column, reporting_errors(clustering[0]):
            _map(shelf, clustering, view, f"tsne-{number}")
    beside = columns[1] if len(clusterings) == 1 else st.container()
    with beside:
        report = clusterings[0][2]
        st.caption(_how(view, whose, report.picture))
        if not faces:
            _which_dataset(shelf, report.source)
        with reporting_errors("metrics of the picture"):
            metrics({label: report.picture for _, label, report, _ in clusterings})
    if view.method == "som":
        for number, (clustering, column) in enumerate(
            zip(clusterings, st.columns(len(clusterings)), strict=True), start=1
        ):
            if "som" in clustering[3].clusters:
                with column, reporting_errors(f"map of {clustering[0]}"):
                    _nodes(clustering, view, f"map-{number}")


def _map(shelf: Shelf, clustering: Clustering, view: _View, name: str) -> None:
    _, label, report, points = clustering
    xy = points.coordinates.get(view.dimensions)
    clusters = points.clusters.get(view.method) if view.method else None
    if xy is None:
        _show.head(f"{label}: no picture in {view.dimensions} dimensions", "An older report; cluster again.")
        return
    if view.method and clusters is None:
        _show.head(f"{label}: images without clusters by {view.colour}", "An older report; cluster again.")
        return
    texts = _texts(points, view)
    # Where there are faces, the words stand beside them.
    words, numbers = None if view.faces else texts, range(len(points.keys))
    if clusters is not None and view.method == "som":
        drawing = node_map(xy, clusters, numbers=numbers, texts=words)
    else:
        drawing = embedding_map(xy, _point_sets(shelf, points, view, clusters), numbers=numbers, texts=words)
    _show.chart(drawing, name=name, title=map_title(label, report.picture, view.method), how="")
    if view.faces:
        _faces.face_hover(name, [view.faces.get(image, "") for image in points.keys.tolist()], texts)


def map_title(label: str, about: PictureMetrics, method: str | None) -> str:
    """The model, and how well its clusters of these images are people; in the embedding space, not in the picture.

    Args:
        label: what charts call the model.
        about: metrics of the picture.
        method: of ``METHODS``; None for k-means.
    """
    measured = about.methods.get(method) if method else None
    name = METHODS[method] if method and measured else "k-means"
    if method == "dbscan_best" and measured:
        name = f"DBSCAN at eps {about.best_eps:g}"
    measured = measured or about.kmeans
    return f"{label}: {name} finds the {about.people} people with an ARI of {measured.ari:.2f}, NMI {measured.nmi:.2f}"


def _point_sets(shelf: Shelf, points: PicturePoints, view: _View, clusters: NDArray[np.int64] | None) -> list[PointSet]:
    if clusters is not None:
        return points_of_clusters(clusters)
    people = points.people.tolist()
    if view.colour == _GROUP:
        return points_of_groups([view.groups.get(person) for person in people], shelf.group_colours)
    return points_of_people(people, view.people)


def _texts(points: PicturePoints, view: _View) -> list[str]:
    texts = []
    for row, person in enumerate(points.people.tolist()):
        lines = [view.people[person]]
        if view.groups:
            lines.append(view.groups.get(person, "no group known"))
        for method in ("kmeans", "dbscan", "som"):
            if method in points.clusters:
                lines.append(_cluster_text(method, points.clusters[method], row))
        texts.append("\n".join(lines))
    return texts


def _cluster_text(method: str, clusters: NDArray[np.int64], row: int) -> str:
    cluster = int(clusters[row])
    if method == "som":
        return f"map: row {cluster // MAP_SIDE + 1}, column {cluster % MAP_SIDE + 1}"
    together = int(np.count_nonzero(clusters == cluster))
    words = "in no cluster" if cluster < 0 else f"in a cluster of {together}"
    return f"{METHODS[method]}: {words}"


def _thumbnails(shelf: Shelf, clusterings: Sequence[Clustering]) -> dict[str, str]:
    """Key of an image -> its face, as far as a given dataset holds it.

    Raises:
        EthnoshardError: the dataset can't be read.
    """
    keys = list(dict.fromkeys(key for *_, points in clusterings for key in points.keys.tolist()))
    given = _faces.dataset_of(shelf, clusterings[0][2].source)
    if given is None:
        return {}
    jpegs = _faces.pictures(shelf, given, keys[:_MOST_FACES])
    return {key: _faces.thumbnail(jpeg, _THUMBNAIL) for key, jpeg in jpegs.items()}


def _labels(shelf: Shelf, images: Source | None) -> dict[str, Mapping[str, str]]:
    """Whose labels -> person -> group, of every source that knows the images' people.

    From evaluations of the same images, which keep the groups they were told, and from the dataset that holds them.
    """
    labels: dict[str, Mapping[str, str]] = {}
    for report in shelf.reports:
        if report.kind != "evaluation" or report.reason is not None:
            continue
        try:
            evaluation = shelf.evaluation(report.name)
            if images is None or evaluation.source is None or not _faces.same_source(images, evaluation.source):
                continue
            for source in evaluation.demographics:
                if source.whose not in labels:
                    labels[source.whose] = shelf.group_labels(report.name, source.source)
        except EthnoshardError:
            # A report of which something is missing has its reason on the page "Groups".
            continue
    given = _faces.dataset_of(shelf, images)
    if given is not None:
        people = given.dataset.identities
        groups = dict(zip(people["identity"].to_list(), people["group"].to_list(), strict=True))
        labels[f"{label_words(given.dataset)}, in {given.name}"] = groups
    return labels


def _how(view: _View, whose: str | None, about: PictureMetrics) -> str:
    text = (
        f"Each point is one of {about.images:,} images; near ones have similar embeddings, but sizes and distances "
        f"of t-SNE's heaps mean nothing. A picture illustrates and proves nothing: the metrics in the titles and below "
        f"are of the embedding space. Seed {about.seed}."
    )
    if whose:
        text += f" Groups: {whose}."
    if view.method == "som":
        text += " Colour: where on the self-organising map, neighbouring nodes alike."
    if view.faces:
        text += " Hover a point for its face."
    return plain(text)


def _which_dataset(shelf: Shelf, images: Source | None) -> None:
    source = images.name if images else "its source"
    st.info(
        f"Faces are shown where a given dataset holds the images\\. These are of {plain(source)}: give the dataset "
        "that was packed from it",
        icon=":material/image_not_supported:",
    )
    st.code(f"ethnoshard dashboard {shelf.given.runs} --dataset DATASET", language="sh")


def _nodes(clustering: Clustering, view: _View, name: str) -> None:
    _, label, _, points = clustering
    nodes, people = points.clusters["som"], points.people.tolist()
    _show.chart(
        som_map(nodes, points_of_people(people, view.people)),
        name=name,
        title=f"{label}: {node_title(nodes, people)}",
        how="A mark is a node that images are nearest to: the larger, the more; its colour and sign: whose most are.",
    )


def node_title(nodes: NDArray[np.int64], people: Sequence[str]) -> str:
    """On how many nodes of the map the images lie, and how many hold one person's alone."""
    codes = np.unique(np.asarray(people), return_inverse=True)[1]
    occupied = som_nodes(nodes, codes.tolist())
    mixed = sum(images > own for _, images, _, own in occupied)
    lie = f"{len(nodes):,} images lie on {len(occupied):,} of the map's {MAP_SIDE**2} nodes"
    return f"{lie}; {mixed:,} hold images of more than one person" if mixed else f"{lie}, each of one person alone"
