"""What is said of a stratum's quota is what a walk through the epoch finds, and a wrong batch is seen."""

import numpy as np
import pytest
from hypothesis import given

from ethnoshard.mixing import Plan, PlanSettings, deviation_of, quotas_of
from tests.kit.plans import batches, many, plans, stratum_of, table


@many
@given(plans())
def test_people_least_most_and_drawn_are_those_that_are_counted(plan: Plan) -> None:
    strata = stratum_of(plan)
    counts = np.stack([np.bincount(strata[b.identities], minlength=len(plan.strata)) for b in batches(plan.epoch(0))])
    for index, quota in enumerate(quotas_of(plan)):
        assert quota.stratum == plan.strata[index].name
        assert quota.people == np.count_nonzero(strata == index)
        own = counts[:, index]
        assert (quota.least, quota.most, quota.drawn) == (own.min(), own.max(), own.sum())
    assert sum(quota.share for quota in quotas_of(plan)) == pytest.approx(1)


@many
@given(plans(named=("base", "natural", "uniform", "placebo")))
def test_planned_batches_are_off_by_what_is_counted_in_every_phase(plan: Plan) -> None:
    strata, wanted = stratum_of(plan), plan.settings.people_per_batch
    people = [batch.identities for batch in batches(plan.epoch(0))]
    in_batch = in_all = 0.0
    begin = 0
    for phase in plan.phases:
        for index, share in enumerate(phase.shares):
            so_far = 0.0
            for one in people[begin : begin + len(phase.quotas)]:
                off = float(np.count_nonzero(strata[one] == index) - wanted * share)
                so_far += off
                in_batch, in_all = max(in_batch, abs(off)), max(in_all, abs(so_far))
        begin += len(phase.quotas)
    found = deviation_of(plan, range(plan.batches), people)
    assert found == pytest.approx((in_batch, in_all), abs=1e-9)


def test_batches_of_one_rank_are_compared_with_those_that_it_has() -> None:
    # A runs out after three batches and leaves its quota to B: what is right in one phase is wrong in the other.
    plan = Plan(
        table([[2] * 6, [2] * 40]),
        PlanSettings(
            people_per_batch=4, images_per_person=2, target={"A": 0.5, "B": 0.5}, when_exhausted="redistribute"
        ),
    )
    first = len(plan.phases[0].quotas)
    assert 1 < first < plan.batches - 1
    numbers = range(1, plan.batches, 2)
    people = [plan.epoch(0).people(number) for number in numbers]
    assert deviation_of(plan, numbers, people) == (0, 0)
    assert deviation_of(plan, [number - 1 - first for number in numbers], people).in_batch > 0


def test_a_batch_with_one_person_of_another_group_is_off_by_one_from_then_on() -> None:
    plan = Plan(table([[2] * 20, [2] * 20]), PlanSettings(people_per_batch=4, images_per_person=2, target="uniform"))
    people = [batch.identities.copy() for batch in batches(plan.epoch(0))]
    assert deviation_of(plan, range(len(people)), people) == (0, 0)
    for number in (2, 5):
        people[number] = np.array([0, 1, 2, 20], np.int32)
    assert deviation_of(plan, range(len(people)), people) == (1, 2)
