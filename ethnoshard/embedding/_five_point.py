"""The alignment of ArcFace and its like: five landmarks moved onto five fixed points by a similarity transform."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.embedding._model import Images

Points = NDArray[np.float64]

REFERENCE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Left eye, right eye, tip of the nose, left and right corner of the mouth, as seen in the image; (5, 2) x and y in an
image of 112 x 112 pixels, the centre of the first pixel at 0 (Deng et al. 2019, ArcFace; the points of SphereFace)."""
_REFERENCE_SIDE = 112


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

    Args:
        image: (H, W, 3) uint8.
        landmarks: (5, 2) x and y in pixels of the image, in the order of ``REFERENCE``.
        side: S; the reference is scaled from 112 to it.

    Returns:
        (S, S, 3) uint8, bilinear; where the photograph ends, black.
    """
    scale = side / _REFERENCE_SIDE
    # Pixels' centres lie at whole numbers here, so that scaling is about the corner of the first pixel.
    onto = (REFERENCE + 0.5) * scale - 0.5
    forward = similarity_transform(landmarks, onto)
    picture = Image.fromarray(image)
    shrinking = int(1 / np.sqrt(abs(np.linalg.det(forward[:, :2]))))
    if shrinking >= 2:
        # Bilinear looks at four pixels only: of a large face most would not be seen.
        picture = picture.reduce(shrinking)
        forward = similarity_transform((landmarks + 0.5) / shrinking - 0.5, onto)
    linear = np.linalg.inv(forward[:, :2])
    # Pillow counts from the corner of the first pixel, we from its centre.
    shift = 0.5 - linear @ (forward[:, 2] + 0.5)
    (a, b), (d, e) = linear
    return np.asarray(
        picture.transform(
            (side, side), Image.Transform.AFFINE, (a, b, shift[0], d, e, shift[1]), Image.Resampling.BILINEAR
        )
    )
