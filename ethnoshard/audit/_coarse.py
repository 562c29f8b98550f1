"""Which of many pairs of prints are worth laying over each other: their middles at 6 x 6 pixels, at a few scales."""

from typing import NamedTuple

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
_FLAT = 1e-3
_PLAIN = int(np.flatnonzero((VIEWS == (1, 1, 0, 0)).all(axis=1))[0])


class Coarse(NamedTuple):
    """Prints at 6 x 6 pixels, each of mean 0 and length 1.

    Attributes:
        plain: (n, 36) float32, the middle.
        mirrored: (n, 36) float32, the middle of the mirror image.
        views: (n, V, 36) float32, the middle scaled and moved in each of the ways of ``VIEWS``.
    """

    plain: Floats
    mirrored: Floats
    views: Floats


def coarse(prints: NDArray[np.uint8]) -> Coarse:
    """The middles of prints, (n, SIDE, SIDE) uint8, at 6 x 6 pixels."""
    cells = SIDE // _POOLED
    pooled = prints.reshape(-1, cells, _POOLED, cells, _POOLED).mean(axis=(2, 4), dtype=np.float32)
    views = (pooled.reshape(len(prints), -1) @ _WEIGHTS).reshape(len(prints), len(VIEWS), -1)
    views -= views.mean(axis=2, keepdims=True)
    views /= np.sqrt(np.einsum("nvd,nvd->nv", views, views))[..., None] + np.float32(_FLAT)
    plain = np.ascontiguousarray(views[:, _PLAIN])
    mirrored = plain.reshape(-1, _CELLS, _CELLS)[:, :, ::-1].reshape(len(plain), -1)
    return Coarse(plain, np.ascontiguousarray(mirrored), views)


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
