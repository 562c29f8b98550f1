"""Where points of a person's head come to lie on the canvas of a picture.

Lengths are in *heads*, half the height of the head: the crown is at y = -1, the chin at y = +1, x points to the
right, y down, z towards the camera.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ethnoshard.synthetic._shot import Shot
from ethnoshard.synthetic._traits import Traits

Array = NDArray[np.float64]


class Pose:
    """The head of a person as a shot turns it, on a canvas of ``side`` pixels.

    Attributes:
        scale: pixels of the canvas to a head.
    """

    def __init__(self, who: Traits, shot: Shot, side: int) -> None:
        self._who, self._shot, self._side = who, shot, side
        self.scale = shot.head * side

    def turned(self, x: Array, y: Array, z: Array) -> Array:
        """Canvas coordinates (n, 2) of points that turn with the head, a little larger when nearer."""
        shot = self._shot
        x, z = x * math.cos(shot.yaw) + z * math.sin(shot.yaw), z * math.cos(shot.yaw) - x * math.sin(shot.yaw)
        y, z = y * math.cos(shot.pitch) - z * math.sin(shot.pitch), z * math.cos(shot.pitch) + y * math.sin(shot.pitch)
        return self.rolled(x * (1 + 0.08 * z), y * (1 + 0.08 * z))

    def rolled(self, x: Array, y: Array) -> Array:
        """Canvas coordinates (n, 2) of points in the plane of the picture: turned about the head's middle only."""
        cos, sin = math.cos(self._shot.roll), math.sin(self._shot.roll)
        turned = np.stack((x * cos - y * sin, x * sin + y * cos), -1)
        return self._shot.centre * self._side + self.scale * turned

    def on_face(self, x: Array, y: Array) -> Array:
        """Canvas coordinates (n, 2) of points on the surface of the face."""
        return self.turned(x, y, self._who.depth_at(x, y))

    def on_outline(self, x: Array, y: Array) -> Array:
        """Like ``turned`` for points of the silhouette: turning the head moves the chin, and narrows nothing."""
        z = 0.05 + 0.38 * ((y + 0.1) / 1.1).clip(0, 1) ** 1.5
        return self.rolled(x + z * math.sin(self._shot.yaw), y - z * math.sin(self._shot.pitch))
