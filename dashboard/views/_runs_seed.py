"""Table 5.1 in the shape of the dissertation that this study takes up, and its published figures."""

from collections.abc import Sequence

import polars as pl

from ethnoshard.charts import NONE, plus_minus

from ._runs_lines import Ends, Line

SOURCE = "Kalinga 2020, table 5.1"
PUBLISHED = pl.DataFrame(
    {
        "Epoch": ["30", "30", "50", "50", "75", "75"],
        "Type": ["Base", "Modified"] * 3,
        "Accuracy": [
            "0.66733 ± 0.01546", "0.65583 ± 0.01401", "0.68433 ± 0.01236",
            "0.66767 ± 0.02285", "0.72533 ± 0.01933", "0.69433 ± 0.01767",
        ],
        "VAL": [
            "0.02267 ± 0.00786 @ FAR=0.00167", "0.03333 ± 0.01520 @ FAR=0.00100", "0.05400 ± 0.01562 @ FAR=0.00100",
            "0.04067 ± 0.01569 @ FAR=0.00133", "0.07300 ± 0.01676 @ FAR=0.00133", "0.04033 ± 0.00849 @ FAR=0.00100",
        ],
        "AUC": ["0.744", "0.659", "0.718", "0.735", "0.708", "0.766"],
    }
)  # fmt: skip
"""As published, the last digit too."""


def table_5_1(lines: Sequence[Line]) -> pl.DataFrame:
    """A row a line that was verified, and below several seeds of an arm and epoch one of their mean and range."""
    rows: list[dict[str, str]] = []
    done: set[tuple[str | None, int | None]] = set()
    for line in lines:
        if line.accuracy is None or (line.arm, line.epoch) in done:
            continue
        done.add((line.arm, line.epoch))
        alike = [
            each for each in lines if each.accuracy is not None and (each.arm, each.epoch) == (line.arm, line.epoch)
        ]
        rows += [_row(each) for each in alike]
        if len(alike) > 1:
            rows.append(_together(alike))
    return pl.DataFrame(rows, schema=dict.fromkeys(("Epoch", "Type", "Accuracy", "VAL", "AUC", "Run"), pl.String))


def _row(line: Line) -> dict[str, str]:
    far = "" if line.far is None or line.val is None else f" @ FAR={line.far:.5f}"
    return {
        "Epoch": NONE if line.epoch is None else str(line.epoch),
        "Type": line.arm or line.name,
        "Accuracy": _over_folds(line.accuracy),
        "VAL": f"{_over_folds(line.val)}{far}",
        "AUC": NONE if line.auc is None else f"{line.auc:.3f}",
        "Run": line.name,
    }


def _together(lines: Sequence[Line]) -> dict[str, str]:
    first = lines[0]
    seeds = len({line.seed for line in lines})
    return {
        "Epoch": NONE if first.epoch is None else str(first.epoch),
        "Type": first.arm or first.name,
        "Accuracy": _range([line.accuracy[0] for line in lines if line.accuracy], 4),
        "VAL": _range([line.val[0] for line in lines if line.val], 4),
        "AUC": _range([line.auc for line in lines if line.auc is not None], 3),
        "Run": f"mean of {seeds} seeds" if seeds == len(lines) else f"mean of {len(lines)} runs, {seeds} seeds",
    }


def _over_folds(figure: Ends | None) -> str:
    return NONE if figure is None else plus_minus(*figure, 5)


def _range(values: Sequence[float], digits: int) -> str:
    if not values:
        return NONE
    mean, least, most = sum(values) / len(values), min(values), max(values)
    return f"{mean:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"
