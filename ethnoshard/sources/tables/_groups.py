"""Tables of people's attributes, in which every column that names a few groups is a source of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.tables._group_source import GroupSource
from ethnoshard.sources.tables._people import read_person_table
from ethnoshard.sources.tables._text import LINE

MOST_GROUPS = 24
"""Values of a column up to which it is taken for a source of groups unasked: names, dates and birthplaces have more."""

IDENTITY, GROUP = "identity", "group"
_NO_GROUPS = ("confidence", "probabilities", "faces", "faces_used", "agreement", "source")
"""Columns that ``ethnoshard label`` writes beside identity and group."""
_EXAMPLE = "identity,group[,attribute...]"
_NO_GROUP, _AGAIN = "row without a group", "row that says what one before said"
_NUMBER = r"^[+-]?[0-9]*\.?[0-9]+$"
_SOME = 3


@dataclass(frozen=True, eq=False)
class AttributeTable:
    """What a table says of people.

    Attributes:
        path: the file.
        rows: texts, null where the table says nothing: ``identity``, attributes by name, and the line or row.
        left_out: rows that say nothing, by reason.
    """

    path: Path
    rows: pl.DataFrame
    left_out: tuple[Remark, ...]

    @property
    def columns(self) -> list[str]:
        """Attributes that the table has."""
        return [name for name in self.rows.columns if name not in (IDENTITY, LINE)]

    def values(self, column: str) -> dict[str, str]:
        """Identity -> value of a column, for people of whom it says one.

        Raises:
            EthnoshardError: it says two different things of a person.
        """
        found, twice = self._values(column)
        if twice:
            raise EthnoshardError(
                f"{self.path} says two different things of {len(twice):,} identities in the column {column}: "
                f"{_some(twice)}. Keep one row for each"
            )
        return found

    def sources(self, columns: Sequence[str] = (), *, apart_from: str | None = None) -> tuple[GroupSource, ...]:
        """A source of groups for each column.

        Args:
            columns: which; without, ``group`` and every other column of text with 2 to ``MOST_GROUPS`` values, one a
                person.
            apart_from: a column that is no source unless it is asked for; a table that has it needs no other.

        Raises:
            EthnoshardError: a column says two different things of a person or gives no group at all, or none is a
                source.
        """
        chosen = list(columns) or [name for name in self.columns if name != apart_from and self._names_groups(name)]
        if not chosen and apart_from not in self.columns:
            raise EthnoshardError(
                f"{self.path} has no column that names groups, of 2 to {MOST_GROUPS} values, one a person; it has "
                f"{', '.join([IDENTITY, *self.columns])}. Groups are a table of {_EXAMPLE}; pass --group-columns to "
                "choose columns"
            )
        return tuple(self._source(name, alone=chosen == [GROUP]) for name in chosen)

    def _source(self, column: str, *, alone: bool) -> GroupSource:
        groups = self.values(column)
        people = self.rows[IDENTITY].n_unique()
        if not groups:
            raise EthnoshardError(f"{self.path} gives a {column} to none of its {people:,} identities")
        without = people - len(groups)
        file = self.path.name
        return GroupSource(
            name=file_part(self.path.stem if column == GROUP else column),
            groups=groups,
            without={f"no {column} in the file": without} if without else {},
            given_by=file if alone else f"{file}, column {column}",
            attribute=column,
            left_out=self.left_out,
        )

    def _names_groups(self, column: str) -> bool:
        if column == GROUP:
            return True
        found, twice = self._values(column)
        number = len(set(found.values()))
        names = not self.rows[column].drop_nulls().str.contains(_NUMBER).all()
        return column not in _NO_GROUPS and names and 2 <= number <= MOST_GROUPS and not twice

    def _values(self, column: str) -> tuple[dict[str, str], list[str]]:
        """Identity -> value, and the people who have several."""
        pairs = self.rows.select(IDENTITY, column).drop_nulls().unique(maintain_order=True)
        twice = pairs.filter(pl.col(IDENTITY).is_duplicated())[IDENTITY].unique(maintain_order=True).to_list()
        return dict(pairs.iter_rows()), twice


def read_attributes(path: Path, columns: Mapping[str, str] | None = None) -> AttributeTable:
    """Read a table of people: text by commas, semicolons, tabs or blanks, or Parquet.

    Args:
        path: the table, with a row for each person, or for each image; or a folder of lists of people, one a group.
        columns: ``identity`` -> the column that names the people, where likely names don't tell.

    Raises:
        EthnoshardError: it is not there, can't be read, names nobody, or has nothing beside.
    """
    if path.is_fifo():
        raise EthnoshardError(f"{path} is a pipe, which can be read once only; save the table to a file and give that")
    table = read_person_table(path, columns, f"a CSV or Parquet file with the columns {_EXAMPLE}", roles=())
    attributes = [name for name in table.rows.columns if name not in (IDENTITY, LINE)]
    if not attributes:
        raise EthnoshardError(f"{path} has no column beside {IDENTITY}; groups are a table of {_EXAMPLE}")
    remarks = Remarks()
    for remark in (*table.left_out, *table.kept):
        remarks.add(remark.reason, remark.first, remark.count)
    rows = table.rows
    ungrouped = rows.filter(pl.col(GROUP).is_null()) if GROUP in attributes and not table.of_images else rows.clear()
    said = rows.unique([IDENTITY, *attributes], keep="first", maintain_order=True)
    for reason, some in {
        _NO_GROUP: ungrouped,
        _AGAIN: rows.join(said, on=LINE, how="anti", maintain_order="left"),
    }.items():
        if len(some):
            remarks.add(reason, table.at(some[LINE][0]), len(some))
    return AttributeTable(path, rows, remarks.by_reason())


def file_part(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"\W+", "-", name).strip("-") or "file"


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _SOME:,} more" if len(names) > _SOME else ""
    return ", ".join(map(repr, names[:_SOME])) + rest
