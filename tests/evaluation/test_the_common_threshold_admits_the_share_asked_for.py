"""The threshold for all groups lets through as many false matches as asked for, and one step lower lets more."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import made_crowd

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import Roster, ScoreList, Weighting, _roster, threshold_at_fmr
from tests.kit.examples import usual_examples


@given(
    scores=st.lists(st.integers(-20, 20), min_size=1, max_size=60), fmr=st.sampled_from([0, 0.001, 0.05, 0.1, 0.5, 1])
)
def test_scores(scores: list[int], fmr: float) -> None:
    threshold = threshold_at_fmr(ScoreList.of([*scores, 99], [False] * len(scores) + [True]), fmr)
    reached = sum(score >= threshold for score in scores) / len(scores)
    assert reached <= fmr + 1e-12
    lower = [score for score in scores if score < threshold]
    if lower:
        # Letting in the next score, with all that equal it, would be too many.
        assert sum(score >= max(lower) for score in scores) / len(scores) > fmr


def test_three_of_three_thousand() -> None:
    scores = np.random.default_rng(0).permutation(3000)
    threshold = threshold_at_fmr(ScoreList.of([*scores, 0], [False] * 3000 + [True]), 0.001)
    assert threshold == 2996.5


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("fmr", [0.001, 0.01, 0.2, 1.0])
@pytest.mark.parametrize("side", [16, 2048])
def test_embeddings(monkeypatch: pytest.MonkeyPatch, weighting: Weighting, fmr: float, side: int) -> None:
    monkeypatch.setattr(_roster, "_SIDE", side)
    crowd = made_crowd(0, {"A": 30, "B": 20})
    threshold = threshold_at_fmr(Roster.of(crowd.embeddings, crowd.people), fmr, weighting=weighting)
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    names, codes, counts = np.unique(crowd.people, return_inverse=True, return_counts=True)
    pairs = [(i, j) for i, j in itertools.combinations(range(len(unit)), 2) if codes[i] != codes[j]]
    scores = np.array([unit[i] @ unit[j] for i, j in pairs])
    if weighting == "person":
        shares = np.array([1 / counts[codes[i]] / counts[codes[j]] for i, j in pairs])
        assert shares.sum() == pytest.approx(len(names) * (len(names) - 1) / 2)
    else:
        shares = np.ones(len(pairs))
    shares = shares / shares.sum()
    # Single precision: a score within 1e-6 of the threshold may lie on either side.
    assert shares[scores >= threshold + 1e-6].sum() <= fmr + 1e-9
    if fmr < 1:
        following = scores[scores < threshold - 1e-6].max()
        assert shares[scores >= following].sum() > fmr


@settings(max_examples=usual_examples(0.4))
@given(
    seed=st.integers(0, 1000),
    fmr=st.floats(0, 1),
    side=st.integers(1, 9),
    weighting=st.sampled_from(["person", "pair"]),
)
def test_blocks_change_nothing(seed: int, fmr: float, side: int, weighting: Weighting) -> None:
    crowd = made_crowd(seed, {"A": 5, "B": 4}, most=3, dimensions=4)
    # Coarse embeddings, so that many pairs tie.
    coarse = np.sign(crowd.embeddings)
    whole = threshold_at_fmr(Roster.of(coarse, crowd.people), fmr, weighting=weighting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_roster, "_SIDE", side)
        assert threshold_at_fmr(Roster.of(coarse, crowd.people), fmr, weighting=weighting) == pytest.approx(whole)


def test_refused() -> None:
    with pytest.raises(EthnoshardError, match="all images are of one person"):
        threshold_at_fmr(Roster.of(np.eye(3), ["a", "a", "a"]), 0.1)
    with pytest.raises(EthnoshardError, match="fmr must be between 0 and 1, got 2"):
        threshold_at_fmr(Roster.of(np.eye(3), ["a", "b", "c"]), 2)
    with pytest.raises(EthnoshardError, match="all 2 pairs are of the same person"):
        threshold_at_fmr(ScoreList.of([1, 2], [True, True]), 0.1)


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_a_list_of_all_pairs_gets_the_threshold_of_their_roster(weighting: Weighting) -> None:
    crowd = made_crowd(3, {"A": 20, "B": 10})
    roster = Roster.of(crowd.embeddings, crowd.people)
    one, other = np.triu_indices(len(crowd.people), 1)
    people = crowd.people[one], crowd.people[other]
    score = (roster.unit[one] * roster.unit[other]).sum(axis=1)
    listed = ScoreList.of(score, people[0] == people[1], people=people)
    for fmr in (0.003, 0.05, 0.3):
        whole = threshold_at_fmr(roster, fmr, weighting=weighting)
        assert threshold_at_fmr(listed, fmr, weighting=weighting) == pytest.approx(whole, abs=1e-6)
    assert threshold_at_fmr(listed, 0.05, weighting="pair") != threshold_at_fmr(listed, 0.05)
