"""Images scaled by area without torch: summed-area tables (Crow 1984), read a window or a whole level at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Image, Places

_SCALE = np.float32(1 / 128)
_SHIFT = np.float32(-127.5 / 128)
_BLOCK = 5000
"""Pixels that are cut at a time, about: what is between table and result stays in the cache."""


class AreaTables:
    """The summed-area tables of a few images, of any sizes, one after the other in one array."""

    def __init__(self, images: Sequence[Image]) -> None:
        """Sum up ``images``, each (H, W, 3) uint8."""
        self.sizes = [(image.shape[0], image.shape[1]) for image in images]
        lengths = [(height + 1) * (width + 1) for height, width in self.sizes]
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._strides = np.array([width + 1 for _, width in self.sizes])
        # Four numbers a pixel, the fourth unused: 16 bytes are fetched as one element. Sums may wrap around, their
        # differences don't.
        sums = np.zeros((int(self._starts[-1]), 4), np.int32)
        for number, image in enumerate(images):
            table = self._table_of(sums, number)
            np.cumsum(image, axis=1, dtype=np.int32, out=table[1:, 1:, :3])
            for row in range(2, len(table)):
                table[row] += table[row - 1]
        self._sums = sums

    def _table_of(self, sums: NDArray[np.int32], number: int) -> NDArray[np.int32]:
        height, width = self.sizes[number]
        own = sums[self._starts[number] : self._starts[number + 1]]
        return own.reshape(height + 1, width + 1, 4)

    def scaled(self, number: int, height: int, width: int, rows: range, onto: Floats) -> None:
        """Some rows of a whole image, scaled to ``height`` x ``width`` as adaptive average pooling does, normalised.

        Args:
            number: of the image.
            height: rows of the whole result.
            width: columns.
            rows: which of them.
            onto: (len(rows), width, 4) float32, changed: (mean - 127.5) / 128; the fourth channel means nothing.
        """
        table = self._table_of(self._sums, number)
        tall, wide = self.sizes[number]
        above, below = _edges(np.arange(rows.start, rows.stop), np.int64(tall), height)
        left, right = _edges(np.arange(width), np.int64(wide), width)
        bands = table[below]
        bands -= table[above]
        pairs = bands.view(np.complex128)[..., 0]
        total = pairs.take(right, axis=1).view(np.int32).reshape(len(rows), width, 4)
        total -= pairs.take(left, axis=1).view(np.int32).reshape(len(rows), width, 4)
        share = _SCALE / np.multiply.outer(below - above, right - left).astype(np.float32)
        np.multiply(total, share[..., None], out=onto, dtype=np.float32, casting="unsafe")
        onto += _SHIFT

    def cut(self, which: Places, windows: Places, onto: Floats) -> None:
        """Windows of the images, scaled to one side S as adaptive average pooling does, normalised.

        Args:
            which: (N,) int64, which image.
            windows: (N, 4) int64, left, top, right, bottom in pixels, right and bottom exclusive, not empty, inside the
                image.
            onto: (N, S, S, 4) float32, changed; see ``scaled``.
        """
        side = onto.shape[1]
        block = max(1, _BLOCK // side**2)
        for first in range(0, len(which), block):
            some = slice(first, first + block)
            self._cut(which[some], windows[some], onto[some])

    def _cut(self, which: Places, windows: Places, onto: Floats) -> None:
        side = onto.shape[1]
        places = np.arange(side)
        corner, sides = windows[:, :2, None], (windows[:, 2:] - windows[:, :2])[..., None]
        begin, end = (edge + corner for edge in _edges(places, sides, side))
        rows = np.concatenate([begin[:, 1], end[:, 1]], axis=1) * self._strides[which][:, None]
        columns = np.concatenate([begin[:, 0], end[:, 0]], axis=1) + self._starts[which][:, None]
        corners = self._sums.view(np.complex128)[:, 0].take(rows[:, :, None] + columns[:, None, :])
        sums = corners.view(np.int32).reshape(*corners.shape, 4)
        bands = sums[:, side:] - sums[:, :side]
        total = bands[:, :, side:] - bands[:, :, :side]
        extent = end - begin
        share = _SCALE / (extent[:, 1, :, None] * extent[:, 0, None, :]).astype(np.float32)
        np.multiply(total, share[..., None], out=onto, dtype=np.float32, casting="unsafe")
        onto += _SHIFT


def _edges(places: Places, before: NDArray[np.int64] | np.int64, after: int) -> tuple[Places, Places]:
    """First pixel that each of ``after`` places covers of ``before``, and the one after its last."""
    return places * before // after, ((places + 1) * before + after - 1) // after
