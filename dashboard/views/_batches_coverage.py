"""What became of every face of a group: used, repeated, dropped, excluded, and why."""

from collections.abc import Mapping
from typing import Any

import polars as pl

COUNTS = ("faces", "draws", "used", "repeated", "dropped", "excluded")


def coverage_of(record: Mapping[str, Any], epoch: int | None) -> tuple[pl.DataFrame, int]:
    """A row a group, summed over the epochs that ended; and how many these are.

    Args:
        record: of the run.
        epoch: of the training, from 0; None for all.
    """
    epochs = [each for each in record.get("coverage") or [] if epoch is None or each["epoch"] == epoch]
    sums: dict[str, dict[str, int]] = {}
    for each in epochs:
        for group in each["groups"]:
            row = sums.setdefault(str(group["group"]), dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                row[name] += int(group[name])
    return pl.DataFrame([{"group": group, **row} for group, row in sums.items()]), len(epochs)


def reasons_of(record: Mapping[str, Any]) -> pl.DataFrame:
    """A row a group and reason, of an epoch of the loader as planned: columns group, reason, faces."""
    planned = (record.get("plan") or {}).get("coverage", [])
    rows = [
        {"group": str(group["group"]), "reason": str(reason), "faces": int(number)}
        for group in planned
        for reason, number in group["reasons"].items()
    ]
    return pl.DataFrame(rows, {"group": pl.String, "reason": pl.String, "faces": pl.Int64})


def why(reasons: pl.DataFrame) -> str:
    """The reasons of all groups together."""
    sums = reasons.group_by("reason", maintain_order=True).agg(pl.col("faces").sum())
    if sums.is_empty():
        return ""
    return f"By the plan, an epoch of the loader: {'; '.join(f'{n:,} {reason}' for reason, n in sums.iter_rows())}."


def title(run: str, rows: pl.DataFrame, epochs: int) -> str:
    """How much was used, and how many places repeat a face."""
    faces, used, draws, repeated = (int(rows[name].sum()) for name in ("faces", "used", "draws", "repeated"))
    each = f"in each of {epochs} epochs" if epochs > 1 else "in the epoch"
    share = 100 * used / faces if faces else 0.0
    every = (
        f"every face was used {each}" if used == faces else f"{min(share, 99.9):.1f} % of the faces were used an epoch"
    )
    return f"{run}: {every}, {100 * repeated / draws if draws else 0.0:.0f} % of the places repeat one"
