"""The pictures: t-SNE of the images, coloured by person, group or cluster, with the face under the pointer."""

from collections.abc import Mapping, Sequence
from typing import Any

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
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import PictureMetrics

from .. import _faces, _pick, _show
from .._face_hover import face_hover
from .._guard import or_said
from .._shelf import Shelf
from .._text import plain
from . import _clusters_figures as figures
from ._clusters_labels import labels
from ._clusters_shown import Shown

METHODS = {key: method.name if key == "som" else method.full for key, method in charts.METHODS.items()}
"""Arrays of ``picture.npz`` -> what pages and URLs call what they hold."""
_THUMBNAIL = 64
_MOST_FACES = 600
"""Sent to the browser; about 2 kB each."""
_PERSON, _GROUP = "person", "group"


def look(shelf: Shelf, shown: Sequence[Shown]) -> None:
    """One report's picture, or two beside each other."""
    people = {person for one in shown for person in one.people}
    sources = {whose: own for whose, own in labels(shelf, shown[0].report).items() if own.keys() & people}
    try:
        faces = _of_faces(shelf, shown)
    except EthnoshardError as error:
        st.warning(f"Faces can't be shown: {plain(error)}", icon=":material/warning:")
        faces = {}
    _look(shelf, shown, sources, faces)


@st.fragment
def _look(
    shelf: Shelf, shown: Sequence[Shown], sources: Mapping[str, Mapping[str, str]], faces: Mapping[str, str]
) -> None:
    having = [method for method in METHODS if any(method in one.clusters for one in shown)]
    ways = [_PERSON, *([_GROUP] if sources else []), *(METHODS[method] for method in having)]
    first, second, third = st.columns(3)
    with first:
        colour = _pick.one("Colour by", ways, key="colour")
    with second:
        dimensions = int(_pick.one("Dimensions", ["2", "3"], key="dimensions"))
    whose = None
    if colour == _GROUP:
        with third:
            whose = _pick.one("Groups", list(sources), key="labels")
    groups = sources[whose] if whose else {}
    called = shelf.called({person for one in shown for person in one.people})
    method = {words: name for name, words in METHODS.items()}.get(colour)
    columns: Sequence[Any] = st.columns([1, 1] if len(shown) == 2 else [3, 2], gap="medium")
    for place, (one, column) in enumerate(zip(shown, columns, strict=False), start=1):
        with column, or_said(one.name):
            _picture(shelf, one, f"tsne-{place}", dimensions, colour, method, groups, faces, called)
    beside = columns[1] if len(shown) == 1 else st.container()
    with beside:
        st.caption(_how(colour, method, whose, shown[0].report.picture, bool(faces)))
        if not faces:
            _which_dataset(shelf, shown[0])
        with or_said("figures of the picture"):
            _figures(shown)
    if method == "som":
        for place, (one, column) in enumerate(zip(shown, st.columns(len(shown)), strict=True), start=1):
            if "som" in one.clusters:
                with column, or_said(f"map of {one.name}"):
                    _map(one, f"map-{place}", called)


def _picture(
    shelf: Shelf,
    one: Shown,
    name: str,
    dimensions: int,
    colour: str,
    method: str | None,
    groups: Mapping[str, str],
    faces: Mapping[str, str],
    called: Mapping[str, str],
) -> None:
    if dimensions not in one.places:
        _show.head(f"{one.called}: no picture in {dimensions} dimensions", "An older report; cluster again.")
        return
    if method is not None and method not in one.clusters:
        _show.head(f"{one.called}: images without clusters by {colour}", "An older report; cluster again.")
        return
    texts, xy = _texts(one, groups, called), one.places[dimensions]
    # Where there are faces, the words stand beside them.
    words: dict[str, Any] = {"numbers": range(len(one.keys)), "texts": None if faces else texts}
    if method == "som":
        drawn = node_map(xy, one.clusters["som"], **words)
    else:
        drawn = embedding_map(xy, _points(shelf, one, colour, method, groups, called), **words)
    _show.chart(drawn, name=name, title=title(one, method), how="")
    if faces:
        face_hover(name, [faces.get(image, "") for image in one.keys], texts)


def _figures(shown: Sequence[Shown]) -> None:
    about = shown[0].report.picture
    read, kept = figures.of_picture({one.called: one.report.picture for one in shown})
    # Beside a picture there is room for the figures that differ most.
    few = read if len(shown) > 1 else read.select("method", "ARI", "NMI", "silhouette", "clusters")
    _show.table(
        few,
        name="picture",
        title=f"The {about.images:,} images of the picture, clustered in the embedding space",
        how=f"Against the {about.people:,} people; 1 is best, an ARI of 0 is chance.",
        download=kept,
    )


def title(one: Shown, method: str | None) -> str:
    """The model, and how well its clusters of these images are people; in the embedding space, not in the picture."""
    about = one.report.picture
    figures_of = about.figures if method is None else about.methods[method]
    called = "k-means" if method is None else METHODS[method]
    if method == "dbscan_best":
        called = f"DBSCAN at eps {about.best_eps:g}"
    return (
        f"{one.called}: {called} finds the {about.people} people with an ARI of {figures_of.ari:.2f}, NMI "
        f"{figures_of.nmi:.2f}"
    )


def _points(
    shelf: Shelf,
    one: Shown,
    colour: str,
    method: str | None,
    groups: Mapping[str, str],
    called: Mapping[str, str],
) -> list[PointSet]:
    if method is not None:
        return points_of_clusters(one.clusters[method])
    if colour == _GROUP:
        return points_of_groups([groups.get(person) for person in one.people], shelf.group_colours)
    return points_of_people(one.people, called)


def _texts(one: Shown, groups: Mapping[str, str], called: Mapping[str, str]) -> list[str]:
    texts = []
    for row, person in enumerate(one.people):
        lines = [called[person]]
        if groups:
            lines.append(groups.get(person, "no group known"))
        for method in ("kmeans", "dbscan", "som"):
            if method in one.clusters:
                lines.append(_cluster_text(method, one.clusters[method], row))
        texts.append("\n".join(lines))
    return texts


def _cluster_text(method: str, clusters: NDArray[np.int64], row: int) -> str:
    cluster = int(clusters[row])
    if method == "som":
        return f"map: row {cluster // MAP_SIDE + 1}, column {cluster % MAP_SIDE + 1}"
    together = int(np.count_nonzero(clusters == cluster))
    words = "in no cluster" if cluster < 0 else f"in a cluster of {together}"
    return f"{METHODS[method]}: {words}"


def _of_faces(shelf: Shelf, shown: Sequence[Shown]) -> dict[str, str]:
    """Key of an image -> its face, as far as a given dataset holds it."""
    keys = list(dict.fromkeys(key for one in shown for key in one.keys))
    place = _faces.place_of(shelf, shown[0].report.place)
    if place is None:
        return {}
    pictures = _faces.pictures(shelf, place, keys[:_MOST_FACES])
    return {key: _faces.thumbnail(jpeg, _THUMBNAIL) for key, jpeg in pictures.items()}


def _how(colour: str, method: str | None, whose: str | None, about: PictureMetrics, faces: bool) -> str:
    said = (
        f"Each point is one of {about.images:,} images; near ones have similar embeddings, but sizes and distances "
        f"of t-SNE's heaps mean nothing. A picture illustrates and proves nothing: the figures in the titles and below "
        f"are of the embedding space. Seed {about.seed}."
    )
    if whose:
        said += f" Groups: {whose}."
    if method == "som":
        said += " Colour: the place on the self-organising map, neighbouring nodes alike."
    if faces:
        said += " Hover a point for its face."
    return plain(said)


def _which_dataset(shelf: Shelf, one: Shown) -> None:
    source = one.report.place.name if one.report.place else "its source"
    st.info(
        f"Faces are shown where a given dataset holds the images\\. These are of {plain(source)}: give the dataset "
        "that was packed from it",
        icon=":material/image_not_supported:",
    )
    st.code(f"ethnoshard dashboard {shelf.given.runs} --dataset DATASET", language="sh")


def _map(one: Shown, name: str, called: Mapping[str, str]) -> None:
    _show.chart(
        som_map(one.clusters["som"], points_of_people(one.people, called)),
        name=name,
        title=f"{one.called}: {figures.som_title(one.clusters['som'], one.people)}",
        how="A mark is a node that images are nearest to: the larger, the more; its colour and sign: whose most are.",
    )
