"""The alignment of ArcFace: the pixels that insightface and uniface cut out, whatever the size and tilt."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from ethnoshard.embedding import REFERENCE, five_point_face, similarity_transform, template


def turned(
    points: NDArray[np.float64], degrees: float, scale: float, shift: tuple[float, float]
) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ rotation.T + shift


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 0.6), (-170, 3.0)])
def test_the_transform_undoes_any_rotation_scaling_and_shift(degrees: float, scale: float) -> None:
    landmarks = turned(REFERENCE, degrees, scale, (40, 90))
    transform = similarity_transform(landmarks, REFERENCE)
    np.testing.assert_allclose(landmarks @ transform[:, :2].T + transform[:, 2], REFERENCE, atol=1e-9)


def test_the_transform_is_the_best_one_and_never_mirrors() -> None:
    rng = np.random.default_rng(0)
    for landmarks in (REFERENCE + rng.normal(0, 4, (5, 2)), REFERENCE * [-1, 1] + [112, 0]):
        transform = similarity_transform(landmarks, REFERENCE)
        linear = transform[:, :2]
        assert np.linalg.det(linear) > 0
        assert linear[0, 0] == pytest.approx(linear[1, 1]) and linear[0, 1] == pytest.approx(-linear[1, 0])
        best = np.square(landmarks @ linear.T + transform[:, 2] - REFERENCE).sum()
        # Four unknowns of a similarity, by ordinary least squares.
        x, y = landmarks.T
        rows = np.concatenate([np.stack([x, -y, 0 * x + 1, 0 * x], 1), np.stack([y, x, 0 * x, 0 * x + 1], 1)])
        solution, *_ = np.linalg.lstsq(rows, np.concatenate(REFERENCE.T), rcond=None)
        assert best == pytest.approx(np.square(rows @ solution - np.concatenate(REFERENCE.T)).sum())


SKEWED = np.array([[58.3, 61.8], [103.9, 68.2], [77.4, 95.1], [55.2, 113.6], [93.7, 119.0]])
"""Five points that no similarity brings onto the reference."""


def formula() -> NDArray[np.uint8]:
    """A picture of 150 rows and 170 columns without a random number."""
    row, column, colour = np.meshgrid(np.arange(150), np.arange(170), np.arange(3), indexing="ij")
    return np.abs((3 * row + 5 * column + row * column // 40 + 90 * colour) % 510 - 255).astype(np.uint8)


PLACES = ((0, 0), (0, 7), (1, 3), (2, 5), (3, 2), (4, 4), (5, 6), (6, 1), (7, 3), (7, 7))
"""Eighths of the side, rows and columns."""
OF_112 = (
    (0, 0, 0), (3, 92, 182), (165, 253, 165), (37, 53, 143), (181, 239, 149), (6, 84, 174), (156, 66, 24),
    (205, 215, 125), (46, 136, 226), (177, 243, 153),
)  # fmt: skip
OF_128 = (
    (0, 0, 0), (49, 139, 229), (160, 250, 170), (4, 94, 184), (171, 249, 159), (35, 125, 215), (51, 39, 129),
    (179, 241, 151), (80, 170, 250), (0, 0, 0),
)  # fmt: skip


@pytest.mark.parametrize(("side", "values"), [(112, OF_112), (224, OF_112), (128, OF_128), (256, OF_128)])
def test_pixels_are_those_that_insightface_and_uniface_cut(side: int, values: tuple[tuple[int, ...], ...]) -> None:
    """Measured with insightface 2.1 and uniface 4.2.1, equal to each other, on opencv-python-headless 5.0.0.93.

    On 4.14.0.94 one number differs by 1: 182 for 181.
    """
    face = five_point_face(formula(), SKEWED, side)
    found = [face[row * side // 8, column * side // 8].tolist() for row, column in PLACES]
    assert np.abs(np.array(found) - values).max() <= 1
    assert abs((np.array(found) - values).mean()) < 0.02


@pytest.mark.parametrize(
    ("side", "scale", "shift"),
    [(112, 0.7651361318609997, (-13.196951526337543, 10.154812279932855)),
     (128, 0.7651361318609997, (-5.196951526337543, 10.154812279932855)),
     (224, 1.5302722637219994, (-26.393903052675086, 20.30962455986571)),
     (256, 1.5302722637219994, (-10.393903052675086, 20.30962455986571))],
)  # fmt: skip
def test_the_transform_is_that_of_insightface_at_each_side(side: int, scale: float, shift: tuple[float, float]) -> None:
    """insightface 2.1's ``estimate_norm``, by scikit-image 0.26.0, whose points are float32."""
    transform = similarity_transform(SKEWED, template(side))
    assert transform[0, 0] == pytest.approx(scale, abs=1e-6)
    np.testing.assert_allclose(transform[:, 2], shift, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "degrees", "scale", "shift"),
    [(112, 12, 0.9, (30, 20)), (112, -40, 0.5, (-9, 60)), (48, 8, 3.0, (-60, -50)), (128, 3, 1.1, (10, -20))],
)
def test_every_pixel_is_the_bilinear_one_and_black_lies_beyond_the_edge(
    side: int, degrees: float, scale: float, shift: tuple[float, float]
) -> None:
    photograph = np.random.default_rng(1).integers(0, 256, (90, 110, 3), np.uint8)
    landmarks = turned(REFERENCE, degrees, scale, shift)
    face = five_point_face(photograph, landmarks, side)
    (a, b, right), (c, d, down) = similarity_transform(landmarks, template(side)).tolist()
    expected = np.zeros((side, side, 3))
    for row in range(side):
        for column in range(side):
            x = (d * (column - right) - b * (row - down)) / (a * d - b * c)
            y = (a * (row - down) - c * (column - right)) / (a * d - b * c)
            left, top = math.floor(x), math.floor(y)
            for i in (top, top + 1):
                for j in (left, left + 1):
                    if 0 <= i < 90 and 0 <= j < 110:
                        expected[row, column] += (1 - abs(x - j)) * (1 - abs(y - i)) * photograph[i, j]
    assert np.abs(face - expected).max() <= 0.5 + 1e-6
    assert abs((face - expected).mean()) < 0.01


@settings(max_examples=80)
@given(
    size=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    degrees=st.floats(-180, 180),
    scale=st.floats(0.02, 8),
    shift=st.tuples(st.floats(-200, 200), st.floats(-200, 200)),
    side=st.sampled_from([16, 112, 128]),
)
def test_a_face_is_the_one_that_scipy_cuts(
    size: tuple[int, int], degrees: float, scale: float, shift: tuple[float, float], side: int
) -> None:
    photograph = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)
    landmarks = turned(REFERENCE, degrees, scale, shift)
    forward = similarity_transform(landmarks, template(side))
    linear = np.linalg.inv(forward[:, :2])
    exact = [
        affine_transform(
            photograph[..., colour],
            linear[::-1, ::-1],
            (-linear @ forward[:, 2])[::-1],
            output_shape=(side, side),
            output=np.float64,
            order=1,
            mode="grid-constant",
        )
        for colour in range(3)
    ]
    # Rounded to the nearest: halves may go either way.
    assert np.abs(five_point_face(photograph, landmarks, side) - np.stack(exact, axis=-1)).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("side", [112, 128, 224])
@pytest.mark.parametrize("scale", [0.7, 1.0, 6.0])
def test_marks_at_the_landmarks_come_to_lie_on_the_reference(side: int, scale: float) -> None:
    landmarks = turned(REFERENCE, 8, scale, (25 * scale, 12 * scale))
    extent = int(150 * scale) + 40
    columns, rows = np.meshgrid(np.arange(extent), np.arange(extent))
    for point, wanted in zip(landmarks, template(side), strict=True):
        spread = np.exp(-((columns - point[0]) ** 2 + (rows - point[1]) ** 2) / (2 * (3 * scale) ** 2))
        face = five_point_face(np.repeat((255 * spread).astype(np.uint8)[..., None], 3, 2), landmarks, side)[..., 0]
        weight = face.astype(float)
        centre = [(weight * grid).sum() / weight.sum() for grid in np.meshgrid(np.arange(side), np.arange(side))]
        np.testing.assert_allclose(centre, wanted, atol=0.15 * side / 112)


def test_a_large_photograph_is_not_smoothed_before_it_shrinks() -> None:
    """The others take four pixels for each, and networks were trained on what they give."""
    photograph = np.zeros((1200, 1200, 3), np.uint8)
    photograph[::10] = 255
    face = five_point_face(photograph, REFERENCE * 10, 112)
    np.testing.assert_array_equal(face, 255)
