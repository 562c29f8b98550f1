"""Records, batches and metrics of runs that never were."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ethnoshard.results import Delivery
from ethnoshard.runs import BATCHES_SCHEMA, METRICS_SCHEMA, RunRecord, Training, delivery_of, training_of

FACTS: Mapping[str, Any] = {
    "arm": "natural",
    "seed": 0,
    "status": "finished",
    "settings": {"epochs": 1},
    "progress": {"epoch": 1, "step": 1},
    "dataset": {"groups": [{"name": "A", "faces": 30, "identities": 10}, {"name": "B", "faces": 10, "identities": 9}]},
}
"""What every ``run.json`` holds."""


def made_record(**facts: Any) -> RunRecord:
    """A record with some facts of its own."""
    return RunRecord.of_json({**FACTS, **facts}, "run.json")


def made_use(group: str, **counts: Any) -> dict[str, Any]:
    """What became of a group's faces; nothing happened to any, but for ``counts``."""
    nothing = dict.fromkeys(("faces", "draws", "used", "repeated", "dropped", "excluded"), 0)
    return {"group": group, **nothing, **counts}


def made_batches(people: Sequence[tuple[int, int]], wanted: tuple[float, float] | None = (3, 1)) -> pl.DataFrame:
    """Batches of groups A and B, two steps an epoch.

    Args:
        people: of A and B in each step.
        wanted: of A and B in every step.
    """
    rows = [
        {
            "step": step,
            "epoch": (step - 1) // 2,
            "loader_epoch": (step - 1) // 2,
            "group": group,
            "wanted": None if wanted is None else float(wanted[number]),
            "people": counts[number],
            "faces": 4 * counts[number],
        }
        for step, counts in enumerate(people, start=1)
        for number, group in enumerate("AB")
    ]
    return pl.DataFrame(rows, BATCHES_SCHEMA)


def made_delivery(
    people: Sequence[tuple[int, int]], wanted: tuple[float, float] | None = (3, 1), **facts: Any
) -> Delivery:
    """What such batches deliver of a run."""
    return delivery_of("run", made_record(**facts), made_batches(people, wanted))


def made_training(arm: str, seed: int, losses: Sequence[float], *, epoch_steps: int = 2) -> Training:
    """A run with a step for each loss; LFW's AUC at the last."""
    steps = len(losses)
    rows = pl.DataFrame(
        {
            "step": range(1, steps + 1),
            "images": [128 * step for step in range(1, steps + 1)],
            "loss": losses,
            "triplets_possible": [1000.0] * steps,
            "triplets_mined": [100.0] * steps,
            "triplets_active": [50.0] * steps,
            "in_group": [0.5] * steps,
            "in_group_by_chance": [0.25] * steps,
            "seconds": [2.0] * steps,
            "waiting": [0.5] * steps,
            "lfw_auc": [None] * (steps - 1) + [0.8],
        }
    )
    metrics = pl.concat([METRICS_SCHEMA.to_frame(), rows], how="diagonal_relaxed")
    return training_of(f"{arm}-{seed}", made_record(arm=arm, seed=seed, steps_an_epoch=epoch_steps), metrics)
