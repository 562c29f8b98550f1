"""What is said of an epoch's batches is what they hold, counted one by one."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from ethnoshard.mixing import Plan, PlanSettings, Resemblance, meetings
from tests.kit.plans import many, plans, table


@many
@given(plans(together=(1, 2), hard=(0.0, 0.5)))
def test_people_pairs_and_hits_are_those_that_are_counted(plan: Plan) -> None:
    near = plan.near or Resemblance.empty(len(plan.identities.group))
    found = meetings(plan.epoch(0), near, most=1, epochs=1)
    assert found.epochs == 1
    batches = [plan.epoch(0).people(number).tolist() for number in range(plan.batches)]
    looked_at = batches[:1]
    group = plan.identities.group
    for number, row in enumerate(found.groups):
        own = [[one for one in batch if group[one] == number] for batch in batches]
        assert row.people == pytest.approx(np.mean([len(each) for each in own]))
        assert row.pairs == pytest.approx(np.mean([len(list(permutations(each, 2))) for each in own]))
        assert row.none == pytest.approx(np.mean([not each for each in own]))
        assert row.distinct == len({one for each in own for one in each})
        hits = [near.nearest[one, 0] in batch for batch in looked_at for one in batch if group[one] == number]
        if near.is_empty:
            assert row.nearest is None and row.apart_met is None
            continue
        assert row.nearest == pytest.approx(np.mean(hits) if hits else 0)
        pairs = [(one, two) for one, two in near.apart.tolist() if group[one] == group[two] == number]
        assert row.apart_met == sum(one in batch and two in batch for batch in looked_at for one, two in pairs)
    if not near.is_empty:
        met = [one in batch and two in batch for batch in looked_at for one, two in near.apart.tolist()]
        assert found.everybody.apart_met == sum(met)


@pytest.mark.parametrize(("target", "dispersion"), [("base", 1.0), ("natural", 0.0)])
def test_people_at_random_have_a_variance_of_one_and_quotas_of_none(target: Any, dispersion: float) -> None:
    identities = table([[8] * 900, [8] * 400, [8] * 200])
    plan = Plan(identities, PlanSettings(people_per_batch=20, images_per_person=4, target=target))
    for row in meetings(plan.epoch(0)).groups:
        assert row.dispersion == pytest.approx(dispersion, abs=0.15)
        expected = row.people**2 - row.people + row.dispersion * (row.pairs_at_random - row.people**2 + row.people)
        assert row.pairs == pytest.approx(expected, rel=0.01)


def test_an_exact_quota_takes_a_rare_groups_own_negatives_away_and_coming_together_gives_them_back() -> None:
    identities = table([[4] * 845, [4] * 113, [4] * 26, [4] * 16])
    rare = {
        together: meetings(
            Plan(identities, PlanSettings(people_per_batch=45, images_per_person=4, together=together)).epoch(0)
        ).groups[3]
        for together in (1, 2, 4)
    }
    assert rare[1].people == pytest.approx(0.72, abs=0.03) and rare[1].pairs_at_random == pytest.approx(0.51, abs=0.05)
    assert rare[1].pairs == 0
    assert rare[2].pairs == pytest.approx(0.72, abs=0.05)
    assert rare[4].pairs == pytest.approx(2.2, abs=0.2)


def test_a_batch_without_anybody_is_as_likely_as_counted() -> None:
    identities = table([[4] * 845, [4] * 113, [4] * 26, [4] * 16])
    plan = Plan(identities, PlanSettings(people_per_batch=45, images_per_person=4, target="base"))
    for row in meetings(plan.epoch(0)).groups:
        assert row.none == pytest.approx(row.none_at_random, abs=0.08)
