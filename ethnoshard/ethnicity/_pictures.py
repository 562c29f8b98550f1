"""Pictures of a classifier: how it learned, what it confuses, whether its confidence means what it says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ethnoshard._files import whole_file

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#7f7f7f"
"""Okabe and Ito's colours, which the colour-blind tell apart."""


def draw_history(path: Path, history: Sequence[dict[str, float]], search: Sequence[dict[str, float]]) -> None:
    """Loss and validation accuracy by epoch; beside them the learning rates that were tried, if any."""
    figure = Figure(figsize=(10 if search else 6.5, 4), layout="constrained")
    axes = figure.add_subplot(1, 2 if search else 1, 1)
    epochs = [line["epoch"] + 1 for line in history]
    axes.plot(epochs, [line["validation_accuracy"] for line in history], color=_BLUE, marker="o", markersize=3)
    axes.set(title="Validation accuracy (blue) and training loss (orange)", xlabel="epoch", ylabel="accuracy")
    axes.yaxis.label.set_color(_BLUE)
    right = axes.twinx()
    right.plot(epochs, [line["loss"] for line in history], color=_ORANGE)
    right.set_ylabel("cross entropy, labels smoothed", color=_ORANGE)
    if search:
        tried = figure.add_subplot(1, 2, 2)
        rates = [line["learning_rate"] for line in search]
        tried.semilogx(rates, [line["validation_accuracy"] for line in search], color=_BLUE, marker="o")
        tried.set(title="Search of the learning rate", xlabel="highest rate of the cycle", ylabel="accuracy")
    _save(figure, path)


def draw_report(path: Path, figures: dict[str, Any], names: Sequence[str]) -> None:
    """The confusion matrix in shares of the given class, the recall of each class, and the reliability diagram."""
    figure = Figure(figsize=(15, 4.6), layout="constrained")
    _confusion(figure.add_subplot(1, 3, 1), figures, names)
    _recall(figure.add_subplot(1, 3, 2), figures, names)
    _reliability(figure.add_subplot(1, 3, 3), figures)
    accuracy = figures["accuracy"]
    figure.suptitle(
        f"Perceived ethnicity as predicted: accuracy {accuracy['rate']:.3f} "
        f"({accuracy['low']:.3f} to {accuracy['high']:.3f}) on {figures['images']:,} images, "
        f"macro F1 {figures['macro_f1']:.3f}"
    )
    _save(figure, path)


def _confusion(axes: Any, figures: dict[str, Any], names: Sequence[str]) -> None:
    rows = figures["confusion"]
    shares = [[value / max(1, sum(row)) for value in row] for row in rows]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            share = shares[y][x]
            axes.text(
                x, y, f"{share:.0%}\n{value:,}", ha="center", va="center", color="white" if share > 0.5 else "black"
            )
    axes.set(title="Each given class (row) predicted as (column)", xlabel="predicted", ylabel="given")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)


def _recall(axes: Any, figures: dict[str, Any], names: Sequence[str]) -> None:
    for y, name in enumerate(names):
        rate = figures["classes"][name]["recall"]
        if rate["rate"] is not None:
            axes.plot([rate["low"], rate["high"]], [y, y], color=_GREY)
            axes.plot(rate["rate"], y, "o", color=_BLUE)
        axes.text(1.02, y, f"of {rate['of']:,}", va="center", fontsize=8)
    axes.set(title="Share of each class recognised, 95 % interval", xlabel="recall", xlim=(0, 1.15))
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()


def _reliability(axes: Any, figures: dict[str, Any]) -> None:
    bins = figures["reliability"]
    points = [
        (confidence, accuracy, count)
        for confidence, accuracy, count in zip(bins["confidence"], bins["accuracy"], bins["count"], strict=True)
        if count
    ]
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--")
    axes.scatter(
        [point[0] for point in points],
        [point[1] for point in points],
        s=[4 + 200 * point[2] / figures["images"] for point in points],
        color=_ORANGE,
    )
    error = figures["calibration_error"]
    axes.set(
        title=f"Calibration error {error['after']:.3f} ({error['before']:.3f} before)",
        xlabel="confidence (area: number of images)",
        ylabel="share right",
        xlim=(0, 1),
        ylim=(0, 1),
    )


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    write: Callable[..., None] = figure.savefig
    with whole_file(path) as file:
        # Without the version of matplotlib in it the same figures give the same bytes.
        write(file, format="png", dpi=100, metadata={"Software": None})
