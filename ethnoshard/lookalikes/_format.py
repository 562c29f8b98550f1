"""The look-alikes' folder: names of its files, columns, digest."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import polars as pl

from ethnoshard.lookalikes._types import Numbers

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
