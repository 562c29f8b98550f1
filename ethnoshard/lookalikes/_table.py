"""The folder of look-alikes: its files, columns and digest, and how it is opened."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._command import command
from ethnoshard._files import read_json, read_table
from ethnoshard._formats import check_format
from ethnoshard._known_digests import KnownDigests
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._centroids import Numbers, Vectors
from ethnoshard.shards import FaceDataset

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
        nearest_of_all: the same, whatever the group.
        similarity_of_all: likewise.
        pairs_apart: (M, 2) int32, identities that are probably one person, each pair once, the most similar first.
        centroids: (N, D) float32 of length 1, the mean of all taken off; zeros for an identity without an embedding.

    The arrays but ``pairs_apart`` are memory-mapped, and can't be written to.
    """

    path: Path
    record: dict[str, Any]
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
            EthnoshardError: it is not there, no such folder, of an unknown format, or a file is missing or damaged.
        """
        folder = Path(path)
        record = _record(folder)
        arrays = {name: _array(folder / file, record["arrays"][file]) for name, file in ARRAYS.items()}
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
        return cls(path=folder, record=record, pairs_apart=pairs, **arrays)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of all that decides batches: the dataset's fingerprint, the arrays, the threshold, the pairs."""
        return str(self.record["digest"])

    @property
    def fingerprint(self) -> str:
        """That of the dataset."""
        return str(self.record["fingerprint"])

    @property
    def model(self) -> dict[str, Any]:
        """What is known of the network."""
        return dict(self.record["model"])

    @property
    def apart(self) -> float:
        """The threshold of similarity above which two identities are probably one person."""
        return float(self.record["apart"]["threshold"])

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


def _record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    if not path.is_file():
        what = f"holds no {RECORD}: it is no folder of look-alikes" if folder.exists() else "is not there"
        raise EthnoshardError(f"{folder} {what}; `ethnoshard look-alikes` makes one")
    record = read_json(path)
    check_format(path, record.get("format"), FORMAT, again="make the table again by `ethnoshard look-alikes`")
    try:
        digests = {file: str(record["arrays"][file]["sha256"]) for file in ARRAYS.values()}
        threshold, pairs = float(record["apart"]["threshold"]), str(record["pairs_apart"]["sha256"])
        whole = digest_of(str(record["fingerprint"]), threshold, pairs, digests)
        sound = record["digest"] == whole and isinstance(record["model"], dict)
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise _damaged(path, "it lacks something, or its digest is not that of what it says")
    return record


def _array(path: Path, entry: dict[str, Any]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(path, "it is no array, or was cut short") from error
    if [*array.shape] != entry["shape"] or str(array.dtype) != entry["dtype"]:
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
