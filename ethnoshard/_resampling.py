"""Images scaled by products of matrices, whose weights stand in a narrow band. Needs no torch.

A row of the result takes a few rows of the image only, so each product is of a block of the matrix that has them.
Weights are torch's, so that networks see on any run-time what they saw while they were trained.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]

_AT_ONCE = 16
"""Rows of a result that one product makes: with more, most of a block is zeros; with fewer, there are many calls."""


class _Band(NamedTuple):
    """A block of a matrix, beside which its rows have zeros only.

    Attributes:
        onto: places of the result.
        given: places that they are made of.
        weights: (onto, given).
    """

    onto: slice
    given: slice
    weights: Weights


def resampled(images: NDArray[np.uint8], side: int, how: Literal["area", "triangle"]) -> NDArray[np.float32]:
    """Scale square images, colours apart.

    Args:
        images: (B, H, H, 3) uint8.
        side: S, pixels.
        how: "area", means over whole pixels, as ``torch.nn.functional.interpolate`` of that mode takes; "triangle", as
            it does for "bilinear" with ``antialias``.

    Returns:
        (B, 3, S, S) float32, 0 to 255.
    """
    before = images.shape[1]
    found = np.empty((len(images), 3, side, side), np.float32)
    if before == side:
        found[:] = images.transpose(0, 3, 1, 2)
        return found
    bands = _bands(before, side, how)
    rows = np.empty((side, before * 3), np.float32)
    for image, planes in zip(images, found, strict=True):
        flat = image.reshape(before, before * 3).astype(np.float32)
        for band in bands:
            np.matmul(band.weights, flat[band.given], out=rows[band.onto])
        # Colours apart between the two, when most rows are gone.
        apart = np.ascontiguousarray(rows.reshape(side, before, 3).transpose(2, 0, 1)).reshape(3 * side, before)
        for band in bands:
            planes[..., band.onto] = (apart[:, band.given] @ band.weights.T).reshape(3, side, -1)
    return found


def averaging(before: int, after: int) -> Weights:
    """(after, before) matrix that averages areas of a row of pixels, whole pixels at a time as torch's "area" does."""
    weights = np.zeros((after, before), np.float32)
    for place in range(after):
        begin, end = place * before // after, -((-(place + 1) * before) // after)
        weights[place, begin:end] = 1 / (end - begin)
    return weights


def triangles(before: int, after: int) -> Weights:
    """(after, before) matrix of bilinear scaling; the triangle is two places of the result wide, if these are wider."""
    # In single precision, as torch finds them.
    scale, half = np.float32(before / after), np.float32(0.5)
    centres = scale * (np.arange(after, dtype=np.float32)[:, None] + half)
    weights = np.maximum(0, 1 - np.abs(np.arange(before, dtype=np.float32) - centres + half) / np.maximum(scale, 1))
    found: Weights = weights / weights.sum(axis=1, keepdims=True)
    return found


_WEIGHTS: dict[str, Callable[[int, int], Weights]] = {"area": averaging, "triangle": triangles}


@lru_cache(maxsize=16)
def _bands(before: int, after: int, how: str) -> list[_Band]:
    weights, bands = _WEIGHTS[how](before, after), []
    for first in range(0, after, _AT_ONCE):
        onto = slice(first, min(first + _AT_ONCE, after))
        taken = np.flatnonzero(weights[onto].any(axis=0))
        given = slice(int(taken[0]), int(taken[-1]) + 1)
        bands.append(_Band(onto, given, np.ascontiguousarray(weights[onto, given])))
    return bands
