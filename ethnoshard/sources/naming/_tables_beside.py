"""Tables that lie beside or above the images and say otherwise than the folders whose these are."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import IDENTITY, Listing, Smell
from ethnoshard.sources.containers._inventory import display, extension_of
from ethnoshard.sources.tables._people_list import read_people_list
from ethnoshard.sources.tables._roles import IMAGE

_TABLES = frozenset({"csv", "tsv", "txt", "lst", "parquet"})
_MOST_BYTES = 2**26
"""A larger table is not read only to find out what it is."""
_MOST_TABLES = 20
_MOST_ROWS = 200_000
_ENOUGH = 0.5
"""Share of a table's rows that must speak of images here."""


def contradicting_table(path: Path, listing: Listing) -> Smell | None:
    """A table beside the images, or above their folder, that names them and puts others together than the folders do.

    Args:
        path: of the source.
        listing: of it, by its folders.
    """
    for table in _tables(path):
        told = _other_people(table, listing)
        if told is not None:
            there, by_table, by_folders = told
            return Smell(
                what=f"{display(str(table))} names {there:,} of these images and gives them to {by_table:,} people, "
                f"the folders to {by_folders:,} others",
                way_out=f"pass --list {display(str(table))}; if the folders are right, pass --as-it-is",
            )
    return None


def _tables(path: Path) -> Iterator[Path]:
    places = [path, path.absolute().parent] if path.is_dir() else [path.absolute().parent]
    left = _MOST_TABLES
    for place in places:
        try:
            found = sorted(each for each in place.iterdir() if extension_of(each.name) in _TABLES)
        except OSError:
            continue
        for table in found[:left]:
            try:
                if table.is_file() and 0 < table.stat().st_size <= _MOST_BYTES:
                    yield table
            except OSError:
                continue
        left -= len(found)
        if left <= 0:
            return


def _other_people(path: Path, listing: Listing) -> tuple[int, int, int] | None:
    """Images that a table names, people that it gives them to, and identities of these images by the folders.

    None where it is no table of images, or of others, or it agrees.
    """
    try:
        rows = read_people_list(path).rows
    except EthnoshardError:
        return None
    if IMAGE not in rows.columns or IDENTITY not in rows.columns:
        return None
    rows = rows.select(
        pl.col(IMAGE).str.split("/").list.last().alias("file"), pl.col(IDENTITY).alias("table")
    ).drop_nulls()
    rows = rows.head(_MOST_ROWS).unique("file", keep="none")
    wanted = set(rows["file"])
    found = [(file, ref.identity) for ref in listing.refs if (file := ref.name.rpartition("/")[2]) in wanted]
    here = pl.DataFrame(found, {"file": pl.String, "folder": pl.String}, orient="row").unique("file", keep="none")
    both = rows.join(here, on="file")
    if len(both) < _ENOUGH * len(rows) or both.is_empty():
        return None
    pairs, by_table, by_folder = (
        both.select("table", "folder").n_unique(),
        both["table"].n_unique(),
        both["folder"].n_unique(),
    )
    return None if pairs == by_table == by_folder else (len(both), by_table, by_folder)
