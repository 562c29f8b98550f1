"""The list that a RecordIO set was made from, beside it: by which folder's name others know the person of a label.

=========================  =========================================  ======================================
file                       a line, fields separated by tabs           made for
=========================  =========================================  ======================================
``train.lst``              flag, path, label, perhaps box, landmarks  insightface's ``face2rec2.py``
``train.lst``              index, label, perhaps others, path         MXNet's ``im2rec``
``train.tsv``              key, path, label                           CVLface
=========================  =========================================  ======================================
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._remarks import Remarks

_TEXT_AT_ONCE = 1 << 20
_PAIRS_AT_LEAST = 1 << 18
"""Pairs of label and name that are kept before doubles are taken out."""
_LOOKED_AT = 100
"""Lines by which the form is told."""


class _Form(NamedTuple):
    """Which field of a line is the path and which the label; below 0 they are counted from the last."""

    path: int
    label: int


_PATH_THEN_LABEL = _Form(path=1, label=2)
_LABEL_THEN_PATH = _Form(path=-1, label=1)


def read_names(rec: Path, remarks: Remarks) -> tuple[str, pl.DataFrame] | None:
    """Read the list beside the file of the records.

    Args:
        rec: the file of the records.
        remarks: told of lines that say nothing, and of a list of no form that is known.

    Returns:
        The name of the list, and every ``label`` with every ``name`` that it has there, once; None without a list.

    Raises:
        EthnoshardError: the list is there but can't be read.
    """
    path = next((path for path in (rec.with_suffix(".lst"), rec.with_suffix(".tsv")) if path.is_file()), None)
    if path is None:
        return None
    form: _Form | None = None
    found = [pl.DataFrame(schema={"label": pl.Int64, "name": pl.String})]
    for lines in _blocks(path):
        form = form or _form_of(lines.head(_LOOKED_AT))
        if form is None:
            break
        rows = _rows(lines, form)
        bad = rows.filter(pl.any_horizontal(pl.col("label", "name").is_null()))
        if len(bad):
            first = f"{path} line {bad['number'][0]}"
            remarks.add(f"line of {path.name} without a label or a folder's name", first, len(bad))
        found.append(rows.drop("number").drop_nulls().unique())
        if sum(map(len, found[1:])) > max(_PAIRS_AT_LEAST, len(found[0])):
            found = [pl.concat(found).unique()]
    if form is None:
        remarks.add("list beside the records, of no form that is known, so that it names nobody", str(path))
        return None
    return path.name, pl.concat(found).unique().sort("label", "name")


def _blocks(path: Path) -> Iterator[pl.DataFrame]:
    """Some lines at a time that are not blank: their ``number`` in the file from 1, and their ``fields``."""
    before = 0
    try:
        with path.open("rb") as file:
            while lines := file.readlines(_TEXT_AT_ONCE):
                texts = pl.Series("line", [line.decode("utf-8", "replace") for line in lines], pl.String)
                table = texts.str.strip_chars("\r\n").to_frame().with_row_index("number", before + 1)
                before += len(lines)
                written = table.filter(pl.col("line").str.strip_chars() != "")
                if len(written):
                    yield written.select("number", pl.col("line").str.split("\t").alias("fields"))
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error


def _form_of(lines: pl.DataFrame) -> _Form | None:
    """The form that most of these lines have, or None."""
    number = {place: _field(place).cast(pl.Float64, strict=False).is_not_null() for place in (1, 2, -1)}
    counts = (
        lines.filter(pl.col("fields").list.len() >= 3)
        .select((~number[1] & number[2]).sum().alias("first"), (number[1] & ~number[-1]).sum().alias("last"))
        .row(0)
    )
    if 2 * max(counts) <= len(lines):
        return None
    return _PATH_THEN_LABEL if counts[0] >= counts[1] else _LABEL_THEN_PATH


def _field(place: int) -> pl.Expr:
    return pl.col("fields").list.get(place, null_on_oob=True).str.strip_chars()


def _rows(lines: pl.DataFrame, form: _Form) -> pl.DataFrame:
    """Number, label and name of each line, null where it has none."""
    label = _field(form.label).cast(pl.Float64, strict=False).cast(pl.Float32)  # as the records hold it
    whole = label.is_finite() & (label == label.floor()) & (label.abs() < 2.0**62)
    folder = _field(form.path).str.replace_all("\\", "/", literal=True).str.extract(r"([^/]+)/+[^/]+$", 1)
    return lines.select(
        "number",
        pl.when(whole).then(label).cast(pl.Int64, strict=False).alias("label"),
        pl.when(~folder.is_in([".", ".."])).then(folder).alias("name"),
    )
