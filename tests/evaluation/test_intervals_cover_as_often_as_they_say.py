"""Small drawn worlds whose truth is known; ``python -m benchmarks.coverage`` draws more of them, and larger ones.

The bounds are the benchmark's, widened by twice the Monte-Carlo error; the seeds are fixed.
"""

from functools import cache

import numpy as np
import pytest

from benchmarks.coverage import (
    BOUNDS,
    Crowd,
    FoldedList,
    GroupLists,
    Kind,
    Law,
    ListOfPairs,
    Share,
    counted,
    group_answers,
    verification_answers,
)

NUMBER, DRAWS = 16, 100
ALIKE = (Law(fmr=0.01, fnmr=0.05),) * 4
APART = tuple(Law(fmr=fmr, fnmr=fnmr) for fmr, fnmr in ((0.005, 0.02), (0.01, 0.05), (0.02, 0.10), (0.04, 0.20)))
LIST = ListOfPairs(people=250, several=250, images=3, same=300, different=300)
WORLDS: dict[str, Crowd | GroupLists] = {
    "few people": Crowd(laws=ALIKE, sizes=(20,) * 4, images=(2, 4)),
    "groups of many sizes": Crowd(laws=ALIKE, sizes=(20, 30, 60, 100), images=(2, 3)),
    "groups that differ": Crowd(laws=APART, sizes=(60,) * 4, images=(2, 3)),
    "a list": GroupLists(laws=ALIKE, pairs=LIST),
}
FOLDS = FoldedList(
    law=Law.of_val(0.01, 0.8), pairs=ListOfPairs(people=100, several=50, images=4, same=100, different=100), folds=4
)
BY_GROUP = ("FMR by group", "FNMR by group", "accuracy by group")


@cache
def shares(name: str) -> dict[tuple[Kind, str], Share]:
    """What is counted in some worlds of the name."""
    number = list(WORLDS).index(name)
    worlds = (WORLDS[name].world(np.random.default_rng([number, seed])) for seed in range(NUMBER))
    some = counted(group_answers(world, DRAWS, seed) for seed, world in enumerate(worlds))
    return {(one.kind, one.what): one for one in some}


@cache
def shares_of_folds() -> dict[tuple[Kind, str], Share]:
    """What is counted in some lists."""
    some = counted(
        verification_answers(FOLDS, np.random.default_rng([99, seed]), DRAWS, seed) for seed in range(NUMBER)
    )
    return {(one.kind, one.what): one for one in some}


@pytest.mark.parametrize("world", list(WORLDS))
def test_intervals_of_a_groups_rates_hold_the_truth(world: str) -> None:
    low, _ = BOUNDS["covers"]
    for what in BY_GROUP:
        one = shares(world)["covers", what]
        assert one.share >= low - 2 * one.monte_carlo, (what, one.text())


@pytest.mark.parametrize("world", ["few people", "groups of many sizes", "a list"])
def test_groups_of_one_law_are_seldom_called_different(world: str) -> None:
    _, high = BOUNDS["claims"]
    claims = [one for (kind, what), one in shares(world).items() if kind == "claims" and what.endswith("groups differ")]
    assert claims
    for one in claims:
        assert one.share <= high + 2 * one.monte_carlo, (one.what, one.text())


def test_groups_that_differ_are_called_different() -> None:
    for rate in ("fmr", "fnmr"):
        assert shares("groups that differ")["power", f"max_gap_{rate}: groups differ"].share > 0.7


@pytest.mark.parametrize("world", list(WORLDS))
def test_of_two_models_that_are_equally_good_none_is_called_better_for_a_group(world: str) -> None:
    _, high = BOUNDS["claims"]
    one = shares(world)["claims", "a group's rate changed, any"]
    assert one.share <= high + 2 * one.monte_carlo, one.text()


def test_of_two_models_that_are_equally_good_none_is_called_better_on_folds() -> None:
    _, high = BOUNDS["claims"]
    for what in ("accuracy", "val_at_0.01", "auc"):
        one = shares_of_folds()["claims", f"change of {what}"]
        assert one.share <= high + 2 * one.monte_carlo, (what, one.text())


def test_the_interval_of_a_val_holds_the_vals_truth() -> None:
    low, _ = BOUNDS["covers"]
    for what in ("VAL at 0.01", "accuracy"):
        one = shares_of_folds()["covers", what]
        assert one.share >= low - 2 * one.monte_carlo, (what, one.text())
