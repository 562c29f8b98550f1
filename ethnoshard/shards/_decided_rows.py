"""The rows of a work folder's tables that decisions are about: few, found by going through the parts one by one."""

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from ethnoshard.shards._decisions import Decisions
from ethnoshard.shards._face_rows import COLUMNS
from ethnoshard.work import PART_SCHEMA

_NO_ROWS = pl.DataFrame(
    schema={
        "row": pl.UInt32,
        "part": pl.Int32,
        **{name: PART_SCHEMA[name] for name in COLUMNS if name != "part"},
    }
)

Tables = Callable[[], Iterable[pl.DataFrame]]
"""Goes through all rows of all parts: ``WorkFolder.tables``."""


def rows_named(decisions: Decisions, tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of all that decisions name, see :func:`_keyed`; and everybody: identity, begin (first row), faces.

    Blanks about a name may or may not be part of it.
    """
    table = decisions.table
    given = {name: pl.concat([table[name], table[name].str.strip_chars()]) for name in ("identity", "to", "image")}
    names = pl.concat([given["identity"], given["to"]]).unique().implode()
    images = pl.concat([given["image"], given["image"].str.replace(r"#\d+$", "")]).unique().implode()
    counted = [pl.DataFrame(schema={"identity": pl.String, "begin": pl.UInt32, "faces": pl.UInt32})]
    found = [_keyed(_NO_ROWS)]
    for _, rows in numbered(tables):
        counted.append(
            rows.group_by("identity", maintain_order=True).agg(
                pl.col("row").min().alias("begin"), pl.col("length").count().alias("faces")
            )
        )
        found.append(_keyed(rows.filter(pl.col("identity").is_in(names) | pl.col("image").is_in(images))))
    people = pl.concat(counted).group_by("identity").agg(pl.col("begin").min(), pl.col("faces").sum())
    return pl.concat(found), people


def numbered(tables: Tables) -> Iterator[tuple[int, pl.DataFrame]]:
    """Tables with the number of each row in ``row`` and ``COLUMNS``, and the number of the first."""
    start = 0
    for table in tables():
        yield start, table.select(COLUMNS).with_row_index("row", offset=start)
        start += len(table)


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the number of the face within its image, and the face's ``key``."""
    counted = rows.with_columns(pl.int_range(1, pl.len() + 1).over("image").alias("number"))
    further = pl.format("{}#{}", "image", "number")
    return counted.with_columns(pl.when(pl.col("number") == 1).then("image").otherwise(further).alias("key"))


def all_keys(tables: Tables) -> pl.Series:
    """Keys of all faces, which only a message needs."""
    return pl.concat([_keyed(rows)["key"] for _, rows in numbered(tables)])
