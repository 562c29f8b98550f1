"""Pictures of a classifier: how it learned, what it confuses, whether its confidence means what it says."""

import math
from collections.abc import Sequence
from pathlib import Path

from ethnoshard.ethnicity._metrics import ClassifierMetrics
from ethnoshard.ethnicity._panel import BLACK, GREY, Panel, Sheet

_BLUE, _ORANGE = "#0072b2", "#d55e00"
"""Okabe and Ito's colours, which the colour-blind tell apart."""
_NONE, _ALL = (247, 251, 255), (8, 48, 107)
"""A share of 0 and of 1 in the confusion matrix."""


def draw_history(path: Path, history: Sequence[dict[str, float]], search: Sequence[dict[str, float]]) -> None:
    """Loss and validation accuracy by epoch; beside them the learning rates that were tried, if any."""
    sheet = Sheet(1000 if search else 650, 400)
    epochs = [line["epoch"] + 1 for line in history]
    accuracy, loss = ([line[name] for line in history] for name in ("validation_accuracy", "loss"))
    left = Panel(
        sheet, (0, 0, 500 if search else 650, 400), x=(min(epochs) - 0.5, max(epochs) + 0.5), y=_around(accuracy),
        x_ticks=[(epoch, f"{epoch:g}") for epoch in epochs[:: max(1, len(epochs) // 8)]],
        x_label="epoch", y_label="accuracy", y_colour=_BLUE,
        title="Validation accuracy (blue) and training loss (orange)", second_axis=True,
    )  # fmt: skip
    right = left.on_the_right(_around(loss), "cross entropy, labels smoothed", _ORANGE)
    right.line(list(zip(epochs, loss, strict=True)), _ORANGE)
    _dotted(left, list(zip(epochs, accuracy, strict=True)))
    if search:
        rates = [line["learning_rate"] for line in search]
        found = [line["validation_accuracy"] for line in search]
        logs = [math.log10(rate) for rate in rates]
        tried = Panel(
            sheet, (500, 0, 1000, 400), x=_around(logs), y=_around(found),
            x_ticks=[(log, f"{rate:.3g}") for log, rate in zip(logs, rates, strict=True)],
            x_label="highest rate of the cycle", y_label="accuracy", title="Search of the learning rate",
        )  # fmt: skip
        _dotted(tried, list(zip(logs, found, strict=True)))
    sheet.save(path)


def draw_report(path: Path, metrics: ClassifierMetrics, names: Sequence[str]) -> None:
    """The confusion matrix in shares of the given class, the recall of each class, and the reliability diagram."""
    sheet = Sheet(1500, 480)
    accuracy = metrics.accuracy
    sheet.text(
        (750, 18),
        f"Perceived ethnicity as predicted: accuracy {accuracy.rate:.3f} "
        f"({accuracy.low:.3f} to {accuracy.high:.3f}) on {metrics.images:,} images, "
        f"macro F1 {metrics.macro_f1:.3f}",
        size=15,
    )
    _confusion(sheet, (0, 30, 500, 480), metrics, names)
    _recall(sheet, (500, 30, 1000, 480), metrics, names)
    _reliability(sheet, (1000, 30, 1500, 480), metrics)
    sheet.save(path)


def _confusion(sheet: Sheet, box: tuple[int, int, int, int], metrics: ClassifierMetrics, names: Sequence[str]) -> None:
    rows = metrics.confusion
    ticks = [(number, name) for number, name in enumerate(names)]
    panel = Panel(
        sheet, box, x=(-0.5, len(names) - 0.5), y=(len(names) - 0.5, -0.5), x_ticks=ticks, y_ticks=ticks,
        x_label="predicted", y_label="given", title="Each given class (row) predicted as (column)",
    )  # fmt: skip
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            share = value / max(1, sum(row))
            red, green, blue = (round(low + share * (high - low)) for low, high in zip(_NONE, _ALL, strict=True))
            panel.cell(x, y, f"#{red:02x}{green:02x}{blue:02x}")
            panel.text((x, y), f"{share:.0%}\n{value:,}", "#ffffff" if share > 0.5 else BLACK)


def _recall(sheet: Sheet, box: tuple[int, int, int, int], metrics: ClassifierMetrics, names: Sequence[str]) -> None:
    panel = Panel(
        sheet, box, x=(0, 1.2), y=(len(names) - 0.5, -0.5),
        x_ticks=[(tenths / 10, f"{tenths / 10:g}") for tenths in range(0, 11, 2)],
        y_ticks=[(number, name) for number, name in enumerate(names)],
        x_label="recall", title="Share of each class recognised, 95 % interval",
    )  # fmt: skip
    for y, name in enumerate(names):
        rate = metrics.classes[name].recall
        if rate.rate is not None:
            panel.line([(rate.low, y), (rate.high, y)], GREY)
            panel.dot((rate.rate, y), _BLUE, 4)
        panel.text((1.02, y), f"of {rate.of:,}", anchor="lm")


def _reliability(sheet: Sheet, box: tuple[int, int, int, int], metrics: ClassifierMetrics) -> None:
    bins, error = metrics.reliability, metrics.calibration_error
    panel = Panel(
        sheet, box, x=(0, 1), y=(0, 1), x_label="confidence (area: number of images)", y_label="share right",
        title=f"Calibration error {error.after:.3f} ({error.before:.3f} before)",
    )  # fmt: skip
    panel.line([(0, 0), (1, 1)], GREY, width=1)
    for confidence, accuracy, count in zip(bins.confidence, bins.accuracy, bins.count, strict=True):
        if confidence is not None and accuracy is not None:
            panel.dot((confidence, accuracy), _ORANGE, math.sqrt(2 + 120 * count / metrics.images))


def _dotted(panel: Panel, points: Sequence[tuple[float, float]]) -> None:
    panel.line(points, _BLUE)
    for point in points:
        panel.dot(point, _BLUE)


def _around(values: Sequence[float]) -> tuple[float, float]:
    """From a little below the lowest to a little above the highest."""
    low, high = min(values), max(values)
    spare = (high - low) * 0.08 or 0.05 * abs(high) or 0.05
    return low - spare, high + spare
