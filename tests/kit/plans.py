"""Plans of any shape, for the promises: sizes of groups and identities, targets, P, K, policies."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from ethnoshard.mixing import (
    EXHAUSTIONS,
    EpochPlan,
    Identities,
    MixingError,
    Plan,
    PlannedBatch,
    PlanSettings,
    Resemblance,
)
from tests.kit.examples import usual_examples

LONGEST = 400
"""Batches; longer epochs are not walked through."""

many = settings(
    max_examples=usual_examples(1.5), suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)

NAMED = ("base", "natural", "uniform", "placebo", "same-group", "weighted")


def table(sizes: list[list[int]], face_bytes: int = 12_000) -> Identities:
    """Identities of which group g has those with ``sizes[g]`` faces, in shards of a few MiB."""
    faces = np.array([size for group in sizes for size in group], np.int32)
    group = np.repeat(np.arange(len(sizes)), [len(of) for of in sizes]).astype(np.int8)
    length = faces.astype(np.int64) * face_bytes
    shard, offset = np.zeros(len(faces), np.int32), np.zeros(len(faces), np.int64)
    number, place = -1, 0
    for identity in range(len(faces)):
        if identity == 0 or group[identity] != group[identity - 1] or place > 3_000_000:
            number, place = number + 1, 0
        shard[identity], offset[identity] = number, place
        place += int(length[identity])
    names = tuple("ABCDEFGH"[: len(sizes)])
    return Identities(group=group, faces=faces, shard=shard, offset=offset, length=length, groups=names)


few = st.integers(1, 5)
usual = st.integers(1, 40)
skewed = st.one_of(st.integers(1, 4), st.integers(1, 300))


@st.composite
def tables(draw: st.DrawFn) -> Identities:
    """One to five groups of one to sixty identities, alike or very unlike one another."""
    groups = draw(st.integers(1, 5))
    sizes = [
        draw(st.lists(draw(st.sampled_from((few, usual, skewed))), min_size=1, max_size=60)) for _ in range(groups)
    ]
    return table(sizes, draw(st.sampled_from((3_000, 12_000, 150_000))))


@st.composite
def targets(draw: st.DrawFn, groups: tuple[str, ...], named: tuple[str, ...] = NAMED, shares: bool = True) -> Any:
    """A named target or, unless ``shares`` is false, shares of one's own, some of them nothing."""
    weights = draw(st.lists(st.integers(0, 9 * shares), min_size=len(groups), max_size=len(groups)))
    if not sum(weights) or draw(st.booleans()):
        return draw(st.sampled_from(named))
    return {group: weight / sum(weights) for group, weight in zip(groups, weights, strict=True)}


@st.composite
def neighbours(draw: st.DrawFn, identities: Identities) -> Resemblance:
    """Anybody's nearest others, whoever they are, and some pairs to be kept apart, in groups and across them."""
    rng = np.random.default_rng(draw(st.integers(0, 1_000)))
    nearest = np.full((len(identities.group), 4), -1, np.int32)
    for number in range(len(identities.groups)):
        own = np.flatnonzero(identities.group == number)
        for one in own:
            others = rng.permutation(own[own != one])[:4]
            nearest[one, : len(others)] = others
    everybody = np.arange(len(nearest))
    of_all = np.full_like(nearest, -1)
    for one in everybody:
        others = rng.permutation(everybody[everybody != one])[:4]
        of_all[one, : len(others)] = others
    pairs = nearest[rng.permutation(len(nearest))[: draw(st.integers(0, 3))], 0]
    of = np.flatnonzero(np.isin(np.arange(len(nearest)), pairs))
    apart = [(one, nearest[one, 0]) for one in of if nearest[one, 0] >= 0]
    apart += [(one, of_all[one, 0]) for one in of[: draw(st.integers(0, 2))] if of_all[one, 0] >= 0]
    pairs = np.array(apart, np.int32).reshape(-1, 2)
    return Resemblance(nearest, np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int32), "made", of_all)


@st.composite
def plans(
    draw: st.DrawFn,
    named: tuple[str, ...] = NAMED,
    policies: tuple[str, ...] = EXHAUSTIONS,
    together: tuple[int, ...] = (1,),
    hard: tuple[float, ...] = (0.0,),
    within: tuple[Any, ...] = ("group",),
    shares: bool = True,
) -> Plan:
    """A plan whose target can be met and whose epoch is short enough to be walked through."""
    identities = draw(tables())
    try:
        share = draw(st.sampled_from(hard))
        chosen = PlanSettings(
            people_per_batch=draw(st.integers(1, 12)),
            images_per_person=draw(st.integers(1, 6)),
            target=draw(targets(identities.groups, named, shares)),
            when_exhausted=draw(st.sampled_from(policies)),
            seed=draw(st.integers(0, 5)),
            min_faces=draw(st.sampled_from((None, 1, 3))),
            together=draw(st.sampled_from(together)),
            hard=share,
            within=draw(st.sampled_from(within)) if share else "group",
            window_mib=draw(st.sampled_from((1, 64))),
        )
        plan = Plan(identities, chosen, draw(neighbours(identities)) if chosen.hard else None)
    except MixingError:
        assume(False)
    assume(plan.batches <= LONGEST)
    return plan


def batches(epoch: EpochPlan) -> Iterator[PlannedBatch]:
    """All batches of an epoch, in order."""
    return (epoch.batch(number) for number in range(epoch.plan.batches))


def draws(epoch: EpochPlan) -> Counter[tuple[int, int]]:
    """How often an epoch draws each face, by (identity, face)."""
    counted: Counter[tuple[int, int]] = Counter()
    for batch in batches(epoch):
        for identity, faces in zip(batch.identities.tolist(), batch.faces.tolist(), strict=True):
            counted.update((identity, face) for face in faces)
    return counted


def stratum_of(plan: Plan) -> np.ndarray[Any, Any]:
    """The stratum that each identity is drawn from; -1 for those excluded."""
    strata = np.full(len(plan.identities.faces), -1)
    for index, stratum in enumerate(plan.strata):
        strata[stratum.members] = index
    return strata


def as_lists(batch: PlannedBatch) -> tuple[list[int], list[list[int]]]:
    """A batch as it can be compared: who, and which faces, in order."""
    return batch.identities.tolist(), batch.faces.tolist()
