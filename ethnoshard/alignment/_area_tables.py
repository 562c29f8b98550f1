"""Images scaled by area without torch: summed-area tables (Crow 1984), read a window or a whole level at a time."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Image, Places

_SCALE = np.float32(1 / 128)
_MOST = (2**16 - 1) // 255
"""Pixels whose sum has 16 bits, whatever they are."""

_Edges = tuple[Places, Places]
"""First pixel that each place of a result covers, and the one after its last."""


class _Cells(NamedTuple):
    """The cells that a result's places are means of.

    Attributes:
        rows: edges of rows, in parts.
        columns: edges of columns, in parts; the sums of all parts of both are those of the cells.
        down: (R, 1) float32, what sums are multiplied by.
        across: (1, 4 * C) float32, what they are multiplied by too.
    """

    rows: list[_Edges]
    columns: list[_Edges]
    down: Floats
    across: Floats

    def only(self, rows: range, columns: range) -> "_Cells":
        """Those of some rows and columns."""
        down, across = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
        return _Cells(
            [(begin[down], end[down]) for begin, end in self.rows],
            [(begin[across], end[across]) for begin, end in self.columns],
            self.down[down],
            self.across[:, 4 * columns.start : 4 * columns.stop],
        )


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
        self.starts = np.concatenate([[0], np.cumsum(lengths)])
        self.strides = np.array([width + 1 for _, width in self.sizes])
        self.sums = np.zeros(int(self.starts[-1]), np.int64)
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
        own = self.sums[self.starts[number] : self.starts[number + 1]]
        return own.reshape(height + 1, width + 1)

    def scaled(self, number: int, size: tuple[int, int], rows: range, columns: range, onto: Floats) -> None:
        """Part of a whole image that is scaled as adaptive average pooling does.

        Args:
            number: of the image.
            size: height and width of the whole result.
            rows: which of them.
            columns: which of them.
            onto: (len(rows), len(columns), 4) float32, changed: means / 128; the fourth channel means nothing.
        """
        self.average(number, _cells_of_whole(self.sizes[number], size).only(rows, columns), onto)

    def windows(self, which: Places, windows: Places, side: int) -> "Windows":
        """Windows of the images, to be scaled to one side S as adaptive average pooling does, some at a time.

        Args:
            which: (N,) int64, which image.
            windows: (N, 4) int64, left, top, right, bottom in pixels, right and bottom exclusive, not empty, inside the
                image.
            side: S.
        """
        corners, sides = windows[:, :2, None], (windows[:, 2:] - windows[:, :2])[..., None]
        begin, end = (edges + corners for edges in _edges(np.arange(side), sides, side))
        return Windows(self, which, begin, end)

    def average(self, number: int, cells: _Cells, onto: Floats) -> None:
        """Means over cells of one image."""
        table = self._table_of(number)
        first, last = int(cells.columns[0][0][0]), int(cells.columns[-1][1][-1])
        columns = [(left - first, right - first) for left, right in cells.columns]
        total: Floats | NDArray[np.float64] | None = None
        for top, bottom in cells.rows:
            bands = table[bottom, first : last + 1]
            bands -= table[top, first : last + 1]
            for left, right in columns:
                sums = bands.take(right, axis=1)
                sums -= bands.take(left, axis=1)
                colours = sums.view(np.uint16)
                # Whole numbers of 64 bits are exact as far as an image goes, of 32 as far as 16 bits do.
                total = colours.astype(np.float32) if total is None else total + colours.astype(np.float64)
        assert total is not None, "a cell has a pixel at least"
        means = total.astype(np.float32, copy=False)
        means *= cells.down
        np.multiply(means.reshape(onto.shape), cells.across.reshape(1, -1, 4), out=onto)


class Windows:
    """Windows of images, which are scaled to one side some at a time."""

    def __init__(self, tables: AreaTables, which: Places, begin: Places, end: Places) -> None:
        """Where their cells are: (N, 2, S) first pixels and ones after the last, of columns and of rows."""
        self._tables, self._which, self._begin, self._end = tables, which, begin, end
        edges = np.concatenate([begin, end], axis=2)
        self._rows = (edges[:, 1] * tables.strides[which][:, None])[:, :, None]
        self._columns = (edges[:, 0] + tables.starts[which][:, None])[:, None, :]
        extents = (end - begin).astype(np.float32)
        self._large = extents.max(2).prod(1) > _MOST
        down, across = _shares(extents[:, 1], extents[:, 0])
        self._down, self._across = down[:, :, None], across[:, None, :]

    def cut(self, some: slice, onto: Floats) -> None:
        """Scale some of them.

        Args:
            some: which, K.
            onto: (K, S, S, 4) float32, changed; see ``AreaTables.scaled``.
        """
        side = onto.shape[1]
        sums = self._tables.sums.take(self._rows[some] + self._columns[some])
        bands = sums[:, side:] - sums[:, :side]
        total = bands[:, :, side:] - bands[:, :, :side]
        means = total.view(np.uint16).astype(np.float32)
        means *= self._down[some]
        np.multiply(means, self._across[some], out=onto.reshape(means.shape))
        # Of large cells this was too little.
        for place in np.flatnonzero(self._large[some]).tolist():
            window = some.start + place
            horizontal, vertical = zip(self._begin[window], self._end[window], strict=True)
            self._tables.average(int(self._which[window]), _cells(vertical, horizontal), onto[place])


@lru_cache(maxsize=64)
def _cells_of_whole(before: tuple[int, int], after: tuple[int, int]) -> _Cells:
    """Cells of a scaled image; photographs are often of one size."""
    vertical, horizontal = (
        _edges(np.arange(places), np.int64(pixels), places) for pixels, places in zip(before, after, strict=True)
    )
    return _cells(vertical, horizontal)


def _cells(vertical: _Edges, horizontal: _Edges) -> _Cells:
    tall, wide = ((end - begin).astype(np.float32) for begin, end in (vertical, horizontal))
    widest = min(int(wide.max()), _MOST)
    down, across = _shares(tall, wide)
    return _Cells(
        list(_parts(vertical, _MOST // widest)), list(_parts(horizontal, widest)), down[:, None], across[None, :]
    )


def _parts(edges: _Edges, most: int) -> Iterator[_Edges]:
    """The same cells in parts of at most so many pixels each; those that have no more are empty in later parts."""
    begin, end = edges
    for first in range(0, int((end - begin).max()), most):
        yield np.minimum(begin + first, end), np.minimum(begin + first + most, end)


def _shares(tall: Floats, wide: Floats) -> tuple[Floats, Floats]:
    """Of (..., R) and (..., C) extents (..., R) and (..., 4 * C): what a sum over so many pixels is multiplied by."""
    return _SCALE / tall, np.repeat(1 / wide, 4, axis=-1)


def _edges(places: Places, before: NDArray[np.int64] | np.int64, after: int) -> tuple[Places, Places]:
    """First pixel that each of ``after`` places covers of ``before``, and the one after its last."""
    return places * before // after, ((places + 1) * before + after - 1) // after
