"""What a RecordIO set says of its people: the names of the list beside it, and the records' further labels."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.sources._listing import IDENTITY, NAME, People
from ethnoshard.sources._remarks import Remark, Remarks
from ethnoshard.sources.recordio._labels import FurtherLabels, PersonalValues
from ethnoshard.sources.recordio._names import read_names

_MAY_DIFFER = 0.1
"""Share of the people in whose records a label may differ, so that it still is one of people."""


def people_of(labels: NDArray[np.int64], rec: Path, further: FurtherLabels) -> tuple[People | None, tuple[Remark, ...]]:
    """Gather what is said of people.

    Args:
        labels: of the people who have an image, in order.
        rec: the file of the records.
        further: what its records say of them.

    Returns:
        The people, None where nothing is said of anybody; and what was left out of it.

    Raises:
        EthnoshardError: the list beside the records can't be read.
    """
    remarks = Remarks()
    named, numbers = read_names(rec, remarks), dict(further.numbers())
    if named is None and not numbers:
        return None, remarks.by_reason()
    table = pl.DataFrame({"label": labels}, schema={"label": pl.Int64})
    given_by: dict[str, str] = {}
    if named is not None:
        file, pairs = named
        names = _names(table, pairs, file, remarks)
        if len(names):
            table, given_by[NAME] = table.join(names, on="label", how="left", maintain_order="left"), file
    for number, values in numbers.items():
        column = f"label_{number}"
        if _is_of_people(values, column, remarks):
            one = pl.DataFrame({"label": values.people[values.one], column: _texts(values.values[values.one])})
            table = table.join(one, on="label", how="left", maintain_order="left")
            given_by[column] = "the records"
    remarks.add(
        f"record with more than {FurtherLabels.MOST} labels; the rest of them was not looked at",
        str(rec),
        further.longer,
    )
    rows = table.filter(pl.any_horizontal(pl.col(*given_by).is_not_null())) if given_by else table.clear()
    rows = rows.select(pl.col("label").cast(pl.String).alias(IDENTITY), *given_by)
    return (People(rows=rows, given_by=given_by) if len(rows) else None), remarks.by_reason()


def _names(people: pl.DataFrame, pairs: pl.DataFrame, file: str, remarks: Remarks) -> pl.DataFrame:
    """Columns label and name, each name of one label and each label of one name."""
    unknown = pairs.join(people, on="label", how="anti").unique("label", maintain_order=True)
    if len(unknown):
        remarks.add(f"label of {file} that no record has", str(unknown["label"][0]), len(unknown))
    unnamed = people.join(pairs, on="label", how="anti")
    if len(unnamed):
        remarks.add(f"label of the records that {file} gives no name", str(unnamed["label"][0]), len(unnamed))
    pairs = pairs.join(people, on="label", how="semi", maintain_order="left")
    several = pairs.filter(pl.len().over("label") > 1)
    if len(several):
        first = several.filter(pl.col("label") == several["label"][0])["name"].head(2).to_list()
        remarks.add(
            f"label with several folders in {file}, so that it has no name",
            f"{several['label'][0]} ({first[0]}, {first[1]})",
            several["label"].n_unique(),
        )
    shared = pairs.filter(pl.len().over("name") > 1)
    if len(shared):
        first = shared.filter(pl.col("name") == shared["name"][0])["label"].head(2).to_list()
        remarks.add(
            f"folder with several labels in {file}, so that it is nobody's name",
            f"{shared['name'][0]} ({first[0]}, {first[1]})",
            shared["name"].n_unique(),
        )
    return pairs.filter((pl.len().over("label") == 1) & (pl.len().over("name") == 1))


def _is_of_people(values: PersonalValues, column: str, remarks: Remarks) -> bool:
    """Whether a label says something of people, not of their images, such as a place in them."""
    differ = int((~values.one).sum())
    if not differ:
        return True
    who = str(values.people[~values.one][0])
    if differ > _MAY_DIFFER * len(values.people):
        remarks.add(f"person whose records differ in {column}, which is thus none of people", who, differ)
        return False
    remarks.add(f"person whose records differ in {column}, so that it has none", who, differ)
    return True


def _texts(values: NDArray[np.float32]) -> list[str]:
    """Numbers as text, whole ones without a point."""
    return [str(int(value)) if value == np.floor(value) else str(value) for value in values]
