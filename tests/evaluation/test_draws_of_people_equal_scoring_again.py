"""An interval from counts by people is that of drawing people and scoring all their pairs anew."""

import itertools

import numpy as np
import pytest
from made_people import Crowd, by_group, made_crowd

from ethnoshard.evaluation import Weighting
from ethnoshard.evaluation._draws import drawn_weights, percentile_interval

THRESHOLD = 0.25


def scored_again(crowd: Crowd, drawn: list[str], group: str, other: str, kind: str, weighting: str) -> float:
    """A rate of the people drawn, several of them maybe the same, by comparing all their images."""
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    group_of = dict(zip(crowd.people.tolist(), crowd.groups.tolist(), strict=True))

    def images(person: str) -> np.ndarray:
        return unit[crowd.people == person]

    hits: list[np.ndarray] = []
    if kind == "fnmr":
        for person in drawn:
            scores = images(person) @ images(person).T
            upper = scores[np.triu_indices(len(scores), 1)]
            if group_of[person] == group and len(upper):
                hits.append(upper < THRESHOLD)
    else:
        for one, two in itertools.combinations(drawn, 2):
            # The same person drawn twice is one person still.
            if one != two and sorted([group_of[one], group_of[two]]) == sorted([group, other]):
                hits.append((images(one) @ images(two).T >= THRESHOLD).ravel())
    if not hits:
        return np.nan
    return float(np.mean([some.mean() for some in hits] if weighting == "person" else np.concatenate(hits)))


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_by_group(weighting: Weighting) -> None:
    crowd = made_crowd(1, {"A": 8, "B": 6}, most=4)
    draws, seed = 25, 3
    found = by_group(
        *crowd, threshold=THRESHOLD, weighting=weighting, draws=draws, seed=seed, min_people=2, min_pairs=2
    )
    people = np.concatenate([np.unique(crowd.people[crowd.groups == group]) for group in "AB"])
    (weights,) = drawn_weights([8, 6], draws, seed)
    assert weights.shape == (14, draws)
    assert (weights[:8].sum(axis=0) == 8).all() and (weights[8:].sum(axis=0) == 6).all()
    for draw in range(draws):
        drawn = np.repeat(people, weights[:, draw].astype(int)).tolist()
        for i, group in enumerate("AB"):
            again = scored_again(crowd, drawn, group, group, "fnmr", weighting)
            assert found.drawn.fnmr[1 + draw, i] == pytest.approx(again, abs=1e-12, nan_ok=True)
            for j, other in enumerate("AB"):
                again = scored_again(crowd, drawn, group, other, "fmr", weighting)
                assert found.drawn.cross[1 + draw, i, j] == pytest.approx(again, abs=1e-12, nan_ok=True)
    assert found.by_group["A"].fmr.people_interval == percentile_interval(found.drawn.fmr[1:, 0])
    gap = np.abs(found.drawn.fmr[1:, 0] - found.drawn.fmr[1:, 1])
    assert found.metrics["max_gap_fmr"].people_interval == percentile_interval(gap)


def test_draws_are_the_same_however_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = made_crowd(2, {"A": 8, "B": 6})
    whole = by_group(*crowd, threshold=THRESHOLD, draws=30).drawn
    monkeypatch.setattr("ethnoshard.evaluation._draws._CELLS", 50)
    pieces = by_group(*crowd, threshold=THRESHOLD, draws=30).drawn
    assert (pieces.fmr == whole.fmr).all() and (pieces.cross == whole.cross).all()
    other = by_group(*crowd, threshold=THRESHOLD, draws=30, seed=1).drawn
    assert not (other.fmr[1:] == whole.fmr[1:]).all() and (other.fmr[0] == whole.fmr[0]).all()


def test_groups_are_drawn_apart_and_a_group_whatever_the_others_are() -> None:
    (both,) = drawn_weights([50, 50], 20, 0)
    assert not np.array_equal(both[:50], both[50:])
    (other,) = drawn_weights([50, 7], 20, 0)
    assert (other[:50] == both[:50]).all()
    # Everybody is as likely as everybody else: 1,000 draws of 50 people give each of them about 1,000 times.
    (many,) = drawn_weights([50], 1000, 1)
    assert np.abs(many.sum(axis=1) - 1000).max() < 5 * np.sqrt(1000)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Of people who are either easy or hard, with all their ten images: a pair tells little that the last didn't."""
    held = {"people": 0, "wilson": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        hard = rng.random(100) < 0.3
        owner = np.repeat(np.arange(100), 5)
        # On a plane: a hard person's images lie in five directions, an easy one's in one.
        spread = np.where(hard[owner], np.tile(np.arange(5), 100), 0)
        angle = owner * 2 * np.pi / 100 + spread * 2 * np.pi / 5
        embeddings = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        groups = np.where(owner < 50, "A", "B")
        found = by_group(embeddings, owner, groups, threshold=0.999, draws=200, seed=seed)
        fnmr = found.by_group["A"].fnmr
        for name, interval in (("people", fnmr.people_interval), ("wilson", fnmr.wilson)):
            assert interval is not None and interval.low is not None and interval.high is not None
            held[name] += interval.low <= 0.3 <= interval.high
    # 95 % of 200, less than three standard errors off; pairs taken for independent would be surer than they may.
    assert held["people"] >= 178
    assert held["wilson"] < 150
