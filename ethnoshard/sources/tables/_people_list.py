"""Lists that say who is on which image: one reader for all their forms, and what they say of each person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, NAME
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.tables._given import GivenTable, plain_name, read_given_table
from ethnoshard.sources.tables._roles import (
    IMAGE,
    KEY,
    KNOWN_NAMES,
    ask,
    find_roles,
    refuse_line_breaks,
    whole_numbers,
)
from ethnoshard.sources.tables._text import LINE

MOST_GROUPS = 24
"""Values of a column up to which it is taken for groups of people: names, dates and birthplaces have more."""

_LIST_FILES = (".txt", ".csv", ".tsv", ".lst")
_WANTED = (
    "a table that says who is on which image (CSV, TSV, separated by blanks, or Parquet), or a folder of lists, one a "
    "group"
)
_NO_IMAGE, _NO_IDENTITY = "row without an image", "row without an identity"
_AGAIN = "row that says what one before said"
_TWO_PEOPLE = "row of an image that the list gives to two people"
_IN_TWO = "image in the lists of two groups; the first list's is taken"
TIED = "identity whose images are given several groups, as often each: it has none"
DIVIDED = "identity whose images are given several groups: the most frequent is taken"
NO_VOTE = "identity of which no image is given a group"


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageTable:
    """Who is on which image, as a list says.

    Attributes:
        path: the list.
        rows: a row for each image: ``image`` (path with ``/``), ``key`` (number of the record), or both;
            ``identity``; ``group`` and ``name`` (another name of the identity) where the list has them; other columns
            by their own names; ``LINE``. Texts are null where the list says nothing.
        votes: columns of ``rows`` that each say, as 1, 0 or -1, whether an image is of a group; instead of ``group``.
        read_as: what was taken for what, as "identity from column Class_ID".
        unit: what ``LINE`` counts, "line" or "row".
        given_by: column -> what gives it, as "column race of table.csv".
        remarks: rows that were left out, and what is odd about the list.
    """

    path: Path
    rows: pl.DataFrame
    votes: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()
    unit: str = "line"
    given_by: dict[str, str]
    remarks: tuple[Remark, ...] = ()


def read_people_list(path: str | Path, columns: Mapping[str, str] | None = None) -> ImageTable:
    """Read a list of images and who is on them.

    ==========================================  ====================================================================
    form                                        seen in
    ==========================================  ====================================================================
    a head with likely names, any separator     ``metadata.csv`` of image folders, MORPH, MAAD-Face, tables of one's own
    no head: path, identity[, group]            CelebA, FaceX-Zoo, TFace, GAC, MixFairFace
    no head: key, path[, identity]              DCFace's ``list.txt``, CVLface's ``train.tsv``
    ``.lst``: flag, path, label; key, label,    insightface, im2rec
    path
    a folder of lists, one a group              DemogPairs
    ==========================================  ====================================================================

    Where no column names the identity it is the folder in the image's path.

    Args:
        path: the list, or a folder of them.
        columns: role -> column, where likely names and what columns hold don't tell: ``image``, ``key``, ``identity``,
            ``group`` (several with ``+`` between, each yes or no), ``name``. A list without a head has columns 1, 2 ...

    Raises:
        EthnoshardError: it can't be read, or doesn't say which column is which.
    """
    path = Path(path)
    chosen = dict(columns or {})
    if path.is_dir():
        return _of_folder(path, chosen)
    table = read_given_table(path, KNOWN_NAMES, _WANTED, tuple(chosen.values()))
    return image_table(table, chosen)


def image_table(table: GivenTable, chosen: Mapping[str, str], *, of_people: bool = False) -> ImageTable:
    """Who is on which image, by a table that is read already.

    Args:
        table: the table.
        chosen: role -> column, as the user says.
        of_people: take rows without an image, too.

    Raises:
        EthnoshardError: it doesn't say which column is which, or has no row that says anything.
    """
    roles = find_roles(table, chosen, (IMAGE, KEY, IDENTITY, GROUP, NAME))
    found = roles.columns
    if IMAGE not in found and KEY not in found and not of_people:
        raise ask(table, "names no images", IMAGE)
    refuse_line_breaks(table, found.values())
    rows = table.rows.select(
        *(pl.col(column).alias(role) for role, column in found.items()),
        *(
            pl.col(name).alias(f"column {name}" if name in (IMAGE, KEY, IDENTITY, GROUP, NAME) else name)
            for name in table.columns
            if name not in found.values()
        ),
        pl.col(LINE),
    )
    remarks = Remarks()
    for remark in (*table.left_out, *table.kept):
        remarks.add(remark.reason, remark.first, remark.count)
    if IMAGE in found:
        rows = rows.with_columns(plain_path(pl.col(IMAGE)))
    if KEY in found:
        rows = rows.with_columns(whole_numbers(pl.col(KEY)).cast(pl.Int64, strict=False))
    read_as = list(roles.said())
    if IDENTITY in found:
        rows = rows.with_columns(whole_numbers(pl.col(IDENTITY)))
        if IMAGE in found and NAME not in found:
            rows = _named_by_folder(rows)
            if NAME in rows.columns:
                read_as.append(f"second name from the folders of column {found[IMAGE]}")
    elif IMAGE in found:
        rows = rows.with_columns(folder_in(pl.col(IMAGE)).alias(IDENTITY))
        if rows[IDENTITY].null_count() == len(rows):
            raise ask(table, "says of no image who is on it, and its paths have no folders", IDENTITY)
        read_as.append(f"identity from the folders of column {found[IMAGE]}")
    else:
        raise ask(table, "says of no image who is on it", IDENTITY)
    where = f"of {table.path.name}"
    given_by = {
        role: f"column {column} {where}" for role, column in found.items() if role not in (IMAGE, KEY, IDENTITY)
    }
    if NAME in rows.columns:
        given_by.setdefault(NAME, f"the folders {where}")
    if roles.votes:
        given_by[GROUP] = f"columns {', '.join(roles.votes)} {where}"
    rows = _whole_rows(rows, table, remarks, of_people=of_people)
    return ImageTable(
        path=table.path, rows=rows, votes=roles.votes, read_as=tuple(read_as), unit=table.unit, given_by=given_by,
        remarks=remarks.by_reason(),
    )  # fmt: skip


def plain_path(paths: pl.Expr) -> pl.Expr:
    """Paths with ``/`` between, without ``./`` or ``/`` before."""
    return paths.str.replace_all("\\", "/", literal=True).str.replace(r"^(?:\.?/)+", "")


def folder_in(paths: pl.Expr) -> pl.Expr:
    """The folder that holds the image, by its path; null where the path has none."""
    return paths.str.extract(r"([^/]+)/[^/]*$")


def _named_by_folder(rows: pl.DataFrame) -> pl.DataFrame:
    """With the folders as the identities' second names, if each is of one identity and differs from its name."""
    pairs = rows.select(IDENTITY, folder_in(pl.col(IMAGE)).alias(NAME)).drop_nulls().unique()
    one_each = pairs.height == pairs[IDENTITY].n_unique() == pairs[NAME].n_unique()
    if not one_each or pairs.height < 2 or (pairs[IDENTITY] == pairs[NAME]).all():
        return rows
    return rows.with_columns(folder_in(pl.col(IMAGE)).alias(NAME))


def _whole_rows(rows: pl.DataFrame, table: GivenTable, remarks: Remarks, *, of_people: bool) -> pl.DataFrame:
    """Rows that say who is on which image, each image once."""
    marks = [name for name in (KEY, IMAGE) if name in rows.columns]
    if marks:
        rows = _leave(rows, pl.any_horizontal(pl.col(marks).is_not_null()), _NO_IMAGE, table, remarks)
    rows = _leave(rows, pl.col(IDENTITY).is_not_null(), _NO_IDENTITY, table, remarks)
    for mark in marks:
        if rows[mark].drop_nulls().is_duplicated().any():
            again = pl.struct(mark, IDENTITY).is_first_distinct() | pl.col(mark).is_null()
            rows = _leave(rows, again, _AGAIN, table, remarks)
            one = ~pl.col(mark).is_duplicated() | pl.col(mark).is_null()
            rows = _leave(rows, one, _TWO_PEOPLE, table, remarks)
    if rows.is_empty():
        raise EthnoshardError(f"{table.path} has no row that says who is on which image: " + _told(remarks))
    return rows


def _leave(rows: pl.DataFrame, right: pl.Expr, reason: str, table: GivenTable, remarks: Remarks) -> pl.DataFrame:
    kept = rows.select(right.alias("kept"))["kept"]
    if not kept.all():
        remarks.add(reason, table.at(rows.filter(~kept)[LINE][0]), int((~kept).sum()))
        return rows.filter(kept)
    return rows


def _told(remarks: Remarks) -> str:
    return "; ".join(map(str, remarks.by_reason()))


def _of_folder(path: Path, chosen: Mapping[str, str]) -> ImageTable:
    """Lists in a folder, each of the people of one group, which the file is called after."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in _LIST_FILES and file.is_file())
    if not files:
        raise EthnoshardError(f"{path} holds no lists ({', '.join(_LIST_FILES)}); give {_WANTED}")
    tables = []
    for file in files:
        given = read_given_table(file, KNOWN_NAMES, _WANTED, tuple(chosen.values()))
        tables.append(image_table(given, chosen, of_people=True))
    own = [table for table in tables if GROUP in table.rows.columns or table.votes]
    if own:
        raise EthnoshardError(
            f"{path} holds {len(files):,} lists, of which {own[0].path.name} names groups itself; give one list"
        )
    remarks = Remarks()
    for table in tables:
        for remark in table.remarks:
            remarks.add(remark.reason, remark.first, remark.count)
    rows = pl.concat(
        [table.rows.with_columns(pl.lit(table.path.stem).alias(GROUP)) for table in tables],
        how="diagonal",
    )
    if IMAGE in rows.columns:
        twice = rows[IMAGE].is_not_null() & ~rows[IMAGE].is_first_distinct()
        if twice.any():
            remarks.add(_IN_TWO, str(rows.filter(twice)[IMAGE][0]), int(twice.sum()))
            rows = rows.filter(~twice)
    first = tables[0]
    return replace(
        first,
        path=path,
        rows=rows,
        read_as=(*first.read_as, "group from the lists' names"),
        given_by={**first.given_by, GROUP: f"the names of the lists in {path.name}"},
        remarks=remarks.by_reason(),
    )


def people_of(table: ImageTable) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """What a list says of each person.

    A person's group is that of the most of his images; of a vote, the group that the most images have a 1 for. Where
    two are as frequent there is none.

    Returns:
        ``identity``, in the order of the list, ``group`` and ``name`` where the list has them, and other columns that
        have 2 to ``MOST_GROUPS`` values, one a person; and identities that have no group, or several, counted.
    """
    rows, remarks = table.rows, Remarks()
    people = rows.select(pl.col(IDENTITY).unique(maintain_order=True))
    groups = _votes(table) if table.votes else _most_frequent(rows) if GROUP in rows.columns else None
    if groups is not None:
        for reason, which in ((TIED, pl.col("tied")), (DIVIDED, ~pl.col("tied") & (pl.col("others") > 0))):
            some = groups.filter(which)
            if len(some):
                remarks.add(reason, str(some[IDENTITY][0]), len(some))
        sure = groups.filter(~pl.col("tied")).select(IDENTITY, GROUP)
        people = people.join(sure, on=IDENTITY, how="left", maintain_order="left")
        without = people.join(groups, on=IDENTITY, how="anti", maintain_order="left")
        if len(without):
            remarks.add(NO_VOTE, str(without[IDENTITY][0]), len(without))
    if NAME in rows.columns:
        names = rows.select(IDENTITY, NAME).drop_nulls().unique(maintain_order=True)
        names = names.filter(~pl.col(IDENTITY).is_duplicated() & ~pl.col(NAME).is_duplicated())
        people = people.join(names, on=IDENTITY, how="left", maintain_order="left")
    for column in _attributes(table):
        values = rows.select(IDENTITY, column).drop_nulls().unique(maintain_order=True)
        if not values[IDENTITY].is_duplicated().any():
            people = people.join(values, on=IDENTITY, how="left", maintain_order="left")
    return people, remarks.by_reason()


def _most_frequent(rows: pl.DataFrame) -> pl.DataFrame:
    """identity, group, whether another is as frequent, and how many other groups there are."""
    counts = rows.select(IDENTITY, GROUP).drop_nulls().group_by(IDENTITY, GROUP, maintain_order=True).len("often")
    return _chosen_of(counts)


def _votes(table: ImageTable) -> pl.DataFrame:
    """The same of columns that each say yes or no; groups that no image has a yes for don't count."""
    yes = [(pl.col(name).cast(pl.Float32, strict=False) == 1).sum().alias(name) for name in table.votes]
    counts = table.rows.group_by(IDENTITY, maintain_order=True).agg(yes)
    counts = counts.unpivot(index=IDENTITY, variable_name=GROUP, value_name="often").filter(pl.col("often") > 0)
    return _chosen_of(counts)


def _chosen_of(counts: pl.DataFrame) -> pl.DataFrame:
    best = counts.with_columns(pl.col("often").max().over(IDENTITY).alias("most"))
    return best.group_by(IDENTITY, maintain_order=True).agg(
        pl.col(GROUP).filter(pl.col("often") == pl.col("most")).first(),
        ((pl.col("often") == pl.col("most")).sum() > 1).alias("tied"),
        (pl.len() - 1).alias("others"),
    )


def _attributes(table: ImageTable) -> list[str]:
    taken = {IMAGE, KEY, IDENTITY, GROUP, NAME, LINE, *table.votes}
    names = [name for name in table.rows.columns if name not in taken and not plain_name(name).isdecimal()]
    return [name for name in names if 2 <= table.rows[name].drop_nulls().n_unique() <= MOST_GROUPS]
