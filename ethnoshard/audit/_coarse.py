"""Which of many pairs of prints are worth laying over each other: their middles at 6 x 6 pixels, at a few scales."""

import numpy as np
from numpy.typing import NDArray

from ethnoshard.audit._prints import SIDE

Floats = NDArray[np.float32]

WINDOW = 20
"""Side of the middle of a print that is compared, pixels."""
_SCALES, _SHIFT = (0.75, 0.87, 1.0, 1.15, 1.33), 2.0
"""Scales of the middle, and pixels by which it is moved either way."""
VIEWS: Floats = np.array(
    [
        (scale, scale, x * _SHIFT, y * _SHIFT)
        for scale in _SCALES
        for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    ],
    np.float32,
)
"""(V, 4) how the middle of the other print is taken: scale along x and y, shift along x and y in pixels."""

_CELLS = 6
_POOLED = 2
"""Pixels of a print that are made one first, either way."""
_AT_ONCE = 4096
_FLAT = 1e-3
"""Contrast of a picture without any, in grey levels."""
_PLAIN = int(np.flatnonzero((VIEWS == (1, 1, 0, 0)).all(axis=1))[0])


def plain_of(prints: NDArray[np.uint8]) -> Floats:
    """The middles of prints, (n, SIDE, SIDE) uint8, at 6 x 6 pixels, (n, 36) float32 of mean 0 and length 1."""
    cells = _CELLS * _CELLS
    weights = _WEIGHTS[:, _PLAIN * cells : (_PLAIN + 1) * cells]
    found = [
        _standard(_pooled(prints[begin : begin + _AT_ONCE]) @ weights) for begin in range(0, len(prints), _AT_ONCE)
    ]
    return np.concatenate([np.empty((0, cells), np.float32), *found])


def mirrored_of(plain: Floats) -> Floats:
    """What ``plain_of`` gives of the prints' mirror images, from what it gives of the prints."""
    return np.ascontiguousarray(plain.reshape(-1, _CELLS, _CELLS)[:, :, ::-1]).reshape(plain.shape)


def views_of(prints: NDArray[np.uint8]) -> Floats:
    """The middles of prints scaled and moved in each of the ways of ``VIEWS``, (n, V, 36) float32."""
    return _standard((_pooled(prints) @ _WEIGHTS).reshape(len(prints), len(VIEWS), -1))


def _pooled(prints: NDArray[np.uint8]) -> Floats:
    """Four pixels made one, (n, pixels)."""
    rows = prints[:, ::_POOLED].astype(np.float32)
    rows += prints[:, 1::_POOLED]
    rows[:, :, ::_POOLED] += rows[:, :, 1::_POOLED]
    return np.ascontiguousarray(rows[:, :, ::_POOLED]).reshape(len(prints), -1)


def _standard(cells: Floats) -> Floats:
    """Of mean 0 and length 1 along the last axis, in turn."""
    cells -= np.einsum("...d->...", cells)[..., None] / np.float32(cells.shape[-1])
    cells /= np.sqrt(np.einsum("...d,...d->...", cells, cells))[..., None] + np.float32(_FLAT)
    return cells


def _weights() -> Floats:
    """What of each pooled pixel is in each cell of each view, (pixels, V * 36)."""
    cells = [
        np.kron(_along(scale_y, shift_y), _along(scale_x, shift_x))
        for scale_x, scale_y, shift_x, shift_y in VIEWS.tolist()
    ]
    return np.ascontiguousarray(np.concatenate(cells).T.astype(np.float32))


def _along(scale: float, shift: float) -> NDArray[np.float64]:
    """What of each pooled pixel is in each cell along one axis, (cells, pixels), each row's sum 1."""
    side = WINDOW * scale
    edges = (SIDE / 2 + shift - side / 2 + np.arange(_CELLS + 1) * side / _CELLS) / _POOLED
    pixels = np.arange(SIDE // _POOLED)
    overlaps = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    overlaps = np.clip(overlaps, 0, None)
    shares: NDArray[np.float64] = overlaps / overlaps.sum(axis=1, keepdims=True)
    return shares


_WEIGHTS = _weights()
