"""Arms against seeds: a metric of the picked runs, and whether arms lie farther apart than the seeds of one arm."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ethnoshard.charts import KNOWN_ARMS, NONE, RunPoint, arm_spread
from ethnoshard.results import WorstGroup
from ethnoshard.runs import ModelSummary

from .. import _show
from .._pick import one
from .._shelf import Shelf

Pair = tuple[float, float]


@dataclass(frozen=True)
class Measure:
    """A metric that runs are compared by.

    Attributes:
        label: as axes have it.
        value: of a model; None if it was not measured.
        interval: at 95 %, of draws of people.
        digits: that the interval deserves.
    """

    label: str
    value: Callable[[ModelSummary], float | None]
    interval: Callable[[ModelSummary], Pair | None] = lambda model: None
    digits: int = 3


def _rate(worst: WorstGroup | None) -> float | None:
    return worst.rate if worst else None


MEASURES: Mapping[str, Measure] = {
    "accuracy": Measure(
        "Accuracy", lambda model: model.accuracy and model.accuracy[0], lambda model: model.accuracy_interval
    ),
    "VAL": Measure("VAL", lambda model: model.val and model.val[0], lambda model: model.val_interval),
    "AUC": Measure("AUC", lambda model: model.auc),
    "EER": Measure("EER", lambda model: model.eer),
    "highest FNMR of a group": Measure("Highest FNMR of a group", lambda model: _rate(model.worst_fnmr)),
    "highest FMR of a group": Measure("Highest FMR of a group", lambda model: _rate(model.worst_fmr), digits=5),
}

Arms = Mapping[str, Sequence[ModelSummary]]


def show_arms(shelf: Shelf, picked: Sequence[ModelSummary]) -> None:
    possible = [name for name, measure in MEASURES.items() if runs_by_arm(picked, measure)]
    if not possible:
        _show.empty(
            "None of the picked runs was verified yet. Train with LFW at hand, or evaluate:",
            "ethnoshard evaluate RUN --lfw LFW --pairs pairs.txt --groups lfw_groups.csv --out RUN/reports/lfw",
        )
        return
    with st.columns([1, 2])[0]:
        measure = MEASURES[one("Metric", possible, key="figure")]
    arms = runs_by_arm(picked, measure)
    lists = {model.pairs for models in arms.values() for model in models} - {None}
    _show.chart(
        arm_spread(points_of(arms, measure), measure.label, shelf.arm_colours, digits=measure.digits),
        name="arms",
        title=arm_title(arms, measure),
        how="A point a run; its whisker the interval at 95 % from draws of people, where a report gave one; the "
        "upright bar the mean of the arm. Arms differ where their points don't mix."
        + apart_by_chance(arms)
        + (" Not all were measured on the same pairs: hover for the report." if len(lists) > 1 else ""),
    )


def runs_by_arm(models: Sequence[ModelSummary], measure: Measure) -> dict[str, list[ModelSummary]]:
    """Runs by arm, those for which the metric was measured; known arms first, by seed."""
    by_arm: dict[str, list[ModelSummary]] = {}
    for model in models:
        if model.is_run and model.arm is not None and measure.value(model) is not None:
            by_arm.setdefault(model.arm, []).append(model)
    order = sorted(by_arm, key=lambda arm: (KNOWN_ARMS.index(arm) if arm in KNOWN_ARMS else len(KNOWN_ARMS), arm))
    return {arm: sorted(by_arm[arm], key=lambda model: (model.seed or 0, model.name)) for arm in order}


def arm_title(arms: Arms, measure: Measure) -> str:
    """Whether arms lie farther apart than the seeds of one arm."""
    values = {arm: [float(measure.value(model) or 0.0) for model in models] for arm, models in arms.items()}
    means = {arm: sum(each) / len(each) for arm, each in values.items()}
    within = max((max(each) - min(each) for each in values.values() if len(each) > 1), default=None)
    number = f".{measure.digits}f"
    if len(means) == 1:
        arm, mean = next(iter(means.items()))
        if within is None:
            return f"{measure.label} of {arm}: {mean:{number}}, one run"
        return f"{measure.label} of {arm}: {mean:{number}} on average, its runs lie up to {within:{number}} apart"
    between = max(means.values()) - min(means.values())
    if within is None:
        return f"{measure.label}: arms lie {between:{number}} apart; with one run each, chance may do as much"
    more = "farther apart than" if between > within else "no farther apart than"
    return (
        f"{measure.label}: arms lie {more} runs of one arm: {between:{number}} between means, "
        f"up to {within:{number}} within an arm"
    )


def points_of(arms: Arms, measure: Measure) -> dict[str, list[RunPoint]]:
    """As the chart takes them."""
    return {
        arm: [
            RunPoint(
                name=model.name,
                value=float(measure.value(model) or 0.0),
                seed=model.seed,
                interval=measure.interval(model),
                origin=model.origin or NONE,
            )
            for model in models
        ]
        for arm, models in arms.items()
    }


def apart_by_chance(arms: Arms) -> str:
    """In how many orders of its points two arms don't mix, as a sentence; "" for other than two arms."""
    if len(arms) != 2:
        return ""
    first, second = (len(models) for models in arms.values())
    orders = math.comb(first + second, first)
    return f" Chance alone keeps {first} and {second} runs apart in 2 of {orders:,} orders."
