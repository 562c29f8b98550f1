"""How alike two prints are when one is laid over the other, moved and scaled a little, and mirrored or not.

A copy that was cropped or scaled is found by the detector in a slightly different box, and the margin about a box is of
as many pixels whatever the photograph's size: the same face comes out larger or smaller, and not quite in the middle.
So the middle of one print is compared with what of the other it fits best. The fit is found by Gauss-Newton steps with
the gradient taken once from the fixed print, which is the inverse compositional algorithm of Baker and Matthews (2004),
"Lucas-Kanade 20 years on: a unifying framework", for a scale and a shift along each axis.
"""

import numpy as np
from numpy.typing import NDArray

from ethnoshard.audit._coarse import WINDOW
from ethnoshard.audit._prints import SIDE

Floats = NDArray[np.float32]

_STEPS, _TRIAL = 10, 4
"""Steps, and those after which only what is promising goes on."""
_PROMISING = 0.88
"""Correlation of what may yet become a copy's."""
_LEAST_SCALE, _MOST_SCALE, _MOST_SHIFT = 0.55, 1.8, 7.0
"""Bounds of the scale, and of the shift in pixels of a print."""
_LONGEST_STEP = np.array([0.15, 0.15, 3.0, 3.0], np.float32)
_FLAT = 1e-3
"""Contrast of a picture without any, in grey levels times the window's side."""


def overlay(fixed: NDArray[np.uint8], moving: NDArray[np.uint8], start: Floats) -> Floats:
    """Correlation of pairs of prints where one is laid over the other as well as it goes.

    Args:
        fixed: (M, SIDE, SIDE) uint8, of which the middle is compared.
        moving: (M, SIDE, SIDE) uint8, which is scaled and moved.
        start: (M, 4) float32, where to begin: scale along x and y, shift along x and y in pixels.

    Returns:
        (M,) float32, -1 to 1: Pearson's correlation of the grey levels, of the best fit that was met.
    """
    template = _Template(fixed)
    pixels = moving.reshape(len(moving), -1).astype(np.float32)
    best = np.full(len(fixed), -1, np.float32)
    rows, at = np.arange(len(fixed)), start
    for number in range(_STEPS):
        found = _standard(_sampled(pixels[rows], at))
        alike = np.einsum("mp,mp->m", found, template.pixels[rows])
        best[rows] = np.maximum(best[rows], alike)
        if number >= _TRIAL:
            promising = alike >= _PROMISING
            rows, at, found = rows[promising], at[promising], found[promising]
        if not len(rows):
            break
        at = _moved(at, template.step(found, rows))
    return best


class _Template:
    """The middles of the fixed prints, and how they change with scale and shift."""

    def __init__(self, prints: NDArray[np.uint8]) -> None:
        grey = prints.astype(np.float32)
        edge = (SIDE - WINDOW) // 2
        before, window, after = (slice(edge + by, edge + by + WINDOW) for by in (-1, 0, 1))
        along_x = ((grey[:, window, after] - grey[:, window, before]) / 2).reshape(len(grey), -1)
        along_y = ((grey[:, after, window] - grey[:, before, window]) / 2).reshape(len(grey), -1)
        middle = grey[:, window, window].reshape(len(grey), -1)
        self.pixels = _standard(middle)
        contrast = _contrast(middle)
        slopes = np.stack([along_x * _X, along_y * _Y, along_x, along_y], axis=1) / contrast[..., None]
        slopes -= slopes.mean(axis=2, keepdims=True)
        # Contrast and brightness may differ freely, so that what only changes these tells of no movement.
        slopes -= np.einsum("mkp,mp->mk", slopes, self.pixels)[..., None] * self.pixels[:, None]
        self._slopes = slopes
        curvature = np.einsum("mip,mjp->mij", slopes, slopes)
        self._inverse = np.linalg.inv(curvature + _FLAT * np.eye(4, dtype=np.float32))

    def step(self, found: Floats, rows: NDArray[np.intp]) -> Floats:
        """The movement, (R, 4), that would make up for the difference of what was found and some of the templates."""
        pull = np.einsum("mkp,mp->mk", self._slopes[rows], found)
        step: Floats = np.einsum("mij,mj->mi", self._inverse[rows], pull)
        return np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)


_ALONG = np.arange(WINDOW, dtype=np.float32) - np.float32((WINDOW - 1) / 2)
"""Places of the window's pixels along one axis, from the print's centre."""
_X, _Y = np.tile(_ALONG, WINDOW), np.repeat(_ALONG, WINDOW)
"""x and y of the window's pixels, (P,) each."""


def _sampled(pixels: Floats, at: Floats) -> Floats:
    """Grey levels of the moving prints where the window's pixels lie, bilinear, (M, P).

    Args:
        pixels: (M, SIDE * SIDE).
        at: (M, 4) scale along x and y, shift along x and y.
    """
    grey = pixels.reshape(-1, SIDE, SIDE)
    # Columns and rows are scaled and moved each by itself, so that each pixel's place is that of a column and of a row.
    rows = _weights(at[:, 1], at[:, 3])
    columns = _weights(at[:, 0], at[:, 2]).transpose(0, 2, 1)
    window: Floats = np.matmul(np.matmul(rows, grey), columns)
    return window.reshape(len(pixels), -1)


def _weights(scale: Floats, shift: Floats) -> Floats:
    """What of each of a print's pixels is in each of the window's along one axis, (M, WINDOW, SIDE): two in turn."""
    place = scale[:, None] * _ALONG + (shift[:, None] + np.float32((SIDE - 1) / 2))
    place = np.clip(place, 0, np.float32(SIDE - 1.001))
    weights: Floats = place[..., None] - np.arange(SIDE, dtype=np.float32)
    np.abs(weights, out=weights)
    np.subtract(1, weights, out=weights)
    return np.maximum(weights, 0, out=weights)


def _moved(at: Floats, step: Floats) -> Floats:
    """The place after a step, which is taken back to front: it was reckoned from the fixed print."""
    scale = at[:, :2] / (1 + step[:, :2])
    shift = at[:, 2:] - scale * step[:, 2:]
    return np.concatenate(
        [np.clip(scale, _LEAST_SCALE, _MOST_SCALE), np.clip(shift, -_MOST_SHIFT, _MOST_SHIFT)], axis=1
    )


def _standard(pixels: Floats) -> Floats:
    """Grey levels of mean 0 and length 1."""
    middle: Floats = pixels - pixels.mean(axis=1, keepdims=True)
    middle /= np.sqrt(np.einsum("mp,mp->m", middle, middle))[:, None] + np.float32(_FLAT)
    return middle


def _contrast(pixels: Floats) -> Floats:
    """Length of the grey levels once their mean is taken off, (M, 1)."""
    middle = pixels - pixels.mean(axis=1, keepdims=True)
    length: Floats = np.sqrt(np.einsum("mp,mp->m", middle, middle))[:, None] + np.float32(_FLAT)
    return length
