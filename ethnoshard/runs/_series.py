"""What runs measured along their trainings, as curves: smoothed, thinned, seeds of an arm together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Series
from ethnoshard.runs._record import RunRecord

POINTS = 250
"""Of a curve, at most."""
_MEASURED = {
    "accuracy": pl.col("lfw_accuracy"),
    "val": pl.col("lfw_val"),
    "auc": pl.col("lfw_auc"),
    "similarity": pl.col("similarity_different"),
}
"""Columns measured on LFW, or on the last batch of an epoch; null except at a few steps."""
_STEPWISE = {
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
"""Columns measured at each step; shares in %."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A run's measurements, a row a step.

    Attributes:
        name: of the run.
        arm: how its batches were composed.
        seed: of everything random.
        epoch_steps: steps of an epoch.
        table: float columns "epochs" and "images" (seen so far); at each step "loss", "in_group" and "by_chance" (% of
            active triplets), "active" (% of mined), "mined" (% of possible), "gradient_norm", "learning_rate", "speed"
            (images/s), "waiting" (% of the step); at a few steps "accuracy", "val", "auc", "similarity".
    """

    name: str
    arm: str
    seed: int
    epoch_steps: int
    table: pl.DataFrame

    @property
    def images_per_second(self) -> float | None:
        """Over all steps, evaluation left out; None where no time was measured."""
        seconds = float(self._seconds["seconds"].sum())
        return float(self._seconds["images"].sum()) / seconds if seconds else None

    @property
    def waiting(self) -> float | None:
        """Share of the steps' time in which no batch was there, %; None where no time was measured."""
        rows = self._seconds
        seconds = float(rows["seconds"].sum())
        return float((rows["seconds"] * rows["waiting"]).sum()) / seconds if seconds else None

    @property
    def _seconds(self) -> pl.DataFrame:
        images = pl.col("images").diff().fill_null(pl.col("images"))
        return self.table.select("waiting", images=images, seconds=images / pl.col("speed"))


def training_of(run: str, record: RunRecord, metrics: pl.DataFrame) -> Training:
    """A run's measurements.

    Args:
        run: its name.
        record: of the run.
        metrics: as :func:`read_metrics` gives it.

    Raises:
        EthnoshardError: the record doesn't say how many steps an epoch has.
    """
    if not record.steps_an_epoch:
        raise EthnoshardError(
            f"run.json of {run} is damaged: steps_an_epoch is missing; take it from a copy of the run"
        )
    table = metrics.sort("step").select(
        _epochs(record, record.steps_an_epoch).alias("epochs"),
        pl.col("images").cast(pl.Float64),
        **{each: value.cast(pl.Float64) for each, value in {**_STEPWISE, **_MEASURED}.items()},
    )
    return Training(name=run, arm=record.arm, seed=record.seed, epoch_steps=record.steps_an_epoch, table=table)


def _epochs(record: RunRecord, steps_an_epoch: int) -> pl.Expr:
    """Epochs done after each step: where ranks became others, the steps of an epoch are of different lengths."""
    if not record.rank_changes:
        return pl.col("step") / steps_an_epoch
    number = pl.int_range(1, pl.len() + 1).over("epoch")
    length = pl.when(pl.col("epoch") < record.progress.epoch).then(pl.len().over("epoch"))
    return pl.col("epoch") + number / length.otherwise(pl.max_horizontal(pl.len().over("epoch"), steps_an_epoch))


def by_arm(trainings: Sequence[Training]) -> dict[str, list[Training]]:
    """In the order of the arms' names, base first."""
    arms = sorted({training.arm for training in trainings}, key=lambda arm: (arm != "base", arm))
    return {arm: [training for training in trainings if training.arm == arm] for arm in arms}


def counted(trainings: Sequence[Training]) -> str:
    """``3 seeds``, or ``3 runs`` where seeds are repeated."""
    seeds = len({training.seed for training in trainings})
    if len(trainings) == 1:
        return "1 run"
    return f"{seeds} seeds" if seeds == len(trainings) else f"{len(trainings)} runs"


def smoothed(values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Mean of the last ``steps`` values, of fewer at the beginning; NaN is left out.

    Args:
        values: (N,) one a step.
        steps: at least 1.

    Returns:
        (N,) NaN where all values behind it are.
    """
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(0, ends - steps)
    number = counts[ends] - counts[begins]
    return np.where(number > 0, (sums[ends] - sums[begins]) / np.maximum(number, 1), np.nan)


def thinned(length: int, points: int = POINTS) -> NDArray[np.int64]:
    """Indices of at most ``points`` of ``length`` values, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, points)).round().astype(np.int64))


def series_of(arms: Mapping[str, Sequence[Training]], column: str, *, x: str, smooth: int = 1) -> list[Series]:
    """A curve an arm; of several seeds the mean, with the least and the most, as far as all of them got.

    Args:
        arms: trainings by arm, or by any other name.
        column: of ``Training.table``.
        x: "epochs" or "images".
        smooth: steps to average over, of columns that are measured at each step.
    """
    curves = []
    for arm, trainings in arms.items():
        lines = [line for line in (_line(training, column, x, smooth) for training in trainings) if len(line[0])]
        if not lines:
            continue
        if len(lines) == 1:
            along, values = lines[0]
            points = thinned(len(along))
            name = arm if trainings[0].name == arm else f"{arm}, 1 run"
            curves.append(Series(name=name, arm=arm, x=along[points], y=values[points]))
            continue
        shortest = min((along for along, _ in lines), key=lambda along: float(along[-1]))
        at = shortest[thinned(len(shortest))]
        stacked = np.stack([np.interp(at, along, each) for along, each in lines])
        curves.append(
            Series(
                name=f"{arm}, {counted(trainings)}",
                arm=arm,
                x=at,
                y=stacked.mean(axis=0),
                low=stacked.min(axis=0),
                high=stacked.max(axis=0),
            )
        )
    return curves


def at_the_end(arms: Mapping[str, Sequence[Training]], column: str) -> dict[str, float]:
    """Arm -> mean over its runs of the mean of the last epoch's steps, or of what was measured last."""
    means = {}
    for arm, trainings in arms.items():
        ends = []
        for training in trainings:
            values = _numbers(training.table[column])
            last = values[np.isfinite(values)][-1:] if column in _MEASURED else values[-training.epoch_steps :]
            last = last[np.isfinite(last)]
            if len(last):
                ends.append(float(last.mean()))
        if ends:
            means[arm] = sum(ends) / len(ends)
    return means


def at_the_highest(arms: Mapping[str, Sequence[Training]], column: str) -> dict[str, float]:
    """Arm -> highest value of any of its runs."""
    values = {
        arm: np.concatenate([_numbers(training.table[column]) for training in trainings])
        for arm, trainings in arms.items()
    }
    return {arm: float(np.nanmax(each)) for arm, each in values.items() if np.isfinite(each).any()}


def _line(training: Training, column: str, x: str, smooth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    along, values = _numbers(training.table[x]), _numbers(training.table[column])
    if column not in _MEASURED:
        values = smoothed(values, smooth)
    known = np.isfinite(values)
    return along[known], values[known]


def _numbers(column: pl.Series) -> NDArray[np.float64]:
    return column.to_numpy().astype(np.float64)
