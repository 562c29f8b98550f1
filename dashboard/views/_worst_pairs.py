"""The pairs that a model gets most wrong, with their faces."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from ethnoshard.evaluation import RankedPairs
from ethnoshard.results import Source

from .. import _faces, _pick, _show
from .._kept import GivenDataset
from .._shelf import Shelf
from .._show import Columns, plain, reporting_errors

_NUMBERS = ("5", "10", "20", "50")


_ROW = 72


@dataclass(frozen=True, kw_only=True)
class WorstPairs:
    """A kind of pairs.

    Attributes:
        name: of its table.
        same: whether they are of one person.
        what: which pairs these are.
        error: what it is called when a threshold gets one wrong.
    """

    name: str
    same: bool
    what: str
    error: str


WORST = (
    WorstPairs(name="worst-same", same=True, what="same pairs the least alike", error="false non-match"),
    WorstPairs(name="worst-different", same=False, what="different pairs the most alike", error="false match"),
)


def show_worst(shelf: Shelf, images: Source | None, pairs: RankedPairs, threshold: float) -> None:
    """The pairs on which a model is the furthest off, with both faces where a given dataset holds them."""
    _show.head("The worst pairs")
    with st.columns([1, 4])[0]:
        number = int(_pick.one("Pairs of each kind", _NUMBERS, key="worst", start="5"))
    given = _faces.dataset_of(shelf, images)
    if given is None:
        st.info(plain(_which_dataset(shelf, images)), icon=":material/face:")
    labels = shelf.labels(name for names in pairs.scores.people or () for name in names.tolist())
    for kind, column in zip(WORST, st.columns(2), strict=True):
        rows = pairs.worst(same=kind.same, number=number)
        plain_rows = worst_table(pairs, rows, kind, threshold, labels)
        at = pairs.scale.text(threshold)
        wrong = plain_rows[at_the(at)].ne("right").sum()
        with column:
            faces = pl.DataFrame()
            # A dataset whose shards went away: the pairs still say something.
            with reporting_errors("faces"):
                faces = _faces_of(shelf, given, pairs, rows)
            _show.table(
                pl.concat([faces, plain_rows.drop("row", "fold", strict=False)], how="horizontal"),
                name=kind.name,
                title=f"{wrong} of the {len(rows)} {kind.what} are wrong at {at}",
                columns=_worst_columns(plain_rows),
                download=plain_rows,
                row_height=_ROW if faces.width else None,
                height="content",
            )


def _which_dataset(shelf: Shelf, images: Source | None) -> str:
    if images is None or not images.source_digest:
        return "The report doesn't have on record which images these are, so no faces are shown."
    return (
        f"No given dataset holds these faces. Give the one packed from {images.name} (source digest "
        f"{images.source_digest[:12]}…): ethnoshard dashboard {shelf.given.runs} --dataset DATASET"
    )


def worst_table(
    pairs: RankedPairs, rows: NDArray[np.int64], kind: WorstPairs, threshold: float, labels: Mapping[str, str]
) -> pl.DataFrame:
    """A row a pair.

    Args:
        pairs: all of them.
        rows: which pairs.
        kind: of which kind they are.
        threshold: of the scale.
        labels: what each person may be called here.
    """
    scale = pairs.scale
    distance = pairs.scores.distance[rows]
    accepted = distance < scale.sign * threshold
    columns = []
    if pairs.scores.people:
        first, second = ([labels[name] for name in names[rows].tolist()] for names in pairs.scores.people)
        people = {"person": first} if kind.same else {"first": first, "second": second}
        columns += [pl.Series(name, values, pl.String) for name, values in people.items()]
    columns.append(pl.Series("score" if scale.sign < 0 else "distance", scale.sign * distance))
    answers = [kind.error if yes != kind.same else "right" for yes in accepted.tolist()]
    columns.append(pl.Series(at_the(scale.text(threshold)), answers, pl.String))
    if pairs.scores.fold is not None:
        columns.append(pl.Series("fold", pairs.scores.fold[rows] + 1))
    columns.append(pl.Series("row", rows))
    return pl.DataFrame(columns)


def _worst_columns(plain_rows: pl.DataFrame) -> Columns:
    """Widths that leave room for every word beside two faces."""
    number = {name: st.column_config.NumberColumn(format="%.3f", width=62) for name in ("distance", "score")}
    faces = {name: st.column_config.ImageColumn(width=70) for name in ("face", "other face")}
    words = {name: st.column_config.TextColumn(width=84) for name in plain_rows.columns if name not in number}
    return {**words, **number, **faces}


def _faces_of(shelf: Shelf, given: GivenDataset | None, pairs: RankedPairs, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Both faces of each pair; empty where no image of them is there.

    Raises:
        EthnoshardError: the dataset can't be read.
    """
    if given is None or pairs.scores.images is None:
        return pl.DataFrame()
    first, second = ([str(key) for key in keys[rows].tolist()] for keys in pairs.scores.images)
    thumbnails = _thumbnails(shelf, given, given.dataset.fingerprint, (*first, *second))
    if not thumbnails:
        return pl.DataFrame()
    columns = {"face": [thumbnails.get(key) for key in first], "other face": [thumbnails.get(key) for key in second]}
    return pl.DataFrame(columns, schema={"face": pl.String, "other face": pl.String})


@st.cache_resource(max_entries=64, show_spinner=False)
def _thumbnails(_shelf: Shelf, _given: GivenDataset, fingerprint: str, keys: tuple[str, ...]) -> dict[str, str]:
    """A small picture of each image that is there, kept by dataset and images."""
    return {key: _faces.thumbnail(jpeg) for key, jpeg in _faces.pictures(_shelf, _given, keys).items()}


def at_the(threshold: str) -> str:
    """Name of the column that says what a threshold does."""
    return f"at {threshold}"
