"""Tables of text that somebody else made, perhaps with a spreadsheet."""

import codecs
import csv
import io
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark, Remarks

EMPTY_ROW = "empty row"

_MOST = 60
"""Letters of a column's name that a message shows."""
_SEPARATORS = ",;\t"
_NO_TEXT = {
    b"PK\x03\x04": "a spreadsheet's own file (.xlsx or .ods); save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "a spreadsheet's own file (.xls); save it as CSV UTF-8",
    b"\x80": "a pickle, which is never run here; read it with pandas where you trust it, and save it by to_csv",
    b"PAR1": "a Parquet file; save it as CSV",
    b"\x1f\x8b": "compressed by gzip; unpack it",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


LINE = "line of the file"


class TextTable(NamedTuple):
    """A table and what was left out of it.

    Attributes:
        rows: all values as text, "" as null; the column ``LINE`` is the row's line in the file, from 2.
        left_out: rows that say nothing.
    """

    rows: pl.DataFrame
    left_out: tuple[Remark, ...]


class CsvText(NamedTuple):
    """The text of a CSV file and what stands between its fields."""

    text: str
    separator: str


def read_csv_text(path: Path, columns: tuple[str, ...]) -> CsvText:
    """Decode a CSV file; commas, semicolons (spreadsheets of many countries) and tabs are told by the first line.

    Args:
        path: the file: UTF-8, or UTF-16 with its mark, as spreadsheets' "Unicode text" is.
        columns: those that it should have; they decide between separators.

    Raises:
        EthnoshardError: it is not there, can't be read, or is no text in these encodings.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    text = text_bytes(path, content).decode()
    head = text.partition("\n")[0]
    try:
        fields = {separator: set(_fields(head, separator)) & set(columns) for separator in _SEPARATORS}
    except csv.Error as error:
        raise EthnoshardError(
            f"{path} can't be read as CSV: in line 1 stands a carriage return, or a name of a column without an end; "
            f"save it as CSV UTF-8, whose lines end in line feeds"
        ) from error
    return CsvText(text, max(fields, key=lambda separator: len(fields[separator])))


def text_bytes(path: Path, content: bytes) -> bytes:
    """The text of a file as UTF-8 without a mark.

    Args:
        path: the file, for messages.
        content: its bytes: UTF-8, or UTF-16 with its mark.

    Raises:
        EthnoshardError: it is no text in these encodings.
    """
    for begin, what in _NO_TEXT.items():
        if content.startswith(begin):
            raise EthnoshardError(f"{path} can't be read as CSV: it is {what}")
    try:
        if content.startswith(_UTF_16):
            return content.decode("utf-16").encode()
        content.decode("utf-8")
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        raise EthnoshardError(
            f"{path} can't be read as CSV: line {line:,} is not UTF-8 text; save it as CSV UTF-8"
        ) from error
    return content.removeprefix(codecs.BOM_UTF8)


def column_names(path: Path, columns: tuple[str, ...]) -> list[str]:
    """Names of a CSV file's columns.

    Args:
        path: the file.
        columns: names to expect; they decide between separators.

    Raises:
        EthnoshardError: it is not there, can't be read, or is no text in UTF-8 or UTF-16.
    """
    text, separator = read_csv_text(path, columns)
    return _fields(text.partition("\n")[0], separator)


def read_text_table(path: Path, columns: tuple[str, ...], example: str) -> TextTable:
    """Read a CSV with all values as text, since names such as 0000045 are text.

    Spaces about the names of columns, columns without a name that hold nothing, and empty rows, as spreadsheets leave
    them, are taken away, the rows counted.

    Args:
        path: the file.
        columns: those that it must have; others are kept.
        example: what the file is to begin with, for the message.

    Raises:
        EthnoshardError: it is not there, can't be read as CSV, lacks a column or has no row.
    """
    text, separator = read_csv_text(path, columns)
    try:
        table = pl.read_csv(io.StringIO(text), separator=separator, infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise EthnoshardError(f"{path} can't be read as CSV: it is empty. It is to begin with {example}") from error
    except pl.exceptions.PolarsError as error:
        reason = _longer_row(text, separator) or next(iter(str(error).splitlines()), type(error).__name__)
        raise EthnoshardError(f"{path} can't be read as CSV: {reason}") from error
    head = _fields(text.partition("\n")[0], separator)
    twice = [name for name in columns if head.count(name) > 1]
    if twice:
        raise EthnoshardError(f"{path} has the column {' and '.join(twice)} more than once; keep one of each")
    table = _named(table)
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        there = ", ".join(map(_shown, table.columns))
        raise EthnoshardError(
            f"{path} lacks the column {' and '.join(lacking)}; it has {there}. It is to begin with {example}"
        )
    # Line 1 is the head. A line break inside quotes would shift the numbers; no table of ours has any.
    table = table.with_columns(pl.int_range(2, len(table) + 2).alias(LINE))
    values = pl.exclude(LINE).str.strip_chars()
    empty = table.select(pl.all_horizontal(values.is_null() | (values == "")).alias("empty"))["empty"]
    remarks = Remarks()
    if empty.any():
        remarks.add(EMPTY_ROW, f"{path.name}, line {table.filter(empty)[LINE][0]:,}", int(empty.sum()))
    rows = table.filter(~empty)
    if not len(rows):
        raise EthnoshardError(f"{path} has no row below its head")
    return TextTable(rows, remarks.by_reason())


def refuse_rows(path: Path, table: pl.DataFrame, right: list[pl.Expr], wanted: str) -> None:
    """Refuse a table in which a row is not as it should be.

    Args:
        path: the table's file.
        table: its rows, with their lines.
        right: conditions that every row must fulfil; one that is null counts as unfulfilled.
        wanted: what they ask for, for the message.

    Raises:
        EthnoshardError: with the line of the first such row, and how many there are.
    """
    rows = table.select(pl.all_horizontal([condition.fill_null(False) for condition in right]).not_().alias("wrong"))
    wrong = rows["wrong"].arg_true()
    if len(wrong):
        raise EthnoshardError(
            f"{path}, line {table[LINE][wrong[0]]:,}: {wanted}; {len(wrong):,} of {len(table):,} rows are not so"
        )


def _fields(line: str, separator: str) -> list[str]:
    row: list[str] = next(csv.reader([line.strip("\r\n")], delimiter=separator), [])
    return [field.strip() for field in row]


def _shown(name: str) -> str:
    """A column's name in one line, however much a quote without an end put into it."""
    return name if name.isprintable() and len(name) <= _MOST else repr(name[:_MOST]) + "..."


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """Columns by their names without spaces about them; those without a name go if they are empty."""
    without = [name for name in table.columns if not name.strip() or name.startswith("_duplicated_")]
    table = table.drop([name for name in without if not table[name].str.contains(r"\S").any()])
    return table.rename({name: name.strip() for name in table.columns if name.strip() not in table.columns})


def _longer_row(text: str, separator: str) -> str | None:
    """Where a row has more fields than the head, if one has."""
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    head = len(next(rows, []))
    try:
        for row in rows:
            if len(row) > head:
                return (
                    f"line {rows.line_num:,} has {len(row):,} fields, the head {head:,}; a field with "
                    f"{separator!r} in it stands in double quotes"
                )
    except csv.Error:
        return None
    return None
