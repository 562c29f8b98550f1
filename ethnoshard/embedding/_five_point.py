"""The alignment of ArcFace and its like: five landmarks moved onto five fixed points by a similarity transform."""

import numpy as np
from scipy.ndimage import affine_transform

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
    shift = -linear @ forward[:, 2]
    face = np.empty((side, side, 3), np.uint8)
    for colour in range(3):
        # SciPy counts rows before columns, y before x.
        affine_transform(
            image[..., colour],
            linear[::-1, ::-1],
            shift[::-1],
            output_shape=(side, side),
            output=face[..., colour],
            order=1,
            mode="grid-constant",
        )
    return face
