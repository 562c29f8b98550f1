"""Evaluations of scores of nobody, as pages pick them."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dashboard._given import Given
from dashboard.views._evaluations import Picked
from ethnoshard.embedding import Embeddings
from ethnoshard.evaluation import GroupCurves, GroupOptions, ScoreList, group_curves, verification_of_distances
from ethnoshard.reports import (
    EvaluationOptions,
    ReportFolder,
    compare_reports,
    evaluate_embeddings,
    read_pairs,
    read_report,
    write_report,
)
from ethnoshard.results import Evaluation
from ethnoshard.sources import GroupSource
from tests.kit.whole_reports import as_file, evaluation, group_errors

GROUPS = ("A", "B", "C")
OPTIONS = EvaluationOptions(draws=40, fars=(0.05, 0.1), min_people=4, min_pairs=10, fmr=0.05, galleries=2)


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
    pairs = ScoreList.of(score, same, (group, group), people=(people, other))
    return group_curves(pairs, np.linspace(-0.2, 1.8, 9), GroupOptions(draws=20, min_people=5, min_pairs=20))


def made_evaluation(seed: int = 0) -> Evaluation:
    """Of scores of nobody."""
    distance, same, fold = made_pairs(seed)
    verified = verification_of_distances(distance, same, fold=fold, span=(0.0, 4.0), fars=(0.01, 0.1), draws=0)
    own = replace(group_errors({}, "as given by list.csv"), **vars(made_curves(seed).at(4).errors()), source="list")
    return evaluation(None, {}, verification=replace(verified, metric="euclidean"), demographics=(own,))


def made_picked(seed: int = 0, **look: str) -> Picked:
    """A report that is nowhere."""
    report = ReportFolder(Path(f"made-{seed}"), as_file(made_evaluation(seed)))
    return Picked(
        **{"name": f"made-{seed}", "label": f"made {seed}", "colour": "#777777", "dash": "solid", **look}, report=report
    )


def make_lively(full: Given, folder: Path) -> Given:
    """The full folder's runs with models that tell people apart, evaluated on drawn faces by two sources of labels.

    Few steps of training give the fixture's own models one place for everybody.
    """
    runs = folder / "runs"
    pairs = read_pairs(full.datasets[1].parent / "tested" / "pairs.csv", "bfw")
    reports = []
    for seed, run in enumerate(("base-0", "natural-0")):
        (runs / run / "reports").mkdir(parents=True)
        shutil.copy(full.runs / run / "run.json", runs / run)
        embeddings = Embeddings.load(full.runs / run / "reports" / "drawn" / "embeddings.npz")
        vectors = made_vectors(embeddings.identities.tolist(), noise=0.75 + 0.1 * seed, seed=seed)
        groups = made_sources(embeddings.identities.tolist())
        made = evaluate_embeddings(replace(embeddings, vectors=vectors), pairs, groups=groups, options=OPTIONS)
        reports.append(runs / run / "reports" / "drawn")
        write_report(made, reports[-1])
    write_report(compare_reports(*map(read_report, reports)), runs / "compare")
    return replace(full, runs=runs)


def made_vectors(people: list[str], *, noise: float, seed: int) -> NDArray[np.float32]:
    """Vectors of length 1 around a place for each person."""
    names, place = np.unique(people, return_inverse=True)
    centres = np.random.default_rng(7).normal(size=(len(names), 8))
    vectors = centres[place] + noise * np.random.default_rng(seed).normal(size=(len(people), 8))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def made_sources(people: list[str]) -> list[GroupSource]:
    """Two that differ; C has two people by the first; ten people are in a group by neither."""
    some = sorted(set(people))[:-10]
    one = {name: "C" if place < 2 else "AB"[place % 2] for place, name in enumerate(some)}
    other = {name: "AB"[place * 2 // len(some)] for place, name in enumerate(some)}
    return [
        GroupSource(name="one", groups=one, without={"no label": 10}),
        GroupSource(name="other", groups=other, without={}),
    ]
