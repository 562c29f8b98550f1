"""Write the folder of look-alikes: arrays, pairs kept apart, and the record that vouches for them."""

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import sha256_of, whole_file, whole_folder, write_json, write_table
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._apart import Apart
from ethnoshard.lookalikes._centroids import Numbers, Vectors
from ethnoshard.lookalikes._neighbours import Neighbours
from ethnoshard.lookalikes._table import (
    APART,
    APART_SCHEMA,
    ARRAYS,
    FORMAT,
    RECORD,
    ArrayEntry,
    PairsRecord,
    TableRecord,
    digest_of,
    digest_of_pairs,
)
from ethnoshard.shards import FaceDataset


def check_out(folder: Path) -> None:
    """Refuse to write over something that is not a table, before anything is computed.

    Raises:
        EthnoshardError: there is such a thing.
    """
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / RECORD).is_file():
            raise EthnoshardError(f"{folder} holds other things than look-alikes; give a new folder for --out")
    elif folder.exists():
        raise EthnoshardError(f"{folder} is a file; give a folder for --out")


def write_folder(
    folder: Path,
    *,
    dataset: FaceDataset,
    model_facts: Mapping[str, object],
    counts: NDArray[np.integer],
    left_out: int,
    k: int,
    found: Neighbours,
    centroids: Vectors,
    apart: Apart,
    pairs: Numbers,
    similarity: NDArray[np.float32],
) -> None:
    """Write the folder, whole or not at all.

    Args:
        folder: to be written.
        dataset: whose identities they are.
        model_facts: what is known of the network, as JSON holds it.
        counts: (N,) faces of each identity that have an embedding.
        left_out: faces that should have had one.
        k: neighbours of each identity in the table.
        found: so many neighbours at least.
        centroids: (N, D).
        apart: the threshold, and why.
        pairs: (M, 2) int32, identities that are kept apart.
        similarity: (M,) of their centroids.

    Raises:
        EthnoshardError: the disk is full or can't be written.
    """
    identities = dataset.identities
    arrays: dict[str, Numbers | Vectors] = {
        "nearest": np.ascontiguousarray(found.nearest[:, :k]),
        "similarity": np.ascontiguousarray(found.similarity[:, :k]),
        "nearest_of_all": np.ascontiguousarray(found.nearest_of_all[:, :k]),
        "similarity_of_all": np.ascontiguousarray(found.similarity_of_all[:, :k]),
        "centroids": centroids,
    }
    with whole_folder(folder) as fresh:
        entries = {ARRAYS[name]: _written(fresh / ARRAYS[name], array) for name, array in arrays.items()}
        write_table(fresh / APART, _apart_table(identities, pairs, similarity))
        of_pairs = digest_of_pairs(pairs)
        digests = {file: entry["sha256"] for file, entry in entries.items()}
        record: TableRecord = {
            "format": FORMAT,
            "digest": digest_of(dataset.fingerprint, apart.threshold, of_pairs, digests),
            "fingerprint": dataset.fingerprint,
            "model": dict(model_facts),
            "identities": len(identities),
            "without_embedding": int(np.count_nonzero(counts == 0)),
            "faces": int(counts.sum()),
            "faces_an_identity": {"least": int(counts[counts > 0].min()), "most": int(counts.max())},
            "faces_left_out": left_out,
            "k": k,
            "exact": found.exact,
            "apart": {
                "threshold": apart.threshold,
                "rule": apart.rule,
                "different": apart.different,
                "same": apart.same,
                "halves": apart.halves,
            },
            "pairs_apart": _counted(identities, pairs, of_pairs),
            "arrays": entries,
            "versions": {name: version(name) for name in _distributions(exact=found.exact)},
        }
        write_json(fresh / RECORD, dict(record))


def _written(path: Path, array: Numbers | Vectors) -> ArrayEntry:
    """Write an array; returns what the record says of it."""
    with whole_file(path) as file:
        np.save(file, array, allow_pickle=False)
    return {"shape": [*array.shape], "dtype": str(array.dtype), "sha256": sha256_of(path)}


def _apart_table(identities: pl.DataFrame, pairs: Numbers, similarity: NDArray[np.float32]) -> pl.DataFrame:
    one, other = (identities[pairs[:, place].tolist()] for place in (0, 1))
    columns = {
        "identity": pairs[:, 0],
        "other": pairs[:, 1],
        "identity_name": one["identity"],
        "other_name": other["identity"],
        "group": one["group"],
        "other_group": other["group"],
        "similarity": similarity,
    }
    return pl.DataFrame(columns, APART_SCHEMA)


def _counted(identities: pl.DataFrame, pairs: Numbers, digest: str) -> PairsRecord:
    """How many pairs, by group; those of two groups by themselves."""
    of = list(zip(*(identities["group"][pairs[:, place].tolist()].to_list() for place in (0, 1)), strict=True))
    within = Counter(one for one, other in of if one == other)
    return {
        "sha256": digest,
        "pairs": len(of),
        "within": dict(sorted(within.items())),
        "across": len(of) - within.total(),
    }


def _distributions(*, exact: bool) -> list[str]:
    return ["ethnoshard", "numpy"] if exact else ["ethnoshard", "numpy", "faiss-cpu"]
