"""Run folders: the contract between those that train or evaluate, and those that look at results."""

from ethnoshard.runs._batches import BATCHES_SCHEMA, Batches, ahead_of_target, read_batches
from ethnoshard.runs._folder import FORMAT, RunFolder
from ethnoshard.runs._list import RunSummary, list_runs, replaced_in
from ethnoshard.runs._metrics import METRICS_SCHEMA, Metrics, read_metrics
from ethnoshard.runs._people import TrainedOn, person_key

__all__ = [
    "BATCHES_SCHEMA",
    "FORMAT",
    "METRICS_SCHEMA",
    "Batches",
    "Metrics",
    "RunFolder",
    "RunSummary",
    "TrainedOn",
    "ahead_of_target",
    "list_runs",
    "person_key",
    "read_batches",
    "read_metrics",
    "replaced_in",
]
