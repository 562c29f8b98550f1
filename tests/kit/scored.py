"""Pairs and groups with scores of nobody."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard.evaluation import GroupCurves, GroupOptions, GroupTally, ScoreList, group_curves

GROUPS = ("A", "B", "C")


def made_pairs(seed: int = 0, pairs: int = 600) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Squared distances of same and different pairs that overlap, in four folds."""
    rng = np.random.default_rng(seed)
    same = np.arange(pairs) % 2 == 0
    distance = np.clip(rng.normal(np.where(same, 1.0, 1.8), 0.3), 0, 4)
    return distance, same, np.arange(pairs) // (pairs // 4)


def made_tally(seed: int = 0) -> GroupTally:
    """The counts of ``made_curves`` at its fifth threshold."""
    own = made_curves(seed).own
    assert own is not None
    return own


def made_curves(seed: int = 0) -> GroupCurves:
    """Three groups over nine thresholds; C has hardly a pair."""
    rng = np.random.default_rng(seed)
    number = 900
    group = rng.choice(GROUPS, number, p=[0.6, 0.38, 0.02])
    same = rng.random(number) < 0.5
    score = rng.normal(np.where(same, 1.2, 0) + 0.4 * (group == "B"), 0.5)
    people = np.array([f"{each}{rng.integers(30)}" for each in group])
    other = np.where(same, people, np.array([f"{each}x{rng.integers(30)}" for each in group]))
    pairs = ScoreList.of(score, same, (group, group), people=(people, other))
    thresholds = np.linspace(-0.2, 1.8, 9)
    options = GroupOptions(draws=20, min_people=5, min_pairs=20)
    return group_curves(pairs, thresholds, options, own=float(thresholds[4]))
