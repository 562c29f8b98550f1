"""Each fold's accuracy, with a threshold from the others, searched in two ways: table and title."""

from typing import Any

import polars as pl

from ethnoshard.charts import fold_accuracies
from ethnoshard.results import Verification


def folds_table(verified: Verification) -> pl.DataFrame:
    """A row a fold."""
    columns: dict[str, Any] = {"fold": list(range(1, verified.folds + 1))}
    for way in fold_accuracies(verified):
        columns[f"accuracy, {way.name}"] = list(way.by_fold)
        columns[f"threshold, {way.name}"] = list(way.thresholds)
    for at in verified.validation:
        if at.val:
            columns[f"VAL at {at.target:g}"] = list(at.val.by_fold)
        columns[f"FAR reached for {at.target:g}"] = list(at.far.by_fold)
    return pl.DataFrame(columns)


def folds_title(verified: Verification) -> str:
    """From the worst fold to the best, and what the exact search changes."""
    steps, exact = verified.accuracy, verified.accuracy_exact
    low, high = min(steps.by_fold), max(steps.by_fold)
    change = exact.mean - steps.mean
    return (
        f"Accuracy from {low:.4f} in the worst fold to {high:.4f} in the best; searching thresholds exactly changes "
        f"the mean by {change:+.4f}"
    )
