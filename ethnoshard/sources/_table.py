"""Tables of text that somebody else made."""

from pathlib import Path

import polars as pl

from ethnoshard.errors import EthnoshardError


def read_text_table(path: Path, columns: tuple[str, ...], example: str) -> pl.DataFrame:
    """Read a CSV with all values as text, since names such as 0000045 are text.

    Args:
        path: the file.
        columns: those that it must have; others are kept.
        example: what the file is to begin with, for the message.

    Raises:
        EthnoshardError: it is not there, can't be read as CSV, lacks a column or has no row.
    """
    try:
        with path.open("rb") as file:
            table = pl.read_csv(file, infer_schema=False)
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise EthnoshardError(f"{path} can't be read as CSV: {reason}") from error
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise EthnoshardError(
            f"{path} lacks the column {' and '.join(lacking)}; it has {', '.join(table.columns)}. It is to begin with "
            f"{example}"
        )
    if not len(table):
        raise EthnoshardError(f"{path} has no row below its head")
    return table


def refuse_rows(path: Path, table: pl.DataFrame, right: list[pl.Expr], wanted: str) -> None:
    """Refuse a table in which a row is not as it should be.

    Args:
        path: the table's file.
        table: its rows.
        right: conditions that every row must fulfil; one that is null counts as unfulfilled.
        wanted: what they ask for, for the message.

    Raises:
        EthnoshardError: with the line of the first such row, and how many there are.
    """
    rows = table.select(pl.all_horizontal([condition.fill_null(False) for condition in right]).not_().alias("wrong"))
    wrong = rows["wrong"].arg_true()
    if len(wrong):
        # Line 1 is the head. Nothing in these tables holds a line break.
        raise EthnoshardError(
            f"{path}, line {wrong[0] + 2:,}: {wanted}; {len(wrong):,} of {len(table):,} rows are not so"
        )
