"""Appendix A of Kalinga (2020), step by step: which face, which margin, which pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ethnoshard.alignment._align_part import best_face, centre_box, crop, crop_box
from ethnoshard.alignment._detector import Faces


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    number = len(boxes)
    return Faces(np.array(boxes, np.float32), np.full(number, 0.9, np.float32), np.zeros((number, 5, 2), np.float32))


@pytest.mark.parametrize(
    ("boxes", "best"),
    [
        ([(100, 100, 150, 150), (0, 0, 60, 60)], 0),  # the larger one is 119 px away: 3600 - 2 * 14,450 loses to 2500
        ([(100, 100, 150, 150), (90, 90, 160, 160)], 1),  # as central: the larger one
        ([(95, 95, 155, 155), (75, 75, 138, 138)], 0),  # a little larger, 26 px away: 3969 - 2 * 693 loses to 3600
    ],
)
def test_the_largest_face_less_twice_its_squared_distance_from_the_centre(boxes: list, best: int) -> None:
    assert best_face(faces(*boxes), 250, 250) == best


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((60.7, 70.2, 160.9, 190.9), 44, (38, 48, 182, 212)),  # 22 source pixels a side, then cut to whole ones
        ((5, 10, 100, 120), 44, (0, 0, 122, 142)),  # clamped to the image
        ((200, 200, 260, 270), 44, (178, 178, 250, 250)),
        ((60, 70, 160, 190), 0, (60, 70, 160, 190)),
        ((60, 70, 160, 190), 45, (37, 47, 182, 212)),  # an odd margin: half a pixel a side
        ((300, 20, 340, 60), 44, None),  # nothing of it inside
        ((-90, 20, -30, 60), 44, None),
    ],
)
def test_the_margin_is_taken_in_source_pixels_and_clamped(box: tuple, margin: int, expected: tuple | None) -> None:
    assert crop_box(np.array(box, np.float32), margin, 250, 250) == expected


def appendix_a(box: np.ndarray, margin: int, height: int, width: int) -> list[int]:
    """The seed's lines, written out."""
    whole = np.zeros(4, np.int32)
    whole[0] = np.maximum(box[0] - margin / 2, 0)
    whole[1] = np.maximum(box[1] - margin / 2, 0)
    whole[2] = np.minimum(box[2] + margin / 2, width)
    whole[3] = np.minimum(box[3] + margin / 2, height)
    return whole.tolist()


COORDINATE = st.floats(-50, 300, width=32)


@given(COORDINATE, COORDINATE, COORDINATE, COORDINATE, st.integers(0, 100), st.integers(1, 260), st.integers(1, 260))
def test_the_box_is_the_seeds(a: float, b: float, c: float, d: float, margin: int, height: int, width: int) -> None:
    box = np.array([min(a, c), min(b, d), max(a, c), max(b, d)], np.float32)
    expected = appendix_a(box, margin, height, width)
    empty = expected[2] <= expected[0] or expected[3] <= expected[1]
    assert crop_box(box, margin, height, width) == (None if empty else tuple(expected))


def test_scaling_is_bilinear() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 80, 3), np.uint8)
    wanted = Image.fromarray(image).crop((10, 20, 70, 85)).resize((182, 182), Image.Resampling.BILINEAR)
    assert np.array_equal(np.asarray(crop(image, (10, 20, 70, 85), 182)), np.asarray(wanted))


def test_the_centre_square() -> None:
    assert centre_box(100, 160) == (30, 0, 130, 100)
    assert centre_box(161, 100) == (0, 30, 100, 130)
