"""Whoever has more cells than a block has batches is in a lane, so that blocks stay small whoever comes how often."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.mixing import Identities, Plan, PlanSettings
from ethnoshard.mixing._blocks import Lanes
from tests.kit.examples import usual_examples


@settings(max_examples=usual_examples(3))
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(0, 8), st.integers(1, 6))
def test_nobody_is_in_two_lanes_of_a_batch_and_no_batch_has_more_than_its_seats(
    seed: int, batches: int, people: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    seats = rng.integers(0, most + 1, batches).astype(np.int32)
    cells = rng.integers(1, batches + 1, people)
    lanes = Lanes(cells, seats)
    if not lanes.fit:
        return
    before = np.array([lanes.before(batch) for batch in range(batches + 1)])
    there = np.diff(before, axis=0)
    assert ((there == 0) | (there == 1)).all()
    assert (before[-1] == cells).all()
    assert (lanes.left >= 0).all() and (there.sum(axis=1) + lanes.left == seats).all()


def test_two_who_come_to_nearly_every_batch_leave_room_for_others_where_some_batches_have_few_seats() -> None:
    seats = np.tile(np.array([1, 3, 3, 4], np.int32), 25)
    assert Lanes(np.array([100, 70, 60]), seats).fit
    assert not Lanes(np.array([100, 90]), seats).fit


def test_a_block_is_not_the_whole_epoch_because_one_person_comes_to_every_batch() -> None:
    # Weighted draws of a rare group's places vary, and its largest person is in all of its batches, others in most.
    faces = np.array([40] * 900 + [20] * 60 + [900, 300, 250], np.int32)
    group = np.repeat(np.array([0, 1], np.int8), [900, 63])
    length = faces.astype(np.int64) * 12_000
    identities = Identities(
        group=group,
        faces=faces,
        shard=group.astype(np.int32),
        offset=np.concatenate([np.cumsum(of) - of for of in (length[:900], length[900:])]),
        length=length,
        groups=("A", "B"),
    )
    plan = Plan(identities, PlanSettings(people_per_batch=8, images_per_person=4, target="weighted", window_mib=4))
    epoch = plan.epoch(0)
    assert plan.batches > 2_000
    for number in range(0, plan.batches, 97):
        for _, end in epoch.blocks(number).values():
            assert end - number < plan.batches / 4
