"""The optimizer, how its learning rate goes over the steps, and whether a run may become longer."""

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from ethnoshard.errors import EthnoshardError
from ethnoshard.training._settings import OptimizerName, Schedule, TrainingSettings


def optimizer_of(
    name: OptimizerName, weights: Iterable[nn.Parameter], *, learning_rate: float, weight_decay: float, momentum: float
) -> torch.optim.Optimizer:
    """An optimizer by name; ``momentum`` is SGD's."""
    if name == "sgd":
        return torch.optim.SGD(weights, learning_rate, momentum=momentum, weight_decay=weight_decay)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adagrad": torch.optim.Adagrad}
    optimizer: torch.optim.Optimizer = kinds[name](weights, lr=learning_rate, weight_decay=weight_decay)
    return optimizer


def rate_at(
    step: float,
    steps: int,
    *,
    highest: float,
    schedule: Schedule,
    warm_up: int,
    milestones: Iterable[float],
    drop: float,
) -> float:
    """The learning rate of a step, a function of nothing else, so that a run that goes on needs no state of it.

    Args:
        step: from 0; between two where other ranks took the steps before.
        steps: of the whole run.
        highest: after warming up.
        schedule: "cosine" ends at 0, "step" multiplies by ``drop`` at each milestone.
        warm_up: steps in which the rate grows linearly.
        milestones: shares of the run, 0 to 1.
        drop: factor.
    """
    if step < warm_up:
        return highest * (step + 1) / (warm_up + 1)
    if schedule == "cosine":
        return highest * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))) / 2
    if schedule == "step":
        return highest * drop ** sum(step >= share * steps for share in milestones)
    return highest


def learning_rate(settings: TrainingSettings, step: float, steps: int) -> float:
    """The learning rate of ``step``, from 0, in a run of ``steps``."""
    return rate_at(
        step,
        steps,
        highest=settings.learning_rate,
        schedule=settings.schedule,
        warm_up=round(settings.warm_up * steps),
        milestones=settings.milestones,
        drop=settings.drop,
    )


def check_length(settings: TrainingSettings, *, was: int, done: int, steps_an_epoch: int, weights: Path) -> None:
    """Make sure that a run of another number of epochs would have been the same so far.

    Then 10 epochs and 10 more are 20 epochs, to the bit. It is so where the learning rate doesn't depend on the length,
    as with ``schedule="constant"`` and ``warm_up=0``.

    Args:
        settings: with the epochs that are wanted now.
        was: epochs that it was begun with.
        done: steps taken.
        steps_an_epoch: of either.
        weights: the file of the run's network, which is there when it is finished.

    Raises:
        EthnoshardError: more steps than wanted are done, or the rate of one of them would have been another.
    """
    now = settings.epochs
    steps, before = now * steps_an_epoch, was * steps_an_epoch
    if done > steps:
        raise EthnoshardError(
            f"epochs is {now}, was {was}, but {done / steps_an_epoch:.4g} epochs are done already; set at least so many"
        )
    for step in range(done):
        then, wanted = learning_rate(settings, step, before), learning_rate(settings, step, steps)
        if then != wanted:
            start = f", or one that starts from these weights: --init {weights}" if weights.is_file() else ""
            raise EthnoshardError(
                f"epochs is {now}, was {was}: with schedule={settings.schedule} and warm_up={settings.warm_up} the "
                f"learning rate follows the length of the run (step {step + 1:,} had {then:.6g}, of {now} epochs it "
                f"has {wanted:.6g}), so {now} epochs are not these and some more. Begin a new run with another "
                f"--out{start}; only with schedule=constant and warm_up=0 a run can be made longer later"
            )
