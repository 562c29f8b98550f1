"""What the batches of a run were made of, against what was wanted of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ethnoshard.charts import Delivery
from ethnoshard.runs import ahead_of_target


def made_of(run: str, record: Mapping[str, Any], batches: pl.DataFrame) -> Delivery:
    """From a run's record and the table of its batches.

    Raises:
        KeyError, TypeError, ValueError: they hold something else than they should.
    """
    groups = tuple(map(str, batches["group"].unique(maintain_order=True)))
    promised = len(batches) > 0 and batches["wanted"].null_count() == 0
    if not promised:
        shares = shares_of_dataset(record, groups)
        of_step = pl.col("people").sum().over("step")
        batches = batches.with_columns(wanted=of_step * pl.col("group").replace_strict(shares, return_dtype=pl.Float64))
    table = ahead_of_target(batches).sort("step", maintain_order=True)
    steps = table.group_by("step", maintain_order=True).agg(pl.col("epoch").first())
    shape = (len(steps), len(groups))
    if len(table) != shape[0] * shape[1]:
        raise ValueError(f"{len(table)} rows of {shape[0]} steps and {shape[1]} groups")
    return Delivery(
        run=run,
        arm=str(record["arm"]),
        groups=groups,
        ranks=int(record.get("ranks", 1)),
        promised=promised,
        within=max(1, int((record.get("settings") or {}).get("together", 1))),
        steps=steps["step"].to_numpy(),
        epochs=steps["epoch"].to_numpy(),
        people=table["people"].to_numpy().astype(np.float64).reshape(shape),
        wanted=table["wanted"].to_numpy().astype(np.float64).reshape(shape),
        ahead=table["ahead"].to_numpy().astype(np.float64).reshape(shape),
    )


def shares_of_dataset(record: Mapping[str, Any], groups: Sequence[str]) -> dict[str, float]:
    """Each group's share of an epoch's places, as planned; of the dataset's faces where no plan is on record."""
    planned = (record.get("plan") or {}).get("coverage")
    if planned:
        held = {str(group["group"]): float(group["draws"]) for group in planned}
    else:
        held = {str(group["name"]): float(group["faces"]) for group in record["dataset"]["groups"]}
    there = {group: held.get(group, 0.0) for group in groups}
    total = sum(there.values()) or 1.0
    return {group: number / total for group, number in there.items()}


def by_group(made: Delivery) -> pl.DataFrame:
    """A row a group: wanted and actual share, fewest and most people, farthest ahead and behind."""
    people = made.people.sum()
    return pl.DataFrame(
        {
            "group": made.groups,
            "target, %" if made.promised else "dataset, %": 100 * made.wanted.sum(0) / people,
            "actual, %": 100 * made.people.sum(0) / people,
            "fewest": made.people.min(0).astype(np.int64),
            "most": made.people.max(0).astype(np.int64),
            "behind": np.minimum(made.ahead.min(0), 0),
            "ahead": np.maximum(made.ahead.max(0), 0),
        }
    )


def every_step(made: Delivery) -> pl.DataFrame:
    """A row a step and group, for the download."""
    steps, groups = made.people.shape
    return pl.DataFrame(
        {
            "step": np.repeat(made.steps, groups),
            "epoch": np.repeat(made.epochs, groups),
            "group": list(made.groups) * steps,
            "wanted": made.wanted.ravel(),
            "people": made.people.ravel().astype(np.int64),
            "ahead": made.ahead.ravel(),
        }
    )
