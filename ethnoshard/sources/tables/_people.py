"""Tables that say something of people, whatever their form, the names of their columns, and what a row is of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ethnoshard.sources._listing import GROUP, IDENTITY, NAME
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.tables._given import GivenTable, read_given_table
from ethnoshard.sources.tables._people_list import DIVIDED, ImageTable, image_table, people_of, read_people_list
from ethnoshard.sources.tables._roles import (
    CONFIDENCE,
    IMAGE,
    KNOWN_NAMES,
    Roles,
    ask,
    find_roles,
    likely_votes,
    refuse_line_breaks,
)
from ethnoshard.sources.tables._text import LINE

NO_IDENTITY = "row without an identity"


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonTable:
    """What a table says of people.

    Attributes:
        path: the file, or a folder of lists.
        rows: texts, null where the table says nothing: ``identity``, the roles asked for that it has, other columns by
            their own names, and ``LINE``. Of a table with a row for each image a row for each person.
        unit: what ``LINE`` counts, "line" or "row".
        read_as: what isn't plain from the columns' own names, as "identity from column Class_ID".
        left_out: rows that say nothing of anybody, by reason.
        kept: what is odd about the table, though it is used.
        of_images: whether the table has a row for each image; people without a group are in ``left_out`` then.
    """

    path: Path
    rows: pl.DataFrame
    unit: str
    read_as: tuple[str, ...] = ()
    left_out: tuple[Remark, ...] = ()
    kept: tuple[Remark, ...] = ()
    of_images: bool = False

    def at(self, number: int) -> str:
        """Where a row stands, as ``labels.csv, line 3``."""
        return f"{self.path.name}, {self.unit} {number:,}"


def read_person_table(
    path: Path, columns: Mapping[str, str] | None, wanted: str, *, roles: Collection[str] = (GROUP, NAME, CONFIDENCE)
) -> PersonTable:
    """Read a table of people, or of images and who is on them.

    ===========================================  ==================================================================
    the table                                    a person's group
    ===========================================  ==================================================================
    a row for each person                        is what the row says
    a row for each image                         is that of the most of the person's images
    columns Asian, White ... of 1, 0 and -1      is the one that most of the person's images have a 1 for
    a folder of lists of people or images        is the name of the list
    ===========================================  ==================================================================

    Args:
        path: text with or without a head, Parquet, or a folder of lists; a pipe is read to its end.
        columns: role -> column, where likely names don't tell.
        wanted: what the file should be, for messages.
        roles: beside the identity; columns of others keep their names.

    Raises:
        EthnoshardError: it can't be read, or names nobody, or two columns could be meant by one role.
    """
    chosen = dict(columns or {})
    if path.is_dir():
        return _of_images(read_people_list(path, chosen))
    table = read_given_table(path, KNOWN_NAMES, wanted, tuple(chosen.values()))
    # What a table without a head calls its columns says nothing; groups are groups there.
    found = find_roles(table, chosen, (IMAGE, IDENTITY, *roles, *(() if table.head else (GROUP,))))
    votes = found.votes or (() if GROUP in found.columns else likely_votes(table, found.columns))
    if votes or (IMAGE in found.columns and (NAME in roles or not _one_row_each(table, found))):
        return _of_images(image_table(table, chosen, of_people=True))
    if IDENTITY not in found.columns:
        raise ask(table, "doesn't say which column names the identities", IDENTITY)
    return _of_people(table, found)


def _one_row_each(table: GivenTable, found: Roles) -> bool:
    """Whether a table with an image in each row has a row for each person all the same."""
    who = found.columns.get(IDENTITY)
    return who is not None and not table.rows[who].drop_nulls().is_duplicated().any()


def _of_people(table: GivenTable, found: Roles) -> PersonTable:
    refuse_line_breaks(table, found.columns.values())
    rows = table.rows.select(
        *(pl.col(column).alias(role) for role, column in found.columns.items()),
        *(
            pl.col(name).alias(f"column {name}" if name in found.columns else name)
            for name in table.columns
            if name not in found.columns.values()
        ),
        pl.col(LINE),
    )
    left_out = Remarks()
    for remark in table.left_out:
        left_out.add(remark.reason, remark.first, remark.count)
    nobody = rows.filter(pl.col(IDENTITY).is_null())
    if len(nobody):
        left_out.add(NO_IDENTITY, table.at(nobody[LINE][0]), len(nobody))
        rows = rows.filter(pl.col(IDENTITY).is_not_null())
    return PersonTable(
        path=table.path,
        rows=rows,
        unit=table.unit,
        read_as=found.said(),
        left_out=left_out.by_reason(),
        kept=table.kept,
    )


def _of_images(table: ImageTable) -> PersonTable:
    rows, more = people_of(table)
    first = table.rows.group_by(IDENTITY).agg(pl.col(LINE).first())
    return PersonTable(
        path=table.path,
        rows=rows.join(first, on=IDENTITY, how="left", maintain_order="left"),
        unit=table.unit,
        read_as=table.read_as,
        left_out=(*table.remarks, *(remark for remark in more if remark.reason != DIVIDED)),
        kept=tuple(remark for remark in more if remark.reason == DIVIDED),
        of_images=True,
    )
