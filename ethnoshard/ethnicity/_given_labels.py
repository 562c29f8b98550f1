"""Tables of who is of which group, in whatever form and by whatever columns they are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ethnoshard._files import shown
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import LINE, PersonTable, Remark, Remarks, read_person_table
from ethnoshard.work import PEOPLE, WorkFolder, read_people

_WANTED = "a CSV or Parquet file with the columns identity,group"
_NO_GROUP, _AGAIN = "row without a group", "row that says what one before said"
CASE_ALONE = "identity of a group that differs from a larger one in upper and lower case only; write them alike"


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenLabels:
    """What a table says of people's groups.

    Attributes:
        path: the file, or a folder of lists.
        rows: a row for each identity: its number ``row``, ``identity``, ``name`` (another name that the table has for
            it, else null), ``group`` (null where the table gives none), ``confidence`` (null where it knows none).
        read_as: what isn't plain from the columns' own names, as "identity from column Class_ID".
        left_out: rows that give nobody a group, by reason.
        kept: what is odd about the table, though it is used.
        given_by: what gives the groups if it is no file, as "the folder names of lfw.tar".
    """

    path: Path
    rows: pl.DataFrame
    read_as: tuple[str, ...] = ()
    left_out: tuple[Remark, ...] = ()
    kept: tuple[Remark, ...] = ()
    given_by: str | None = None

    @property
    def source(self) -> str:
        """What records call it: ``file NAME``, or what gives it if it is no file."""
        if self.given_by is not None:
            return self.given_by
        return "file from a pipe" if self.path.is_fifo() else f"file {shown(self.path)}"


def labels_of_source(work: str | Path) -> GivenLabels | None:
    """The groups that a work folder's source itself gave, by its folders or a column; None where it gave none.

    Args:
        work: the work folder.

    Raises:
        EthnoshardError: it is no work folder, or what it keeps of its people is damaged.
    """
    folder = WorkFolder(Path(work))
    record, rows = folder.record(), read_people(folder)
    if rows is None or "group" not in rows.columns:
        return None
    source = record.source
    given = rows.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        "identity",
        pl.lit(None, pl.String).alias("name"),
        "group",
        pl.lit(None, pl.Float32).alias("confidence"),
    )
    by = source.given_by.get("group", "the source")
    return GivenLabels(path=folder.path / PEOPLE, rows=given, given_by=f"{by} of {shown(Path(source.name))}")


def second_names(work: WorkFolder) -> dict[str, str]:
    """Identity -> another name of it that the source gave, as the folders that RecordIO was made from."""
    rows = read_people(work)
    if rows is None or "name" not in rows.columns:
        return {}
    return dict(rows.select("identity", "name").drop_nulls().iter_rows())


def read_label_file(path: str | Path, columns: Mapping[str, str] | None = None) -> GivenLabels:
    """Read who is of which group, from a table of people or of images and who is on them.

    Args:
        path: CSV, by commas, semicolons, tabs or blanks, with or without a head, or Parquet; or a folder of lists, one
            a group. Beside identities and groups it may have a ``confidence`` (0 to 1); other columns are left out.
        columns: role -> column, where likely names don't tell: ``identity``, ``group`` (several with ``+`` between,
            each yes or no), ``name``, ``image``, ``confidence``. A table without a head has columns 1, 2 ...

    Raises:
        EthnoshardError: it can't be read, doesn't say which column is which, contradicts itself, or has a confidence
            outside 0 to 1.
    """
    table = read_person_table(Path(path), columns, _WANTED)
    rows = table.rows
    if "group" not in rows.columns:
        others = [name for name in rows.columns if name not in ("identity", LINE)]
        advice = (
            f"it has {', '.join(others)}. Say which with --columns, for example group={others[0]}"
            if others
            else "it has no further column of texts or numbers"
        )
        raise EthnoshardError(f"{path} doesn't say which column names the groups; beside the identities {advice}")
    rows = rows.select(
        "identity",
        (pl.col("name") if "name" in rows.columns else pl.lit(None, pl.String)).alias("name"),
        "group",
        _confidence(table).alias("confidence"),
        LINE,
    )
    checked = _checked(table.path, rows)
    left_out, kept = Remarks(), Remarks()
    for remarks, known in ((left_out, table.left_out), (kept, table.kept)):
        for remark in known:
            remarks.add(remark.reason, remark.first, remark.count)
    for reason, some in {
        _NO_GROUP: rows.filter(pl.col("group").is_null())[LINE],
        _AGAIN: rows.join(checked, on=LINE, how="anti", maintain_order="left")[LINE],
    }.items():
        if len(some) and not (reason == _NO_GROUP and table.of_images):
            left_out.add(reason, table.at(some[0]), len(some))
    _add_alike(checked, kept)
    return GivenLabels(
        path=table.path,
        rows=checked.drop(LINE).with_row_index("row"),
        read_as=table.read_as,
        left_out=left_out.by_reason(),
        kept=kept.by_reason(),
    )


def _confidence(table: PersonTable) -> pl.Series:
    try:
        if "confidence" not in table.rows.columns:
            return pl.Series("confidence", [None] * len(table.rows), pl.Float32)
        return table.rows["confidence"].cast(pl.Float32)
    except pl.exceptions.PolarsError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise EthnoshardError(f"{table.path}: every confidence is a number between 0 and 1: {reason}") from error


def _checked(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """The rows, each identity once."""
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
            f"{path} says two different things of {len(twice):,} identities: {some_of(twice)}. Keep one row for each"
        )
    return table


def _add_alike(table: pl.DataFrame, kept: Remarks) -> None:
    """Count the identities of groups such as ``w`` beside a larger ``W``."""
    counts = table.drop_nulls("group").group_by("group").len("often").with_columns(
        pl.col("group").str.to_lowercase().alias("plain")
    ).sort("often", "group", descending=[True, False])  # fmt: skip
    for _, alike in counts.group_by("plain", maintain_order=True):
        largest, *others = alike.select("group", "often").iter_rows()
        for group, often in others:
            kept.add(CASE_ALONE, f"{group!r} ({often:,}) beside {largest[0]!r} ({largest[1]:,})", often)


def some_of(names: list[str], most: int = 3) -> str:
    """A few of many names, for a message."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + rest
