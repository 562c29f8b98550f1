"""Labels that somebody gives in a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from ethnoshard._files import read_table, shown
from ethnoshard.errors import EthnoshardError
from ethnoshard.work import LABELS_SCHEMA, Labelling, WorkFolder, write_labels

UNKNOWN = "unknown"
"""The group of identities without one, where they are kept."""


def label_from_file(
    work: str | Path,
    labels: str | Path,
    *,
    groups: Sequence[str] | None = None,
    unlabelled: Literal["drop", "unknown"] = "drop",
) -> Labelling:
    """Give the identities of a work folder the groups that a table names, and write the lookup table.

    Groups are the user's own strings and can be any attribute of an identity.

    Args:
        work: a work folder whose alignment is finished.
        labels: CSV or Parquet with the columns ``identity``, ``group`` and, if known, ``confidence`` (0 to 1).
            Others are ignored. Identities are compared as text, letter by letter.
        groups: the groups to accept; others count as none. By default all are accepted.
        unlabelled: "drop" identities without a group from the dataset, or put them in the group "unknown".

    Returns:
        The table, and what didn't fit.

    Raises:
        EthnoshardError: the file can't be read, lacks a column, contradicts itself, has a confidence outside
            0 to 1, or names none of the work folder's identities.
    """
    if unlabelled not in ("drop", "unknown"):
        raise EthnoshardError(f'unlabelled is "drop" or "unknown", not "{unlabelled}"')
    folder, path = WorkFolder(Path(work)), Path(labels)
    parts = folder.finished()["parts"]
    given = read_label_file(path)
    with folder.held():
        faces = folder.faces(parts)
        identities = faces.group_by("identity", maintain_order=True).agg(pl.col("length").count().alias("faces"))
        unknown = {} if groups is None else _outside(given, groups)
        accepted = given.filter(pl.col("group").is_not_null() & ~pl.col("group").is_in(list(unknown)))
        table = identities.join(accepted, on="identity", how="left", maintain_order="left")
        missing = table.filter(pl.col("group").is_null())["identity"].to_list()
        if len(missing) == len(table):
            raise EthnoshardError(
                f"{path} gives a group to none of the {len(table):,} identities in {folder.path}. It names, for "
                f"example, {_some(given['identity'].to_list())}; the folder has {_some(missing)}"
            )
        if unlabelled == "unknown":
            table = table.with_columns(pl.col("group").fill_null(UNKNOWN))
        table = table.with_columns(
            pl.lit(None, pl.List(pl.Float32)).alias("probabilities"),
            pl.lit(0, pl.Int32).alias("faces_used"),
            pl.lit(None, pl.Float32).alias("agreement"),
            pl.lit(f"file {shown(path)}").alias("source"),
        ).select(LABELS_SCHEMA.names())
        write_labels(folder, table)
    extra = given.join(identities, on="identity", how="anti", maintain_order="left")["identity"].to_list()
    return Labelling(table=table, missing=missing, extra=extra, unknown_groups=unknown, unlabelled=unlabelled)


def read_label_file(path: Path) -> pl.DataFrame:
    """The columns identity, group and confidence of a CSV or Parquet table, a row for each identity.

    ``group`` is null where the table gives none, ``confidence`` where it knows none; other columns are left out.

    Raises:
        EthnoshardError: it can't be read, lacks a column, contradicts itself, or has a confidence outside 0 to 1.
    """
    if not path.is_file():
        raise EthnoshardError(f"{path} is not there; give a CSV or Parquet file with the columns identity,group")
    try:
        # Names such as 0000045 are text: nothing is inferred.
        table = read_table(path) if _is_parquet(path) else _read_csv(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise EthnoshardError(f"{path} can't be read as CSV or Parquet: {_first_line(error)}") from error
    lacking = [name for name in ("identity", "group") if name not in table.columns]
    if lacking:
        raise EthnoshardError(
            f"{path} lacks the column {' and '.join(lacking)}; it has {', '.join(table.columns)}. "
            f"The first line names the columns: identity,group[,confidence]"
        )
    if "confidence" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Float32).alias("confidence"))
    try:
        texts = table.select(pl.col("identity", "group").cast(pl.String))
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path}: identity and group are text: {_first_line(error)}") from error
    try:
        confidence = table["confidence"].cast(pl.Float32)
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path}: every confidence is a number between 0 and 1: {_first_line(error)}") from error
    table = texts.with_columns(pl.col("group").str.strip_chars().replace("", None), confidence).drop_nulls("identity")
    return _checked(path, table)


def _checked(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    odd = table.filter(~pl.col("confidence").is_between(0, 1))
    if len(odd):
        raise EthnoshardError(
            f"{path}: {len(odd):,} confidences are not between 0 and 1, the first of them {odd['confidence'][0]:g} "
            f"of {odd['identity'][0]!r}"
        )
    table = table.unique(maintain_order=True)
    twice = table.filter(pl.col("identity").is_duplicated())["identity"].unique(maintain_order=True).to_list()
    if twice:
        raise EthnoshardError(
            f"{path} says two different things of {len(twice):,} identities: {_some(twice)}. Keep one row for each"
        )
    return table


def _read_csv(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        return pl.read_csv(file, infer_schema=False)


def _first_line(error: Exception) -> str:
    """Of an error of polars, whose further lines speak to programmers."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _outside(given: pl.DataFrame, groups: Sequence[str]) -> dict[str, int]:
    """Groups that were not asked for, with the number of identities in each."""
    others = given.filter(pl.col("group").is_not_null() & ~pl.col("group").is_in(list(groups)))
    counts = others.group_by("group", maintain_order=True).len()
    return dict(sorted(counts.iter_rows()))


def _some(names: list[str], most: int = 3) -> str:
    """A few of many names, for a message."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + rest
