"""Where a face's five landmarks come to lie in the image that a network sees."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

REFERENCE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Left eye, right eye, tip of the nose, left and right corner of the mouth, as seen in the image; (5, 2) x and y in an
image of 112 x 112 pixels, the centre of the first pixel at 0 (Deng et al. 2019, ArcFace; the points of SphereFace)."""

_SIDE = 112
_WIDE = 128
"""Side of the wider crop; its multiples show what lies beside the face too."""
_WIDE_SHIFT = np.array([8.0, 0.0])
"""Pixels that the points lie further to the right in 128 than in 112: half of the 16 by which it is wider."""


def template(side: int) -> Points:
    """The reference in images of another side, as insightface (2.1, ``estimate_norm``) and uniface (4.2.1) have it.

    ====================================  =========================================================
    side                                  points, x and y in pixels
    ====================================  =========================================================
    a multiple of 112                     those of 112 times side / 112
    a multiple of 128, not of 112         those of 112 times side / 128, x + 8 times side / 128
    any other (the two refuse it)         those of 112 times side / 112
    ====================================  =========================================================

    So at 128 the face is as large as at 112, in the middle, and more is seen beside and below it.

    Args:
        side: S, pixels.

    Returns:
        (5, 2) x and y, the centre of the first pixel at 0.
    """
    wide = _is_wide(side)
    points: Points = (REFERENCE + _WIDE_SHIFT) * (side / _WIDE) if wide else REFERENCE * (side / _SIDE)
    return points


def template_name(side: int) -> str:
    """Which of the two it is, for reports: "ArcFace 112 px x 2" or "ArcFace 128 px x 1"."""
    base = _WIDE if _is_wide(side) else _SIDE
    return f"ArcFace {base} px x {side / base:g}"


def _is_wide(side: int) -> bool:
    return side % _SIDE != 0 and side % _WIDE == 0
