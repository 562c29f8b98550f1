"""A table of a run that grows with its steps, and is read back whatever version wrote it."""

from pathlib import Path

import polars as pl

from ethnoshard._files import read_table, write_table
from ethnoshard.errors import EthnoshardError


class StepRows:
    """Rows with a column ``step``, written whole with each checkpoint, so that both end at the same step."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        """Begin without rows."""
        self._path, self._schema = path, schema
        self._written = schema.to_frame()
        self._new: list[dict[str, float | str | None]] = []

    def table(self) -> pl.DataFrame:
        """All rows."""
        if not self._new:
            return self._written
        return pl.concat([self._written, pl.DataFrame(self._new, self._schema)])

    def write(self) -> None:
        """Write the table.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        self._written, self._new = self.table(), []
        write_table(self._path, self._written)

    def truncate_after(self, step: int) -> None:
        """Go on after ``step``: rows on disk up to there count, later ones don't.

        Raises:
            EthnoshardError: the table is damaged.
        """
        if self._path.exists():
            self._written = read_rows(self._path, self._schema).filter(pl.col("step") <= step)


def read_rows(path: Path, schema: pl.Schema) -> pl.DataFrame:
    """The table; columns of a later version are left out, missing ones are null.

    Raises:
        EthnoshardError: it is not there, damaged, or a column is of another type.
    """
    try:
        table = read_table(path)
        known = [name for name in schema if name in table.columns]
        rows: pl.DataFrame = pl.concat([schema.to_frame(), table.select(known)], how="diagonal_relaxed").cast(schema)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise EthnoshardError(
            f"{path} can't be read ({error}); if it is damaged, take the run folder from a copy, or train anew"
        ) from error
    return rows
