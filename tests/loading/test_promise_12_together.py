"""Promise 12: a group's people come so many at a time, or not; look-alikes change who meets whom, never how many."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.mixing import MixingError, Plan, PlanSettings, Resemblance, meetings, quota_table
from ethnoshard.mixing._together import _choices, together_table
from tests.kit.plans import batches, draws, many, plans, stratum_of, table

CROWDED = "dropped: of people with more cells than"
QUOTAS = ("natural", "uniform", "placebo")


def counts_of(plan: Plan) -> npt.NDArray[np.int64]:
    """People of each stratum in each batch of an epoch."""
    strata = stratum_of(plan)
    return np.stack([np.bincount(strata[b.identities], minlength=len(plan.strata)) for b in batches(plan.epoch(0))])


@many
@given(plans(named=QUOTAS, together=(2, 3, 5, 8)))
def test_a_batch_has_none_of_a_group_or_so_many_and_the_share_stays(plan: Plan) -> None:
    counts = counts_of(plan)
    together, people = plan.settings.together, plan.settings.people_per_batch
    assert (counts.sum(axis=1) == people).all()
    least = np.array([min(together, len(stratum.members)) for stratum in plan.strata])
    begin = 0
    for phase in plan.phases:
        mine = counts[begin : begin + len(phase.quotas)]
        assert ((mine == 0) | (mine >= least)).all()
        exact = people * np.array([float(share) for share in phase.shares])
        steps = np.arange(1, len(mine) + 1)[:, None]
        assert np.abs(mine.cumsum(axis=0) - steps * exact).max() < together + 1e-9
        begin += len(phase.quotas)


@many
@given(
    st.lists(st.integers(1, 2_000), min_size=1, max_size=7),
    st.integers(2, 64),
    st.integers(2, 32),
    st.integers(1, 200),
)
def test_any_shares_can_be_kept_where_a_batch_has_room_for_two_lots_and_two_of_them_for_all_groups(
    weights: list[int], people: int, together: int, count: int
) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    least = [together] * len(shares)
    try:
        numbers = together_table(shares, people, count, least, [people] * len(shares))
    except MixingError:
        # Of more groups than two batches hold lots, one is owed too much before its turn comes.
        assert people < 2 * together or len(shares) > 2 * (people // together)
        return
    assert ((numbers == 0) | (numbers >= together)).all()
    assert (numbers.sum(axis=1) == people).all()
    so_far = numbers.cumsum(axis=0, dtype=np.int64)
    for group, share in enumerate(shares):
        assert max(abs(int(n) - (b + 1) * people * share) for b, n in enumerate(so_far[:, group])) < together


def test_a_batch_of_many_groups_looks_at_as_many_choices_as_there_are_groups() -> None:
    # Not at all their subsets: five milliseconds a batch, twenty minutes for 200,000.
    assert len(list(_choices([9, 8, 7, 6, 5, 4, 3, -2], [2] * 8, 45))) == 7
    assert list(_choices([5, 9, -1, 7], [4] * 4, 9)) == [(1,), (1, 3)]


def test_one_at_a_time_is_the_sequence_of_quotas_without() -> None:
    shares = [Fraction(weight, 1_000) for weight in (845, 113, 26, 16)]
    assert (together_table(shares, 45, 500, [1] * 4, [999] * 4) == quota_table(shares, 45, 500)).all()


@many
@given(plans(named=("natural", "placebo"), together=(1, 2, 4), hard=(0.0, 0.5, 1.0), within=("group", "any")))
def test_every_face_is_drawn_once_or_the_coverage_says_why_not(plan: Plan) -> None:
    counted = draws(plan.epoch(0))
    coverage = plan.epoch(0).coverage()
    drawn: Counter[int] = Counter()
    used: Counter[int] = Counter()
    group = plan.identities.group
    for (identity, _), number in counted.items():
        drawn[int(group[identity])] += number
        used[int(group[identity])] += 1
    for number, row in enumerate(coverage.groups):
        assert (row.draws, row.used, row.faces) == (
            drawn[number],
            used[number],
            row.used + row.dropped + row.excluded,
        )


@many
@given(plans(named=(*QUOTAS, "base", "weighted"), together=(1, 3), hard=(0.5, 1.0), within=("group", "any")))
def test_look_alikes_change_who_meets_whom_and_never_how_many(plan: Plan) -> None:
    without = Plan(plan.identities, replace(plan.settings, hard=0.0, within="group"))
    assert (counts_of(plan) == counts_of(without)).all()
    near, far = plan.epoch(1).coverage(), without.epoch(1).coverage()
    assert [group.draws for group in near.groups] == [group.draws for group in far.groups]
    # Of people who have more cells than they could be seated with, one or the other loses his: that follows the order.
    if not any(reason.startswith(CROWDED) for group in (*near.groups, *far.groups) for reason in group.reasons):
        assert near == far
    for batch in batches(plan.epoch(0)):
        assert len(set(batch.identities.tolist())) == plan.settings.people_per_batch


@many
@given(plans(together=(1, 2), hard=(0.0, 1.0), within=("group", "any"), named=QUOTAS), st.integers(0, 400))
def test_any_batch_follows_from_the_settings_and_the_epoch_alone(plan: Plan, number: int) -> None:
    again = Plan(plan.identities, plan.settings, plan.near)
    number %= plan.batches
    there = again.epoch(3).batch(number)
    passed = [batch for batch, _ in zip(batches(plan.epoch(3)), range(number + 1), strict=False)][-1]
    assert (passed.identities == there.identities).all()
    assert (passed.faces == there.faces).all()


def test_look_alikes_are_sought_in_the_shards_that_are_open_where_only_a_few_are() -> None:
    # Otherwise a shard is needed all the time, and fetched again and again where the cache holds a few only.
    identities = table([[20] * 800])
    near = np.random.default_rng(0).integers(0, 800, (800, 8)).astype(np.int32)
    chosen = PlanSettings(people_per_batch=8, images_per_person=4, window_mib=2, shards_in_window=2, hard=1.0)
    plan = Plan(identities, chosen, Resemblance(near))
    shards = int(identities.shard[-1]) + 1
    for number in (0, 1):
        epoch = plan.epoch(number)
        there = np.zeros((plan.batches, shards), np.bool_)
        for batch in range(plan.batches):
            there[batch, identities.shard[epoch.people(batch)]] = True
        first, last = there.argmax(axis=0), plan.batches - there[::-1].argmax(axis=0)
        # Cells of two shards at a time, and of the next two where they meet.
        assert shards > 50 and (last - first).max() < 5 * plan.batches / shards
    assert meetings(plan.epoch(0)).everybody.ten_nearest > 2 * 7 / 800


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"together": 9}, r"together=9 people of a group don't fit into a batch of people_per_batch=8"),
        ({"together": 7}, r"together=7 can't be kept .* say together=4 or fewer"),
        ({"together": 2, "target": "base"}, r"together=2 is about the quotas of groups, of which the target 'base'"),
        ({"together": 2, "target": "weighted"}, r"of which the target 'weighted' has none"),
        ({"together": 0}, r"together must be at least 1, got 0"),
        ({"hard": 0.5}, r"hard=0.5 of the cells come with look-alikes: name a table of them"),
        ({"hard": 1.5}, r"hard must be between 0 and 1, got 1.5"),
        ({"within": "any"}, r"within='any' .* hard=0 of the cells come in one, so it would do nothing: name a table"),
        ({"within": "all"}, r"within must be one of group, any, got 'all'"),
        ({"hard": 1.0, "within": "any", "target": "same-group"}, r"target='same-group' gives each batch one group"),
        (
            {"hard": 1.0, "within": "any", "shards_in_window": 2},
            r"within='any' needs all shards open, .* shards_in_window=2 keeps look-alikes",
        ),
    ],
)
def test_what_can_not_be_met_is_said_with_the_numbers(change: dict[str, Any], said: str) -> None:
    identities = table([[9] * 40, [9] * 20, [9] * 4])
    with pytest.raises(MixingError, match=said):
        Plan(identities, PlanSettings(**{"people_per_batch": 8, "images_per_person": 2, **change}))
