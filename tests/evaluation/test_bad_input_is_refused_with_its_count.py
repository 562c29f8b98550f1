"""What can't be evaluated is refused by one message with the numbers, before anything is computed from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_people import by_group, scores_by_group

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    Roster,
    clustering,
    flip_averaged,
    identification,
    picture,
    threshold_at_fmr,
    verification,
    verification_of_distances,
)

PEOPLE = np.repeat(np.arange(20), 5)
GROUPS = np.where(PEOPLE < 10, "A", "B")
SAME = np.tile([True, False], 50)


def good() -> Any:
    return np.random.default_rng(0).normal(size=(100, 8))


def broken(value: float) -> Any:
    embeddings = good()
    embeddings[[3, 50], 2] = value
    return embeddings


TAKERS: dict[str, Callable[[Any], Any]] = {
    "verification": lambda rows: verification(rows, good(), SAME),
    "verification, second": lambda rows: verification(good(), rows, SAME),
    "flip_averaged": lambda rows: flip_averaged(good(), rows),
    "identification": lambda rows: identification(rows, PEOPLE, more_than=2),
    "clustering": lambda rows: clustering(rows, PEOPLE, number=5, at_least=2, methods=("kmeans",)),
    "picture": lambda rows: picture(rows, PEOPLE, number=5, at_least=2),
    "demographics": lambda rows: by_group(rows, PEOPLE, GROUPS, threshold=0.5, draws=2),
    "threshold": lambda rows: threshold_at_fmr(Roster.of(rows, PEOPLE), 0.1),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_not_finite(taker: str, value: float) -> None:
    with pytest.raises(EthnoshardError, match=r"2 of 100 .*embeddings hold NaN or infinity"):
        TAKERS[taker](broken(value))


@pytest.mark.parametrize("taker", sorted(set(TAKERS) - {"flip_averaged"}))
def test_embeddings_of_length_zero(taker: str) -> None:
    rows = good()
    rows[:7] = 0
    with pytest.raises(EthnoshardError, match=r"7 of 100 .*embeddings are zero and have no direction"):
        TAKERS[taker](rows)


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((0, 8)), "empty: there is nothing to evaluate"),
        (np.zeros(100), r"shape \(images, dimensions\); this one has the shape \(100,\)"),
        (np.full((100, 8), "x"), "are numbers; this array is of <U1"),
        (np.ones((99, 8)), r"99|100"),
    ],
)
def test_embeddings_of_another_shape(taker: str, rows: Any, message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        TAKERS[taker](rows)


def test_dimensions_that_differ() -> None:
    with pytest.raises(EthnoshardError, match=r"dimensions of the two .* differ: \(100, 8\) and \(100, 9\)"):
        verification(good(), np.ones((100, 9)), SAME)
    with pytest.raises(EthnoshardError, match=r"numbers of the two .* differ: \(100, 8\) and \(99, 8\)"):
        flip_averaged(good(), np.ones((99, 8)))
    with pytest.raises(EthnoshardError, match="100 of 100 flip-averaged embeddings are zero"):
        flip_averaged(good(), -good())


def scores(**changes: Any) -> Any:
    groups = np.repeat(["A", "B"], 50)
    given = {"score": np.linspace(0, 1, 100), "same": SAME, "groups": (groups, groups), "threshold": 0.5, **changes}
    return scores_by_group(**given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"same": [True] * 100}, "all 100 pairs are of the same person; a threshold needs pairs of both kinds"),
        ({"same": [False] * 100}, "all 100 pairs are of different people"),
        ({"same": [True] * 99}, r"True or False for each of 100 pairs; this is bool of shape \(99,\)"),
        ({"same": [2] * 100}, "True or False for each of 100 pairs; this is int64"),
        ({"score": np.full(100, np.nan)}, "100 of 100 scores are NaN or infinite"),
        ({"score": np.zeros((100, 2))}, r"numbers of shape \(pairs,\)"),
        ({"score": []}, "scores are"),
        ({"groups": (["A"] * 100, ["A"] * 100)}, "all people are of one group, 'A'"),
        ({"groups": (["A"] * 100, ["B"] * 100)}, "50 pairs of one person have two groups"),
        ({"groups": (["A", ""] * 50, ["A"] * 100)}, "the group is missing for 50 of 100"),
        ({"groups": (np.array([None, "A"] * 50), ["A"] * 100)}, "the group is missing for 50 of 100"),
        ({"people": (["p"] * 100, ["p"] * 100)}, "50 of 100 pairs are called same with two people, or different with"),
        ({"weighting": "person"}, "weighting by person needs to know whose the images are"),
        ({"weighting": "face"}, "weighting must be 'person' or 'pair', got 'face'"),
        ({"alpha": 1.5}, "alpha must be between 0 and 1, got 1.5"),
        ({"draws": -1}, "draws must be at least 0, got -1"),
    ],
)
def test_scores_by_group(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        scores(**changes)


def test_a_person_of_two_groups() -> None:
    groups = GROUPS.copy()
    groups[0] = "B"
    with pytest.raises(EthnoshardError, match="1 of 20 people are in more than one group"):
        by_group(good(), PEOPLE, groups, threshold=0.5)
    sex = np.where(np.arange(100) % 2 == 0, "f", "m")
    with pytest.raises(EthnoshardError, match="20 people have more than one value of matched_on"):
        by_group(good(), PEOPLE, GROUPS, threshold=0.5, matched_on=sex)
    with pytest.raises(EthnoshardError, match="all people are of one group"):
        by_group(good(), PEOPLE, ["A"] * 100, threshold=0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fold": np.where(SAME, 0, 1)}, "fold 0 has 50 pairs, all same; a fold needs pairs of both kinds"),
        ({"fold": [0] * 99}, r"fold is a whole number for each of 100 pairs; this is int64 of shape \(99,\)"),
        ({"fold": [0.5] * 100}, "this is float64"),
        ({"fars": (2,)}, "a FAR must be between 0 and 1, got 2"),
        ({"people": (PEOPLE, PEOPLE)}, "50 of 100 pairs are called same with two people, or different with one"),
        ({"people": (PEOPLE, PEOPLE[:9])}, "the second image's person is one for each of 100"),
    ],
)
def test_distances(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        verification_of_distances(np.linspace(0, 1, 100), SAME, **changes)


def test_a_metric_that_is_none() -> None:
    with pytest.raises(EthnoshardError, match="the metric is euclidean or cosine; 'manhattan' is not"):
        verification(good(), good(), SAME, metric="manhattan")  # type: ignore[arg-type]
