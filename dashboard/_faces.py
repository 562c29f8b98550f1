"""Pictures of faces, from the given datasets alone, and the face of the point under the pointer."""

import base64
import functools
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl
import streamlit as st
from PIL import Image

from ethnoshard.alignment import decode_face
from ethnoshard.embedding import face_keys
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.results import Source
from ethnoshard.shards import LocalShards

from ._kept import GivenDataset
from ._shelf import Shelf

_HOVER_SCRIPT = Path(__file__).parent / "face_hover.js"


def dataset_of(shelf: Shelf, images: Source | None) -> GivenDataset | None:
    """The given dataset that holds a report's images, told by the digests of their source; None if none was given.

    Args:
        shelf: with the given datasets.
        images: where they are from, as the report has it.
    """
    if images is None:
        return None
    for given in shelf.datasets:
        packed = given.dataset.manifest.align.source
        source = Source(kind="dataset", name=given.name, source_digest=packed.digest, source_contents=packed.contents)
        if images.source_digest == given.dataset.fingerprint or same_source(images, source):
            return given
    return None


def same_source(one: Source, other: Source) -> bool:
    """Whether sources are of the same photographs: by what these hold, where both know it, else by name and size."""
    contents = one.source_contents, other.source_contents
    return (
        one.source_digest is not None
        and one.source_digest == other.source_digest
        and (None in contents or contents[0] == contents[1])
    )


def pictures(shelf: Shelf, given: GivenDataset, keys: Iterable[str]) -> dict[str, bytes]:
    """JPEG of each image that the dataset holds, by its key in the source; others are left out.

    Raises:
        EthnoshardError: a table or a shard can't be read.
    """
    wanted = set(keys)
    images = {*wanted, *(key.rpartition("#")[0] for key in wanted)}
    faces = shelf.faces(given).filter(pl.col("source_image").is_in(list(images)))
    faces = faces.with_columns(pl.Series("key", face_keys(faces["source_image"].to_list()), pl.String))
    faces = faces.filter(pl.col("key").is_in(list(wanted)))
    return dict(zip(faces["key"].to_list(), jpegs(given, faces), strict=True))


def jpegs(given: GivenDataset, faces: pl.DataFrame) -> list[bytes]:
    """JPEGs of rows of ``Shelf.faces``.

    Raises:
        EthnoshardError: a shard can't be read.
    """
    shards = LocalShards(given.dataset)
    try:
        spans = faces.select("shard", "offset", "length").iter_rows()
        return [bytes(shards.read(shard, offset, length)) for shard, offset, length in spans]
    finally:
        shards.close()


@st.cache_resource(max_entries=4096, show_spinner=False)
def thumbnail(jpeg: bytes, side: int = 80) -> str:
    """A small picture as a ``data:`` URL.

    Args:
        jpeg: a face.
        side: of the picture, in pixels.

    Raises:
        EthnoshardError: the JPEG can't be decoded.
    """
    try:
        small = Image.fromarray(decode_face(jpeg)).resize((side, side), Image.Resampling.BILINEAR)
    except UnreadableImageError as error:
        raise EthnoshardError(f"a face can't be decoded: {error}") from error
    content = io.BytesIO()
    small.save(content, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()


def face_hover(chart: str, faces: Sequence[str], texts: Sequence[str]) -> None:
    """Show a face and a line where the pointer is over a point of a chart on the same page.

    Each point's ``customdata`` is its index in ``faces`` and ``texts``; the chart's own labels are best turned off by
    ``hoverinfo="none"``.

    Args:
        chart: key of the ``st.plotly_chart``.
        faces: ``thumbnail`` of each point; "" for none.
        texts: plain text of each point, shown as it is.
    """
    _hover_component()(
        key=f"{chart}-faces",
        data={"chart": chart, "faces": list(faces), "texts": list(texts)},
        height=1,
    )


@functools.cache
def _hover_component() -> Callable[..., object]:
    """Registered once a process, and not on import, which comes before there is a server to register it with."""
    script = _HOVER_SCRIPT.read_text("utf-8")
    return st.components.v2.component("ethnoshard_face_hover", js=script, isolate_styles=False)
