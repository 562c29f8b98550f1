"""What a run measured at each step, kept as a table."""

from pathlib import Path

import polars as pl

from ethnoshard.runs._rows import StepRows, read_rows

METRICS_SCHEMA = pl.Schema(
    [
        ("step", pl.Int64()),
        ("epoch", pl.Int32()),
        ("images", pl.Int64()),
        ("loss", pl.Float64()),
        ("triplets_possible", pl.Float64()),
        ("triplets_mined", pl.Float64()),
        ("triplets_active", pl.Float64()),
        ("in_group", pl.Float64()),
        ("in_group_by_chance", pl.Float64()),
        ("learning_rate", pl.Float64()),
        ("gradient_norm", pl.Float64()),
        ("seconds", pl.Float64()),
        ("waiting", pl.Float64()),
        ("lfw_accuracy", pl.Float64()),
        ("lfw_accuracy_std", pl.Float64()),
        ("lfw_val", pl.Float64()),
        ("lfw_val_std", pl.Float64()),
        ("lfw_far", pl.Float64()),
        ("lfw_auc", pl.Float64()),
        ("lfw_eer", pl.Float64()),
        ("similarity_different", pl.Float64()),
        ("similarity_same", pl.Float64()),
        ("similarity_auc", pl.Float64()),
    ]
)
"""Columns of ``metrics.parquet``, a row a step.

``step`` counts from 1, ``epoch`` from 0; ``images`` are those seen so far by all ranks together. The triplets are
means over the ranks of what a rank's batch held; ``in_group`` is the share of active triplets whose negative is of the
anchor's own group, ``in_group_by_chance`` that share among all possible triplets. ``gradient_norm`` is taken before
clipping. ``seconds`` is the whole step, ``waiting`` the part in which no batch was there. The columns of LFW are set at
the steps after which it was evaluated: accuracy and VAL as fractions, mean and standard deviation over the folds; VAL
is null where the FAR that was reached isn't the one asked for. The similarities are set at the last step of an epoch:
mean cosine of faces of different people and of one person in that step's batch, and how well it tells them apart.
"""


class Metrics(StepRows):
    """Rows of a run, a step each."""

    def __init__(self, path: Path) -> None:
        """Begin without rows."""
        super().__init__(path, METRICS_SCHEMA)

    def add(self, **row: float | None) -> None:
        """Add a step."""
        self._new.append({**row})

    def note(self, **values: float | None) -> None:
        """Set values of the last step, which must not have been written yet."""
        self._new[-1].update(values)

    def mean_since(self, step: int, column: str) -> float:
        """Mean of a column over the steps after ``step``."""
        table = self.table().filter(pl.col("step") > step)
        mean = table[column].mean()
        return float(mean) if isinstance(mean, float) else float("nan")


def read_metrics(path: Path) -> pl.DataFrame:
    """The table of a run; columns of a later version are left out, missing ones are null.

    Raises:
        EthnoshardError: it is not there, or damaged.
    """
    return read_rows(path, METRICS_SCHEMA)
