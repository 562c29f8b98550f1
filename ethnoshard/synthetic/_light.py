"""How the light of a picture falls on a face."""

import math

import numpy as np
from numpy.typing import NDArray

from ethnoshard.synthetic._canvas import OVERSAMPLING
from ethnoshard.synthetic._pose import Pose
from ethnoshard.synthetic._shot import Shot
from ethnoshard.synthetic._traits import Traits

Pixels = NDArray[np.float32]


def brightness(who: Traits, shot: Shot, pose: Pose, size: int) -> Pixels:
    """How bright each pixel is, about 1 on average: Lambert's law on a relief made of smooth bumps.

    Args:
        who: whose features make the relief.
        shot: where the light stands and how strongly it is directed.
        pose: where on the canvas the features are.
        size: side of the picture, pixels.

    Returns:
        (size, size) float32, factors of the colours.
    """
    eye_x, mouth = who.eye_distance, who.mouth_y
    bumps = np.array(
        [  # x, y, spread in x, spread in y, height
            (0.0, 0.0, 0.75, 0.95, 0.85),
            (0.0, who.nose_y - 0.2, 0.075, 0.17, 0.7 * who.nose_depth),
            (0.0, who.nose_y - 0.03, 0.8 * who.nose_width, 0.075, who.nose_depth),
            (-eye_x, who.eye_y, 0.17, 0.11, -0.085),
            (eye_x, who.eye_y, 0.17, 0.11, -0.085),
            (-0.42, 0.32, 0.17, 0.16, 0.06),
            (0.42, 0.32, 0.17, 0.16, 0.06),
            (0.0, mouth, 0.2, 0.09, 0.05),
            (0.0, mouth + 0.15, 0.16, 0.05, -0.035),
            (0.0, 0.85, 0.16, 0.1, 0.05),
        ]
    )
    centres = pose.on_face(bumps[:, 0], bumps[:, 1]) / OVERSAMPLING
    axis = np.arange(size, dtype=np.float32) + np.float32(0.5)
    unit = shot.head * size
    cos, sin = math.cos(shot.roll), math.sin(shot.roll)
    relief = np.zeros((size, size), np.float32)
    for (cx, cy), (_, _, wide, high, height) in zip(centres, bumps, strict=True):
        dx, dy = (
            (axis[None, :] - np.float32(cx)) / np.float32(unit),
            (axis[:, None] - np.float32(cy)) / np.float32(unit),
        )
        u, v = (dx * np.float32(cos) + dy * np.float32(sin)), (dy * np.float32(cos) - dx * np.float32(sin))
        relief += np.float32(height) * np.exp(-0.5 * ((u / np.float32(wide)) ** 2 + (v / np.float32(high)) ** 2))
    down, right = np.gradient(relief * np.float32(unit))
    lx, ly, lz = (np.float32(v) for v in shot.light)
    lambert = ((lz - lx * right - ly * down) / np.sqrt(1 + right**2 + down**2)).clip(0, 1)
    factor: Pixels = np.float32(1) + np.float32(shot.contrast) * (lambert - np.float32(0.8)) * np.float32(1.3)
    return factor
