"""Non-maximum suppression without torch."""

import itertools

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Places

_BLOCK = 256
"""Boxes that are compared with each other at a time: memory stays bounded, however many there are."""


def survivors(boxes: Floats, scores: Floats, groups: Places, threshold: float) -> Places:
    """Suppress within each group what overlaps a better one by more than ``threshold`` of their union.

    The same as going through the boxes one by one, best first, of equal ones the earlier first.

    Args:
        boxes: (N, 4) float32, left, top, right, bottom.
        scores: (N,) float32.
        groups: (N,) int64.
        threshold: 0 to 1.

    Returns:
        Indices of those left, best first.
    """
    best_first = np.argsort(-scores, kind="stable")
    order = best_first[np.argsort(groups[best_first], kind="stable")]
    exact = boxes[order].astype(np.float64)
    keep = np.zeros(len(order), bool)
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1, append=-1))
    for start, stop in itertools.pairwise(starts.tolist()):
        keep[start:stop] = _of_one_group(exact[start:stop], threshold)
    kept: Places = np.sort(np.argsort(best_first)[order[keep]])
    return best_first[kept]


def _of_one_group(boxes: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Which of (N, 4) boxes, best first, are left."""
    left = np.ones(len(boxes), bool)
    for start in range(0, len(boxes), _BLOCK):
        own = start + np.flatnonzero(left[start : start + _BLOCK])
        if len(own) > 1:
            own_left = _settled(np.triu(_overlaps(boxes[own], boxes[own]) > threshold, 1))
            left[own] = own_left
            own = own[own_left]
        rest = start + _BLOCK + np.flatnonzero(left[start + _BLOCK :])
        if len(rest):
            left[rest] = ~(_overlaps(boxes[own], boxes[rest]) > threshold).any(0)
    return left


def _settled(over: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who is left where ``over[i, j]`` says that i, better than j, suppresses j unless i is suppressed itself.

    Repeated until nothing changes: after n rounds the first n are settled, and mostly all after three or four.
    """
    left = ~over.any(0)
    while True:
        now: NDArray[np.bool_] = np.logical_not(over[left].any(0))
        if (now == left).all():
            return now
        left = now


def _overlaps(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, M) intersections over union of (N, 4) and (M, 4) boxes."""
    corner = np.maximum(some[:, None, :2], others[None, :, :2])
    sides = np.minimum(some[:, None, 2:], others[None, :, 2:])
    sides -= corner
    np.maximum(sides, 0, out=sides)
    common = sides[..., 0] * sides[..., 1]
    areas = ((each[:, 2] - each[:, 0]) * (each[:, 3] - each[:, 1]) for each in (some, others))
    first, second = areas
    # Of two boxes without an area nothing overlaps, as torchvision has it: NaN is more than no threshold.
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap: NDArray[np.float64] = common / (first[:, None] + second - common)
    return overlap
