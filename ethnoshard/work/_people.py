"""What a source said of its people, kept for labelling: ``people.parquet``."""

import polars as pl

from ethnoshard._files import read_table, write_table
from ethnoshard.errors import EthnoshardError
from ethnoshard.work._folder import WorkFolder

PEOPLE = "people.parquet"


def write_people(work: WorkFolder, rows: pl.DataFrame | None) -> None:
    """Write what the source says now, or take away what it said before.

    Args:
        work: the work folder, held.
        rows: as :class:`~ethnoshard.sources.People` has them; None where the source says nothing.
    """
    path = work.path / PEOPLE
    if rows is None:
        path.unlink(missing_ok=True)
    else:
        write_table(path, rows)


def read_people(work: WorkFolder) -> pl.DataFrame | None:
    """What the source said: a row for each identity of which it said something; None where it said nothing.

    Raises:
        EthnoshardError: the table is damaged.
    """
    path = work.path / PEOPLE
    if not path.exists():
        return None
    try:
        return read_table(path)
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path} is damaged ({error}); run the same `ethnoshard align` again") from error
