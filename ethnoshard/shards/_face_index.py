"""The table of faces, ``faces.parquet``, read in pieces: of millions of faces nobody needs all columns of all rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ethnoshard._files import scanned_table

_AT_ONCE = 1 << 20
"""Rows of a column that are read together: a few groups of Parquet, of which each is read as a whole."""


@dataclass(frozen=True)
class FaceIndex:
    """Reads the table of faces.

    Every method raises:
        EthnoshardError: the table is missing or damaged.

    Attributes:
        path: the file.
    """

    path: Path

    def schema(self) -> pl.Schema:
        """Its columns."""
        with scanned_table(self.path) as table:
            return table.collect_schema()

    def __len__(self) -> int:
        """Number of faces."""
        with scanned_table(self.path) as table:
            return int(table.select(pl.len()).collect().item())

    def blank(self, name: str) -> int:
        """Empty places of a column."""
        return sum(values.null_count() for values in self.column(name))

    def column(self, name: str) -> Iterator[pl.Series]:
        """A column, some rows at a time."""
        for start in range(0, len(self), _AT_ONCE):
            with scanned_table(self.path) as table:
                values = table.select(name).slice(start, _AT_ONCE).collect()[name]
            yield values

    def table(self, start: int, stop: int) -> pl.DataFrame:
        """All columns of the rows from one to before another."""
        with scanned_table(self.path) as table:
            return table.slice(start, stop - start).collect()
