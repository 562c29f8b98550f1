"""The alignment of ArcFace: exact about where pixels go, whatever the photograph's size and tilt."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard.embedding import REFERENCE, five_point_face, similarity_transform


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


def test_every_pixel_is_the_bilinear_one() -> None:
    rng = np.random.default_rng(1)
    photograph = rng.integers(0, 256, (150, 170, 3), np.uint8)
    landmarks = turned(REFERENCE, 12, 0.9, (30, 20))
    face = five_point_face(photograph, landmarks, 112)
    transform = similarity_transform(landmarks, REFERENCE)
    back = np.linalg.inv(transform[:, :2])
    columns, rows = np.meshgrid(np.arange(112), np.arange(112))
    x, y = back @ (np.stack([columns.ravel(), rows.ravel()]) - transform[:, 2:])
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (left >= 0) & (top >= 0) & (left < 169) & (top < 149)
    assert inside.mean() > 0.9
    left, top, right, low = left[inside], top[inside], (x - np.floor(x))[inside, None], (y - np.floor(y))[inside, None]
    pixels = photograph.astype(float)
    upper = pixels[top, left] * (1 - right) + pixels[top, left + 1] * right
    lower = pixels[top + 1, left] * (1 - right) + pixels[top + 1, left + 1] * right
    expected = upper * (1 - low) + lower * low
    assert np.abs(face.reshape(-1, 3)[inside] - expected).max() <= 1


@pytest.mark.parametrize("side", [112, 224])
@pytest.mark.parametrize("scale", [0.7, 1.0, 6.0])
def test_marks_at_the_landmarks_come_to_lie_on_the_reference(side: int, scale: float) -> None:
    landmarks = turned(REFERENCE, 8, scale, (25 * scale, 12 * scale))
    extent = int(150 * scale) + 40
    columns, rows = np.meshgrid(np.arange(extent), np.arange(extent))
    for point, wanted in zip(landmarks, (REFERENCE + 0.5) * side / 112 - 0.5, strict=True):
        spread = np.exp(-((columns - point[0]) ** 2 + (rows - point[1]) ** 2) / (2 * (3 * scale) ** 2))
        face = five_point_face(np.repeat((255 * spread).astype(np.uint8)[..., None], 3, 2), landmarks, side)[..., 0]
        weight = face.astype(float)
        centre = [(weight * grid).sum() / weight.sum() for grid in np.meshgrid(np.arange(side), np.arange(side))]
        np.testing.assert_allclose(centre, wanted, atol=0.15 * side / 112)


def test_of_a_large_photograph_every_pixel_counts() -> None:
    # Every tenth line is white: four pixels a place would see stripes, all of them see an even grey.
    photograph = np.zeros((1200, 1200, 3), np.uint8)
    photograph[::10] = 255
    face = five_point_face(photograph, REFERENCE * 10, 112)
    assert np.abs(face[5:-5, 5:-5] - 255 / 10).max() <= 3
