"""Rates and counts by group, from embeddings or a list of scores, equal a loop over every pair of images."""

import itertools
import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_people import Crowd, by_group, made_crowd, scores_by_group

from ethnoshard.evaluation import Demographics, Weighting, _roster
from ethnoshard.results import as_json
from tests.kit.examples import usual_examples

Key = tuple[str, str]


class Loop:
    """Every pair of images, one after the other."""

    def __init__(self, crowd: Crowd, threshold: float, sex: Any = None) -> None:
        unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
        self.pairs: list[tuple[float, bool, str, str, str, str]] = []
        for i, j in itertools.combinations(range(len(unit)), 2):
            same = bool(crowd.people[i] == crowd.people[j])
            if not same and sex is not None and sex[i] and sex[j] and sex[i] != sex[j]:
                continue
            ends = (crowd.groups[i], crowd.groups[j], crowd.people[i], crowd.people[j])
            self.pairs.append((float(unit[i] @ unit[j]), same, *(str(end) for end in ends)))
        self.threshold = threshold

    def rate(self, kind: str, groups: set[frozenset[str]], weighting: str) -> tuple[float, int, int, int]:
        """The rate, errors, pairs, people of the pairs whose two groups are one of ``groups``."""
        events: dict[frozenset[str], list[bool]] = defaultdict(list)
        for score, same, group_a, group_b, person_a, person_b in self.pairs:
            if same == (kind == "fnmr") and frozenset([group_a, group_b]) in groups:
                events[frozenset([person_a, person_b])].append((score >= self.threshold) != same)
        every = [event for some in events.values() for event in some]
        people = {person for pair in events for person in pair}
        by_person = [sum(some) / len(some) for some in events.values()]
        values = by_person if weighting == "person" else every
        return sum(values) / len(values), sum(every), len(every), len(people)


def check(found: Demographics, loop: Loop, names: list[str], weighting: Weighting, overall: bool = True) -> None:
    for one in names:
        for other in names:
            cell = found.cross[one][other]
            rate, errors, pairs, people = loop.rate("fmr", {frozenset([one, other])}, weighting)
            assert cell.rate == pytest.approx(rate, abs=1e-12)
            assert (cell.errors, cell.pairs, cell.people) == (errors, pairs, people)
        assert found.by_group[one].fmr == found.cross[one][one]
        fnmr = found.by_group[one].fnmr
        rate, errors, pairs, people = loop.rate("fnmr", {frozenset([one])}, weighting)
        assert fnmr.rate == pytest.approx(rate, abs=1e-12) and fnmr.rate is not None
        assert (fnmr.errors, fnmr.pairs, fnmr.people) == (errors, pairs, people)
        assert found.by_group[one].tar == pytest.approx(1 - fnmr.rate)
    every = {frozenset(two) for two in itertools.product(names, names)}
    assert found.overall.fmr.rate == pytest.approx(loop.rate("fmr", every, weighting)[0], abs=1e-12)
    assert found.overall.fnmr.rate == pytest.approx(loop.rate("fnmr", every, weighting)[0], abs=1e-12)
    assert found.overall.fmr.pairs == loop.rate("fmr", every, weighting)[2]
    json.dumps(as_json(found.errors()), allow_nan=False)


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("side", [7, 16, 2048])
def test_embeddings(monkeypatch: pytest.MonkeyPatch, weighting: Weighting, side: int) -> None:
    monkeypatch.setattr(_roster, "_SIDE", side)
    crowd = made_crowd(side, {"A": 12, "B": 9, "C": 5})
    found = by_group(*crowd, threshold=0.3, weighting=weighting, draws=20)
    check(found, Loop(crowd, 0.3), ["A", "B", "C"], weighting)


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("threshold", [-1.0, 0.2, 1.1])
def test_a_list_of_scores_is_counted_alike(weighting: Weighting, threshold: float) -> None:
    crowd = made_crowd(5, {"A": 12, "B": 9, "C": 5})
    loop = Loop(crowd, threshold)
    rng = np.random.default_rng(0)
    # In any order, the two images of a pair in either.
    rows = [
        (score, same, *(ends if rng.random() < 0.5 else (ends[1], ends[0], ends[3], ends[2])))
        for score, same, *ends in rng.permutation(np.array(loop.pairs, object)).tolist()
    ]
    score, same, group_a, group_b, person_a, person_b = zip(*rows, strict=True)
    found = scores_by_group(
        score, same, (group_a, group_b), threshold=threshold, people=(person_a, person_b), weighting=weighting, draws=20
    )
    check(found, loop, ["A", "B", "C"], weighting)
    by_embeddings = by_group(*crowd, threshold=threshold, weighting=weighting, draws=20)
    counts = [each.tally for each in (found, by_embeddings)]
    assert counts[0] is not None and counts[1] is not None
    assert counts[0].tally.digest() == counts[1].tally.digest()
    ours, theirs = (each.influence() for each in counts if each is not None)
    for name in ("fmr", "fnmr", "fmr_units", "rows", "squares", "own"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-9)


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_people_known_to_differ_in_sex_make_no_pair(weighting: Weighting) -> None:
    crowd = made_crowd(3, {"A": 12, "B": 9})
    sex_of = dict(zip(sorted(set(crowd.people.tolist())), ["f", "m", "", "m", "f", "f", "m"] * 3, strict=True))
    sex = [sex_of[person] for person in crowd.people.tolist()]
    found = by_group(*crowd, threshold=0.2, matched_on=sex, weighting=weighting, draws=20)
    check(found, Loop(crowd, 0.2, sex), ["A", "B"], weighting)
    unknown = by_group(*crowd, threshold=0.2, matched_on=[None] * len(sex), draws=0)
    assert unknown.by_group == by_group(*crowd, threshold=0.2, draws=0).by_group


def test_without_people_rates_are_by_pair_and_without_draws() -> None:
    crowd = made_crowd(5, {"A": 12, "B": 9})
    score, same, group_a, group_b, *_ = zip(*Loop(crowd, 0.3).pairs, strict=True)
    found = scores_by_group(score, same, (group_a, group_b), threshold=0.3)
    expected = by_group(*crowd, threshold=0.3, weighting="pair", draws=0)
    for group in "AB":
        ours, theirs = found.by_group[group], expected.by_group[group]
        assert ours.fmr.rate == theirs.fmr.rate and ours.fnmr.rate == theirs.fnmr.rate
        assert ours.fmr.people is None and ours.fmr.people_interval is None and ours.fmr.wilson == theirs.fmr.wilson
    assert (found.settings.weighting, found.settings.draws) == ("pair", 0)
    assert found.overall.fmr.people is None


@settings(max_examples=usual_examples(0.6))
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    threshold=st.floats(-1, 1),
    weighting=st.sampled_from(["person", "pair"]),
)
def test_any_small_crowd(seed: int, sizes: list[int], threshold: float, weighting: Weighting) -> None:
    crowd = made_crowd(seed, {"ABCD"[place]: size for place, size in enumerate(sizes)}, most=3, dimensions=3)
    found = by_group(*crowd, threshold=threshold, weighting=weighting, draws=3)
    loop = Loop(crowd, threshold)
    # Embeddings have 24 bits: nearer than that to the threshold, which side a pair is on is rounding.
    assume(all(abs(pair[0] - threshold) > 1e-6 for pair in loop.pairs))
    for one, other in itertools.product(found.by_group, found.by_group):
        cell = found.cross[one][other]
        if cell.pairs:
            assert (cell.rate, cell.errors, cell.pairs, cell.people) == pytest.approx(
                loop.rate("fmr", {frozenset([one, other])}, weighting)
            )
        else:
            assert cell.rate is None and cell.people == 0
    json.dumps(as_json(found.errors()), allow_nan=False)
