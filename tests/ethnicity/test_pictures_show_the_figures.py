"""The pictures of a classifier show its figures where they belong, and the same figures give the same bytes."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.ethnicity import _panel
from ethnoshard.ethnicity._metrics import CalibrationError, ClassifierMetrics, ClassMetrics, Rate, ReliabilityBins
from ethnoshard.ethnicity._pictures import draw_history, draw_report

BLUE, DARK, LIGHT = (0, 114, 178), (8, 48, 107), (247, 251, 255)
NAMES = ("A", "B", "C")


def metrics(recalls: tuple[float, ...]) -> ClassifierMetrics:
    """Of three classes of ten images, wrong ones called the next class."""
    rows = np.zeros((3, 3), int)
    for number, recall in enumerate(recalls):
        rows[number, number] = round(10 * recall)
        rows[number, (number + 1) % 3] += 10 - round(10 * recall)
    by_class = [Rate(rate=recall, low=recall, high=recall, of=10) for recall in recalls]
    return ClassifierMetrics(
        images=30,
        accuracy=Rate(rate=float(np.mean(recalls)), low=0.1, high=0.9, of=30),
        macro_f1=0.5,
        calibration_error=CalibrationError(before=0.2, after=0.1),
        reliability=ReliabilityBins(confidence=(None, 0.4, 0.8), accuracy=(None, 0.5, 0.7), count=(0, 20, 10)),
        confusion=tuple(map(tuple, rows.tolist())),
        classes={
            name: ClassMetrics(recall=rate, precision=rate, f1=0.5) for name, rate in zip(NAMES, by_class, strict=True)
        },
        error_by_age={},
        error_by_gender={},
    )


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def columns_of(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.intp]:
    return np.flatnonzero((picture == colour).all(axis=2).any(axis=0))


def test_recalls_stand_at_their_values_and_cells_are_as_dark_as_their_shares(tmp_path: Path) -> None:
    draw_report(tmp_path / "report.png", metrics((0.0, 0.5, 1.0)), NAMES)
    picture = pixels(tmp_path / "report.png")
    rows = np.flatnonzero((picture[:, 500:1000] == BLUE).all(axis=2).any(axis=1))
    dots = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    at = [float(columns_of(picture[dot], BLUE).mean()) for dot in dots]
    assert len(at) == 3
    # From the top: 0, a half, 1.
    assert at[1] - at[0] == pytest.approx(at[2] - at[1], abs=1) and at[0] < at[1]
    confusion = picture[:, :500]
    # Of A all are called B, of C none is called otherwise: two cells of nine are of a share of 1, five of 0.
    shares = [int((confusion == colour).all(axis=2).sum()) for colour in (DARK, LIGHT)]
    assert shares[1] / shares[0] == pytest.approx(5 / 2, rel=0.1)


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two", "other"):
        draw_report(tmp_path / name, metrics((0.0, 0.5, 1.0 if name != "other" else 0.9)), NAMES)
    one, two, other = ((tmp_path / name).read_bytes() for name in ("one", "two", "other"))
    assert one == two != other


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_history_of_any_length_is_drawn_with_the_search_beside_it(epochs: int, tmp_path: Path) -> None:
    history = [{"epoch": epoch, "loss": 1 / (1 + epoch), "validation_accuracy": 0.5} for epoch in range(epochs)]
    search = [{"learning_rate": 10.0**-power, "validation_accuracy": 0.1 * power} for power in (1, 2, 3)]
    draw_history(tmp_path / "alone.png", history, [])
    draw_history(tmp_path / "both.png", history, search)
    alone, both = (pixels(tmp_path / name) for name in ("alone.png", "both.png"))
    assert (alone.shape, both.shape) == ((400, 650, 3), (400, 1000, 3))
    assert len(columns_of(alone, BLUE)) and (columns_of(both, BLUE) > 500).any()


def test_the_example_in_the_docstring() -> None:
    assert doctest.testmod(_panel, raise_on_error=True).attempted == 1
