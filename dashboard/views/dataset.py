"""The page "Dataset": what was packed, whose faces and how many, and what was not."""

import numpy as np
import polars as pl
import streamlit as st

from ethnoshard._checks import check_number
from ethnoshard.charts import dataset_composition, faces_per_person, label_confidence, percent
from ethnoshard.shards import (
    FaceDataset,
    composition,
    failure_table,
    label_words,
    left_out_table,
    settings_table,
    shard_table,
    status_table,
)

from .. import _faces, _pick, _show
from .._kept import GivenDataset
from .._shelf import Shelf
from .._show import plain, reporting_errors

_FACES = ("6", "12", "24")
_DRAWS = 99
_SIDE = 76
_MIB = 1 << 20


def show(shelf: Shelf) -> None:
    """One of the given datasets."""
    if not shelf.given.datasets:
        _show.empty(
            "No dataset was given. One is packed from photographs; the dashboard shows those that it was started with.",
            "ethnoshard build SOURCE DATASET",
            f"ethnoshard dashboard {shelf.given.runs} --dataset DATASET",
        )
        return
    for name, reason in shelf.unreadable_datasets:
        _show.warn(f"{name} can't be opened: {reason}")
    datasets = {given.name: given for given in shelf.datasets}
    if not datasets:
        _show.empty("None of the given datasets can be opened.", "ethnoshard verify DATASET")
        return
    _dataset(shelf, datasets[_pick.one("Dataset", list(datasets), key="dataset")])


def _dataset(shelf: Shelf, given: GivenDataset) -> None:
    dataset = given.dataset
    if dataset.identities.is_empty():
        st.info("Nobody is in it", icon=":material/info:")
        return
    whose = label_words(dataset)
    groups = composition(dataset.identities)
    names = groups["group"].to_list()
    _show.tiles(
        [
            ("people", f"{len(dataset.identities):,}", "identities, each of one group"),
            ("faces", f"{int(groups['faces'].sum()):,}", f"squares of {dataset.image_size} px"),
            ("groups", f"{len(groups):,}", whose),
            ("size", f"{dataset.manifest.bytes / _MIB:,.0f} MiB", "of all shards"),
        ]
    )
    with reporting_errors("composition"):
        _show.chart(
            dataset_composition(groups, shelf.group_colours),
            name="composition",
            title=composition_title(groups),
            how=f"Groups: {whose}. Plain bars are people, hatched ones faces. Even groups would have even bars.",
        )
    labels_have_confidence = bool(groups["sure"].sum())
    left, right = st.columns(2, gap="large") if labels_have_confidence else (st.container(), st.container())
    with left, reporting_errors("faces a person"):
        _show.chart(
            faces_per_person(dataset.identities, names, shelf.group_colours),
            name="faces-a-person",
            title=faces_title(dataset.identities),
            how="Of each group's people, how many have so many faces. Who has one face has no pair of one person.",
        )
    with right, reporting_errors("confidence"):
        _confidence(shelf, dataset, groups, whose)
    with reporting_errors("sheet of faces"):
        _sheet(shelf, given, names, whose)
    left, right = st.columns(2, gap="large")
    with left, reporting_errors("images"):
        _images(dataset)
    with right, reporting_errors("left out"):
        _left_out(dataset)
    with reporting_errors("shards"):
        _shards(dataset)
    with st.expander("Versions, settings, fingerprint"), reporting_errors("settings"):
        _show.table(
            settings_table(dataset),
            name="settings",
            title="What decided this dataset",
            how="Two datasets with one fingerprint give the same batches.",
        )


def composition_title(groups: pl.DataFrame) -> str:
    """Shares of the largest and the smallest group: rows of ``shards.composition``."""
    first, last = groups.row(0, named=True), groups.row(-1, named=True)
    if len(groups) == 1:
        return f"Everybody is of one group, {first['group']}"
    return (
        f"{first['group']} is {percent(first['people_share'])} of the people and {percent(first['faces_share'])} of "
        f"the faces; {last['group']} {percent(last['people_share'])} and {percent(last['faces_share'])}"
    )


def faces_title(identities: pl.DataFrame) -> str:
    """How many faces a person has, and who could never be a pair."""
    faces = identities["faces"].cast(pl.Int64).to_numpy()
    alone, most = int((faces == 1).sum()), int(faces.max())
    if 2 * alone > len(faces):
        return f"{alone:,} of {len(faces):,} people ({percent(alone / len(faces))}) have one face, and so no pair"
    half = f"Half of the people have {np.median(faces):g} faces or more, at most {most:,}"
    if alone:
        return f"{half}; {alone:,} ({percent(alone / len(faces))}) have one, and so no pair"
    return f"{half}, at least {faces.min():,}"


def _confidence(shelf: Shelf, dataset: FaceDataset, groups: pl.DataFrame, whose: str) -> None:
    title = confidence_title(groups)
    if not groups["sure"].sum():
        _show.head(title, f"Labels {whose}: there is nothing to tell sure labels from unsure ones by.")
        return
    _show.chart(
        label_confidence(dataset.identities, groups["group"].to_list(), shelf.group_colours),
        name="confidence",
        title=title,
        how=f"Labels: {whose}. Boxes hold the middle half of a group's people, whiskers 90 %.",
    )


def confidence_title(groups: pl.DataFrame) -> str:
    """Whose labels are least sure: rows of ``shards.composition``."""
    known = groups.filter(pl.col("sure") > 0).sort(["confidence", "group"])
    if known.is_empty():
        return "The labels came without a confidence"
    first, last = known.row(0, named=True), known.row(-1, named=True)
    if len(known) == 1:
        return f"{first['group']} has a mean confidence of {first['confidence']:.2f}"
    return (
        f"{first['group']} is labelled with the least confidence, {first['confidence']:.2f} on average; "
        f"{last['group']} with the most, {last['confidence']:.2f}"
    )


@st.fragment
def _sheet(shelf: Shelf, given: GivenDataset, groups: list[str], whose: str) -> None:
    _show.head(
        "Some faces of each group, drawn by chance",
        f"Each is of another person while there are enough; nobody is named. Groups: {whose}.",
    )
    left, right, _ = st.columns([1, 1, 4])
    with left:
        number = int(_pick.one("Faces a group", _FACES, key="faces", start="12"))
    with right:
        seed = st.number_input("Draw", 0, _DRAWS, 0, key="draw", bind="query-params", help="Another draw, other faces")
    faces = shelf.faces(given)
    for group in groups:
        with reporting_errors(f"faces of {group}"):
            sample = sample_of(faces, group, number, int(seed))
            st.caption(f"**{plain(group)}**")
            st.image(list(_faces.jpegs(given, sample)), width=_SIDE)


def sample_of(faces: pl.DataFrame, group: str, number: int, seed: int) -> pl.DataFrame:
    """Rows of ``Shelf.faces`` of one group: by chance, each of another person while there are enough.

    Args:
        faces: of the dataset.
        group: whose.
        number: of faces, at most.
        seed: with the same the same faces; at least 0.

    Raises:
        EthnoshardError: the seed is below 0.
    """
    check_number("the draw", seed, at_least=0)
    own = faces.filter(pl.col("group") == group)
    shuffled: pl.DataFrame = own[np.random.default_rng(seed).permutation(len(own)).tolist()]
    turn = pl.int_range(pl.len()).over("identity")
    return shuffled.with_columns(turn.alias("turn")).sort("turn", maintain_order=True).head(number).drop("turn")


def _images(dataset: FaceDataset) -> None:
    statuses = status_table(dataset)
    _show.table(
        statuses.with_columns(pl.col("share") * 100),
        name="statuses",
        title=status_title(statuses),
        how=f"All images of the source {dataset.manifest.align.source.name}, by what became of them in alignment.",
        columns={"share": st.column_config.NumberColumn("share, %", format="%.2f")},
    )
    reasons = failure_table(dataset)
    if len(reasons):
        _show.table(reasons, name="reasons", title="Why images gave no face")


def status_title(statuses: pl.DataFrame) -> str:
    """How many images gave a face: rows of ``shards.status_table``."""
    images = int(statuses["images"].sum())
    lost = images - int(statuses.filter(pl.col("became") == "aligned")["images"].sum())
    if not images:
        return "No image was aligned"
    if not lost:
        return f"All {images:,} images gave a face"
    share = f" ({percent(lost / images)})" if lost / images >= 0.001 else ""
    return f"{lost:,} of {images:,} images gave no face{share}"


def _left_out(dataset: FaceDataset) -> None:
    rows = left_out_table(dataset)
    title = left_out_title(rows, len(dataset.identities))
    how = "People of the source who have faces, but are not in the shards."
    if rows.is_empty():
        _show.head(title, how)
        return
    _show.table(rows, name="left-out", title=title, how=how)


def left_out_title(rows: pl.DataFrame, packed: int) -> str:
    """How many of the people with faces are missing.

    Args:
        rows: of ``shards.left_out_table``.
        packed: people of the dataset.
    """
    people, faces = int(rows["people"].sum()), int(rows["faces"].sum())
    if not people:
        return "Nobody with a face was left out when packing"
    everybody = people + packed
    return (
        f"{people:,} of {everybody:,} people with faces ({percent(people / everybody)}), {faces:,} faces, were left "
        "out when packing"
    )


def _shards(dataset: FaceDataset) -> None:
    rows = shard_table(dataset)
    _show.table(
        rows,
        name="shards",
        title=shard_title(rows),
        how="Each shard holds one group, so that a batch takes what it needs of each. A person lies in one shard.",
        columns={
            "MiB": st.column_config.ProgressColumn(
                "MiB", format="%.1f", min_value=0, max_value=float(rows["MiB"].to_numpy().max() if len(rows) else 1)
            )
        },
    )


def shard_title(rows: pl.DataFrame) -> str:
    """How even shards are: of groups with several the one whose largest and smallest differ most."""
    if rows.is_empty():
        return "No shard"
    spread = (
        rows.group_by("group")
        .agg(pl.len().alias("shards"), (pl.col("MiB").max() / pl.col("MiB").min()).alias("ratio"))
        .filter(pl.col("shards") > 1)
        .sort(["ratio", "group"], descending=[True, False])
    )
    sizes = rows["MiB"].to_numpy()
    low, high = f"{sizes.min():.1f}", f"{sizes.max():.1f}"
    number = f"{len(rows):,} {'shard' if len(rows) == 1 else 'shards'}"
    shards = f"{number} of {low} to {high} MiB" if low != high else f"{number} of {low} MiB"
    if spread.is_empty():
        return f"{shards}, one a group" if len(rows) > 1 else shards
    worst = spread.row(0, named=True)
    return f"{shards}; those of {worst['group']} differ most, by {percent(worst['ratio'] - 1)}"
