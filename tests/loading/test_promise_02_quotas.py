"""Promise 2: after b batches a group has within 1 of b * P * q[g] identities, so a batch is within 2."""

from fractions import Fraction
from math import ceil

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from ethnoshard.mixing import Plan, quota_table
from tests.kit.plans import batches, many, plans, stratum_of


@many
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=9), st.integers(1, 64), st.integers(1, 300))
def test_quotas_are_within_one_of_the_exact_share_in_each_batch_and_in_all_so_far(
    weights: list[int], people: int, count: int
) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    table = quota_table(shares, people, count)
    assert (table.sum(axis=1) == people).all()
    so_far = table.cumsum(axis=0, dtype=np.int64)
    for group, share in enumerate(shares):
        exact = people * share
        assert max(abs(int(n) - exact) for n in table[:, group]) < 1
        assert max(abs(int(n) - (b + 1) * exact) for b, n in enumerate(so_far[:, group])) < 1


def test_quotas_do_not_drift_over_a_hundred_thousand_batches() -> None:
    shares = [Fraction(weight, 10_007) for weight in (8_561, 700, 431, 211, 101, 3)]
    so_far = quota_table(shares, 45, 100_000).cumsum(axis=0, dtype=np.int64)
    steps = np.arange(1, 100_001)[:, None] * 45 * np.array([float(share) for share in shares])
    assert np.abs(so_far - steps).max() < 1 + 1e-6


@many
@given(plans(named=("base", "natural", "uniform", "placebo")))
def test_the_identities_of_planned_batches_follow_the_quotas(plan: Plan) -> None:
    strata = stratum_of(plan)
    people = plan.settings.people_per_batch
    counts = np.stack([np.bincount(strata[b.identities], minlength=len(plan.strata)) for b in batches(plan.epoch(0))])
    begin = 0
    for phase in plan.phases:
        exact = people * np.array([float(share) for share in phase.shares])
        mine = counts[begin : begin + len(phase.quotas)]
        assert np.abs(mine - exact).max() < 1 + 1e-9
        steps = np.arange(1, len(mine) + 1)[:, None]
        assert np.abs(mine.cumsum(axis=0) - steps * exact).max() < 1 + 1e-9
        begin += len(phase.quotas)


@many
@given(plans(named=("natural",), shares=False))
def test_with_the_natural_target_every_cell_has_a_seat_and_only_the_last_batch_is_filled_up(plan: Plan) -> None:
    cells = [int(np.minimum(stratum.cells, plan.batches).sum()) for stratum in plan.strata]
    people = plan.settings.people_per_batch
    assert plan.batches == ceil(sum(cells) / people) and len(plan.phases) == 1
    seats = [plan.batches * people * share for share in plan.phases[0].shares]
    assert all(number <= seat < number + people for number, seat in zip(cells, seats, strict=True))


@many
@given(plans(named=("natural",), shares=False))
def test_the_natural_share_of_a_group_is_that_of_its_cells_where_nobody_is_wanted_twice_in_a_batch(plan: Plan) -> None:
    cells = [int(np.minimum(stratum.cells, plan.batches).sum()) for stratum in plan.strata]
    exact = [Fraction(number, sum(cells)) for number in cells]
    people = plan.settings.people_per_batch
    assume(all(ceil(people * share) <= len(s.members) for share, s in zip(exact, plan.strata, strict=True)))
    assert list(plan.phases[0].shares) == exact
