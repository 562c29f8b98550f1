"""Tables in whatever form they are given: by commas, semicolons, tabs or blanks, or Parquet; with a head or without."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from ethnoshard._files import table_in
from ethnoshard._forked import check_polars
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.containers._inventory import has_image_extension
from ethnoshard.sources.tables._text import EMPTY_ROW, LINE, text_bytes

BLANKS = " "
_SEPARATORS = (",", ";", "\t")
_SAMPLE_BYTES, _SAMPLE_LINES = 2**18, 200
_BATCH = 2**16
_SOME_COLUMNS = 12
_PARQUET = b"PAR1"
SHORT_LIST = "first line that says how many rows follow, and another number of them does"


def plain_name(name: str) -> str:
    """A column's name without case, blanks and signs, as likely names are compared.

    >>> plain_name(" Class_ID")
    'classid'
    """
    return re.sub(r"[\W_]+", "", name.casefold())


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenTable:
    """A table of texts.

    Attributes:
        path: the file.
        rows: values without blanks about them, "" as null; ``LINE`` is the row's line in the file, of Parquet the row.
        head: whether the file names its columns; otherwise they are called "1", "2" ...
        unit: what ``LINE`` counts, "line" or "row".
        repeated: names that two columns have.
        left_out: rows that say nothing.
        kept: what is odd about the file, though it is read.
    """

    path: Path
    rows: pl.DataFrame
    head: bool
    unit: str
    repeated: frozenset[str] = frozenset()
    left_out: tuple[Remark, ...] = ()
    kept: tuple[Remark, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The file's columns."""
        return [name for name in self.rows.columns if name != LINE]

    def at(self, number: int) -> str:
        """Where a row stands, as ``labels.csv, line 3``."""
        return f"{self.path.name}, {self.unit} {number:,}"

    def listed_columns(self) -> str:
        """All columns for a message, those without a head with their first values."""
        some = self.columns[:_SOME_COLUMNS]
        more = f" and {len(self.columns) - len(some):,} more" if len(self.columns) > len(some) else ""
        if self.head:
            return ", ".join(some) + more
        first = self.rows.row(0, named=True)
        return ", ".join(f"{name} ({first[name]!r})" for name in some) + more


class _Begin(NamedTuple):
    """How a text begins.

    Attributes:
        separator: what stands between its fields; ``BLANKS`` for any number of blanks and tabs.
        head: the names of its columns, None where it has none.
        skipped: lines before the first row.
        promised: how many rows the first line says there are, as CelebA's do.
    """

    separator: str
    head: list[str] | None
    skipped: int
    promised: int | None


def read_given_table(path: Path, known: Collection[str], wanted: str, named: Collection[str] = ()) -> GivenTable:
    """Read a table of which nobody said how it is written.

    A first line is the head if it has one of the names; if it has none, it is a row where it holds an image's path, or
    where one of its values comes again in its column.

    Args:
        path: text, or Parquet; a pipe is read to its end.
        known: likely names of columns, as ``plain_name`` gives them.
        wanted: what the file should be, for messages.
        named: columns that the user names; numbers alone say that the file has no head, unless it has likely names.

    Raises:
        EthnoshardError: it is not there, can't be read, is no such file, is empty, or a row has too many fields.
    """
    check_polars(f"reading {path}")
    content = _content(path, wanted)
    if content.startswith(_PARQUET):
        return _of_parquet(path, content)
    content = text_bytes(path, content)
    begin = _begin(path, content, known, wanted, named)
    rows = _rows(path, content, begin)
    width = rows.width
    rows = rows.with_columns(pl.int_range(begin.skipped + 1, begin.skipped + 1 + pl.len()).alias(LINE))
    return _finished(path, rows, begin, width)


def _content(path: Path, wanted: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there; give {wanted}") from error
    except IsADirectoryError as error:
        raise EthnoshardError(f"{path} is a folder; give {wanted}") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error


def _of_parquet(path: Path, content: bytes) -> GivenTable:
    """Columns that are text, or can be, as text; nested ones go."""
    try:
        table = table_in(io.BytesIO(content))
        flat = [name for name in table.columns if not table[name].dtype.is_nested()]
        rows = table.select(pl.col(flat).cast(pl.String)).with_row_index(LINE, offset=1)
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{path} can't be read as Parquet: {_first_line(error)}") from error
    rows = rows.with_columns(pl.col(flat).str.strip_chars().replace("", None))
    return GivenTable(path=path, rows=rows, head=True, unit="row")


def _first_line(error: Exception) -> str:
    """Of an error of polars, whose further lines speak to programmers."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _begin(path: Path, content: bytes, known: Collection[str], wanted: str, named: Collection[str]) -> _Begin:
    lines = content[:_SAMPLE_BYTES].decode("utf-8", "replace").split("\n")
    if len(content) > _SAMPLE_BYTES and len(lines) > 1:
        del lines[-1]  # perhaps cut
    lines = [line.strip("\r") for line in lines]
    skipped = next((number for number, line in enumerate(lines) if line.strip()), None)
    if skipped is None:
        raise EthnoshardError(f"{path} can't be read as CSV: it is empty. Wanted is {wanted}")
    promised = None
    sample = [line for line in lines[skipped:] if line.strip()][:_SAMPLE_LINES]
    if len(sample) > 1 and re.fullmatch(r"\s*[0-9]{1,9}\s*", sample[0]) and _more_fields(sample[1]):
        promised = int(sample[0])
        del sample[0]
        skipped += 1
    separator = _separator(sample, known, named)
    fields = [fields_of(line, separator) for line in sample]
    head = fields[0] if _is_head(fields, known, named) else None
    return _Begin(separator, head, skipped + (head is not None), promised)


def _more_fields(line: str) -> bool:
    return len(re.split(r"[\s,;]+", line.strip())) > 1


def fields_of(line: str, separator: str) -> list[str]:
    """The fields of one line, without blanks about them."""
    if separator == BLANKS:
        return line.split()
    try:
        row: list[str] = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a field longer than any name; what is wrong with it the whole file's reading says
        return [line]
    return [field.strip() for field in row]


def _separator(sample: Sequence[str], known: Collection[str], named: Collection[str]) -> str:
    """Commas, semicolons or tabs: that which finds the most names in the head, else cuts the rows most alike."""
    names = {*known, *map(plain_name, named)}

    def worth(separator: str) -> tuple[int, float]:
        counts = Counter(len(fields_of(line, separator)) for line in sample)
        number, often = max(counts.items(), key=lambda item: (item[1], item[0]))
        heads = len({plain_name(field) for field in fields_of(sample[0], separator)} & names)
        return (heads if number > 1 else 0, often if number > 1 else 0)

    found = {separator: worth(separator) for separator in _SEPARATORS}
    best = max(found, key=lambda separator: found[separator])
    if found[best][1]:
        return best
    return BLANKS if any(len(line.split()) > 1 for line in sample) else ","


def _is_head(fields: list[list[str]], known: Collection[str], named: Collection[str]) -> bool:
    first, rest = fields[0], fields[1:]
    plain = {plain_name(field) for field in first if field}
    if named and all(name.isdecimal() for name in named):
        return bool(plain & set(known))
    if any(plain_name(name) in plain for name in named):
        return True
    if any(map(has_image_extension, first)):
        return False
    if plain & set(known):
        return True
    if len(first) == 1 and all(len(row) == 1 for row in rest):
        return False
    longer = len(first) + 1
    if rest and all(len(row) == longer and has_image_extension(row[0]) for row in rest):
        return True
    columns = list(zip(first, *(row for row in rest if len(row) == len(first)), strict=True))
    if any(len(column) > 1 and all(map(has_image_extension, column[1:])) for column in columns):
        return True
    return not any(column[0] in column[1:] for column in columns)


def _rows(path: Path, content: bytes, begin: _Begin) -> pl.DataFrame:
    """The rows below the head, columns called "1", "2" ..."""
    separator = begin.separator
    if separator == BLANKS:
        content, separator = _single_blanks(content)
    width = 0 if begin.head is None else len(begin.head)
    # Blanks before a quote, as in VGGFace2's own tables, make the quote a part of the text for polars.
    if begin.separator == BLANKS or not re.search(re.escape(separator.encode()) + rb"[ \t]+\"", content):
        try:
            table = pl.read_csv(
                io.BytesIO(content),
                separator=separator,
                has_header=False,
                skip_rows=begin.skipped,
                infer_schema=False,
                quote_char=None if begin.separator == BLANKS else '"',
            )
            return table.rename({name: str(number) for number, name in enumerate(table.columns, start=1)})
        except pl.exceptions.NoDataError:
            return pl.DataFrame(schema={str(number + 1): pl.String for number in range(max(width, 1))})
        except pl.exceptions.PolarsError:
            pass  # what is wrong with it is found row by row
    return _row_by_row(path, content.decode(), separator, begin)


def _single_blanks(content: bytes) -> tuple[bytes, str]:
    """The text with one separator between fields, and what it is."""
    if not re.search(rb"\t|  | \r?\n|\n | \Z|\A ", content):
        return content, BLANKS
    content = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", content)
    return re.sub(rb"[ \t]+", b"\t", content), "\t"


def _row_by_row(path: Path, text: str, separator: str, begin: _Begin) -> pl.DataFrame:
    """As polars would, where rows are written in ways that it doesn't take."""
    width = _width(path, text, separator, begin)
    tables = []
    rows = _split(path, text, separator, begin)
    while batch := list(islice(rows, _BATCH)):
        columns = zip(*((row + [""] * width)[:width] for row in batch), strict=True)
        data = {str(number): list(column) for number, column in enumerate(columns, start=1)}
        tables.append(pl.DataFrame(data, schema=dict.fromkeys(data, pl.String)))
    return pl.concat(tables) if tables else pl.DataFrame(schema={str(n + 1): pl.String for n in range(width)})


def _width(path: Path, text: str, separator: str, begin: _Begin) -> int:
    """How many fields the longest row has, empty ones at its end left aside."""
    number, longest, first = begin.skipped, 0, 0
    for row in _split(path, text, separator, begin):
        number += 1
        while row and not row[-1].strip():
            del row[-1]
        # One more than the head has: the head may not name the first column.
        most = first if begin.head is None else len(begin.head) + 1
        if most and len(row) > most:
            head = first if begin.head is None else len(begin.head)
            raise EthnoshardError(_too_long(path, number, len(row), head, begin))
        longest, first = max(longest, len(row)), first or len(row)
    return max(longest, 1 if begin.head is None else len(begin.head))


def _too_long(path: Path, line: int, fields: int, head: int, begin: _Begin) -> str:
    whose = "the first row" if begin.head is None else "the head"
    if begin.separator == BLANKS:
        way_out = "where a field has a blank in it, fields are separated by tabs or commas"
    else:
        way_out = f"a field with {begin.separator!r} in it stands in double quotes"
    return f"{path} can't be read as CSV: line {line:,} has {fields:,} fields, {whose} {head:,}; {way_out}"


def _split(path: Path, text: str, separator: str, begin: _Begin) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="\n")
    for _ in range(begin.skipped):
        lines.readline()
    reader = csv.reader(
        lines,
        delimiter=separator,
        skipinitialspace=True,
        quoting=csv.QUOTE_NONE if begin.separator == BLANKS else csv.QUOTE_MINIMAL,
    )
    while True:
        line = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise EthnoshardError(
                f"{path} can't be read as CSV: line {begin.skipped + reader.line_num:,}: {error}"
            ) from error
        if reader.line_num > line + 1:
            raise EthnoshardError(
                f"{path} can't be read as CSV: a double quote in line {begin.skipped + line + 1:,} is not closed; "
                "close it, or take it away"
            )
        yield row


def _finished(path: Path, rows: pl.DataFrame, begin: _Begin, width: int) -> GivenTable:
    numbered = [str(number + 1) for number in range(width)]
    rows = rows.with_columns(pl.col(numbered).str.strip_chars().replace("", None))
    empty = rows.select(pl.all_horizontal(pl.col(numbered).is_null()).alias("empty"))["empty"]
    left_out, kept = Remarks(), Remarks()
    if empty.any():
        left_out.add(EMPTY_ROW, f"{path.name}, line {rows.filter(empty)[LINE][0]:,}", int(empty.sum()))
        rows = rows.filter(~empty)
    if rows.is_empty():
        raise EthnoshardError(f"{path} has no row" + (" below its head" if begin.head is not None else ""))
    if begin.promised is not None and begin.promised != len(rows):
        kept.add(SHORT_LIST, f"{path.name} says {begin.promised:,}, and {len(rows):,} follow")
    repeated: set[str] = set()
    if begin.head is not None:
        rows, repeated = _with_head(path, rows, begin, numbered)
    return GivenTable(
        path=path, rows=rows, head=begin.head is not None, unit="line", repeated=frozenset(repeated),
        left_out=left_out.by_reason(), kept=kept.by_reason(),
    )  # fmt: skip


def _is_nameless(first: pl.Series) -> bool:
    """Whether a first column may be the one that a head leaves out: CelebA's images, or numbers of rows, as R has."""
    numbers = pl.Series(np.arange(1, len(first) + 1)).cast(pl.String)
    return all(map(has_image_extension, first.head(_SAMPLE_LINES).drop_nulls().to_list())) or bool(
        (first == numbers).all()
    )


def _with_head(path: Path, rows: pl.DataFrame, begin: _Begin, numbered: list[str]) -> tuple[pl.DataFrame, set[str]]:
    """Columns by their names; those without one go if they are empty. And names that come twice."""
    head = list(begin.head or [])
    full = [name for name in numbered if rows[name].null_count() < len(rows)]
    if len(full) == len(numbered) == len(head) + 1 and _is_nameless(rows["1"]):
        head.insert(0, "")
    beyond = [name for name in numbered[len(head) :] if name in full]
    if beyond:
        row = rows.filter(pl.col(beyond[-1]).is_not_null())[LINE][0]
        raise EthnoshardError(_too_long(path, row, int(beyond[-1]), len(head), begin))
    for _ in head[len(numbered) :]:
        numbered = [*numbered, str(len(numbered) + 1)]
        rows = rows.with_columns(pl.lit(None, pl.String).alias(numbered[-1]))
    names: dict[str, str] = {}
    repeated = {name for name, often in Counter(head).items() if name and often > 1}
    for number, name in zip(numbered, head, strict=False):
        if name or number in full:
            names[number] = f"{number}" if not name or name in names.values() else name
    return rows.select(pl.col(list(names)), pl.col(LINE)).rename(names), repeated
