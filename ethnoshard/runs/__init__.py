"""Run folders: the contract between those that train or evaluate, and those that look at results."""

from ethnoshard.runs._folder import FORMAT, RunFolder
from ethnoshard.runs._list import RunSummary, list_runs
from ethnoshard.runs._metrics import METRICS_SCHEMA, Metrics, read_metrics

__all__ = ["FORMAT", "METRICS_SCHEMA", "Metrics", "RunFolder", "RunSummary", "list_runs", "read_metrics"]
