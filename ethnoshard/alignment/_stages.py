"""What MTCNN's cascade asks of the run-time that its networks run on."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]

STRIDE = 2
"""Distance in pixels between the windows of neighbouring positions of the proposal network."""


class Level(NamedTuple):
    """A level of the pyramid of images of one size.

    Attributes:
        images: which ones.
        height: of the scaled images, pixels, at least 12.
        width: of the scaled images, pixels, at least 12.
    """

    images: range
    height: int
    width: int


class Proposals(NamedTuple):
    """Positions of one level of the pyramid that the proposal network takes for a face.

    Attributes:
        images: (N,) int64, which image.
        rows: (N,) int64, of the network's map.
        columns: (N,) int64.
        scores: (N,) float32, probabilities.
        corrections: (N, 4) float32, of each edge, in sides of the window.
    """

    images: Places
    rows: Places
    columns: Places
    scores: Floats
    corrections: Floats


class Pictures(Protocol):
    """A few images, of which windows are cut, scaled and judged."""

    def proposed(self, levels: Sequence[Level], threshold: float) -> list[Proposals]:
        """Scale images as a whole and look everywhere for a face; of each level those of at least ``threshold``."""

    def refined(self, which: Places, windows: Places) -> tuple[Floats, Floats]:
        """Judge windows at 24 x 24 pixels.

        Args:
            which: (N,) image of each, N > 0.
            windows: (N, 4) left, top, right, bottom in its pixels, the latter two exclusive; inside, not empty.

        Returns:
            (N,) probabilities and (N, 4) corrections.
        """

    def judged(self, which: Places, windows: Places) -> tuple[Floats, Floats, Floats]:
        """Judge windows at 48 x 48 pixels, as ``refined``; beside the two (N, 10) landmarks, x of all, then y."""


class Stages(Protocol):
    """MTCNN's three networks.

    Attributes:
        images: how many go well at once.
        pixels: how many of theirs, about.
    """

    images: int
    pixels: int

    def look_at(self, images: Sequence[Image]) -> Pictures:
        """Take images, each (H, W, 3) uint8 RGB."""

    def survivors(self, boxes: Floats, scores: Floats, groups: Places, threshold: float) -> Places:
        """Suppress within each group what overlaps a better one by more than ``threshold`` of their union.

        Args:
            boxes: (N, 4) float32.
            scores: (N,) float32.
            groups: (N,) int64.
            threshold: 0 to 1.

        Returns:
            Indices of those left, best first.
        """
