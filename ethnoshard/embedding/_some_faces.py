"""Which faces of each identity stand for it: at most so many, chosen by a hash."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard.mixing import hashed
from ethnoshard.shards import FaceDataset


def some_faces(dataset: FaceDataset, faces: int) -> pl.DataFrame:
    """Choose faces; always the same ones of the same dataset, and of fewer a part of those of more.

    Args:
        dataset: the dataset.
        faces: of an identity at most.

    Returns:
        Rows of the table of faces, in its order, with their "row" in it and their "shard".

    Raises:
        EthnoshardError: none is asked for, or the table can't be read.
    """
    check_number("--faces", faces, at_least=1)
    table = dataset.faces()
    owner = table["identity"].to_numpy()
    chosen = np.flatnonzero(_place_by_hash(owner) < faces)
    shards = dataset.identities["shard"].to_numpy()
    return table[chosen].with_columns(
        pl.Series("row", chosen, pl.Int64), pl.Series("shard", shards[owner[chosen]], pl.Int32)
    )


def _place_by_hash(owner: NDArray[np.int32]) -> NDArray[np.int64]:
    """Place of each face among those of its identity, (n,), as a hash of identity and face orders them."""
    rows = np.arange(len(owner))
    begins = np.searchsorted(owner, owner)
    order = np.lexsort((hashed(owner, rows - begins), owner))
    place = np.empty(len(owner), np.int64)
    place[order] = rows - begins[order]
    return place
