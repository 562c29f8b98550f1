"""The pairs on which a model is the furthest off: same ones the furthest apart, different ones the nearest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from .. import _show
from .._faces import pictures, thumbnail
from .._shelf import Place, Shelf
from ._scores import Scores

_ROW = 72


@dataclass(frozen=True, kw_only=True)
class Worst:
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


KINDS = (
    Worst(name="worst-same", same=True, what="same pairs the least alike", error="false non-match"),
    Worst(name="worst-different", same=False, what="different pairs the most alike", error="false match"),
)


def worst_rows(scores: Scores, *, same: bool, number: int) -> NDArray[np.int64]:
    """Rows of the ``number`` pairs of a kind that are the furthest on the other kind's side, the worst first."""
    rows = np.flatnonzero(scores.same == same)
    far = -scores.distance[rows] if same else scores.distance[rows]
    return rows[np.argsort(far, kind="stable")[:number]]


def worst_table(
    scores: Scores,
    arrays: Mapping[str, NDArray[Any]],
    rows: NDArray[np.int64],
    kind: Worst,
    threshold: float,
    called: Mapping[str, str],
) -> pl.DataFrame:
    """A row a pair.

    Args:
        scores: of the report.
        arrays: of ``scores.npz``.
        rows: which pairs.
        kind: of which kind they are.
        threshold: as the scale shows it.
        called: what each person may be called here.
    """
    scale = scores.scale
    distance = scores.distance[rows]
    accepted = distance < scale.sign * threshold
    columns: dict[str, Any] = {}
    if "first_person" in arrays and "second_person" in arrays:
        first, second = (
            [called[str(name)] for name in arrays[f"{which}_person"][rows]] for which in ("first", "second")
        )
        columns = {"person": first} if kind.same else {"first": first, "second": second}
    columns["score" if scale.sign < 0 else "distance"] = scale.sign * distance
    columns[at_the(scale.text(threshold))] = [kind.error if yes != kind.same else "right" for yes in accepted.tolist()]
    if "fold" in arrays:
        columns["fold"] = arrays["fold"][rows].astype(np.int64) + 1
    columns["row"] = rows
    return pl.DataFrame(columns)


def at_the(threshold: str) -> str:
    """Name of the column that says what a threshold does."""
    return f"at {threshold}"


def show_worst(
    shelf: Shelf, scores: Scores, arrays: Mapping[str, NDArray[Any]], place: Place | None, number: int, threshold: float
) -> None:
    """Both kinds, with both faces where a given dataset holds them."""
    people = [arrays[name].tolist() for name in ("first_person", "second_person") if name in arrays]
    called = shelf.called(name for names in people for name in names)
    for kind, column in zip(KINDS, st.columns(2), strict=True):
        rows = worst_rows(scores, same=kind.same, number=number)
        plain = worst_table(scores, arrays, rows, kind, threshold, called)
        at = scores.scale.text(threshold)
        wrong = plain[at_the(at)].ne("right").sum()
        faces = pl.DataFrame() if place is None else _faces(shelf, place, arrays, rows)
        with column:
            _show.table(
                pl.concat([faces, plain.drop("row", "fold", strict=False)], how="horizontal"),
                name=kind.name,
                title=f"{wrong} of the {len(rows)} {kind.what} are wrong at {at}",
                columns=_columns(plain),
                download=plain,
                row_height=_ROW if faces.width else None,
                height="content",
            )


def _columns(plain: pl.DataFrame) -> dict[str, Any]:
    """Widths that leave room for every word beside two faces."""
    number = {name: st.column_config.NumberColumn(format="%.3f", width=62) for name in ("distance", "score")}
    faces = {name: st.column_config.ImageColumn(width=70) for name in ("face", "other face")}
    words = {name: st.column_config.TextColumn(width=84) for name in plain.columns if name not in number}
    return {**words, **number, **faces}


def _faces(shelf: Shelf, place: Place, arrays: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> pl.DataFrame:
    """Both faces of each pair; empty where no image of them is there."""
    assert place.dataset is not None, "place_of gives none other"
    keys = [tuple(str(key) for key in arrays[name][rows]) for name in ("first", "second")]
    found = _pictures(shelf, place, place.dataset.fingerprint, keys[0] + keys[1])
    if not found:
        return pl.DataFrame()
    columns = {name: [found.get(key) for key in some] for name, some in zip(("face", "other face"), keys, strict=True)}
    return pl.DataFrame(columns, schema={"face": pl.String, "other face": pl.String})


@st.cache_resource(max_entries=64, show_spinner=False)
def _pictures(_shelf: Shelf, _place: Place, fingerprint: str, keys: tuple[str, ...]) -> dict[str, str]:
    """A small picture of each image that is there, kept by dataset and images."""
    return {key: thumbnail(jpeg) for key, jpeg in pictures(_shelf, _place, keys).items()}
