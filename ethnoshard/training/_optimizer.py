"""The optimizer and how its learning rate goes over the steps."""

import math
from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

import torch
from torch import nn

OptimizerName: TypeAlias = Literal["adam", "adamw", "adagrad", "sgd"]
Schedule: TypeAlias = Literal["constant", "cosine", "step"]
OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)
SCHEDULES: tuple[str, ...] = get_args(Schedule)


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
    step: int,
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
        step: from 0.
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
