"""What a run's batches delivered: people of each group against what was wanted, and what became of every face."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Delivery
from ethnoshard.runs._batches import ahead_of_target
from ethnoshard.runs._record import RunRecord

COVERAGE_COUNTS = ("faces", "draws", "used", "repeated", "dropped", "excluded")
"""Columns of :func:`coverage_table`, besides the group."""


def delivery_of(run: str, record: RunRecord, batches: pl.DataFrame) -> Delivery:
    """People of each group in a run's batches, step by step, against its target or the dataset.

    Args:
        run: its name.
        record: of the run.
        batches: as :func:`read_batches` gives it, with a row at least.

    Raises:
        EthnoshardError: a step lacks a group, so that steps can't be laid beside each other.
    """
    groups = tuple(map(str, batches["group"].unique(maintain_order=True)))
    promised = len(batches) > 0 and batches["wanted"].null_count() == 0
    if not promised:
        shares = _shares_of_dataset(record, groups)
        of_step = pl.col("people").sum().over("step")
        batches = batches.with_columns(wanted=of_step * pl.col("group").replace_strict(shares, return_dtype=pl.Float64))
    table = ahead_of_target(batches).sort("step", maintain_order=True)
    steps = table.group_by("step", maintain_order=True).agg(pl.col("epoch").first())
    shape = (len(steps), len(groups))
    if len(table) != shape[0] * shape[1]:
        raise EthnoshardError(
            f"batches.parquet of {run} is damaged: {len(table)} rows of {shape[0]} steps and {shape[1]} groups; take "
            "it from a copy of the run"
        )
    return Delivery(
        run=run,
        arm=record.arm,
        groups=groups,
        promised=promised,
        within=max(1, record.settings.together),
        steps=steps["step"].to_numpy(),
        ranks=record.ranks_at(steps["step"].to_numpy()),
        epochs=steps["epoch"].to_numpy(),
        people=table["people"].to_numpy().astype(np.float64).reshape(shape),
        wanted=table["wanted"].to_numpy().astype(np.float64).reshape(shape),
        ahead=table["ahead"].to_numpy().astype(np.float64).reshape(shape),
    )


def _shares_of_dataset(record: RunRecord, groups: Sequence[str]) -> Mapping[str, float]:
    """Each group's share of an epoch's slots, as planned; of the dataset's faces where no plan is on record."""
    sizes = {use.group: float(use.draws) for use in record.planned_coverage}
    sizes = sizes or {group.name: float(group.faces) for group in record.dataset.groups}
    known = {group: sizes.get(group, 0.0) for group in groups}
    total = sum(known.values()) or 1.0
    return {group: size / total for group, size in known.items()}


def delivery_table(delivery: Delivery) -> pl.DataFrame:
    """A row a group: wanted and actual share in %, fewest and most people in a step, farthest behind and ahead."""
    people = delivery.people.sum()
    return pl.DataFrame(
        {
            "group": delivery.groups,
            "target, %" if delivery.promised else "dataset, %": 100 * delivery.wanted.sum(0) / people,
            "actual, %": 100 * delivery.people.sum(0) / people,
            "fewest": delivery.people.min(0).astype(np.int64),
            "most": delivery.people.max(0).astype(np.int64),
            "behind": np.minimum(delivery.ahead.min(0), 0),
            "ahead": np.maximum(delivery.ahead.max(0), 0),
        }
    )


def step_table(delivery: Delivery) -> pl.DataFrame:
    """A row a step and group: step, epoch, group, wanted, people, ahead."""
    steps, groups = delivery.people.shape
    return pl.DataFrame(
        {
            "step": np.repeat(delivery.steps, groups),
            "epoch": np.repeat(delivery.epochs, groups),
            "group": list(delivery.groups) * steps,
            "wanted": delivery.wanted.ravel(),
            "people": delivery.people.ravel().astype(np.int64),
            "ahead": delivery.ahead.ravel(),
        }
    )


def coverage_table(record: RunRecord, epoch: int | None = None) -> tuple[pl.DataFrame, int]:
    """What became of every face, a row a group, summed over the epochs that ended; and how many these are.

    Args:
        record: of the run.
        epoch: of the training, from 0; None for all.

    Returns:
        columns "group" and :data:`COVERAGE_COUNTS`; number of epochs.
    """
    epochs = [each for each in record.coverage if epoch is None or each.epoch == epoch]
    rows = pl.DataFrame(
        [
            {"group": use.group, **{name: getattr(use, name) for name in COVERAGE_COUNTS}}
            for each in epochs
            for use in each.groups
        ],
        {"group": pl.String, **dict.fromkeys(COVERAGE_COUNTS, pl.Int64)},
    )
    return rows.group_by("group", maintain_order=True).agg(pl.col(COVERAGE_COUNTS).sum()), len(epochs)


def reason_table(record: RunRecord) -> pl.DataFrame:
    """Why faces are repeated, dropped or excluded in an epoch as planned, a row a group and reason.

    Returns:
        columns group, reason, faces.
    """
    rows = [
        {"group": use.group, "reason": reason, "faces": faces}
        for use in record.planned_coverage
        for reason, faces in use.reasons.items()
    ]
    return pl.DataFrame(rows, {"group": pl.String, "reason": pl.String, "faces": pl.Int64})
