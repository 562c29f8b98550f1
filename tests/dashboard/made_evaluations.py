"""Evaluations of scores of nobody, as pages pick them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.views._evaluations import Picked
from ethnoshard.evaluation import GroupCurves, curves_of_scores, verification_of_distances
from ethnoshard.reports import ReportFolder

GROUPS = ("A", "B", "C")


def made_pairs(seed: int = 0, pairs: int = 600) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Squared distances of same and different pairs that overlap, in four folds."""
    rng = np.random.default_rng(seed)
    same = np.arange(pairs) % 2 == 0
    distance = np.clip(rng.normal(np.where(same, 1.0, 1.8), 0.3), 0, 4)
    return distance, same, np.arange(pairs) // (pairs // 4)


def made_curves(seed: int = 0) -> GroupCurves:
    """Three groups over nine thresholds; C has hardly a pair."""
    rng = np.random.default_rng(seed)
    number = 900
    group = rng.choice(GROUPS, number, p=[0.6, 0.38, 0.02])
    same = rng.random(number) < 0.5
    score = rng.normal(np.where(same, 1.2, 0) + 0.4 * (group == "B"), 0.5)
    people = np.array([f"{each}{rng.integers(30)}" for each in group])
    other = np.where(same, people, np.array([f"{each}x{rng.integers(30)}" for each in group]))
    return curves_of_scores(
        score, same, (group, group), thresholds=np.linspace(-0.2, 1.8, 9), people=(people, other),
        draws=20, min_people=5, min_pairs=20,
    )  # fmt: skip


def made_content(seed: int = 0) -> dict[str, Any]:
    """As ``report.json`` holds it."""
    distance, same, fold = made_pairs(seed)
    verified = verification_of_distances(distance, same, fold=fold, span=(0.0, 4.0), fars=(0.01, 0.1), draws=0)
    own = made_curves(seed).at(4).to_dict()
    about = {"source": "list", "labels": "as given by list.csv", "note": "Exploratory.", "without_group": {}}
    content = {
        "verification": {**verified.to_dict(), "metric": "euclidean"},
        "demographics": [{**about, **own, "threshold_from": "given by the user", "threshold_people": None}],
    }
    plain: dict[str, Any] = json.loads(json.dumps(content))
    return plain


def made_picked(seed: int = 0, **look: str) -> Picked:
    """A report that is nowhere."""
    report = ReportFolder(Path(f"made-{seed}"), made_content(seed))
    return Picked(
        **{"name": f"made-{seed}", "label": f"made {seed}", "colour": "#777777", "dash": "solid", **look}, report=report
    )
