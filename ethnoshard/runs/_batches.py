"""What the batches of a run were made of, kept as a table."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from ethnoshard.runs._rows import StepRows, read_rows

BATCHES_SCHEMA = pl.Schema(
    [
        ("step", pl.Int64()),
        ("epoch", pl.Int32()),
        ("loader_epoch", pl.Int32()),
        ("group", pl.String()),
        ("wanted", pl.Float64()),
        ("people", pl.Int64()),
        ("faces", pl.Int64()),
        ("own_pairs", pl.Int64()),
        ("own_pairs_at_random", pl.Float64()),
        ("nearest_met", pl.Int64()),
        ("nearest_met_by_chance", pl.Float64()),
    ]
)
"""Columns of ``batches.parquet``, a row a step and group, counted from the batches that were delivered.

``step`` counts from 1, ``epoch`` from 0. ``loader_epoch`` is the loader's own, from 0, which is as long as its plan: as
the training's for ``natural``, but longer for ``uniform``, where the largest group decides. ``people`` are the distinct
identities of the group in a rank's batch, ``faces`` the slots that they fill, both summed over the ranks. ``wanted``
is how many people the target asks of the step, P * R * share; null for an arm that has no shares by group.

``own_pairs`` are the ordered pairs of two people of the group in a rank's batch, n (n - 1), the group's own negatives,
summed over the ranks; so the sum of n^2 is ``own_pairs + people``, and the variance of n follows.
``own_pairs_at_random`` is what as many people on average, drawn by chance, would have: the same in every step.
``nearest_met`` counts the people whose nearest other person of the group, in the table of look-alikes that the step's
batches were planned with, is in their rank's batch; ``nearest_met_by_chance`` how many that would be if any others of
the group were there. Both are null without a table. Runs of before have none of the four.
"""


class Batches(StepRows):
    """Rows of a run's batches."""

    def __init__(self, path: Path) -> None:
        """Begin without rows."""
        super().__init__(path, BATCHES_SCHEMA)

    def add(
        self,
        *,
        step: int,
        epoch: int,
        loader_epoch: int,
        groups: Sequence[str],
        wanted: Iterable[float | None],
        people: Iterable[int],
        faces: Iterable[int],
        own_pairs: Iterable[int],
        own_pairs_at_random: Iterable[float],
        nearest_met: Iterable[int | None],
        nearest_met_by_chance: Iterable[float | None],
    ) -> None:
        """Add a step: all but the first three by group."""
        at = {"step": step, "epoch": epoch, "loader_epoch": loader_epoch}
        by_group = {
            "group": groups,
            "wanted": wanted,
            "people": people,
            "faces": faces,
            "own_pairs": own_pairs,
            "own_pairs_at_random": own_pairs_at_random,
            "nearest_met": nearest_met,
            "nearest_met_by_chance": nearest_met_by_chance,
        }
        for row in zip(*by_group.values(), strict=True):
            self._new.append({**at, **dict(zip(by_group, row, strict=True))})


def read_batches(path: Path) -> pl.DataFrame | None:
    """The table of a run; None if it has none: it is from before there were any, or has no checkpoint yet.

    Raises:
        EthnoshardError: it is damaged.
    """
    return read_rows(path, BATCHES_SCHEMA) if path.exists() else None


def ahead_of_target(batches: pl.DataFrame) -> pl.DataFrame:
    """The table with a column ``ahead``: people beyond what was wanted, summed since the loader's epoch began.

    It lies between -1 and 1 as long as the quotas are kept. Where the ranks don't divide the loader's epoch, its last
    step holds batches a second time, and may add as much again.

    Args:
        batches: as :func:`read_batches` gives it.
    """
    ahead = (pl.col("people") - pl.col("wanted")).cum_sum().over("loader_epoch", "group", order_by="step")
    return batches.with_columns(ahead.alias("ahead"))
