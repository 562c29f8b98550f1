"""Which faces a sheet shows."""

import numpy as np
import polars as pl

from ethnoshard._checks import check_number


def chosen(faces: pl.DataFrame, group: str, number: int, seed: int) -> pl.DataFrame:
    """Rows of ``Shelf.faces`` of one group: by chance, each of another person while there are enough.

    Args:
        faces: of the dataset.
        group: whose.
        number: of faces, at most.
        seed: with the same the same faces; at least 0.

    Raises:
        EthnoshardError: the seed is below 0.
    """
    check_number("the draw", seed, at_least=0)
    own = faces.filter(pl.col("group") == group)
    shuffled: pl.DataFrame = own[np.random.default_rng(seed).permutation(len(own)).tolist()]
    turn = pl.int_range(pl.len()).over("identity")
    return shuffled.with_columns(turn.alias("turn")).sort("turn", maintain_order=True).head(number).drop("turn")
