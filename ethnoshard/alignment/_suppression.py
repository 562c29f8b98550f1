"""Non-maximum suppression without torch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ethnoshard.alignment._stages import Floats, Places

_BLOCK = 256
"""Boxes of one group that are compared with each other at a time: memory stays bounded, however many there are."""
_NEAR = 100_000
"""Pairs of one group that are compared at a time, about."""
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
    planar = np.ascontiguousarray(boxes.T)
    over = _overlaps(planar[:, better], planar[:, other]) > threshold
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
    planar = np.ascontiguousarray(boxes.T)
    by_edge = np.argsort(planar[0], kind="stable")
    for start in range(0, len(boxes), _BLOCK):
        own = start + np.flatnonzero(left[start : start + _BLOCK])
        if len(own) > 1:
            some = planar[:, own]
            own_left = _settled(np.triu(_overlaps(some[:, :, None], some[:, None]) > threshold, 1))
            left[own] = own_left
            own = own[own_left]
        for better, other in _near(planar, own, by_edge, threshold):
            worse = (other >= start + _BLOCK) & left[other]
            better, other = better[worse], other[worse]
            left[other[_overlaps(planar[:, better], planar[:, other]) > threshold]] = False
    return left


def _near(
    planar: NDArray[np.float64], some: Places, by_edge: Places, threshold: float
) -> Iterator[tuple[Places, Places]]:
    """Pairs of one of some boxes and another, all that may overlap by more than ``threshold``, a number at a time.

    Two boxes overlap by no more than their extents along one axis do. If these do by more than t, their left edges are
    less than (1 - t) / t of either width apart.
    """
    edges, lefts = planar[0, by_edge], planar[0, some]
    reach = np.full(len(some), np.inf)
    if threshold > 0:
        # A little more, for sums are rounded.
        reach = np.abs(planar[2, some] - lefts) * (1.001 * (1 - threshold) / threshold) + 1
    first = edges.searchsorted(lefts - reach)
    number = edges.searchsorted(lefts + reach, side="right") - first
    ends = np.cumsum(number)
    begin = 0
    while begin < len(some):
        stop = max(begin + 1, int(ends.searchsorted(ends[begin] - number[begin] + _NEAR, side="right")))
        counts = number[begin:stop]
        better = np.repeat(some[begin:stop], counts)
        place = np.arange(len(better)) + np.repeat(first[begin:stop] + counts - np.cumsum(counts), counts)
        yield better, by_edge[place]
        begin = stop


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
    """Intersections over union of (4, ...) boxes, which are broadcast; an edge at a time, for numpy's sake."""
    left, top, right, bottom = some
    left2, top2, right2, bottom2 = others
    wide = np.minimum(right, right2) - np.maximum(left, left2)
    tall = np.minimum(bottom, bottom2) - np.maximum(top, top2)
    common = np.maximum(wide, 0) * np.maximum(tall, 0)
    # Of two boxes without an area nothing overlaps, as torchvision has it: NaN is more than no threshold.
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2)
        overlap: NDArray[np.float64] = common / (areas - common)
    return overlap
