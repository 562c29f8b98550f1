"""The alignment of ArcFace and its like: five landmarks moved onto five fixed points by a similarity transform."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding._model import Images, Points, template


def similarity_transform(points: Points, onto: Points) -> Points:
    """The rotation, scaling and shift, without a mirroring, that brings points closest to others (Umeyama 1991).

    Args:
        points: (K, 2), not all the same.
        onto: (K, 2).

    Returns:
        (2, 3) A with A @ [x, y, 1] close to the other point in the sense of least squares.
    """
    mean, mean_onto = points.mean(axis=0), onto.mean(axis=0)
    centred, centred_onto = points - mean, onto - mean_onto
    left, sizes, right = np.linalg.svd(centred_onto.T @ centred)
    sign = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(sign) @ right
    scale = (sizes * sign).sum() / np.square(centred).sum()
    linear = scale * rotation
    return np.column_stack([linear, mean_onto - linear @ mean])


def five_point_face(image: Images, landmarks: Points, side: int) -> Images:
    """Cut a face out of its photograph, upright and of a fixed size.

    The crop that insightface's ``norm_crop`` (2.1) and uniface's ``face_alignment`` (4.2.1) make with OpenCV 5: each
    pixel is the bilinear one of four, rounded to the nearest whole number, without smoothing where the face shrinks.
    OpenCV 4 moves each pixel by up to 1/64 px first, so that at an edge its crops differ by some grey levels.

    Args:
        image: (H, W, 3) uint8.
        landmarks: (5, 2) x and y in pixels of the image, in the order of ``REFERENCE``.
        side: S; see ``template`` for where the landmarks come to lie.

    Returns:
        (S, S, 3) uint8; where the photograph ends, black.
    """
    forward = similarity_transform(landmarks, template(side))
    linear = np.linalg.inv(forward[:, :2])
    right, down = -linear @ forward[:, 2]
    places = np.arange(side, dtype=np.float64)
    x = _beside(linear[0, 0] * places + (linear[0, 1] * places + right)[:, None], image.shape[1])
    y = _beside(linear[1, 0] * places + (linear[1, 1] * places + down)[:, None], image.shape[0])
    width = 3 * image.shape[1]
    corners = [
        (first * width + 3 * second, weight * share)
        for first, weight in ((y.before, y.of_before), (y.after, y.of_after))
        for second, share in ((x.before, x.of_before), (x.after, x.of_after))
    ]
    pixels = np.ascontiguousarray(image).reshape(-1)
    face = np.empty((side, side, 3), np.uint8)
    for colour in range(3):
        # A colour at a time: numpy is slow where the innermost axis is short.
        own = pixels[colour:]
        total = np.full((side, side), 0.5)
        for corner, weight in corners:
            total += own.take(corner) * weight
        face[..., colour] = total
    return face


class _Beside(NamedTuple):
    """The two pixels along an axis that each place lies between, and what each counts: nothing beyond the image."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    of_before: Points
    of_after: Points


def _beside(coordinates: Points, extent: int) -> _Beside:
    # No place is further than one beyond the first and the last pixel: there, both count nothing.
    coordinates = np.clip(coordinates, -1, extent)
    floor = np.floor(coordinates)
    share = coordinates - floor
    before = floor.astype(np.int64)
    after = before + 1
    return _Beside(
        np.clip(before, 0, extent - 1),
        np.clip(after, 0, extent - 1),
        np.where((before >= 0) & (before < extent), 1 - share, 0),
        np.where(after < extent, share, 0),
    )
