"""How a picture is taken: pose, expression, light, background and camera, whoever is in it.

Colours are RGB from 0 to 255, as floats. Angles are in radians.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What differs between the images of an identity."""

    yaw: float
    pitch: float
    roll: float
    head: float  # half the head's height as a share of the image's side
    centre: Array  # of the head, as a share of the image's side
    light: Array  # unit vector towards the light
    contrast: float  # share of the light that has a direction
    exposure: float
    warmth: Array  # a factor for each colour
    smile: float
    open_mouth: float
    open_eyes: float
    raised_brows: float
    gaze: Array
    backdrop: Array  # (4, 4, 3) colours, blurred into a background
    shirt: Array
    blur: float  # share of a doubly smoothed image
    noise: float  # standard deviation, in grey levels

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Draw an occasion. Nothing here knows who is portrayed."""
        light = np.array((rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 0.1), 1.0))
        return cls(
            yaw=_angle(rng, 0.2),
            pitch=_angle(rng, 0.09),
            roll=_angle(rng, 0.1),
            head=rng.uniform(0.29, 0.35),
            centre=np.array((0.5, 0.49)) + rng.uniform(-0.06, 0.06, 2),
            light=light / np.linalg.norm(light),
            contrast=rng.uniform(0.35, 0.75),
            exposure=rng.uniform(0.8, 1.12),
            warmth=1 + rng.normal(0, 0.035, 3),
            smile=rng.uniform(-0.03, 0.09),
            open_mouth=max(0.0, rng.uniform(-0.1, 0.09)),
            open_eyes=rng.uniform(0.7, 1.1),
            raised_brows=rng.uniform(-0.02, 0.05),
            gaze=rng.uniform(-1, 1, 2) * (0.35, 0.15),
            backdrop=(rng.uniform(60, 210) + rng.normal(0, 22, 3) + rng.normal(0, 18, (4, 4, 3))).clip(0, 255),
            shirt=(rng.uniform(50, 200) + rng.normal(0, 35, 3)).clip(0, 255),
            blur=max(0.0, rng.uniform(-0.5, 0.8)),
            noise=rng.uniform(0.5, 5),
        )


def _angle(rng: np.random.Generator, spread: float) -> float:
    return min(2.2, max(-2.2, rng.normal())) * spread
