"""Pictures of faces, from the given datasets alone."""

import base64
import io
from collections.abc import Iterable

import polars as pl
import streamlit as st
from PIL import Image

from ethnoshard.alignment import decode_face
from ethnoshard.embedding import face_keys
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.results import Source
from ethnoshard.shards import LocalShards

from ._shelf import Place, Shelf


def place_of(shelf: Shelf, origin: Source | None) -> Place | None:
    """The given dataset that holds the images of a report, told by the digests of its source; None if none was given.

    Args:
        shelf: with the given datasets.
        origin: where the images are from, as the report says.
    """
    if origin is None:
        return None
    for place in shelf.places:
        if place.dataset is None:
            continue
        source = place.dataset.manifest.align.source
        packed = Source(
            kind="dataset",
            name=place.name,
            source_digest=source.digest,
            source_contents=source.contents,
        )
        if origin.source_digest == place.dataset.fingerprint or same_source(origin, packed):
            return place
    return None


def same_source(one: Source, other: Source) -> bool:
    """Whether two places are of the same photographs: by what these hold, where both know it, else by name and size."""
    contents = one.source_contents, other.source_contents
    return (
        one.source_digest is not None
        and one.source_digest == other.source_digest
        and (None in contents or contents[0] == contents[1])
    )


def pictures(shelf: Shelf, place: Place, keys: Iterable[str]) -> dict[str, bytes]:
    """JPEG of each image that the dataset holds, by its key in the source; others are left out.

    Raises:
        EthnoshardError: a shard can't be read.
    """
    asked = set(keys)
    images = {*asked, *(key.rpartition("#")[0] for key in asked)}
    faces = shelf.faces(place).filter(pl.col("source_image").is_in(list(images)))
    wanted = faces.with_columns(pl.Series("key", face_keys(faces["source_image"].to_list()), pl.String)).filter(
        pl.col("key").is_in(list(asked))
    )
    return dict(zip(wanted["key"].to_list(), jpegs(place, wanted), strict=True))


def jpegs(place: Place, faces: pl.DataFrame) -> list[bytes]:
    """JPEGs of rows of ``Shelf.faces``.

    Raises:
        EthnoshardError: a shard can't be read.
    """
    if place.dataset is None:
        raise EthnoshardError(place.reason or f"{place.path} can't be opened")
    shards = LocalShards(place.dataset)
    try:
        where = faces.select("shard", "offset", "length").iter_rows()
        return [bytes(shards.read(shard, offset, length)) for shard, offset, length in where]
    finally:
        shards.close()


@st.cache_resource(max_entries=4096, show_spinner=False)
def thumbnail(jpeg: bytes, side: int = 80) -> str:
    """A small picture as a ``data:`` URL.

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
