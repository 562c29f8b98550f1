"""The dataset folder's tables, names and fingerprint."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from ethnoshard.shards._manifest import ShardEntry

FORMAT = 1
"""Version of the dataset's format. A reader refuses one it doesn't know."""

MANIFEST = "dataset.json"
IDENTITIES = "identities.parquet"
FACES = "faces.parquet"
SHARDS = "shards"
CARD = "README.md"

IDENTITIES_SCHEMA = pl.Schema(
    {
        "identity": pl.String,
        "group": pl.String,
        "confidence": pl.Float32,
        "shard": pl.Int32,
        "offset": pl.Int64,
        "length": pl.Int64,
        "faces": pl.Int32,
    }
)
"""Columns of ``identities.parquet``. Rows are in the order of the shards, and the row number is the identity's number.

``shard`` is the row of the manifest's list of shards; ``offset`` and ``length`` are the span of the shard's bytes that
holds the identity's faces, headers included, so that one read fetches them all; ``faces`` is their number.
"""

FACES_SCHEMA = pl.Schema(
    {
        "identity": pl.Int32,
        "offset": pl.Int64,
        "length": pl.Int32,
        "source_image": pl.String,
        "probability": pl.Float32,
    }
)
"""Columns of ``faces.parquet``, in the order of the shards, so that an identity's faces are neighbours.

``identity`` is the row of ``identities.parquet``; ``offset`` and ``length`` place the JPEG in the identity's shard, in
bytes; ``source_image`` is the name of its image in the source, and for a further face of an image, one or more of whose
faces were left out or moved by decision, ``NAME#2``; ``probability`` is the detector's, null where none was asked.
"""


_AT_ONCE = 1 << 16
"""Values that are hashed together."""

MARK = 8
"""Digits of the fingerprint in a shard's name: among a thousand datasets two are alike once in 8,600 times."""


def shard_name(name: str, fingerprint: str) -> str:
    """The name under which a shard is known: ``a-000003.tar`` with a mark of the dataset, ``a-3f9c2e81-000003.tar``.

    Other readers' caches keep a shard by its name or its address alone (webdataset's ``cache_dir``, wids), so two
    datasets must not share a name, nor one packed anew in the same place keep it. Nothing may build names by this:
    the manifest lists them, and datasets of earlier versions have no mark.
    """
    group, _, number = name.rpartition("-")
    return f"{group}-{fingerprint[:MARK]}-{number}"


def sample_key(identity: int, face: int) -> str:
    """Name of a sample in a shard: number of the identity, number of its face. Has no dot, which would end the key."""
    return f"{identity:07d}-{face:05d}"


_ENCODED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def sample_json(*, identity: str, number: int, group: str, confidence: float | None, source_image: str) -> bytes:
    """The JSON beside a face's JPEG, for readers that know nothing of the index."""
    return samples_json(identity=identity, number=number, group=group, confidence=confidence)(source_image)


def samples_json(*, identity: str, number: int, group: str, confidence: float | None) -> Callable[[str], bytes]:
    """The JSON beside each JPEG of one identity, by the name of its source image: all but this is made once."""
    content = {
        "identity": identity,
        "identity_number": number,
        "group": group,
        "confidence": confidence,
        "source_image": "",
    }
    before = _ENCODED(content).removesuffix('""}').encode()
    return lambda source_image: b"".join((before, _ENCODED(source_image).encode(), b"}"))


SAMPLE_TYPES = {
    "identity": "string",
    "identity_number": "int64",
    "group": "string",
    "confidence": "float64",
    "source_image": "string",
}
"""Types of the JSON's fields, by Arrow's names, in their order. ``confidence`` may be null."""


Columns = Callable[[str], Iterable[pl.Series]]
"""A table that is too long to be held: a column by its name, in pieces."""


def fingerprint(
    groups: list[str],
    image_size: int,
    shards: Sequence["ShardEntry"],
    identities: pl.DataFrame,
    faces: pl.DataFrame | Columns,
) -> str:
    """SHA-256 (hex) of all that decides the batches: the shards' contents, and who and what lies where in them.

    Two datasets with one fingerprint give the same batches. Names of files and versions of libraries don't enter.
    """
    digest = hashlib.sha256()
    head = {
        "format": FORMAT,
        "groups": groups,
        "image_size": image_size,
        "shards": [[shard.group, shard.bytes, shard.sha256] for shard in shards],
    }
    digest.update(json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
    hash_columns(digest, identities.select("identity", "confidence", "shard", "offset", "length", "faces"))
    for name in ("identity", "offset", "length"):
        hash_values(digest, [faces[name]] if isinstance(faces, pl.DataFrame) else faces(name))
    return digest.hexdigest()


def hash_columns(digest: "hashlib._Hash", table: pl.DataFrame) -> None:
    """Feed the values of a table to a digest, whatever the memory layout or the version of polars."""
    for column in table:
        hash_values(digest, [column])


def hash_values(digest: "hashlib._Hash", column: Iterable[pl.Series]) -> None:
    """Feed a column to a digest: the same, however many pieces it comes in."""
    for piece in column:
        for start in range(0, len(piece), _AT_ONCE):
            digest.update(_bytes_of(piece[start : start + _AT_ONCE]))


def _bytes_of(values: pl.Series) -> bytes:
    if values.dtype == pl.String:
        # A length in front of each text keeps ("ab", "c") and ("a", "bc") apart.
        encoded = [(text or "").encode() for text in values]
        return b"".join(piece for text in encoded for piece in (len(text).to_bytes(8, "little"), text))
    filled = values.fill_null(float("nan")) if values.dtype.is_float() else values
    numbers = filled.to_numpy()
    return numbers.astype(numbers.dtype.newbyteorder("<"), copy=False).tobytes()
