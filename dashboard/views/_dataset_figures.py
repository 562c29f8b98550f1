"""A dataset's faces and labels, as titles."""

import numpy as np
import polars as pl

from ethnoshard.charts import percent


def confidence_title(rows: pl.DataFrame) -> str:
    """Whose labels are least sure: rows of ``_dataset_tables.composition``."""
    known = rows.filter(pl.col("sure") > 0).sort(["confidence", "group"])
    if known.is_empty():
        return "The labels came without a confidence"
    first, last = known.row(0, named=True), known.row(-1, named=True)
    if len(known) == 1:
        return f"{first['group']} has a mean confidence of {first['confidence']:.2f}"
    return (
        f"{first['group']} is labelled with the least confidence, {first['confidence']:.2f} on average; "
        f"{last['group']} with the most, {last['confidence']:.2f}"
    )


def faces_title(rows: pl.DataFrame, identities: pl.DataFrame) -> str:
    """How many faces a person has, and who could never be a pair."""
    faces = identities["faces"].cast(pl.Int64).to_numpy()
    alone, most = int((faces == 1).sum()), int(faces.max())
    if 2 * alone > len(faces):
        return f"{alone:,} of {len(faces):,} people ({percent(alone / len(faces))}) have one face, and so no pair"
    said = f"Half of the people have {np.median(faces):g} faces or more, at most {most:,}"
    if alone:
        return f"{said}; {alone:,} ({percent(alone / len(faces))}) have one, and so no pair"
    return f"{said}, at least {faces.min():,}"
