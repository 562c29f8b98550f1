"""Labels that somebody gives in a table, and which of its names are identities but for their writing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._given_labels import GivenLabels, read_label_file, second_names, some_of
from ethnoshard.ethnicity._named import find_named
from ethnoshard.sources import Remark, Remarks
from ethnoshard.work import LABELS_SCHEMA, Labelling, WorkFolder, write_labels

CUT_ZEROS = "leading zeros cut off, as spreadsheets do; import the column of identities as text"
DECIMALS = "made a decimal number; read the column of identities as text"
CASE = "upper and lower case, or spaces, differ; write identities as the folders are"


def _number(name: str) -> str:
    return name.lstrip("0") or "0" if name.isdecimal() else name


def _whole(name: str) -> str:
    before, point, after = name.partition(".")
    return _number(before) if before.isdecimal() and point and after and not after.strip("0") else _number(name)


_WRITINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (CUT_ZEROS, _number),
    (DECIMALS, _whole),
    (CASE, lambda name: " ".join(name.casefold().split())),
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


def label_from_file(
    work: str | Path,
    labels: str | Path | GivenLabels,
    *,
    columns: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    groups: Sequence[str] | None = None,
    unlabelled: Literal["drop", "unknown"] = "drop",
) -> Labelling:
    """Give the identities of a work folder the groups that a table names, and write the lookup table.

    Groups are the user's own strings and can be any attribute of an identity. Identities are compared as text, letter
    by letter: first by their own names, then by second names, then by the last folder where a name is a path.

    Args:
        work: a work folder whose alignment is finished.
        labels: a table of identities and groups, see :func:`read_label_file`; or what that read from one.
        columns: role -> column, where likely names don't tell.
        names: identity -> another name of it, which the table may use; by default as the source gave them.
        groups: the groups to accept; others count as none. By default all are accepted.
        unlabelled: "drop" identities without a group from the dataset, or put them in the group "unknown".

    Returns:
        The table, and what didn't fit.

    Raises:
        EthnoshardError: the file can't be read, doesn't say which column is which, contradicts itself, has a confidence
            outside 0 to 1, or names none of the work folder's identities.
    """
    if unlabelled not in ("drop", "unknown"):
        raise EthnoshardError(f'unlabelled is "drop" or "unknown", not "{unlabelled}"')
    folder = WorkFolder(Path(work))
    parts = folder.finished().parts
    given = labels if isinstance(labels, GivenLabels) else read_label_file(labels, columns)
    names = second_names(folder) if names is None else names
    with folder.held():
        identities = folder.people(parts).select("identity", "faces")
        unknown = {} if groups is None else _outside(given.rows, groups)
        named = find_named(identities["identity"], given.rows, names)
        rows = given.rows.with_columns(
            pl.when(pl.col("group").is_in(list(unknown))).then(None).otherwise(pl.col("group")).alias("group")
        )
        table = identities.join(named.rows, on="identity", how="left", maintain_order="left").join(
            rows.select("row", "group", "confidence"), on="row", how="left", maintain_order="left"
        )
        missing = table.filter(pl.col("group").is_null())["identity"].to_list()
        extra = rows.join(named.rows, on="row", how="anti", maintain_order="left")["identity"].to_list()
        nameless = table.filter(pl.col("row").is_null())["identity"].to_list()
        alike = resembling(extra, nameless)
        if len(missing) == len(table):
            raise _nobody(given, folder, missing, names, alike)
        if unlabelled == "unknown":
            table = table.with_columns(pl.col("group").fill_null(UNKNOWN))
        table = table.with_columns(
            pl.lit(None, pl.List(pl.Float32)).alias("probabilities"),
            pl.lit(0, pl.Int32).alias("faces_used"),
            pl.lit(None, pl.Float32).alias("agreement"),
            pl.lit(given.source).alias("source"),
        ).select(LABELS_SCHEMA.names())
        write_labels(folder, table, left_out=given.left_out)
    return Labelling(
        table=table,
        missing=missing,
        extra=extra,
        unknown_groups=unknown,
        unlabelled=unlabelled,
        left_out=given.left_out,
        resembling=alike,
        read_as=given.read_as,
        kept=given.kept,
        otherwise=named.otherwise,
    )


def _nobody(
    given: GivenLabels, folder: WorkFolder, missing: list[str], names: Mapping[str, str], alike: tuple[Remark, ...]
) -> EthnoshardError:
    """Both sides, with examples."""
    why = "".join(f". {remark}" for remark in alike)
    read_as = f" (read as {', '.join(given.read_as)})" if given.read_as else ""
    second = [names[name] for name in missing if name in names]
    beside = f", by their second names {some_of(second)}" if second else ""
    which = "" if given.read_as or why else ". Say with --columns which column holds them, if another one does"
    example = some_of(given.rows["identity"].to_list())
    return EthnoshardError(
        f"{given.path} gives a group to none of the {len(missing):,} identities in {folder.path}{read_as}. It names, "
        f"for example, {example}; the folder has {some_of(missing)}{beside}{why}{which}"
    )


def _outside(given: pl.DataFrame, groups: Sequence[str]) -> dict[str, int]:
    """Groups that were not asked for, with the number of identities in each."""
    others = given.filter(pl.col("group").is_not_null() & ~pl.col("group").is_in(list(groups)))
    counts = others.group_by("group", maintain_order=True).len()
    return dict(sorted(counts.iter_rows()))
