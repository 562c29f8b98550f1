"""Run folders: the contract between those that train or evaluate, and those that look at results."""

from ethnoshard.runs._batches import BATCHES_SCHEMA, Batches, ahead_of_target, read_batches
from ethnoshard.runs._delivery import (
    COVERAGE_COUNTS,
    coverage_table,
    delivery_of,
    delivery_table,
    reason_table,
    step_table,
)
from ethnoshard.runs._encounters import PAIR_COLUMNS, encounters_of, missing_encounters, with_own_pairs
from ethnoshard.runs._folder import FORMAT, RunFolder
from ethnoshard.runs._list import RunSummary, list_runs, replaced_in
from ethnoshard.runs._metrics import METRICS_SCHEMA, Metrics, read_metrics
from ethnoshard.runs._models import ModelSummary, first_seeds, newest_evaluations
from ethnoshard.runs._people import TrainedOn, person_key
from ethnoshard.runs._record import RunRecord, RunSettings
from ethnoshard.runs._series import Training, at_the_end, at_the_highest, by_arm, counted, series_of, training_of

__all__ = [
    "BATCHES_SCHEMA",
    "COVERAGE_COUNTS",
    "FORMAT",
    "METRICS_SCHEMA",
    "PAIR_COLUMNS",
    "Batches",
    "Metrics",
    "ModelSummary",
    "RunFolder",
    "RunRecord",
    "RunSettings",
    "RunSummary",
    "TrainedOn",
    "Training",
    "ahead_of_target",
    "at_the_end",
    "at_the_highest",
    "by_arm",
    "counted",
    "coverage_table",
    "delivery_of",
    "delivery_table",
    "encounters_of",
    "first_seeds",
    "list_runs",
    "missing_encounters",
    "newest_evaluations",
    "person_key",
    "read_batches",
    "read_metrics",
    "reason_table",
    "replaced_in",
    "series_of",
    "step_table",
    "training_of",
    "with_own_pairs",
]
