"""Who is drawn: the traits that all images of a person share.

Lengths are in *heads*, half the height of the head. Colours are RGB from 0 to 255, as floats. Angles are in radians.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TONES = ((216, 176, 146), (172, 190, 152), (204, 168, 204), (150, 170, 196))
"""The middle of each group's head colours: tan, grey-green, lilac, slate. Paints; none of them is a people's."""

HAIRS = (
    ((66, 44, 34), (150, 64, 40), (204, 160, 92)),
    ((34, 62, 54), (104, 112, 52), (40, 42, 44)),
    ((84, 40, 96), (156, 70, 122), (50, 40, 72)),
    ((30, 42, 74), (64, 98, 134), (188, 196, 206)),
)
"""The hair colours that a group draws from."""

EYES = ((88, 58, 38), (60, 104, 140), (72, 112, 74), (110, 104, 112), (138, 98, 40))
"""Colours of the iris; every group has all of them."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What all images of an identity share."""

    tone: Array
    hair: Array
    iris: Array
    lips: Array
    half_width: float
    jaw: float  # 1.7 is pointed, 3 is square
    eye_distance: float  # from the middle of the face
    eye_y: float
    eye_width: float  # half of it
    eye_height: float  # half of it, wide open
    eye_tilt: float
    brow_gap: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float
    nose_y: float
    nose_width: float
    nose_depth: float
    mouth_y: float
    mouth_width: float
    lip: float
    ear: float
    neck: float
    bald: bool
    hairline: float
    hair_slope: float
    hair_part: float
    hair_volume: float
    hair_side: float
    hair_length: float
    wave: float
    waves: int
    wave_phase: float
    beard: float  # 0 is none, else how strongly it is coloured
    glasses: bool
    moles: Array  # (n, 2)

    @classmethod
    def draw(cls, rng: np.random.Generator, group: int) -> Self:
        """Draw a person of ``group``: only the colours of head and hair depend on it."""
        eye_distance = rng.uniform(0.25, 0.35)
        tone = np.array(TONES[group]) * rng.uniform(0.82, 1.12) + rng.normal(0, 6, 3)
        hairs = HAIRS[group]
        return cls(
            tone=tone.clip(60, 245),
            hair=(np.array(hairs[rng.integers(len(hairs))]) * rng.uniform(0.8, 1.2)).clip(10, 235),
            iris=np.array(EYES[rng.integers(len(EYES))]) * rng.uniform(0.85, 1.15),
            lips=np.array((176, 84, 88)) * rng.uniform(0.8, 1.1),
            half_width=rng.uniform(0.66, 0.82),
            jaw=rng.uniform(1.8, 3.0),
            eye_distance=eye_distance,
            eye_y=rng.uniform(-0.08, 0.06),
            eye_width=min(rng.uniform(0.12, 0.17), 0.5 * eye_distance),
            eye_height=rng.uniform(0.055, 0.085),
            eye_tilt=rng.uniform(-0.12, 0.12),
            brow_gap=rng.uniform(0.14, 0.22),
            brow_thickness=rng.uniform(0.025, 0.065),
            brow_arch=rng.uniform(0.01, 0.07),
            brow_tilt=rng.uniform(-0.15, 0.15),
            nose_y=rng.uniform(0.30, 0.40),
            nose_width=rng.uniform(0.09, 0.15),
            nose_depth=rng.uniform(0.10, 0.18),
            mouth_y=rng.uniform(0.56, 0.64),
            mouth_width=rng.uniform(0.20, 0.30),
            lip=rng.uniform(0.03, 0.08),
            ear=rng.uniform(0.15, 0.23),
            neck=rng.uniform(0.36, 0.48),
            bald=bool(rng.random() < 0.08),
            hairline=rng.uniform(-0.72, -0.42),
            hair_slope=rng.uniform(-0.25, 0.25),
            hair_part=rng.uniform(-0.15, 0.35),
            hair_volume=rng.uniform(0.04, 0.2),
            hair_side=rng.uniform(-0.25, 0.15),
            hair_length=rng.choice([0.0, rng.uniform(0.5, 1.4)]),
            wave=rng.choice([0.0, rng.uniform(0.01, 0.035)]),
            waves=int(rng.integers(7, 22)),
            wave_phase=rng.uniform(0, 2 * math.pi),
            beard=rng.choice([0.0, rng.uniform(0.25, 0.7)], p=[0.8, 0.2]),
            glasses=bool(rng.random() < 0.12),
            moles=rng.uniform((-0.45, 0.15), (0.45, 0.8), (int(rng.integers(0, 4)), 2)),
        )

    def half_width_at(self, y: Array) -> Array:
        """Half the width of the head at the heights ``y``."""
        widest = -0.1
        above = ((widest - y) / (widest + 1)).clip(0, 1)
        below = ((y - widest) / (1 - widest)).clip(0, 1)
        outline = np.where(y < widest, (1 - above**2.3) ** 0.5, (1 - below**self.jaw) ** 0.62)
        return self.half_width * outline

    def depth_at(self, x: Array, y: Array) -> Array:
        """How far the face stands forward at (x, y): an ellipsoid."""
        depth: Array = 0.75 * np.sqrt((1 - (x / (1.12 * self.half_width)) ** 2 - (y / 1.25) ** 2).clip(0, 1))
        return depth
