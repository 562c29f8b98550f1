"""Look-alikes meet as often as asked, those who are probably one person never; a table changes between epochs only."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.lookalikes import make_look_alikes
from ethnoshard.mixing import MixingError, Plan, PlanSettings, Resemblance, meetings
from tests.kit.plans import table

SHAPE = [[12] * 300, [12] * 60]


def rings(sizes: list[int], width: int) -> npt.NDArray[np.int32]:
    """In each ring of so many people of a group everybody's nearest are the following ones."""
    nearest = []
    begin = 0
    for size in sizes:
        own = np.arange(size)
        ring = own // width * width
        nearest.append(begin + ring[:, None] + (own[:, None] - ring[:, None] + 1 + np.arange(3)) % width)
        begin += size
    return np.concatenate(nearest).astype(np.int32)


def planned(hard: float, apart: Any = (), **settings: Any) -> Plan:
    """Of 360 people in rings of six."""
    near = Resemblance(rings([300, 60], 6), np.array(apart, np.int32).reshape(-1, 2), "rings")
    chosen = PlanSettings(**{"people_per_batch": 24, "images_per_person": 4, "hard": hard, **settings})
    return Plan(table(SHAPE), chosen, near)


@pytest.mark.parametrize("window", [1, 64])
def test_the_more_is_hard_the_more_look_alikes_meet(window: int) -> None:
    rates = [meetings(planned(hard, window_mib=window, together=2).epoch(0)).groups for hard in (0.0, 0.25, 0.5, 1.0)]
    for number in (0, 1):
        met = [each[number].nearest for each in rates]
        chance = rates[0][number].nearest_by_chance
        assert met[0] == pytest.approx(chance, rel=0.35)
        assert met[0] < met[1] < met[2] < met[3]
        assert met[3] > 0.4
    assert rates[2][0].nearest > 0.3


def test_another_epoch_makes_other_sets() -> None:
    plan = planned(0.5)
    met = [
        {
            (int(one), int(plan.near.nearest[one, 0]))
            for number in range(plan.batches)
            for batch in [plan.epoch(epoch).people(number)]
            for one in batch
            if plan.near.nearest[one, 0] in batch
        }
        for epoch in range(4)
    ]
    assert all(len(one & other) < 0.8 * len(one) for one, other in pairwise(met))
    assert len(set().union(*met)) > 1.5 * len(met[0])


@pytest.mark.parametrize("window", [1, 64])
@pytest.mark.parametrize("hard", [0.0, 1.0])
def test_people_who_are_probably_one_never_meet(window: int, hard: float) -> None:
    # Everybody's nearest is somebody else's folder of the same person.
    apart = [(first, first + 1) for first in range(0, 360, 6)]
    plan = planned(hard, apart, window_mib=window, together=2)
    for epoch in range(3):
        found = meetings(plan.epoch(epoch))
        assert found.everybody.apart == 60
        assert found.everybody.apart_met == 0


def mirrored(hard: float, apart: Any = (), **settings: Any) -> Plan:
    """Of 300 people of one group and 60 of another, everybody of whom resembles one of the first most; and reversed."""
    nearest = rings([300, 60], 6)
    of_all = nearest.copy()
    of_all[300:, 0] = np.arange(60) * 5
    of_all[np.arange(60) * 5, 0] = np.arange(300, 360)
    near = Resemblance(nearest, np.array(apart, np.int32).reshape(-1, 2), "mirrored", of_all)
    chosen = PlanSettings(**{"people_per_batch": 24, "images_per_person": 4, "hard": hard, **settings})
    return Plan(table(SHAPE), chosen, near)


@pytest.mark.parametrize("window", [1, 64])
# Where groups are drawn alike, the small one's people come five times for each time that their nearest do.
@pytest.mark.parametrize(("target", "most"), [("natural", 1.0), ("uniform", 0.2), ("placebo", 1.0), ("base", 1.0)])
def test_look_alikes_of_other_groups_meet_where_that_is_asked_for(target: Any, most: float, window: int) -> None:
    here, across = (
        meetings(mirrored(1.0, within=within, target=target, window_mib=window).epoch(0)).groups[1]
        for within in ("group", "any")
    )
    assert here.nearest_of_all == pytest.approx(here.nearest_of_all_by_chance, rel=0.7)
    assert across.nearest_of_all > max(0.3 * most, 2 * across.nearest_of_all_by_chance)


@pytest.mark.parametrize("window", [1, 64])
@pytest.mark.parametrize(("hard", "within"), [(0.0, "group"), (1.0, "group"), (1.0, "any")])
def test_people_of_two_groups_who_are_probably_one_never_meet(window: int, hard: float, within: Any) -> None:
    apart = [(5 * number, 300 + number) for number in range(0, 60, 3)]
    plan = mirrored(hard, apart, within=within, window_mib=window)
    for epoch in range(3):
        found = meetings(plan.epoch(epoch))
        assert (found.everybody.apart, found.everybody.apart_met) == (20, 0)


def test_look_alikes_of_other_groups_need_a_table_that_knows_them() -> None:
    near = Resemblance(rings([300, 60], 6), digest="rings")
    chosen = PlanSettings(people_per_batch=24, images_per_person=4, hard=0.5, within="any")
    with pytest.raises(MixingError, match="within='any' needs a table that knows the nearest of all groups"):
        Plan(table(SHAPE), chosen, near)


def vectors_of(dataset: FaceDataset, seed: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    faces = dataset.identities["faces"].to_numpy()
    vectors = np.random.default_rng(seed).normal(size=(int(faces.sum()), 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.repeat(np.arange(len(faces)), faces)


def tables(dataset: FaceDataset, folder: Any) -> list[Any]:
    """Two tables of chance."""
    made = []
    for seed in (0, 1):
        vectors, owners = vectors_of(dataset, seed)
        made.append(
            make_look_alikes(
                folder / f"near-{seed}", dataset=dataset, vectors=vectors, owners=owners, model_facts={"name": "chance"}
            )
        )
    return made


def loader_of(dataset: FaceDataset, near: Any) -> StratifiedLoader:
    return StratifiedLoader(
        dataset, people_per_batch=6, images_per_person=4, together=2, look_alikes=near, hard=0.5, num_workers=1
    )


def identities(loader: StratifiedLoader) -> list[list[int]]:
    return [batch.identities.tolist() for batch in loader]


def test_a_state_names_the_table_and_is_refused_with_another(made: FaceDataset, tmp_path: Any) -> None:
    one, other = tables(made, tmp_path)
    loader = loader_of(made, one)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    assert state["look_alikes"] == one.digest
    rest = [batch.identities.tolist() for batch in batches]
    again = loader_of(made, one)
    again.load_state_dict(state)
    assert identities(again) == rest
    with pytest.raises(EthnoshardError, match=r"the state is of another look_alikes"):
        loader_of(made, other).load_state_dict(state)
    with pytest.raises(EthnoshardError, match=r"the state is of another"):
        StratifiedLoader(made, people_per_batch=6, images_per_person=4, together=2).load_state_dict(state)


def test_another_table_is_taken_where_an_epoch_begins_and_nowhere_else(made: FaceDataset, tmp_path: Any) -> None:
    one, other = tables(made, tmp_path)
    loader, expected = loader_of(made, one), loader_of(made, other)
    first = identities(loader)
    loader.set_look_alikes(other)
    expected.set_epoch(1)
    second = identities(loader)
    assert second == identities(expected)
    assert len(first) == len(second)
    batches = iter(loader)
    next(batches)
    with pytest.raises(EthnoshardError, match=r"another table of look-alikes can be taken where an epoch begins"):
        loader.set_look_alikes(one)
