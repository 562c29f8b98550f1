"""Tables that lie beside or above the images and say otherwise than the folders whose these are."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import IDENTITY, Listing, Smell
from ethnoshard.sources.containers._images import Images, display
from ethnoshard.sources.containers._inventory import extension_of
from ethnoshard.sources.tables._people_list import read_people_list
from ethnoshard.sources.tables._roles import IMAGE, KEY

_TABLES = frozenset({"csv", "tsv", "txt", "lst", "parquet"})
_MOST_BYTES = 2**26
"""A larger table is not read only to find out what it is."""
_MOST_TABLES = 20
_MOST_ROWS = 200_000
_ENOUGH = 0.5
"""Share of a table's rows that must speak of images here."""


def contradicting_table(path: Path, listing: Listing) -> Smell | None:
    """A table beside the images, above or below, that names them and puts others together than the folders do.

    Args:
        path: of the source.
        listing: of it, by its folders.
    """
    below = (name for names in listing.skipped.values() for name in names)
    for table in _tables(path, below):
        told = _other_people(table, listing)
        if told is not None:
            there, by_table, by_folders = told
            return Smell(
                what=f"{display(str(table))} names {there:,} of these images and gives them to {by_table:,} people, "
                f"the folders to {by_folders:,} others",
                way_out=f"pass --list {display(str(table))}; if the folders are right, pass --as-it-is",
            )
    return None


def naming_table(path: Path, images: Images) -> Path | None:
    """A table beside images that lie in no identity's folder, or above theirs, that says whose they are.

    Args:
        path: of the source.
        images: that lie in it.
    """
    for table in _tables(path):
        paths = _people_of(table)
        named = None if paths is None else _compared(paths, ((image.path, "") for image in images), folders=0)
        if named is not None and named.people > 1:
            return table
    return None


def table_of_records(path: Path, label: str, records: int) -> Smell | None:
    """A table beside RecordIO, all of whose labels are the same, that says by keys who is in which record.

    Args:
        path: of the set.
        label: of all records.
        records: with images.
    """
    for table in _tables(path):
        try:
            rows = read_people_list(table).rows
        except EthnoshardError:
            continue
        if KEY in rows.columns and IDENTITY in rows.columns and len(rows) >= _ENOUGH * records:
            return Smell(
                what=f"all {records:,} records have the label {label!r}, and {display(str(table))} says of "
                f"{len(rows):,} who is in them",
                way_out=f"pass --list {display(str(table))}; if the labels are right, pass --as-it-is",
            )
    return None


def _tables(path: Path, below: Iterable[str] = ()) -> Iterator[Path]:
    """Beside the images or above their folder, then further down, where hubs lay one beside each part."""
    places = [path, path.absolute().parent] if path.is_dir() else [path.absolute().parent]
    left = _MOST_TABLES
    for place in places:
        try:
            found = sorted(each for each in place.iterdir() if extension_of(each.name) in _TABLES)
        except OSError:
            continue
        yield from filter(_is_readable, found[:left])
        left -= len(found)
        if left <= 0:
            return
    if path.is_dir():
        deeper = sorted((name.count("/"), name) for name in below if "/" in name and extension_of(name) in _TABLES)
        yield from filter(_is_readable, (path / name for _, name in deeper[:left]))


def _is_readable(table: Path) -> bool:
    try:
        return table.is_file() and 0 < table.stat().st_size <= _MOST_BYTES
    except OSError:
        return False


def _other_people(path: Path, listing: Listing) -> tuple[int, int, int] | None:
    """Images that a table names, people that it gives them to, and identities of these images by the folders.

    None where it is no table of images, or of others, or it agrees.
    """
    paths = _people_of(path)
    if paths is None:
        return None

    def names() -> Iterator[tuple[str, str]]:
        return ((ref.name, ref.identity) for ref in listing.refs)

    found = _compared(paths, names(), folders=0)
    if found is None:
        # Names of files that begin anew in each folder say nothing without it; what puts whole folders together may be
        # an attribute.
        found = _compared(paths, names(), folders=1)
        return None if found is None or found.pairs == found.identities else _told(found)
    return None if found.pairs == found.people == found.identities else _told(found)


class _Compared(NamedTuple):
    """What a table and the folders say of the images that both name."""

    images: int
    pairs: int
    people: int
    identities: int


def _told(found: _Compared) -> tuple[int, int, int]:
    return found.images, found.people, found.identities


def _people_of(path: Path) -> pl.DataFrame | None:
    """Image and person of a table, as "file" and "table"; None where it is no such table."""
    try:
        rows = read_people_list(path).rows
    except EthnoshardError:
        return None
    if IMAGE not in rows.columns or IDENTITY not in rows.columns:
        return None
    return rows.select(pl.col(IMAGE).alias("file"), pl.col(IDENTITY).alias("table")).drop_nulls().head(_MOST_ROWS)


def _compared(paths: pl.DataFrame, images: Iterable[tuple[str, str]], *, folders: int) -> _Compared | None:
    """Bring both together by the ends of their paths; None where they have few in common.

    Args:
        paths: of a table, see :func:`_people_of`.
        images: path and identity by the folders.
        folders: how many above a file belong to its name.
    """
    end = rf"((?:[^/]+/){{{folders}}}[^/]+)$"
    rows = paths.with_columns(pl.col("file").str.extract(end)).drop_nulls().unique("file", keep="none")
    wanted = set(rows["file"])
    ends = (("/".join(path.split("/")[-1 - folders :]), identity) for path, identity in images)
    found = [(file, identity) for file, identity in ends if file in wanted]
    here = pl.DataFrame(found, {"file": pl.String, "folder": pl.String}, orient="row").unique("file", keep="none")
    both = rows.join(here, on="file")
    if len(both) < _ENOUGH * len(paths) or both.is_empty():
        return None
    pairs = both.select("table", "folder").n_unique()
    return _Compared(len(both), pairs, both["table"].n_unique(), both["folder"].n_unique())
