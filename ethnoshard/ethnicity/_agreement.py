"""How far two sources of groups agree."""

from dataclasses import dataclass

import polars as pl

from ethnoshard._wilson import wilson
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._label_file import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share with its 95 % interval (Wilson 1927).

    Attributes:
        rate: 0 to 1; None of nothing.
        low: lower end of the interval.
        high: upper end.
        of: number of identities.
    """

    rate: float | None
    low: float
    high: float
    of: int


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two lookup tables, A and B, agree on the identities that both put in a group.

    Attributes:
        sources: who gave the groups of A and of B.
        equal: share of these identities that have the same group in both.
        kappa: Cohen's kappa (1960): (equal - by chance) / (1 - by chance); None where chance alone gives 1.
        groups: all of both, in alphabetical order, spelt as A does where A has them.
        matrix: identities by A's group, then B's.
        by_group: for each of A's groups the share of its identities that B puts in it as well.
        only_a: groups that B gives to nobody.
        only_b: groups that A gives to nobody.
        left_out: identities that only one side, or neither, puts in a group.
    """

    sources: tuple[str, str]
    equal: Share
    kappa: float | None
    groups: tuple[str, ...]
    matrix: dict[str, dict[str, int]]
    by_group: dict[str, Share]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    left_out: int


def agreement(table_a: pl.DataFrame, table_b: pl.DataFrame) -> Agreement:
    """Compare two tables with the columns ``identity`` and ``group``.

    Groups are compared as text without regard to case and to spaces about them. An identity takes part if neither
    table has it without a group or as "unknown". The column ``source``, if there is one, says who gave the groups.

    Args:
        table_a: a row for each identity.
        table_b: a row for each identity, as another source has it.

    Raises:
        EthnoshardError: a table has two rows for one identity.

    >>> a = pl.DataFrame({"identity": ["p", "q", "r", "s"], "group": ["White", "White", "Black", None]})
    >>> b = pl.DataFrame({"identity": ["p", "q", "r", "s"], "group": ["white", "Black", "black", "Black"]})
    >>> found = agreement(a, b)
    >>> found.matrix
    {'Black': {'Black': 1, 'White': 0}, 'White': {'Black': 1, 'White': 1}}
    >>> round(found.kappa, 3), found.left_out
    (0.4, 1)
    """
    a, b = _grouped(table_a), _grouped(table_b)
    names = {key: name for table in (b, a) for key, name in table.select("key", "group").iter_rows()}
    keys = sorted(names)
    both = a.join(b, on="identity", how="inner", suffix="_b")
    counts = {(own, other): number for own, other, number in both.group_by("key", "key_b").len().iter_rows()}
    matrix = {own: {other: counts.get((own, other), 0) for other in keys} for own in keys}
    rows = {own: sum(matrix[own].values()) for own in keys}
    columns = {other: sum(matrix[own][other] for own in keys) for other in keys}
    right = sum(matrix[key][key] for key in keys)
    in_a, in_b = set(a["key"]), set(b["key"])
    everybody = pl.concat([table_a.select("identity"), table_b.select("identity")]).n_unique()
    return Agreement(
        sources=(_source(table_a, "A"), _source(table_b, "B")),
        equal=_share(right, len(both)),
        kappa=_kappa(right, len(both), sum(rows[key] * columns[key] for key in keys)),
        groups=tuple(names[key] for key in keys),
        matrix={names[own]: {names[other]: number for other, number in row.items()} for own, row in matrix.items()},
        by_group={names[key]: _share(matrix[key][key], rows[key]) for key in keys if key in in_a},
        only_a=tuple(names[key] for key in keys if key not in in_b),
        only_b=tuple(names[key] for key in keys if key not in in_a),
        left_out=everybody - len(both),
    )


def _grouped(table: pl.DataFrame) -> pl.DataFrame:
    """identity, group (stripped) and key (in lower case as well) of the identities that have a group."""
    twice = table.filter(pl.col("identity").is_duplicated())["identity"]
    if len(twice):
        raise EthnoshardError(f"a table to compare has two rows for one identity, {twice[0]!r}")
    group = pl.col("group").str.strip_chars()
    named = table.select("identity", group, group.str.to_lowercase().alias("key"))
    return named.filter(~pl.col("key").is_in(["", UNKNOWN])).sort("group", descending=True)


def _source(table: pl.DataFrame, otherwise: str) -> str:
    return ", ".join(table["source"].unique().sort()) if "source" in table.columns else otherwise


def _kappa(right: int, number: int, by_chance: int) -> float | None:
    """Cohen's kappa in whole numbers: ``by_chance`` is the sum of the products of the margins."""
    if number**2 == by_chance:
        return None
    return (right * number - by_chance) / (number**2 - by_chance)


def _share(right: int, number: int) -> Share:
    low, high = wilson(right, number)
    return Share(rate=right / number if number else None, low=low, high=high, of=number)
