"""Promise 8: when a group runs out before the others, what happens is chosen by name and said in the coverage."""

import pytest
from hypothesis import given

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.mixing import MixingError, Plan, PlanSettings
from tests.kit.plans import draws, many, plans, table

SIZES = [[8] * 30, [8] * 10]


def plan_of(policy: str, **more: object) -> Plan:
    options = {"people_per_batch": 4, "images_per_person": 4, "target": "uniform", "when_exhausted": policy, **more}
    return Plan(table(SIZES), PlanSettings(**options))  # type: ignore[arg-type]


def test_stop_ends_the_epoch_with_the_first_group_and_repeats_nothing() -> None:
    plan = plan_of("stop")
    # 20 cells of B, two a batch.
    assert plan.batches == 10
    a, b = plan.coverage().groups
    assert (a.used, a.dropped, a.repeated) == (80, 160, 0)
    assert (b.used, b.dropped, b.repeated) == (80, 0, 0)
    assert a.reasons == {"dropped: the epoch ended ('B' ran out)": 160}


def test_stop_drops_others_each_epoch() -> None:
    plan = plan_of("stop", shards_in_window=1, people_per_batch=2)
    used = [{face for face in draws(plan.epoch(epoch)) if face[0] < 30} for epoch in range(12)]
    assert len(set(map(frozenset, used))) > 1


def test_repeat_uses_every_face_and_begins_the_small_group_anew() -> None:
    plan = plan_of("repeat")
    assert plan.batches == 30
    a, b = plan.coverage().groups
    assert (a.used, a.dropped, a.repeated) == (240, 0, 0)
    assert (b.used, b.dropped, b.repeated) == (80, 0, 160)
    assert b.reasons == {"repeated: drawn again because the group ran out": 160}
    # Every face of it as often as any other.
    assert set(times for (who, _), times in draws(plan.epoch(0)).items() if who >= 30) == {3}


def test_redistribute_gives_the_quota_to_the_others() -> None:
    plan = plan_of("redistribute")
    assert [len(phase.quotas) for phase in plan.phases] == [10, 10]
    assert plan.phases[0].ends_with == "B"
    assert plan.phases[1].quotas.tolist() == [[4, 0]] * 10
    assert [(row.used, row.dropped, row.repeated) for row in plan.coverage().groups] == [(240, 0, 0), (80, 0, 0)]


def test_raise_says_who_runs_out_and_when() -> None:
    with pytest.raises(MixingError, match="'B' runs out after 10 batches, while 'A' would last for 30"):
        plan_of("raise")
    assert plan_of("raise", target={"A": 0.75, "B": 0.25}).batches == 20


@many
@given(plans(named=("uniform",), policies=("repeat",)))
def test_repeat_never_drops(plan: Plan) -> None:
    if plan.strata[0].share is not None:
        assert not any(row.dropped for row in plan.coverage().groups)


@many
@given(plans(named=("uniform",), policies=("stop", "redistribute")))
def test_stop_and_redistribute_repeat_only_to_fill_short_cells(plan: Plan) -> None:
    if plan.strata[0].share is not None:
        for row in plan.coverage().groups:
            assert set(reason for reason in row.reasons if reason.startswith("repeated")) <= {
                "repeated to fill short cells"
            }


@pytest.mark.parametrize("policy", ["stop", "repeat", "redistribute"])
def test_the_loader_takes_the_policy_by_name(made: FaceDataset, policy: str) -> None:
    loader = StratifiedLoader(
        made,
        people_per_batch=8,
        images_per_person=4,
        target="uniform",
        when_exhausted=policy,
        num_workers=0,  # type: ignore[arg-type]
    )
    said = {row.group: (row.used, row.draws) for row in loader.coverage().planned.groups}
    seen: dict[str, list[tuple[int, int]]] = {group: [] for group in made.groups}
    for batch in loader:
        for group, *face in zip(*(of.tolist() for of in (batch.groups, batch.identities, batch.faces)), strict=True):
            seen[made.groups[group]].append((face[0], face[1]))
    assert said == {group: (len(set(faces)), len(faces)) for group, faces in seen.items()}


def test_another_name_is_refused(made: FaceDataset) -> None:
    with pytest.raises(
        EthnoshardError, match="when_exhausted must be one of repeat, stop, redistribute, raise, got 'loop'"
    ):
        StratifiedLoader(made, people_per_batch=4, images_per_person=4, when_exhausted="loop")  # type: ignore[arg-type]
