"""The lookup table (Kalinga 2020, figures 3.5, 4.12 and 4.13): one row for each identity."""

from dataclasses import dataclass

import polars as pl

from ethnoshard._files import whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.work._folder import WorkFolder

LABELS_SCHEMA = pl.Schema(
    [
        ("identity", pl.String()),
        ("group", pl.String()),
        ("confidence", pl.Float32()),
        ("probabilities", pl.List(pl.Float32)),
        ("faces", pl.Int32()),
        ("faces_used", pl.Int32()),
        ("source", pl.String()),
    ]
)
"""Columns of ``labels.parquet``, in the order of the source.

``group`` is null for an identity that packing leaves out; ``confidence`` (0 to 1) is null where the source gives none;
``probabilities`` are a classifier's, in the order of its taxonomy, else null; ``faces`` counts the identity's aligned
faces, ``faces_used`` those that the label rests on; ``source`` says who gave the label.
"""


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What labelling did.

    Attributes:
        table: the lookup table, ``LABELS_SCHEMA``.
        missing: identities of the work folder that the source of labels doesn't name, or names without a group.
        extra: identities that only the source of labels names.
        unknown_groups: groups outside the list that was asked for, with how many identities have them.
        unlabelled: what became of identities without a group, "drop" or "unknown".
    """

    table: pl.DataFrame
    missing: list[str]
    extra: list[str]
    unknown_groups: dict[str, int]
    unlabelled: str


def write_labels(work: WorkFolder, table: pl.DataFrame) -> None:
    """Write the lookup table; an older one is replaced in one step."""
    with whole_file(work.labels_path) as file:
        table.select(pl.col(name).cast(kind) for name, kind in LABELS_SCHEMA.items()).write_parquet(file)


def read_labels(work: WorkFolder) -> pl.DataFrame:
    """Read the lookup table.

    Raises:
        EthnoshardError: the work folder is not labelled yet, or the table is damaged.
    """
    work.record()
    if not work.labels_path.exists():
        raise EthnoshardError(
            f"{work.path} is not labelled yet: run `ethnoshard label {work.path} --labels FILE.csv` first"
        )
    try:
        return pl.read_parquet(work.labels_path).select(LABELS_SCHEMA.names())
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{work.labels_path} is damaged ({error}); label again") from error
