"""What a source said of its people, kept for labelling, and the list by which it was read, to read it so again."""

import shutil
from pathlib import Path

import polars as pl

from ethnoshard._files import read_table, whole_file, write_table
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
        write_table(path, rows, shared=True)


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


def gives_groups(work: WorkFolder) -> bool:
    """Whether the source gave a group to any of its people, so that `label` needs nothing else.

    Raises:
        EthnoshardError: what it said is damaged.
    """
    rows = read_people(work)
    return rows is not None and "group" in rows.columns and rows["group"].null_count() < rows.height


def name_of_list(table: Path | None) -> str | None:
    """What a list is called in the work folder; None where the source was read without one, or by a folder of lists."""
    return None if table is None or not table.is_file() else f"list{table.suffix}"


def write_list(work: WorkFolder, table: Path | None) -> None:
    """Keep the list by which the source was read.

    Args:
        work: the work folder, held.
        table: the list; None where the source was read without one.
    """
    name = name_of_list(table)
    if table is None or name is None:
        return
    with table.open("rb") as file, whole_file(work.path / name, shared=True) as copy:
        shutil.copyfileobj(file, copy)
