"""Verification by folds in a world whose truth is known: of one model, and of two that are equally good."""

from collections.abc import Iterator

import numpy as np

from benchmarks.coverage._answers import Answer, any_of, claiming, covering, excludes
from benchmarks.coverage._laws import Law
from benchmarks.coverage._lists import FoldedList
from ethnoshard.evaluation import VerifiedPairs, compare_verifications, verification_of_distances
from ethnoshard.results import Interval, Verification

FARS = (0.001, 0.01)


def verification_answers(world: FoldedList, rng: np.random.Generator, draws: int, seed: int) -> list[Answer]:
    """Everything that a verification and a comparison of two print."""
    pairs, fold = world.scored(rng)
    people = pairs.first, pairs.second
    results = [
        verification_of_distances(-score, pairs.same, fold=fold, people=people, fars=FARS, draws=draws, seed=seed)
        for score in pairs.score
    ]
    base, other = (
        VerifiedPairs(result=result, distance=-score) for result, score in zip(results, pairs.score, strict=True)
    )
    changes = compare_verifications(base, other, pairs.same, fold=fold, people=people, draws=draws, seed=seed)
    answers = list(_of_one(world.law, results[0]))
    for name, change in changes.items():
        answers += covering(f"change of {name}", 0.0, change.difference, change.people_interval)
        if change.people_interval is not None:
            answers.append(claiming(f"change of {name}", excludes(change.people_interval, 0), null=True))
    answers.append(
        any_of("verification changed, any", [excludes(one.people_interval, 0) for one in changes.values()], null=True)
    )
    return answers


def _of_one(law: Law, found: Verification) -> Iterator[Answer]:
    yield from covering("accuracy", law.accuracy, found.accuracy.mean, found.accuracy.people_interval)
    yield from covering(
        "accuracy, exact", law.accuracy, found.accuracy_exact.mean, found.accuracy_exact.people_interval
    )
    yield from covering("AUC", law.auc, found.auc, found.auc_interval)
    yield from covering("EER", 1 - law.accuracy, found.eer, found.eer_interval)
    if found.band is not None:
        for asked in FARS:
            there = np.flatnonzero(found.band.fmr == asked)
            if not len(there):
                continue  # it begins where a threshold rests on enough pairs
            index = int(there[0])
            low, high = float(found.band.low[index]), float(found.band.high[index])
            value = float(found.curve.tar[found.curve.fmr <= asked * (1 + 1e-9)].max())
            yield from covering(f"ROC at {asked:g}", law.val(asked), value, Interval(low, high))
    for at in found.validation:
        name, far = f"{at.far_asked:g}", at.far
        if at.val is not None:
            yield from covering(f"VAL at {name}", law.val(at.far_asked), at.val.mean, at.val.people_interval)
        yield from covering(f"FAR at {name}", at.far_asked, far.mean, far.people_interval)
