"""Labels that somebody gives in a table, and which of its names are identities but for their writing."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from ethnoshard._files import read_table, shown
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import LINE, Remark, Remarks, read_text_table
from ethnoshard.work import LABELS_SCHEMA, Labelling, WorkFolder, write_labels

CUT_ZEROS = "leading zeros cut off, as spreadsheets do; import the column of identities as text"
DECIMALS = "made a decimal number; read the column of identities as text"
CASE = "upper and lower case, or spaces, differ; write identities as the folders are"
ABOVE = "a folder more or less stands before the name; write identities as the faces have them"


def _number(name: str) -> str:
    return name.lstrip("0") or "0" if name.isdecimal() else name


def _whole(name: str) -> str:
    before, point, after = name.partition(".")
    return _number(before) if before.isdecimal() and point and after and not after.strip("0") else _number(name)


_WRITINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (CUT_ZEROS, _number),
    (DECIMALS, _whole),
    (CASE, lambda name: " ".join(name.casefold().split())),
    (ABOVE, lambda name: name.strip("/").rpartition("/")[2]),
)


def resembling(named: Sequence[str], lacking: Sequence[str]) -> tuple[Remark, ...]:
    """Count names of a table that fit nobody but for their writing.

    Args:
        named: names in the table that no identity has.
        lacking: identities that the table doesn't name.

    Returns:
        By the kind of writing; a name counts once, and only if it fits a single identity.

    >>> [(remark.reason[:21], remark.count, remark.first) for remark in resembling(["45", "7"], ["0000045", "p"])]
    [('leading zeros cut off', 1, "'45' for '0000045'")]
    """
    remarks = Remarks()
    rest = list(named)
    for reason, writing in _WRITINGS:
        often = Counter(writing(name) for name in lacking)
        identity = {writing(name): name for name in lacking}
        fits = [name for name in rest if often[writing(name)] == 1]
        for name in fits:
            remarks.add(reason, f"{name!r} for {identity[writing(name)]!r}")
        taken = set(fits)
        rest = [name for name in rest if name not in taken]
    return remarks.by_reason()


UNKNOWN = "unknown"
"""The group of identities without one, where they are kept."""

_COLUMNS = ("identity", "group")
_EXAMPLE = "identity,group[,confidence]"
_NO_IDENTITY, _NO_GROUP, _AGAIN = "row without an identity", "row without a group", "row that says what one before said"


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
    parts = folder.finished().parts
    given, left_out = read_label_file(path)
    with folder.held():
        faces = folder.faces(parts)
        identities = faces.group_by("identity", maintain_order=True).agg(pl.col("length").count().alias("faces"))
        unknown = {} if groups is None else _outside(given, groups)
        accepted = given.filter(pl.col("group").is_not_null() & ~pl.col("group").is_in(list(unknown)))
        table = identities.join(accepted, on="identity", how="left", maintain_order="left")
        missing = table.filter(pl.col("group").is_null())["identity"].to_list()
        extra = given.join(identities, on="identity", how="anti", maintain_order="left")["identity"].to_list()
        known = set(given["identity"])
        alike = resembling(extra, [name for name in missing if name not in known])
        if len(missing) == len(table):
            why = "".join(f". {remark}" for remark in alike)
            raise EthnoshardError(
                f"{path} gives a group to none of the {len(table):,} identities in {folder.path}. It names, for "
                f"example, {_some(given['identity'].to_list())}; the folder has {_some(missing)}{why}"
            )
        if unlabelled == "unknown":
            table = table.with_columns(pl.col("group").fill_null(UNKNOWN))
        table = table.with_columns(
            pl.lit(None, pl.List(pl.Float32)).alias("probabilities"),
            pl.lit(0, pl.Int32).alias("faces_used"),
            pl.lit(None, pl.Float32).alias("agreement"),
            pl.lit(f"file {shown(path)}").alias("source"),
        ).select(LABELS_SCHEMA.names())
        write_labels(folder, table, left_out=left_out)
    return Labelling(
        table=table,
        missing=missing,
        extra=extra,
        unknown_groups=unknown,
        unlabelled=unlabelled,
        left_out=left_out,
        resembling=alike,
    )


def read_label_file(path: Path) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """The columns identity, group and confidence of a CSV or Parquet table, a row for each identity.

    ``group`` is null where the table gives none, ``confidence`` where it knows none; other columns are left out.

    Returns:
        The table, and the rows of it that say nothing, by reason.

    Raises:
        EthnoshardError: it can't be read, lacks a column, contradicts itself, or has a confidence outside 0 to 1.
    """
    if not path.is_file():
        raise EthnoshardError(f"{path} is not there; give a CSV or Parquet file with the columns identity,group")
    try:
        parquet = _is_parquet(path)
        # Names such as 0000045 are text: nothing is inferred.
        table, empty = (_read_parquet(path), ()) if parquet else read_text_table(path, _COLUMNS, _EXAMPLE)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise EthnoshardError(f"{path} can't be read as CSV or Parquet: {_first_line(error)}") from error
    if "confidence" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Float32).alias("confidence"))
    try:
        texts = table.select(pl.col("identity", "group").cast(pl.String), LINE)
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path}: identity and group are text: {_first_line(error)}") from error
    try:
        confidence = table["confidence"]
        if confidence.dtype == pl.String:
            confidence = confidence.str.strip_chars().replace("", None)
        confidence = confidence.cast(pl.Float32)
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path}: every confidence is a number between 0 and 1: {_first_line(error)}") from error
    table = texts.with_columns(pl.col("group").str.strip_chars().replace("", None), confidence)
    remarks = Remarks()
    for remark in empty:
        remarks.add(remark.reason, remark.first, remark.count)
    checked = _checked(path, table.filter(pl.col("identity").str.contains(r"\S")))
    rows = {
        _NO_IDENTITY: table.filter(~pl.col("identity").str.contains(r"\S").fill_null(False))[LINE],
        _NO_GROUP: table.filter(pl.col("identity").str.contains(r"\S") & pl.col("group").is_null())[LINE],
        _AGAIN: table.filter(pl.col("identity").str.contains(r"\S") & ~pl.col(LINE).is_in(checked[LINE].to_list()))[
            LINE
        ],
    }
    for reason, lines in rows.items():
        if len(lines):
            remarks.add(reason, f"{path.name}, {'row' if parquet else 'line'} {lines[0]:,}", len(lines))
    return checked.drop(LINE), remarks.by_reason()


def _checked(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    odd = table.filter(~pl.col("confidence").is_between(0, 1))
    if len(odd):
        raise EthnoshardError(
            f"{path}: {len(odd):,} confidences are not between 0 and 1, the first of them {odd['confidence'][0]:g} "
            f"of {odd['identity'][0]!r}"
        )
    table = table.unique(["identity", "group", "confidence"], keep="first", maintain_order=True)
    twice = table.filter(pl.col("identity").is_duplicated())["identity"].unique(maintain_order=True).to_list()
    if twice:
        raise EthnoshardError(
            f"{path} says two different things of {len(twice):,} identities: {_some(twice)}. Keep one row for each"
        )
    return table


def _read_parquet(path: Path) -> pl.DataFrame:
    table = read_table(path)
    lacking = [name for name in _COLUMNS if name not in table.columns]
    if lacking:
        raise EthnoshardError(
            f"{path} lacks the column {' and '.join(lacking)}; it has {', '.join(table.columns)}. Wanted are {_EXAMPLE}"
        )
    return table.with_row_index(LINE, offset=1)


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
