"""Promise 11: where nobody counts, groups come as by chance; and nobody meets his neighbours on the disk more often."""

import csv
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ethnoshard.mixing import Identities, MixingError, Plan, PlanSettings
from tests.kit.plans import table

ENOUGH = 2_500
"""Batches, over epochs, from which variances are taken: they are then off by less than 5 % twice in three times."""


def counts_of(plan: Plan, least: int = ENOUGH) -> list[npt.NDArray[np.int64]]:
    """People of each true group in each batch, for as many epochs as it takes."""
    groups = len(plan.identities.groups)
    epochs = []
    for number in range(-(-least // plan.batches)):
        epoch = plan.epoch(number)
        people = (plan.identities.group[epoch.people(batch)] for batch in range(plan.batches))
        epochs.append(np.array([np.bincount(of, minlength=groups) for of in people]))
    return epochs


def as_at_random(plan: Plan) -> npt.NDArray[np.float64]:
    """Variance of a group's people in a batch of different people, each drawn as often as he has cells.

    With p the chance of a person to be in a batch it is S - S^2 / T, where S is the sum of p (1 - p) over the group's
    people and T that over everybody (rejective sampling, Hajek 1964). Where all have as many cells that is the
    hypergeometric variance.
    """
    of = plan.identities
    there = np.flatnonzero(plan.included)
    chance = np.minimum(np.ceil(of.faces[there] / plan.settings.images_per_person) / plan.batches, 1)
    each = np.bincount(of.group[there], chance * (1 - chance), minlength=len(of.groups))
    return each - each**2 / each.sum()


def check_random(plan: Plan, allowed: tuple[float, float] = (0.8, 1.25)) -> None:
    """Every group with half a person a batch or more varies as at random, and one batch says nothing of the next."""
    epochs = counts_of(plan)
    counts = np.concatenate(epochs)
    mean = counts.mean(axis=0)
    ratio = counts.var(axis=0) / np.maximum(as_at_random(plan), 1e-9)
    off = [of - mean for of in epochs]
    following = sum((of[1:] * of[:-1]).sum(axis=0) for of in off)
    correlation = following / np.maximum(sum((of[:-1] ** 2).sum(axis=0) for of in off), 1e-9)
    asked = (mean >= 0.5) & (mean <= plan.settings.people_per_batch - 0.5)
    assert (ratio[asked] >= allowed[0]).all() and (ratio[asked] <= allowed[1]).all(), ratio
    # An epoch deals every cell once: what is in one batch is in no other, so that chance itself gives -1 / (B - 1).
    assert (np.abs(correlation[asked] + 1 / (plan.batches - 1)) <= 0.1).all(), correlation


def made(seed: int, people: int, faces: int, groups: int, face_bytes: int) -> Identities:
    """So many people with log-normal numbers of faces, of groups of very unlike sizes, in shards of 3 MB."""
    rng = np.random.default_rng(seed)
    shares = np.sort(rng.dirichlet(np.full(groups, 0.7)))[::-1]
    group = rng.choice(groups, people, p=shares)
    sizes = np.maximum(1, rng.lognormal(np.log(faces) - 0.4, 0.9, people)).astype(int)
    return table([sizes[group == number].tolist() for number in range(groups) if (group == number).any()], face_bytes)


@settings(max_examples=20, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.integers(0, 1_000),
    st.integers(300, 1_500),
    st.integers(2, 40),
    st.integers(2, 5),
    st.sampled_from((600, 12_000, 60_000)),
    st.integers(4, 48),
    st.sampled_from((1, 4, 40)),
    st.sampled_from(("base", "placebo")),
    st.sampled_from((1, 8, 64)),
    st.sampled_from((None, None, 2)),
)
def test_a_groups_people_in_a_batch_vary_as_at_random_whatever_the_shards(
    seed: int,
    people: int,
    faces: int,
    groups: int,
    face_bytes: int,
    batch: int,
    images: int,
    target: Any,
    window: int,
    shards_in_window: int | None,
) -> None:
    chosen = PlanSettings(
        people_per_batch=batch,
        images_per_person=images,
        target=target,
        seed=seed,
        window_mib=window,
        shards_in_window=shards_in_window,
    )
    try:
        plan = Plan(made(seed, people, faces, groups, face_bytes), chosen)
    except MixingError:
        return
    if plan.batches < 12:
        # Their sum is fixed: so few can't be independent of one another.
        return
    check_random(plan)


@pytest.mark.parametrize("target", ["base", "placebo"])
@pytest.mark.parametrize(("people", "images"), [(45, 40), (32, 4)])
def test_in_shards_of_one_group_as_casia_has_them_groups_vary_as_at_random(
    target: Any, people: int, images: int
) -> None:
    rng = np.random.default_rng(0)
    group = rng.choice(4, 3_000, p=[0.845, 0.113, 0.026, 0.016])
    sizes = np.maximum(2, rng.lognormal(3.35, 1, 3_000)).astype(int)
    identities = table([sizes[group == number].tolist() for number in range(4)])
    check_random(Plan(identities, PlanSettings(people_per_batch=people, images_per_person=images, target=target)))


@pytest.mark.realdata
@pytest.mark.parametrize("target", ["base", "placebo"])
@pytest.mark.parametrize(("people", "images"), [(45, 40), (32, 4)])
def test_of_real_people_groups_vary_as_at_random(target: Any, people: int, images: int, real_data: Path) -> None:
    for identities in (celebs(real_data), lfw(real_data)):
        plan = Plan(identities, PlanSettings(people_per_batch=people, images_per_person=images, target=target))
        # An epoch of celebs at 45 x 40 has ten batches, whose sum is fixed.
        if plan.batches >= 12:
            check_random(plan)


def celebs(folder: Path) -> Identities:
    """Numbers and sizes of the images, and the groups, of celebs."""
    with (folder / "celebs" / "labels.csv").open(newline="") as file:
        groups = {row["identity"]: row["group"] for row in csv.DictReader(file)}
    return identities_of(folder / "celebs" / "celebs.tar", groups)


def lfw(folder: Path) -> Identities:
    """The same of LFW; whoever has no label is of the group that most are of."""
    with (folder / "lfw" / "lfw_groups.csv").open(newline="") as file:
        groups = {row["identity"]: row["usc_label"].split(",")[0] for row in csv.DictReader(file) if row["usc_label"]}
    return identities_of(folder / "lfw" / "lfw.tar", groups)


def identities_of(path: Path, groups: dict[str, str]) -> Identities:
    """A tar of folders as a dataset of one face for each image."""
    faces: Counter[str] = Counter()
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile():
                faces[member.name.split("/")[-2]] += 1
    most = Counter(groups.values()).most_common(1)[0][0]
    names = sorted(set(groups.values()))
    return table([[n for who, n in sorted(faces.items()) if groups.get(who, most) == name] for name in names])


def meeting_rates(plan: Plan, epochs: int) -> tuple[float, float]:
    """How often people have their neighbour on the disk, of the same group, in their batch; and by chance."""
    of = plan.identities
    beside = np.arange(len(of.group)) ^ 1
    beside[beside >= len(of.group)] = -1
    alone = (beside < 0) | (of.group[beside] != of.group)
    people = np.bincount(of.group)
    met = drawn = chance = 0.0
    there = np.zeros(len(of.group), np.bool_)
    for number in range(epochs):
        epoch = plan.epoch(number)
        for batch in range(plan.batches):
            who = epoch.people(batch)
            there[who] = True
            asked = who[~alone[who]]
            met += np.count_nonzero(there[beside[asked]])
            drawn += len(asked)
            group = of.group[who]
            own = np.bincount(group, minlength=len(people))
            chance += float(((own[of.group[asked]] - 1) / (people[of.group[asked]] - 1)).sum())
            there[who] = False
    return met / drawn, chance / drawn


@pytest.mark.parametrize("target", ["base", "natural", "uniform"])
@pytest.mark.parametrize(
    ("people", "faces", "face_bytes", "batch", "images", "window"),
    [
        (1_200, 40, 12_000, 45, 40, 8),  # a person is a third of a piece, a block has four batches
        (1_200, 40, 12_000, 32, 4, 16),  # people come again and again in a block
        (6_000, 3, 3_000, 32, 4, 8),  # a hundred people lie in a piece
        (1_500, 6, 12_000, 8, 2, 64),  # all of it in the window
    ],
)
def test_people_meet_those_who_lie_beside_them_on_the_disk_as_often_as_by_chance(
    target: Any, people: int, faces: int, face_bytes: int, batch: int, images: int, window: int
) -> None:
    # So an order on disk by likeness does not make look-alikes meet.
    rng = np.random.default_rng(0)
    sizes = np.maximum(1, rng.lognormal(np.log(faces) - 0.2, 0.6, people)).astype(int).tolist()
    identities = table([sizes[: people * 4 // 5], sizes[people * 4 // 5 :]], face_bytes)
    chosen = PlanSettings(
        people_per_batch=batch, images_per_person=images, target=target, window_mib=window, min_faces=1
    )
    plan = Plan(identities, chosen)
    met, chance = meeting_rates(plan, epochs=-(-40_000 // (plan.batches * batch)) + 2)
    assert 0.8 < met / chance < 1.2


def test_pieces_of_a_few_shards_only_are_shuffled_where_that_is_asked_for() -> None:
    identities = table([[20] * 600, [20] * 100])
    chosen = PlanSettings(people_per_batch=16, images_per_person=4, window_mib=4, shards_in_window=2)
    plan = Plan(identities, chosen)
    shards = [set(identities.shard[plan.epoch(0).people(batch)].tolist()) for batch in range(plan.batches)]
    everywhere = Plan(identities, PlanSettings(people_per_batch=16, images_per_person=4, window_mib=4))
    spread = [set(identities.shard[everywhere.epoch(0).people(batch)].tolist()) for batch in range(plan.batches)]
    assert np.mean([len(each) for each in shards]) < 6 < 9 < np.mean([len(each) for each in spread])
