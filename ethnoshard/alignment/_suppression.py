"""Non-maximum suppression without torch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Places

_BLOCK = 256
"""Boxes of one group that are compared with each other at a time: memory stays bounded, however many there are."""
_PAIRS = 30_000
"""Pairs of boxes of several groups that are compared at a time, about: they stay in the cache."""


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
    ends = np.append(np.flatnonzero(np.diff(groups[order])) + 1, len(order)) if len(order) else np.zeros(0, np.int64)
    for some in _pieces(ends):
        start, stop = (ends[some.start - 1] if some.start else 0), ends[some.stop - 1]
        if len(some) == 1 and stop - start > _BLOCK:
            keep[start:stop] = _of_one_group(exact[start:stop], threshold)
        else:
            keep[start:stop] = _of_groups(exact[start:stop], ends[some.start : some.stop] - start, threshold)
    kept: Places = np.sort(np.argsort(best_first)[order[keep]])
    return best_first[kept]


def _pieces(ends: Places) -> Iterator[range]:
    """Groups that are done together: one large one, or several with as many pairs as fit."""
    sizes = np.diff(ends, prepend=0)
    first, pairs = 0, 0
    for number, size in enumerate(sizes.tolist()):
        own = size * (size - 1) // 2
        if number > first and (pairs + own > _PAIRS or size > _BLOCK):
            yield range(first, number)
            first, pairs = number, 0
        pairs += own
    if first < len(sizes):
        yield range(first, len(sizes))


def _of_groups(boxes: NDArray[np.float64], ends: Places, threshold: float) -> NDArray[np.bool_]:
    """Which of (N, 4) boxes of several groups are left; those of a group, best first, reach to its end."""
    number = np.arange(len(boxes))
    worse = np.repeat(ends, np.diff(ends, prepend=0)) - number - 1
    better = np.repeat(number, worse)
    other = np.arange(len(better)) - np.repeat(np.cumsum(worse) - worse - number - 1, worse)
    left, top, right, bottom = np.ascontiguousarray(boxes.T)
    area = (right - left) * (bottom - top)
    wide = np.minimum(right[better], right[other]) - np.maximum(left[better], left[other])
    tall = np.minimum(bottom[better], bottom[other]) - np.maximum(top[better], top[other])
    common = np.maximum(wide, 0) * np.maximum(tall, 0)
    # See ``_overlaps`` for boxes without an area.
    with np.errstate(invalid="ignore", divide="ignore"):
        over = common / (area[better] + area[other] - common) > threshold
    better, other = better[over], other[over]
    kept = np.ones(len(boxes), bool)
    while True:
        # As ``_settled``, for pairs: whoever is worse than one that is left isn't.
        now = np.ones(len(boxes), bool)
        now[other[kept[better]]] = False
        if (now == kept).all():
            return now
        kept = now


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
