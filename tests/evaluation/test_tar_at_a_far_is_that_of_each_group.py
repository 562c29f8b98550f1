"""TAR at a FAR by group equals a recount, at one threshold for all and at each group's own; or says too few."""

import numpy as np
import pytest
from made_people import made_crowd

from ethnoshard.evaluation import (
    GroupOptions,
    Roster,
    ScoreList,
    Weighting,
    group_curves,
    tar_at_fars,
    threshold_at_fmr,
)
from ethnoshard.results import ChosenOn, TarAtFar, Threshold

SET = ChosenOn(text="made")


def at(value: float) -> Threshold:
    return Threshold(value=value, chosen_on=SET)


def measured(
    pairs: Roster | ScoreList, thresholds: dict[float, Threshold | str], weighting: Weighting | None = None
) -> tuple[TarAtFar, ...]:
    values = sorted({0.3, *(each.value for each in thresholds.values() if isinstance(each, Threshold))})
    return tar_at_fars(pairs, group_curves(pairs, values, GroupOptions(draws=0, weighting=weighting)), thresholds)


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_of_all_pairs_of_images_it_is_a_recount(weighting: Weighting) -> None:
    crowd = made_crowd(7, {"A": 30, "B": 18}, noise=1.1)
    roster = Roster.of(crowd.embeddings, crowd.people, crowd.groups)
    (found,) = measured(roster, {0.02: at(0.45)}, weighting)
    assert (found.far, found.threshold, found.chosen_on, found.reason) == (0.02, 0.45, SET, None)
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    one, other = np.triu_indices(len(unit), 1)
    score = (unit[one] * unit[other]).sum(axis=1)
    images = np.array([np.count_nonzero(crowd.people == who) for who in crowd.people])
    same = crowd.people[one] == crowd.people[other]
    weight = np.ones(len(one))
    if weighting == "person":
        own_pairs = np.maximum(images[one] * (images[one] - 1) / 2, 1)
        weight = np.where(same, 1 / own_pairs, 1 / (images[one] * images[other]))
    for group, people in (("A", 30), ("B", 18)):
        mine = (crowd.groups[one] == group) & (crowd.groups[other] == group)

        def share(kind: np.ndarray, threshold: float, mine: np.ndarray = mine) -> float:
            rows = mine & kind
            return float(weight[rows & (score >= threshold)].sum() / weight[rows].sum())

        tar = found.by_group[group]
        number = people * (people - 1) / 2 if weighting == "person" else np.count_nonzero(mine & ~same)
        assert tar.expected == pytest.approx(0.02 * number)
        assert tar.tar == pytest.approx(share(same, 0.45)) and tar.fmr.rate == pytest.approx(share(~same, 0.45))
        assert tar.deviation == pytest.approx(share(~same, 0.45) / 0.02 - 1)
        assert tar.own is not None
        assert tar.own.fmr == pytest.approx(share(~same, tar.own.threshold)) and tar.own.fmr <= 0.02 + 1e-9
        assert tar.own.tar == pytest.approx(share(same, tar.own.threshold))
        below = score[mine & ~same & (score < tar.own.threshold)].max()
        assert share(~same, below) > 0.02


def test_a_group_with_fewer_pairs_than_the_far_has_no_own_threshold_and_no_deviation() -> None:
    crowd = made_crowd(7, {"A": 60, "B": 10}, noise=1.1)
    roster = Roster.of(crowd.embeddings, crowd.people, crowd.groups)
    found = {each.far: each.by_group for each in measured(roster, {0.001: at(0.6), 0.1: at(0.4)})}
    few = found[0.001]["B"]
    assert few.expected == pytest.approx(0.045) and (few.deviation, few.own) == (None, None)
    assert few.tar == 1 - (few.fnmr.rate or 0) and few.fnmr.pairs
    assert found[0.001]["A"].own is not None and found[0.1]["B"].own is not None
    # Ten people are 45 pairs of people: exactly one of them is enough.
    (edge,) = measured(roster, {1 / 45: at(0.6)})
    assert edge.by_group["B"].own is not None


def test_why_a_far_has_no_threshold_is_kept_and_the_others_are_measured() -> None:
    crowd = made_crowd(7, {"A": 20, "B": 20})
    roster = Roster.of(crowd.embeddings, crowd.people, crowd.groups)
    without, there = measured(roster, {1e-6: "too few people", 0.05: at(0.5)})
    assert (without.threshold, without.reason, without.by_group) == (None, "too few people", {})
    assert there.by_group["A"].own is not None
    assert [each.reason for each in measured(roster, {1e-6: "none"})] == ["none"]


def test_a_harder_group_needs_another_threshold_for_the_same_far() -> None:
    rng = np.random.default_rng(0)
    same = np.arange(8000) % 2 == 0
    group = np.array(["A", "B"])[np.arange(8000) // 2 % 2]
    score = rng.normal(np.where(same, 3.0, 0.0) + 1.0 * (group == "B"), 1.0)
    pairs = ScoreList.of(score, same, (group, group))
    (found,) = measured(pairs, {0.01: at(threshold_at_fmr(pairs, 0.01))})
    a, b = found.by_group["A"], found.by_group["B"]
    assert a.deviation is not None and b.deviation is not None and a.deviation < -0.5 < 0.5 < b.deviation
    assert a.own is not None and b.own is not None
    assert b.own.threshold - a.own.threshold == pytest.approx(1, abs=0.25)
    assert (a.own.fmr, b.own.fmr) == pytest.approx((0.01, 0.01), abs=1e-9)
    assert a.own.tar == pytest.approx(b.own.tar, abs=0.05) and a.tar is not None and b.tar is not None and a.tar < b.tar
