"""What a portrait is painted on: an oversampled image, and a mask of where there is paint."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
Pixels = NDArray[np.float32]
Colour = Array | tuple[float, ...]

OVERSAMPLING = 3
"""Edges are drawn this many times larger, then averaged, so that they come out smooth."""


class Canvas:
    """An image of ``OVERSAMPLING`` times the size that is wanted.

    Args:
        size: side of the finished image, pixels.
        backdrop: (n, n, 3) colours, blurred into a background.
        scale: pixels of the canvas to a head.
    """

    def __init__(self, size: int, backdrop: Array, scale: float) -> None:
        side = size * OVERSAMPLING
        self._image = Image.fromarray(backdrop.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
        self._mask = Image.new("L", (side, side))
        self._brush, self._stencil = ImageDraw.Draw(self._image), ImageDraw.Draw(self._mask)
        self._scale = scale

    def fill(self, points: Array, colour: Colour) -> None:
        """Fill the polygon with these corners, (n, 2) in pixels of the canvas."""
        corners = [(float(x), float(y)) for x, y in points]
        self._brush.polygon(corners, fill=_paint(colour))
        self._stencil.polygon(corners, fill=255)

    def stroke(self, points: Array, colour: Colour, width: float) -> None:
        """Draw a line along these points, (n, 2) in pixels of the canvas; the width is in heads."""
        corners = [(float(x), float(y)) for x, y in points]
        self._brush.line(corners, fill=_paint(colour), width=max(1, round(width * self._scale)), joint="curve")

    def colours(self) -> Pixels:
        """The picture, shape (size, size, 3), float32 from 0 to 255."""
        return np.asarray(self._image.reduce(OVERSAMPLING), np.float32)

    def painted(self) -> Pixels:
        """How much of each pixel was filled, shape (size, size, 1), float32 from 0 to 1; strokes don't count."""
        share: Pixels = np.asarray(self._mask.reduce(OVERSAMPLING), np.float32)[..., None] / np.float32(255)
        return share


def _paint(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(float(value)))) for value in colour)
    return red, green, blue
