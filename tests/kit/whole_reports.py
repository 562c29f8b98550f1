"""``report.json`` of an evaluation of nobody: whole, but small."""

from typing import Any

import numpy as np

from ethnoshard.results import (
    ChosenOn,
    Curve,
    Estimate,
    Evaluation,
    EvaluationOptions,
    FoldRate,
    GroupErrors,
    GroupRates,
    MeanSimilarity,
    Model,
    Pairs,
    Rate,
    RateInterval,
    Validation,
    Verification,
    result_as_json,
)

_ALL = RateInterval(0.0, 1.0)


def fold_rate(mean: float, std: float = 0.0) -> FoldRate:
    return FoldRate(
        by_fold=(mean - std, mean + std),
        mean=mean,
        std=std,
        thresholds=(1.0, 1.0),
        events=9,
        pairs=10,
        wilson=_ALL,
        people_interval=None,
    )


def rate(value: float | None, *, few: bool = False) -> Rate:
    return Rate(rate=value, errors=1, pairs=100, people=30, wilson=_ALL, people_interval=None, too_few=few)


def group_rates(fmr: float | None, fnmr: float | None, *, few: bool = False) -> GroupRates:
    accuracy = Estimate(value=0.9, people_interval=None, undefined_draws=0)
    return GroupRates.measured(rate(fmr, few=few), rate(fnmr, few=few), accuracy)


def group_errors(by_group: dict[str, GroupRates], labels: str) -> GroupErrors:
    return GroupErrors(
        source="one",
        labels=labels,
        note="Exploratory.",
        without_group={},
        pairs="all pairs",
        people=60,
        images=600,
        chosen_on=ChosenOn(text="given by the user"),
        threshold=0.5,
        weighting="person",
        alpha=0.5,
        draws=0,
        seed=0,
        min_people=20,
        min_pairs=30,
        overall=group_rates(0.002, 0.03),
        by_group=by_group,
        cross={},
        metrics={},
        difference={},
        ratio={},
        left_out={},
    )


def verification(*, auc: float = 0.95, similarity: MeanSimilarity | None = None) -> Verification:
    at = Validation(far_asked=0.001, val=fold_rate(0.5, 0.02), far=fold_rate(0.001))
    further = Validation(far_asked=0.01, val=None, far=fold_rate(0.2), reason="the FAR reached is 0.2")
    ends = np.array([0.0, 1.0])
    return Verification(
        pairs=20,
        same=10,
        different=10,
        people=12,
        folds=2,
        thresholds_from="the other folds",
        metric="euclidean",
        subtract_mean=False,
        accuracy=fold_rate(0.9, 0.01),
        accuracy_exact=fold_rate(0.91, 0.01),
        validation=(at, further),
        auc=auc,
        eer=0.1,
        draws=0,
        seed=0,
        similarity=similarity,
        curve=Curve(fmr=ends, tar=ends, distance=4 * ends),
    )


def evaluation(model: Model | None, by_group: dict[str, GroupRates], **changes: Any) -> Evaluation:
    given = {
        "model": model,
        "source": None,
        "flip": False,
        "images": None,
        "options": EvaluationOptions(),
        "pairs": Pairs(name="pairs.txt", listed=20, scored=20, missing_same=0, missing_different=0, missing_images=0),
        "verification": verification(),
        "identification": None,
        "identification_left_out": "there are scores only, no embeddings",
        "demographics": (group_errors(by_group, "as given by one"),),
    }
    return Evaluation(**{**given, **changes})


def as_file(found: Evaluation, kind: str = "evaluation") -> dict[str, Any]:
    """What ``report.json`` holds of it."""
    return {"format": 2, "kind": kind, "versions": {}, **result_as_json(found)}
