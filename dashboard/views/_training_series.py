"""What a run measured along its training, as curves: smoothed, thinned, seeds of an arm together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ethnoshard.charts import Series

Numbers = npt.NDArray[np.float64]

POINTS = 250
"""Of a line in a chart, at most."""
AXES = {"epochs": "Epochs", "images": "Images seen"}
MEASURED = {
    "accuracy": pl.col("lfw_accuracy"),
    "val": pl.col("lfw_val"),
    "auc": pl.col("lfw_auc"),
    "similarity": pl.col("similarity_different"),
}
"""Of LFW, and of the last batch of an epoch: set at a few steps only."""
STEPWISE = {
    "loss": pl.col("loss"),
    "in_group": 100 * pl.col("in_group"),
    "by_chance": 100 * pl.col("in_group_by_chance"),
    "active": 100 * pl.col("triplets_active") / pl.col("triplets_mined"),
    "mined": 100 * pl.col("triplets_mined") / pl.col("triplets_possible"),
    "gradient_norm": pl.col("gradient_norm"),
    "learning_rate": pl.col("learning_rate"),
    "speed": pl.col("images").diff().fill_null(pl.col("images")) / pl.col("seconds"),
    "waiting": 100 * pl.col("waiting") / pl.col("seconds"),
}
"""Of each step; shares in %."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run's measurements, a row a step.

    Attributes:
        name: of the run.
        arm: how its batches were composed.
        seed: of everything random.
        epoch_steps: steps of an epoch.
        table: columns ``epochs``, ``images`` and those of ``STEPWISE`` and ``MEASURED``.
    """

    name: str
    arm: str
    seed: int
    epoch_steps: int
    table: pl.DataFrame


def training_of(name: str, record: Mapping[str, Any], metrics: pl.DataFrame) -> Training:
    """Of a run's ``run.json`` and its metrics."""
    steps = int(record["steps_an_epoch"])
    table = metrics.sort("step").select(
        (pl.col("step") / steps).alias("epochs"),
        pl.col("images").cast(pl.Float64),
        **{each: value.cast(pl.Float64) for each, value in {**STEPWISE, **MEASURED}.items()},
    )
    return Training(name=name, arm=str(record["arm"]), seed=int(record["seed"]), epoch_steps=steps, table=table)


def by_arm(trainings: Sequence[Training]) -> dict[str, list[Training]]:
    """In the order of the arms' names, base first."""
    arms = sorted({training.arm for training in trainings}, key=lambda arm: (arm != "base", arm))
    return {arm: [training for training in trainings if training.arm == arm] for arm in arms}


def smoothed(values: Numbers, steps: int) -> Numbers:
    """Mean of the last ``steps`` values, of fewer at the beginning; what is no number is left out."""
    there = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(there, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(there)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(0, ends - steps)
    number = counts[ends] - counts[begins]
    return np.where(number > 0, (sums[ends] - sums[begins]) / np.maximum(number, 1), np.nan)


def thinned(length: int, points: int = POINTS) -> npt.NDArray[np.int64]:
    """Which of ``length`` places a line shows, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, points)).round().astype(np.int64))


def curves(arms: Mapping[str, Sequence[Training]], column: str, *, x: str, smooth: int = 1) -> list[Series]:
    """A curve an arm; of several seeds the mean, with the least and the most, as far as all of them got."""
    found = []
    for arm, trainings in arms.items():
        lines = [line for line in (_line(training, column, x, smooth) for training in trainings) if len(line[0])]
        if not lines:
            continue
        if len(lines) == 1:
            along, values = lines[0]
            kept = thinned(len(along))
            found.append(
                Series(
                    name=arm if trainings[0].name == arm else f"{arm}, 1 run", arm=arm, x=along[kept], y=values[kept]
                )
            )
            continue
        shortest = min((along for along, _ in lines), key=lambda along: float(along[-1]))
        at = shortest[thinned(len(shortest))]
        values = np.stack([np.interp(at, along, each) for along, each in lines])
        name = f"{arm}, {counted(trainings)}"
        found.append(
            Series(name=name, arm=arm, x=at, y=values.mean(axis=0), low=values.min(axis=0), high=values.max(axis=0))
        )
    return found


def counted(trainings: Sequence[Training]) -> str:
    """``3 seeds``, or ``3 runs`` where seeds are repeated."""
    seeds = len({training.seed for training in trainings})
    if len(trainings) == 1:
        return "1 run"
    return f"{seeds} seeds" if seeds == len(trainings) else f"{len(trainings)} runs"


def at_the_end(arms: Mapping[str, Sequence[Training]], column: str) -> dict[str, float]:
    """Of each arm the mean over its runs; of a run the mean of its last epoch's steps, or what LFW gave last."""
    found = {}
    for arm, trainings in arms.items():
        ends = []
        for training in trainings:
            values = _numbers(training.table[column])
            last = values[np.isfinite(values)][-1:] if column in MEASURED else values[-training.epoch_steps :]
            last = last[np.isfinite(last)]
            if len(last):
                ends.append(float(last.mean()))
        if ends:
            found[arm] = sum(ends) / len(ends)
    return found


def at_the_highest(arms: Mapping[str, Sequence[Training]], column: str) -> dict[str, float]:
    """Of each arm the highest value of any of its runs."""
    values = {
        arm: np.concatenate([_numbers(training.table[column]) for training in trainings])
        for arm, trainings in arms.items()
    }
    return {arm: float(np.nanmax(each)) for arm, each in values.items() if np.isfinite(each).any()}


def _line(training: Training, column: str, x: str, smooth: int) -> tuple[Numbers, Numbers]:
    table = training.table
    along, values = _numbers(table[x]), _numbers(table[column])
    if column not in MEASURED:
        values = smoothed(values, smooth)
    there = np.isfinite(values)
    return along[there], values[there]


def _numbers(column: pl.Series) -> Numbers:
    return column.to_numpy().astype(np.float64)
