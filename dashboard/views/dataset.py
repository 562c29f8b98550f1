"""The page "Dataset": what was packed, whose faces and how many, and what was not."""

import polars as pl
import streamlit as st

from ethnoshard.charts import dataset_composition, faces_per_person, label_confidence
from ethnoshard.shards import FaceDataset

from .. import _faces, _pick, _show
from .._guard import or_said
from .._shelf import Place, Shelf
from .._text import plain
from . import _dataset_figures as figures
from . import _dataset_tables as tables
from ._dataset_faces import chosen

_FACES = ("6", "12", "24")
_DRAWS = 99
_SIDE = 76


def show(shelf: Shelf) -> None:
    """One of the given datasets."""
    if not shelf.places:
        _show.empty(
            "No dataset was given. One is packed from photographs; the dashboard shows those that it was started with.",
            "ethnoshard build SOURCE DATASET",
            f"ethnoshard dashboard {shelf.given.runs} --dataset DATASET",
        )
        return
    for place in shelf.places:
        if place.dataset is None:
            st.warning(f"{plain(place.name)} can't be opened: {plain(place.reason)}", icon=":material/warning:")
    opened = {place.name: place for place in shelf.places if place.dataset is not None}
    if not opened:
        _show.empty("None of the given datasets can be opened.", "ethnoshard verify DATASET")
        return
    name = _pick.one("Dataset", list(opened), key="dataset")
    place = opened[name]
    if place.dataset is not None:
        _one(shelf, place, place.dataset)


def _one(shelf: Shelf, place: Place, dataset: FaceDataset) -> None:
    if dataset.identities.is_empty():
        st.info("Nobody is in it", icon=":material/info:")
        return
    whose = tables.whose_labels(dataset.manifest.label.sources)
    rows = tables.composition(dataset)
    _show.tiles(
        [
            ("people", f"{len(dataset.identities):,}", "identities, each of one group"),
            ("faces", f"{int(rows['faces'].sum()):,}", f"squares of {dataset.image_size} px"),
            ("groups", f"{len(rows):,}", whose),
            ("size", f"{dataset.manifest.bytes / tables.MIB:,.0f} MiB", "of all shards"),
        ]
    )
    with or_said("composition"):
        _show.chart(
            dataset_composition(rows, shelf.group_colours),
            name="composition",
            title=tables.composition_title(rows),
            how=f"Groups: {whose}. Plain bars are people, hatched ones faces. Even groups would have even bars.",
        )
    known = bool(rows["sure"].sum())
    left, right = st.columns(2, gap="large") if known else (st.container(), st.container())
    with left, or_said("faces a person"):
        _show.chart(
            faces_per_person(dataset.identities, rows["group"].to_list(), shelf.group_colours),
            name="faces-a-person",
            title=figures.faces_title(rows, dataset.identities),
            how="Of each group's people, how many have so many faces. Who has one face has no pair of one person.",
        )
    with right, or_said("confidence"):
        _confidence(shelf, dataset, rows, whose)
    with or_said("sheet of faces"):
        _sheet(shelf, place, rows["group"].to_list(), whose)
    left, right = st.columns(2, gap="large")
    with left, or_said("images"):
        _images(dataset)
    with right, or_said("left out"):
        _left_out(dataset)
    with or_said("shards"):
        _shards(dataset)
    with st.expander("Versions, settings, fingerprint"), or_said("settings"):
        _show.table(
            tables.settings(dataset.manifest),
            name="settings",
            title="What decided this dataset",
            how="Two datasets with one fingerprint give the same batches.",
        )


def _confidence(shelf: Shelf, dataset: FaceDataset, rows: pl.DataFrame, whose: str) -> None:
    title = figures.confidence_title(rows)
    if not rows["sure"].sum():
        _show.head(title, f"Labels {whose}: there is nothing to tell sure labels from unsure ones by.")
        return
    _show.chart(
        label_confidence(dataset.identities, rows["group"].to_list(), shelf.group_colours),
        name="confidence",
        title=title,
        how=f"Labels: {whose}. Boxes hold the middle half of a group's people, whiskers 90 %.",
    )


@st.fragment
def _sheet(shelf: Shelf, place: Place, groups: list[str], whose: str) -> None:
    _show.head(
        "Some faces of each group, drawn by chance",
        f"Each is of another person while there are enough; nobody is named. Groups: {whose}.",
    )
    left, right, _ = st.columns([1, 1, 4])
    with left:
        number = int(_pick.one("Faces a group", _FACES, key="faces", start="12"))
    with right:
        seed = st.number_input("Draw", 0, _DRAWS, 0, key="draw", bind="query-params", help="Another draw, other faces")
    faces = shelf.faces(place)
    for group in groups:
        with or_said(f"faces of {group}"):
            some = chosen(faces, group, number, int(seed))
            st.caption(f"**{plain(group)}**")
            st.image(list(_faces.jpegs(place, some)), width=_SIDE)


def _images(dataset: FaceDataset) -> None:
    manifest = dataset.manifest
    _show.table(
        tables.statuses(manifest).with_columns(pl.col("share") * 100),
        name="statuses",
        title=tables.statuses_title(manifest),
        how=f"All images of the source {manifest.align.source.name}, by what became of them in alignment.",
        columns={"share": st.column_config.NumberColumn("share, %", format="%.2f")},
    )
    why = tables.reasons(manifest)
    if len(why):
        _show.table(why, name="reasons", title="Why images gave no face")


def _left_out(dataset: FaceDataset) -> None:
    title = tables.left_out_title(dataset.manifest)
    how = "People of the source who have faces, but are not in the shards."
    rows = tables.left_out(dataset.manifest)
    if rows.is_empty():
        _show.head(title, how)
        return
    _show.table(rows, name="left-out", title=title, how=how)


def _shards(dataset: FaceDataset) -> None:
    rows = tables.shards(dataset.manifest)
    _show.table(
        rows,
        name="shards",
        title=tables.shards_title(rows),
        how="Each shard holds one group, so that a batch takes what it needs of each. A person lies in one shard.",
        columns={
            "MiB": st.column_config.ProgressColumn(
                "MiB", format="%.1f", min_value=0, max_value=float(rows["MiB"].to_numpy().max() if len(rows) else 1)
            )
        },
    )
