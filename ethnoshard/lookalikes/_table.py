"""The folder of look-alikes: its files, columns and digest, and how it is opened."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict, TypeVar

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._arrays import DAMAGED
from ethnoshard._command import command
from ethnoshard._files import read_json, read_table
from ethnoshard._formats import check_format
from ethnoshard._known_digests import KnownDigests
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._centroids import Numbers, Vectors
from ethnoshard.shards import FaceDataset

Scalar = TypeVar("Scalar", bound=np.generic)

FORMAT = 1
"""Version of the folder's format. A reader refuses one it doesn't know."""

RECORD = "look-alikes.json"
APART = "apart.parquet"
ARRAYS = {
    "nearest": "nearest.npy",
    "similarity": "similarity.npy",
    "nearest_of_all": "nearest-of-all.npy",
    "similarity_of_all": "similarity-of-all.npy",
    "centroids": "centroids.npy",
}
"""Attribute -> file. The first four are (identities, k), the last (identities, dimensions)."""

APART_SCHEMA = pl.Schema(
    {
        "identity": pl.Int32,
        "other": pl.Int32,
        "identity_name": pl.String,
        "other_name": pl.String,
        "group": pl.String,
        "other_group": pl.String,
        "similarity": pl.Float32,
    }
)
"""Columns of ``apart.parquet``: pairs that are probably one person, each once, the most similar first."""


class ArrayEntry(TypedDict):
    """What the record says of a file of an array."""

    shape: list[int]
    dtype: str
    sha256: str


class ApartRecord(TypedDict, total=False):
    """Which pairs are kept apart; see :class:`Apart`."""

    threshold: Required[float]
    rule: str
    different: float | None
    same: float | None
    halves: int


class PairsRecord(TypedDict, total=False):
    """The pairs kept apart: what stands for them, how many, of them within each group, and of two groups."""

    sha256: Required[str]
    pairs: int
    within: dict[str, int]
    across: int


class Range(TypedDict):
    """The least and the most of something."""

    least: int
    most: int


class TableRecord(TypedDict, total=False):
    """``look-alikes.json``: the dataset, the network, what the table holds, and what stands for all of it."""

    format: Required[int]
    digest: Required[str]
    fingerprint: Required[str]
    model: Required[dict[str, object]]
    identities: int
    without_embedding: int
    faces: int
    faces_an_identity: Range
    faces_left_out: int
    k: int
    exact: bool
    apart: Required[ApartRecord]
    pairs_apart: Required[PairsRecord]
    arrays: Required[dict[str, ArrayEntry]]
    versions: dict[str, str]


def digest_of_pairs(pairs: Numbers) -> str:
    """Hex SHA-256 of pairs (M, 2), whatever file they stand in."""
    return hashlib.sha256(np.ascontiguousarray(pairs, "<i4").tobytes()).hexdigest()


def digest_of(fingerprint: str, apart: float, pairs: str, arrays: Mapping[str, str]) -> str:
    """Hex SHA-256 of all that decides batches.

    Args:
        fingerprint: of the dataset.
        apart: the threshold.
        pairs: digest of the pairs kept apart.
        arrays: of each file of ``ARRAYS`` the hex SHA-256.
    """
    decides = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "apart": float(apart).hex(),
        "pairs": pairs,
        "arrays": {name: arrays[name] for name in ARRAYS.values()},
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class LookAlikes:
    """Who resembles whom in a dataset, as a network sees it. Numbers are rows of the dataset's identities.

    Attributes:
        path: the folder.
        record: the content of ``look-alikes.json``.
        nearest: (N, k) int32, of the same group, nearest first; -1 where there are fewer.
        similarity: (N, k) float32, cosines of centroids, descending; -inf where there are fewer.
        nearest_of_all: (N, k) int32, nearest first, of whatever group; -1 where there are fewer.
        similarity_of_all: (N, k) float32, cosines with those, descending; -inf where there are fewer.
        pairs_apart: (M, 2) int32, identities that are probably one person, each pair once, the most similar first.
        centroids: (N, D) float32 of length 1, the mean of all taken off; zeros for an identity without an embedding.

    The arrays but ``pairs_apart`` are memory-mapped, and can't be written to.
    """

    path: Path
    record: TableRecord
    nearest: Numbers
    similarity: Vectors
    nearest_of_all: Numbers
    similarity_of_all: Vectors
    pairs_apart: Numbers
    centroids: Vectors

    @classmethod
    def open(cls, path: str | Path) -> "LookAlikes":
        """Open a folder that ``ethnoshard look-alikes`` or ``make_look_alikes`` wrote.

        Files are compared with the digests in the record; of those that are as they were, it is remembered.

        Raises:
            EthnoshardError: it is not there, is another folder, of an unknown format, or a file is missing or damaged.
        """
        folder = Path(path)
        record = _record(folder)
        numbers = [_array(folder, record, name, np.int32) for name in ("nearest", "nearest_of_all")]
        values = [_array(folder, record, name, np.float32) for name in ("similarity", "similarity_of_all", "centroids")]
        pairs = _pairs(folder / APART)
        try:
            digests = KnownDigests.usual().of_files([folder / file for file in ARRAYS.values()])
        except OSError as error:
            raise EthnoshardError(f"{error.filename} can't be read: {error.strerror}") from error
        for file, digest in zip(ARRAYS.values(), digests, strict=True):
            if digest != record["arrays"][file]["sha256"]:
                raise _damaged(folder / file, "its bytes are not those that the record vouches for (sha256 differs)")
        if digest_of_pairs(pairs) != record["pairs_apart"]["sha256"]:
            raise _damaged(folder / APART, "its pairs are not those that the record vouches for")
        return cls(
            path=folder,
            record=record,
            nearest=numbers[0],
            similarity=values[0],
            nearest_of_all=numbers[1],
            similarity_of_all=values[1],
            pairs_apart=pairs,
            centroids=values[2],
        )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of all that decides batches: the dataset's fingerprint, the arrays, the threshold, the pairs."""
        return self.record["digest"]

    @property
    def fingerprint(self) -> str:
        """That of the dataset."""
        return self.record["fingerprint"]

    @property
    def model(self) -> dict[str, object]:
        """What is known of the network."""
        return dict(self.record["model"])

    @property
    def apart(self) -> float:
        """The threshold of similarity above which two identities are probably one person."""
        return self.record["apart"]["threshold"]

    def check(self, dataset: FaceDataset) -> None:
        """Make sure that the table is of this dataset.

        Raises:
            EthnoshardError: it is of another.
        """
        if dataset.fingerprint != self.fingerprint:
            again = command("look-alikes", dataset.url or dataset.path, "--model", "MODEL", "--out", self.path)
            raise EthnoshardError(
                f"{self.path} says who resembles whom in the dataset {self.fingerprint[:16]}..., but "
                f"{dataset.url or dataset.path} is {dataset.fingerprint[:16]}...: the numbers stand for other people. "
                f"Make its own table: `{again}`"
            )


def _record(folder: Path) -> TableRecord:
    path = folder / RECORD
    if not path.is_file():
        what = f"holds no {RECORD}: it is not a folder of look-alikes" if folder.exists() else "is not there"
        raise EthnoshardError(f"{folder} {what}; `ethnoshard look-alikes` makes one")
    content = read_json(path)
    check_format(path, content.get("format"), FORMAT, again="make the table again by `ethnoshard look-alikes`")
    try:
        record = msgspec.convert(content, TableRecord)
        digests = {file: record["arrays"][file]["sha256"] for file in ARRAYS.values()}
    except (msgspec.ValidationError, KeyError) as error:
        raise _damaged(path, f"it lacks something, or has it otherwise ({error})") from error
    pairs = record["pairs_apart"]["sha256"]
    if record["digest"] != digest_of(record["fingerprint"], record["apart"]["threshold"], pairs, digests):
        raise _damaged(path, "its digest is not that of what it says")
    return record


def _array(folder: Path, record: TableRecord, name: str, dtype: type[Scalar]) -> NDArray[Scalar]:
    path = folder / ARRAYS[name]
    entry = record["arrays"][ARRAYS[name]]
    try:
        array: NDArray[Scalar] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except DAMAGED as error:
        raise _damaged(path, "it is not an array, or was cut short") from error
    if [*array.shape] != entry["shape"] or not str(array.dtype) == entry["dtype"] == np.dtype(dtype).name:
        raise _damaged(path, f"it holds {array.dtype} of {array.shape}, not {entry['dtype']} of {entry['shape']}")
    return array


def _pairs(path: Path) -> Numbers:
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _damaged(path, str(error)) from error
    if table.schema != APART_SCHEMA:
        raise _damaged(path, f"it has other columns than format {FORMAT} prescribes")
    return table.select("identity", "other").to_numpy().astype(np.int32).reshape(-1, 2)


def _damaged(path: Path, why: str) -> EthnoshardError:
    return EthnoshardError(f"{path} is damaged: {why}; make the table again by `ethnoshard look-alikes`")
