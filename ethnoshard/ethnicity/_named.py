"""Which row of a table of people is an identity's, by its own name or another one."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from ethnoshard.sources import Remark, Remarks

SECOND_NAME = "identity found by its second name"
SECOND_NAME_OF_THE_TABLE = "identity found by the table's second name for it"
LAST_FOLDER = "identity found by the last folder of a path"
SEVERAL_ROWS = "identity whose other names fit rows of different groups, and which has none by them"

_OWN, _SECOND, _LAST, _CALLED = "identity", "second", "last", "called"


class Named(NamedTuple):
    """What was found.

    Attributes:
        rows: ``identity`` and ``row``, for those that the table names.
        otherwise: those that it names otherwise, by how.
    """

    rows: pl.DataFrame
    otherwise: tuple[Remark, ...]


def find_named(identities: pl.Series, table: pl.DataFrame, names: Mapping[str, str]) -> Named:
    """Find the row of each identity.

    ============================================  ==================================================================
    a row is an identity's                        as
    ============================================  ==================================================================
    by its own name                               ``n000002``
    by its second name                            record label ``0``, known as ``0000045``
    by the second name that the table has         MAAD-Face's identity 2, whose images lie in ``n000002``
    by the last folder, where a name is a path    ``African/m.01``, ``m.01``
    ============================================  ==================================================================

    In this order; but where own names and second names lead to different rows, as they do where both are numbers, those
    come first that lead to more.

    Args:
        identities: their names, each once.
        table: ``row``, ``identity``, ``name`` (null where there is none), ``group``.
        names: identity -> second name.
    """
    second = [names.get(name) for name in identities.to_list()]
    people = pl.DataFrame({_OWN: identities, _SECOND: pl.Series(second, dtype=pl.String)}).with_columns(_last(_OWN))
    rows = table.select(
        "row", "group", pl.col("identity").alias(_OWN), pl.col("name").alias(_SECOND), _last("identity")
    )
    ways: list[tuple[str | None, str, str]] = [
        (None, _OWN, _OWN),
        (SECOND_NAME, _SECOND, _OWN),
        (SECOND_NAME, _SECOND, _SECOND),
        (SECOND_NAME_OF_THE_TABLE, _OWN, _SECOND),
    ]
    if _second_first(people, rows):
        ways = [*ways[1:3], ways[0], ways[3]]
    ends = [(_OWN, _LAST), (_LAST, _OWN), (_LAST, _LAST), (_SECOND, _LAST), (_LAST, _SECOND)]
    ways += [(LAST_FOLDER, one, other) for one, other in ends]
    remarks = Remarks()
    found = [pl.DataFrame(schema={_OWN: pl.String, "row": table["row"].dtype})]
    for how, one, other in ways:
        both = _pairs(people, rows, one, other)
        sure = both.filter(pl.col("group").n_unique().over(_OWN) == 1).unique(_OWN, keep="first", maintain_order=True)
        doubtful = both.join(sure, on=_OWN, how="anti", maintain_order="left")
        if how is not None and len(sure):
            own, key = sure[_OWN][0], sure["key"][0]
            # Where both are the same it says nothing.
            remarks.add(how, f"{own!r} is {(sure[_CALLED][0] if key == own else key)!r}", len(sure))
        if len(doubtful):
            remarks.add(SEVERAL_ROWS, repr(doubtful[_OWN][0]), doubtful[_OWN].n_unique())
        found.append(sure.select(_OWN, "row"))
        people = people.join(both, on=_OWN, how="anti", maintain_order="left")
    return Named(pl.concat(found), remarks.by_reason())


def _last(column: str) -> pl.Expr:
    """The last folder of a path; null of a name that is none."""
    return pl.col(column).str.extract(r"[/\\]([^/\\]+)[/\\]?$").alias(_LAST)


def _pairs(people: pl.DataFrame, rows: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """identity, key, row, group and the row's own name, where a name of an identity is a name of a row."""
    left = people.select(_OWN, pl.col(one).alias("key")).drop_nulls("key")
    right = rows.select("row", "group", pl.col(_OWN).alias(_CALLED), pl.col(other).alias("key")).drop_nulls("key")
    return left.join(right, on="key", how="inner", maintain_order="left_right")


def _second_first(people: pl.DataFrame, rows: pl.DataFrame) -> bool:
    own = _pairs(people, rows, _OWN, _OWN)
    second = pl.concat([_pairs(people, rows, _SECOND, other) for other in (_OWN, _SECOND)])
    both = own.join(second, on=_OWN, suffix="_second")
    differ = (both["row"] != both["row_second"]).any()
    return bool(differ) and second[_OWN].n_unique() > own[_OWN].n_unique()
