"""Share, interval and kappa by hand; groups compared as people write them."""

import doctest

import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import Agreement, agreement
from ethnoshard.ethnicity import _agreement as module


def tables(pairs: list[tuple[str | None, str | None, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables from (group in A, group in B, number of identities)."""
    rows = [(a, b) for a, b, number in pairs for _ in range(number)]
    identities = [f"p{number:03d}" for number in range(len(rows))]
    a, b = (
        pl.DataFrame(
            {"identity": identities, "group": [row[side] for row in rows]}, schema_overrides={"group": pl.String}
        )
        for side in (0, 1)
    )
    return a, b.reverse()


def compared(*pairs: tuple[str | None, str | None, int]) -> Agreement:
    return agreement(*tables(list(pairs)))


def test_the_example_of_two_readers_gives_kappa_0_4() -> None:
    found = compared(("yes", "yes", 20), ("yes", "no", 5), ("no", "yes", 10), ("no", "no", 15))
    # Equal 35 of 50; by chance 25/50 x 30/50 + 25/50 x 20/50 = 0.5; (0.7 - 0.5) / (1 - 0.5) = 0.4.
    assert found.kappa == pytest.approx(0.4)
    assert (found.equal.rate, found.equal.of) == (pytest.approx(0.7), 50)
    assert (found.equal.low, found.equal.high) == (pytest.approx(0.5625, abs=1e-4), pytest.approx(0.8090, abs=1e-4))
    assert found.groups == ("no", "yes")
    assert found.matrix == {"no": {"no": 15, "yes": 10}, "yes": {"no": 5, "yes": 20}}
    assert {group: (share.rate, share.of) for group, share in found.by_group.items()} == {
        "no": (pytest.approx(0.6), 25),
        "yes": (pytest.approx(0.8), 25),
    }


def test_kappa_of_three_uneven_groups() -> None:
    found = compared(("a", "a", 6), ("a", "b", 2), ("b", "b", 3), ("b", "c", 1), ("c", "a", 1), ("c", "c", 7))
    # Equal 16 of 20; margins 8, 4, 8 and 7, 5, 8: by chance (56 + 20 + 64) / 400 = 0.35; 0.45 / 0.65.
    assert found.kappa == pytest.approx(0.45 / 0.65)


def test_worse_than_chance_is_below_zero_and_one_group_alone_is_not_defined() -> None:
    assert compared(("a", "b", 2), ("b", "a", 2)).kappa == pytest.approx(-1)
    assert compared(("a", "a", 3)).kappa is None


def test_case_and_spaces_do_not_count_and_a_spells_the_names() -> None:
    found = compared(("White ", "white", 2), ("BLACK", "Black", 1), ("Hispanic", "white", 1), ("White ", " INDIAN", 1))
    assert found.groups == ("BLACK", "Hispanic", "INDIAN", "White")
    assert found.equal.rate == pytest.approx(3 / 5)
    assert (found.only_a, found.only_b) == (("Hispanic",), ("INDIAN",))
    assert list(found.by_group) == ["BLACK", "Hispanic", "White"]


def test_without_a_group_or_unknown_an_identity_is_not_compared() -> None:
    found = compared(("a", "a", 2), (None, "a", 1), ("a", "unknown", 1), ("Unknown", "a", 1), (None, None, 1))
    assert (found.equal.of, found.left_out) == (2, 4)
    assert found.groups == ("a",)
    a, b = tables([("a", "a", 2)])
    alone = agreement(a.head(1), b.with_columns(pl.lit("x").alias("identity")).head(1))
    assert (alone.equal.rate, alone.equal.of, alone.kappa, alone.left_out) == (None, 0, None, 2)


def test_two_rows_for_one_identity_are_refused() -> None:
    a, b = tables([("a", "a", 2)])
    with pytest.raises(EthnoshardError, match="two rows for one identity, 'p000'"):
        agreement(pl.concat([a, a.head(1)]), b)


def test_the_example_in_the_docstring_is_true() -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0 and outcome.failed == 0
