"""Evaluations of scores of nobody, as pages pick them."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard._given import Given
from dashboard.views._evaluations import PickedEvaluation
from ethnoshard.embedding import Embeddings
from ethnoshard.evaluation import verification_of_distances
from ethnoshard.reports import (
    EvaluationOptions,
    compare_reports,
    evaluate_embeddings,
    read_pairs,
    read_report,
    write_report,
)
from ethnoshard.results import Evaluation, result_from_json
from ethnoshard.sources import GroupSource
from tests.kit.scored import made_curves, made_pairs
from tests.kit.whole_reports import as_file, evaluation, group_errors

OPTIONS = EvaluationOptions(draws=40, fars=(0.05, 0.1), min_people=4, min_pairs=10, fmr=0.05, galleries=2)


def made_evaluation(seed: int = 0) -> Evaluation:
    """Of scores of nobody."""
    distance, same, fold = made_pairs(seed)
    verified = verification_of_distances(distance, same, fold=fold, fars=(0.01, 0.1), draws=0)
    # As of embeddings, whose thresholds come in steps too.
    steps = replace(verified.accuracy, thresholds=tuple(round(each, 2) for each in verified.accuracy.thresholds))
    own = replace(group_errors({}, "as given by list.csv"), **vars(made_curves(seed).at(4).errors()), source="list")
    return evaluation(None, {}, verification=replace(verified, metric="euclidean", accuracy=steps), demographics=(own,))


def made_picked(
    seed: int = 0, *, change: Callable[[dict[str, Any]], None] = lambda content: None, **look: str
) -> PickedEvaluation:
    """A report that is nowhere; ``change`` is given what its file would hold."""
    content = as_file(made_evaluation(seed))
    change(content)
    found = result_from_json(content, "made")
    assert isinstance(found, Evaluation)
    style = {"name": f"made-{seed}", "label": f"made {seed}", "colour": "#777777", "dash": "solid", **look}
    return PickedEvaluation(**style, evaluation=found)


def make_lively(full: Given, folder: Path) -> Given:
    """The full folder's runs with models that tell people apart, evaluated on drawn faces by two sources of labels.

    Few steps of training give the fixture's own models one place for everybody.
    """
    runs = folder / "runs"
    pairs = read_pairs(full.datasets[1].parent / "tested" / "pairs.csv", form="bfw")
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
        GroupSource(name="one", groups=one, without={"no label": 10}, attribute="perceived ethnicity"),
        GroupSource(name="other", groups=other, without={}, attribute="sex"),
    ]
