"""Own pairs, dispersion and look-alikes of a run's batches are those of the plan that they follow."""

import json
from dataclasses import asdict, replace

import numpy as np
import polars as pl
import pytest

from ethnoshard.mixing import Identities, Plan, PlanSettings, Resemblance, meetings
from ethnoshard.runs import BATCHES_SCHEMA, RunRecord, encounters_of, missing_encounters
from tests.kit.runs import made_record

SHAPE = [[9, 6, 7, 5, 9, 6, 8, 4, 6, 7, 5, 5], [4, 5, 3, 6, 5, 6], [4, 6, 5]]
KEPT = ("people", "dispersion", "pairs", "pairs_at_random", "none", "none_at_random", "nearest", "nearest_by_chance",
        "distinct", "effective")  # fmt: skip


def made_plan(target: str, together: int = 1) -> Plan:
    """Of a few people in three groups, each of whom resembles the next one of the group."""
    faces = np.array([size for group in SHAPE for size in group], np.int32)
    group = np.repeat(np.arange(3), [len(of) for of in SHAPE]).astype(np.int8)
    length = faces.astype(np.int64) * 12_000
    nearest = np.array(
        [np.roll(np.flatnonzero(group == of), -1)[place] for of in range(3) for place in range((group == of).sum())]
    )
    table = Resemblance(nearest[:, None].astype(np.int32), digest="made")
    identities = Identities(
        group=group, faces=faces, shard=group.astype(np.int32), offset=np.cumsum(length) - length, length=length,
        groups=("A", "B", "C"),
    )  # fmt: skip
    settings = PlanSettings(
        people_per_batch=6, images_per_person=2, target=target, together=together, hard=0.5  # type: ignore[arg-type]
    )  # fmt: skip
    return Plan(identities, settings, table)


def delivered(plan: Plan, ranks: int, epochs: int = 1) -> tuple[RunRecord, pl.DataFrame]:
    """The record and the table of a run that is given the first epoch of a plan, counted batch by batch."""
    epoch, near = plan.epoch(0), plan.near
    assert near is not None
    found = meetings(epoch, epochs=1)
    of = plan.identities.group
    others = np.bincount(of, minlength=3) - 1
    rows = []
    steps = plan.batches // ranks
    for step in range(steps):
        people, pairs, met = (np.zeros(3, np.int64) for _ in range(3))
        for rank in range(ranks):
            who = epoch.people(step * ranks + rank)
            own = np.bincount(of[who], minlength=3)
            people, pairs = people + own, pairs + own * (own - 1)
            met = met + np.bincount(of[who][np.isin(near.nearest[who, 0], who)], minlength=3)
        rows += [
            {
                "step": step + 1, "epoch": step * epochs // steps, "loader_epoch": 0, "group": name, "wanted": None,
                "people": int(people[of_group]), "faces": 2 * int(people[of_group]),
                "own_pairs": int(pairs[of_group]),
                "own_pairs_at_random": ranks * found.groups[of_group].pairs_at_random,
                "nearest_met": int(met[of_group]), "nearest_met_by_chance": pairs[of_group] / others[of_group],
            }
            for of_group, name in enumerate("ABC")
        ]  # fmt: skip
    facts = json.loads(json.dumps({"ranks": ranks, "plan": {"meetings": asdict(found)}}))
    return made_record(**facts), pl.DataFrame(rows, BATCHES_SCHEMA)


@pytest.mark.parametrize(("target", "together"), [("base", 1), ("natural", 1), ("natural", 2), ("uniform", 1)])
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_run_shows_of_an_epochs_batches_what_their_plan_says(target: str, together: int, ranks: int) -> None:
    plan = made_plan(target, together)
    record, batches = delivered(plan, ranks)
    shown, planned = encounters_of(record, batches), meetings(plan.epoch(0), epochs=1).groups
    assert [row.group for row in shown] == ["A", "B", "C"]
    # With two ranks the last batch of an odd number is not among them.
    counts = plan.epoch(0).people_of_groups()[: plan.batches // ranks * ranks].astype(np.float64)
    for number, (row, expected) in enumerate(zip(shown, planned, strict=True)):
        n = counts[:, number]
        at_random = expected.pairs_at_random - expected.people**2 + expected.people
        assert row.people == pytest.approx(n.mean())
        assert row.pairs == pytest.approx((n * (n - 1)).mean())
        assert row.dispersion == pytest.approx(n.var() / at_random)
        for name in ("pairs_at_random", "none_at_random", "distinct", "effective"):
            assert getattr(row, name) == pytest.approx(getattr(expected, name))
        for name in KEPT if ranks == 1 else ():
            assert getattr(row, name) == pytest.approx(getattr(expected, name))
    if ranks > 1:
        assert [row.none for row in shown] == [None] * 3


def test_one_epoch_of_the_training_can_be_looked_at() -> None:
    record, batches = delivered(made_plan("base"), 1, epochs=3)
    second = encounters_of(record, batches, 1)
    own = batches.filter((pl.col("epoch") == 1) & (pl.col("group") == "B"))
    assert second[1].people == pytest.approx(own["people"].to_numpy().mean())
    assert second[1].pairs == pytest.approx(own["own_pairs"].to_numpy().mean())
    assert second[1].pairs_at_random == encounters_of(record, batches)[1].pairs_at_random


def test_of_a_run_of_before_pairs_are_shown_where_a_step_is_a_batch_and_it_is_said_what_is_missing_encounters() -> None:
    plan = made_plan("natural")
    columns = ["own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance"]
    for ranks in (1, 2):
        record, whole = delivered(plan, ranks)
        assert missing_encounters(record, whole) is None
        old = whole.with_columns(pl.lit(None, BATCHES_SCHEMA[name]).alias(name) for name in columns)
        record = replace(record, plan=None)
        shown = encounters_of(record, old)
        said = missing_encounters(record, old)
        assert said is not None
        if ranks == 1:
            assert [row.pairs for row in shown] == [row.pairs for row in encounters_of(record, whole)]
            assert [(row.dispersion, row.nearest, row.distinct) for row in shown] == [(None, None, None)] * 3
            assert "what people drawn at random would have" in said
            assert [row.none for row in shown] == [row.none for row in encounters_of(record, whole)]
        else:
            assert shown == []
            assert said.startswith("own pairs and whose look-alikes met are not on record")


def test_of_a_run_that_was_gone_on_with_the_steps_of_before_count_as_far_as_they_are_known() -> None:
    record, whole = delivered(made_plan("base"), 1)
    before = pl.col("step") <= 5
    names = ("own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance")
    mixed = whole.with_columns(pl.when(before).then(None).otherwise(pl.col(name)).alias(name) for name in names)
    shown, complete = encounters_of(record, mixed), encounters_of(record, whole)
    for name in ("people", "dispersion", "pairs", "pairs_at_random"):
        assert [getattr(row, name) for row in shown] == pytest.approx([getattr(row, name) for row in complete])
    later = encounters_of(record, whole.filter(~before))
    assert [row.nearest for row in shown] == pytest.approx([row.nearest for row in later])
    assert missing_encounters(record, mixed) == "whose look-alikes met is not on record of 5 of its steps"
