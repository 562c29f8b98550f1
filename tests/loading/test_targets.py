"""What each target and arm means, and that one which can't be met is an early error with numbers."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.mixing import MixingError, Plan, PlanSettings, Target
from tests.kit.plans import batches, stratum_of, table

SIZES = [[8] * 60, [8] * 20, [4] * 10]


def plan_of(target: Any, sizes: list[list[int]] = SIZES, **more: Any) -> Plan:
    options = {"people_per_batch": 8, "images_per_person": 4, **more}
    return Plan(table(sizes), PlanSettings(target=target, **options))


def groups_drawn(plan: Plan, epoch: int = 0) -> list[Counter[int]]:
    return [Counter(plan.identities.group[batch.identities].tolist()) for batch in batches(plan.epoch(epoch))]


def test_natural_follows_cells_not_people() -> None:
    plan = plan_of("natural")
    # 120, 40 and 10 cells: the last group has 11 % of the people, 6 % of the cells.
    assert [round(float(share), 4) for share in plan.phases[0].shares] == [0.7059, 0.2353, 0.0588]
    assert sum(groups_drawn(plan), Counter())[2] == 10


def test_uniform_gives_every_group_alike() -> None:
    assert all(count in (2, 3) for drawn in groups_drawn(plan_of("uniform")) for count in drawn.values())


def test_a_mapping_gives_what_it_says_and_others_nothing() -> None:
    drawn = groups_drawn(plan_of({"A": 0.25, "B": 0.75}, when_exhausted="stop"))
    assert all(counts == {0: 2, 1: 6} for counts in drawn)
    excluded = plan_of({"A": 0.25, "B": 0.75}).coverage().groups[2]
    assert excluded.reasons == {"excluded: the target gives the group no share": 40}


def test_base_has_no_quotas_but_covers_all_the_same() -> None:
    plan = plan_of("base")
    drawn = groups_drawn(plan)
    assert {counts[2] for counts in drawn} != {0, 1}
    assert sum(drawn, Counter()).total() == len(drawn) * 8
    assert all(row.dropped == 0 for row in plan.coverage().groups)


def test_placebo_has_the_quotas_of_natural_for_groups_dealt_by_the_seed() -> None:
    natural, placebo, other = plan_of("natural"), plan_of("placebo"), plan_of("placebo", seed=1)
    assert [len(stratum.members) for stratum in placebo.strata] == [len(stratum.members) for stratum in natural.strata]
    strata = [stratum_of(plan) for plan in (natural, placebo, other)]
    assert (strata[0] != strata[1]).any() and (strata[1] != strata[2]).any()
    # The same in every epoch, and the real groups are what batches say.
    assert (stratum_of(plan_of("placebo")) == strata[1]).all()


def test_same_group_batches_take_turns_as_their_numbers_are() -> None:
    plan = plan_of("same-group")
    drawn = groups_drawn(plan)
    assert all(list(counts.values()) == [8] for counts in drawn)
    turns = [next(iter(counts)) for counts in drawn]
    assert Counter(turns) == {0: 15, 1: 5, 2: 2}
    so_far = np.cumsum(np.eye(3)[turns], axis=0)
    exact = np.arange(1, len(turns) + 1)[:, None] * np.array([15, 5, 2]) / 22
    assert np.abs(so_far - exact).max() < 1


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("A=0.25, B=0.75", {"A": 0.25, "B": 0.75}),
        ('"east, asian"=0.5,a=b=0.5', {"east, asian": 0.5, "a=b": 0.5}),
        ('"east, asian=0.5", 5" tall=0.5', {"east, asian": 0.5, '5" tall': 0.5}),
        ('"""q"""=1', {'"q"': 1.0}),
        ("東=.5,العربية=.5", {"東": 0.5, "العربية": 0.5}),
    ],
)
def test_shares_as_text_name_any_group(text: str, shares: dict[str, float]) -> None:
    assert Target.parse(text) == Target.parse(shares)
    assert dict(Target.parse(text).by_group) == shares


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("east, asian=0.5,white=0.5", "a name with a comma like .*; 'east' in the target is not"),
        ("A=0.5,A=0.5", "gives 'A' two shares"),
        ("A=half", "'A=half' in the target is not"),
        ("A=0.5\nB=0.5", "in one line"),
    ],
)
def test_shares_as_text_that_are_none_say_how(text: str, message: str) -> None:
    with pytest.raises(MixingError, match=message):
        Target.parse(text)


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        ("uniform", {"people_per_batch": 2}, "wants 3 groups in each batch, but people_per_batch=2"),
        ("uniform", {"people_per_batch": 60}, "up to 20 different people of 'C' .* has 10 with at least 2"),
        ("uniform", {"min_faces": 5}, "up to 3 different people of 'C' .* has 0 with at least 5"),
        ({"A": 0.1, "C": 0.9}, {"people_per_batch": 20}, "up to 18 different people of 'C'"),
        ({"A": 0.5, "X": 0.5}, {}, "names 'X'; the dataset's groups are 'A', 'B', 'C'"),
        ({"A": 0.5}, {}, "sum to 0.5, not to 1"),
        ({"A": -1.0, "B": 2.0}, {}, "share of 'A' must be a number of at least 0, got -1.0"),
        ("balanced", {}, "same-group, weighted, or shares such as .*, got 'balanced'"),
        ("same-group", {"people_per_batch": 11}, "'C' has 10 that can be drawn"),
        ("natural", {"people_per_batch": 100}, "=100, but the dataset has 90 identities with at least 2"),
        ("natural", {"people_per_batch": 0}, "people_per_batch must be at least 1, got 0"),
        ("natural", {"images_per_person": 2.5}, "images_per_person must be a whole number, got 2.5"),
        ("natural", {"seed": -1}, "seed must be at least 0, got -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_is_an_early_error_with_numbers(target: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(MixingError, match=message):
        plan_of(target, **more)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rank": 2, "world_size": 2}, "rank must be below world_size, which is 2, got 2"),
        ({"rank": 0, "world_size": 0}, "world_size must be at least 1, got 0"),
        ({"num_workers": -1}, "num_workers must be at least 0, got -1"),
        ({"random_crop": 49}, "random_crop must be between 1 and 48 px, got 49"),
        ({"output": "dict"}, "output must be 'batch' or 'tuple', got 'dict'"),
        ({"cache": "disk"}, "cache must be 'memory' or None, got 'disk'"),
        ({"max_bad_faces": -1}, "max_bad_faces must be a number of at least 0, or a share below 1, got -1"),
        ({"target": "uniform", "people_per_batch": 3}, "the target wants 4 groups"),
    ],
)
def test_the_loader_turns_down_what_makes_no_sense(made: FaceDataset, more: dict[str, Any], message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        StratifiedLoader(made, **{"people_per_batch": 5, "images_per_person": 4, **more})
