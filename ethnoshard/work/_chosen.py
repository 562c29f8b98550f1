"""Which of an image's faces stands for it, by the boxes alone, so that any reader of a part can tell."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def prominence(boxes: NDArray[np.float32], height: Any, width: Any) -> NDArray[np.float64]:
    """Area of each box, less twice its centre's squared distance from the image's centre, in square pixels.

    Kalinga 2020, appendix A (after Sandberg's FaceNet): of several faces the one with most of it is kept.

    Args:
        boxes: (N, 4) left, top, right, bottom, pixels.
        height: of the image, or (N,) of each box's image, pixels.
        width: likewise.

    Returns:
        (N,).
    """
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    offset = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.stack([width, height], -1) / 2
    values: NDArray[np.float64] = area - 2.0 * (offset**2).sum(1)
    return values


def chosen_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of parts with the face that aligning with ``faces="one"`` keeps before all others of its image.

    Args:
        rows: columns of ``PART_SCHEMA`` at least, in source order: the faces of an image one after another, numbered
            from 0 in ``face``.
    """
    first = np.flatnonzero(rows["face"].to_numpy() == 0)
    end = np.append(first[1:], len(rows))
    order = np.arange(len(rows))
    for start, stop in zip(first[end - first > 1], end[end - first > 1], strict=True):
        faces = rows[int(start) : int(stop)]
        boxes = np.array(faces["box"].to_list(), np.float32)
        best = start + int(np.argmax(prominence(boxes, faces["height"].to_numpy(), faces["width"].to_numpy())))
        order[start : best + 1] = [best, *range(start, best)]
    return rows[order] if len(first) < len(rows) else rows
