"""Images scaled by area without torch: summed-area tables (Crow 1984), read a window or a whole level at a time."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Image, Places

_SCALE = np.float32(1 / 128)
_SHIFT = np.float32(-127.5 / 128)
_MOST = (2**16 - 1) // 255
"""Pixels whose sum has 16 bits, whatever they are."""
_BLOCK = 20_000
"""Pixels that are cut at a time, about: what is between table and result stays in the cache."""

_Edges = tuple[Places, Places]
"""First pixel that each place of a result covers, and the one after its last."""


class _Cells(NamedTuple):
    """The cells that a result's places are means of.

    Attributes:
        columns: of the table, all that matter.
        parts: edges of rows, with those of columns in these; the sums of all parts are those of the cells.
        shares: (R, 4 * C), what these are multiplied by.
    """

    columns: slice
    parts: list[tuple[_Edges, list[_Edges]]]
    shares: Floats


class AreaTables:
    """The summed-area tables of a few images, of any sizes, one after the other in one array.

    A pixel's sums are one number of 64 bits: red, green and blue have 16 each. So there is one addition a pixel and one
    fetch a corner, and little memory to go through. What a colour carries over to the next is gone again from a
    difference, if the window's own sums have no more than 16 bits; larger windows are summed up in parts.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        """Sum up ``images``, each (H, W, 3) uint8."""
        self.sizes = [(image.shape[0], image.shape[1]) for image in images]
        lengths = [(height + 1) * (width + 1) for height, width in self.sizes]
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._strides = np.array([width + 1 for _, width in self.sizes])
        self._sums = np.zeros(int(self._starts[-1]), np.int64)
        for number, image in enumerate(images):
            table = self._table_of(number)
            # A colour at a time: numpy is slow where the innermost axis is short.
            colours = table.view(np.uint16).reshape(*table.shape, 4)
            for colour in range(3):
                colours[1:, 1:, colour] = image[..., colour]
            np.add.accumulate(table, axis=1, out=table)
            for above, row in pairwise(table):
                row += above

    def _table_of(self, number: int) -> NDArray[np.int64]:
        height, width = self.sizes[number]
        own = self._sums[self._starts[number] : self._starts[number + 1]]
        return own.reshape(height + 1, width + 1)

    def scaled(self, number: int, size: tuple[int, int], rows: range, columns: range, onto: Floats) -> None:
        """Part of a whole image that is scaled as adaptive average pooling does, normalised.

        Args:
            number: of the image.
            size: height and width of the whole result.
            rows: which of them.
            columns: which of them.
            onto: (len(rows), len(columns), 4) float32, changed: (mean - 127.5) / 128; the fourth channel means nothing.
        """
        self._average(number, _cells_of_whole(self.sizes[number], size, rows, columns), onto)

    def cut(self, which: Places, windows: Places, onto: Floats) -> None:
        """Windows of the images, scaled to one side S as adaptive average pooling does, normalised.

        Args:
            which: (N,) int64, which image.
            windows: (N, 4) int64, left, top, right, bottom in pixels, right and bottom exclusive, not empty, inside the
                image.
            onto: (N, S, S, 4) float32, changed; see ``scaled``.
        """
        side = onto.shape[1]
        corners, sides = windows[:, :2, None], (windows[:, 2:] - windows[:, :2])[..., None]
        begin, end = (edges + corners for edges in _edges(np.arange(side), sides, side))
        large = (end - begin).max(2).prod(1) > _MOST
        for place in np.flatnonzero(large).tolist():
            horizontal, vertical = zip(begin[place], end[place], strict=True)
            self._average(int(which[place]), _cells(vertical, horizontal), onto[place])
        small = np.flatnonzero(~large)
        block = max(1, _BLOCK // side**2)
        for first in range(0, len(small), block):
            some = small[first : first + block]
            onto[some] = self._averages(which[some], begin[some], end[some])

    def _average(self, number: int, cells: _Cells, onto: Floats) -> None:
        """Means over cells of one image."""
        table = self._table_of(number)
        total: Floats | NDArray[np.float64] | None = None
        for (top, bottom), across in cells.parts:
            bands = table[bottom, cells.columns]
            bands -= table[top, cells.columns]
            for left, right in across:
                sums = bands.take(right, axis=1)
                sums -= bands.take(left, axis=1)
                colours = sums.view(np.uint16)
                # Whole numbers of 64 bits are exact as far as an image goes, of 32 as far as 16 bits do.
                total = colours.astype(np.float32) if total is None else total + colours.astype(np.float64)
        assert total is not None, "a cell has a pixel at least"
        means = total.astype(np.float32, copy=False)
        means *= cells.shares
        np.add(means.reshape(onto.shape), _SHIFT, out=onto)

    def _averages(self, which: Places, begin: Places, end: Places) -> Floats:
        """The same of (N, 2, S) edges in several images, horizontal and vertical, whose cells are small."""
        side = begin.shape[2]
        edges = np.concatenate([begin, end], axis=2)
        rows = edges[:, 1] * self._strides[which][:, None]
        columns = edges[:, 0] + self._starts[which][:, None]
        sums = self._sums.take(rows[:, :, None] + columns[:, None, :])
        bands = sums[:, side:] - sums[:, :side]
        total = bands[:, :, side:] - bands[:, :, :side]
        extents = end - begin
        means = total.view(np.uint16).astype(np.float32)
        means *= _shares(extents[:, 1], extents[:, 0])
        means += _SHIFT
        found: Floats = means.reshape(*total.shape, 4)
        return found


@lru_cache(maxsize=32)
def _cells_of_whole(before: tuple[int, int], after: tuple[int, int], rows: range, columns: range) -> _Cells:
    """Cells of some rows and columns of a scaled image; photographs are often of one size."""
    vertical = _edges(np.arange(rows.start, rows.stop), np.int64(before[0]), after[0])
    return _cells(vertical, _edges(np.arange(columns.start, columns.stop), np.int64(before[1]), after[1]))


def _cells(vertical: _Edges, horizontal: _Edges) -> _Cells:
    tall, wide = (end - begin for begin, end in (vertical, horizontal))
    widest, first = min(int(wide.max()), _MOST), int(horizontal[0][0])
    columns = slice(first, int(horizontal[1][-1]) + 1)
    across = list(_parts((horizontal[0] - first, horizontal[1] - first), widest))
    parts = [(edges, across) for edges in _parts(vertical, _MOST // widest)]
    return _Cells(columns, parts, _shares(tall, wide))


def _parts(edges: _Edges, most: int) -> Iterator[_Edges]:
    """The same cells in parts of at most so many pixels each; those that have no more are empty in later parts."""
    begin, end = edges
    for first in range(0, int((end - begin).max()), most):
        yield np.minimum(begin + first, end), np.minimum(begin + first + most, end)


def _shares(tall: Places, wide: Places) -> Floats:
    """Of (..., R) and (..., C) extents, (..., R, 4 * C): what a sum over so many pixels is multiplied by.

    Returns:
        float32.
    """
    # Products of whole numbers below 2 ** 24 are exact.
    of_colour = np.repeat(wide.astype(np.float32), 4, axis=-1)
    pixels: Floats = tall.astype(np.float32)[..., :, None] * of_colour[..., None, :]
    return np.divide(_SCALE, pixels, out=pixels)


def _edges(places: Places, before: NDArray[np.int64] | np.int64, after: int) -> tuple[Places, Places]:
    """First pixel that each of ``after`` places covers of ``before``, and the one after its last."""
    return places * before // after, ((places + 1) * before + after - 1) // after
