"""What is done to embeddings before they are compared."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, embeddings_of, normalised

Metric = Literal["euclidean", "cosine"]

SPANS: dict[str, tuple[float, float]] = {"euclidean": (0.0, 4.0), "cosine": (0.0, 1.0)}
"""Least and greatest distance of a metric."""


def flip_averaged(embeddings: npt.ArrayLike, flipped: npt.ArrayLike) -> Floats:
    """Join the embeddings of images and of their mirror images, as the network gave them.

    The sum of both, which has the direction of their mean, divided by its length.

    Args:
        embeddings: (N, D).
        flipped: (N, D), of the same images flipped left to right.

    Returns:
        (N, D) float64, of length 1.

    Raises:
        EthnoshardError: shapes differ, a value is NaN or infinite, or the two cancel out.
    """
    one, other = embeddings_of(embeddings), embeddings_of(flipped, "flipped embeddings")
    check_same_shape(one.shape, other.shape)
    return normalised(one.astype(np.float64) + other.astype(np.float64), "flip-averaged embeddings")


def distances(first: Floats, second: Floats, metric: Metric = "euclidean") -> Floats:
    """Distance of each row of one array to that of the other, (N,); rows are of length 1.

    ``euclidean`` is squared, 0 to 4, as in FaceNet (Schroff et al. 2015); ``cosine`` is the angle as a share of a half
    turn, 0 to 1, as in Sandberg's re-implementation. Without mean subtraction they order pairs alike.
    """
    if metric == "euclidean":
        squared: Floats = np.square(first - second).sum(axis=1)
        return squared
    angle: Floats = np.arccos(np.clip((first * second).sum(axis=1), -1, 1)) / np.pi
    return angle


def check_metric(metric: str) -> None:
    """Refuse a metric that is none.

    Raises:
        EthnoshardError: it is none.
    """
    if metric not in get_args(Metric):
        raise EthnoshardError(f"the metric is {' or '.join(get_args(Metric))}; {metric!r} is not")


def check_same_shape(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Refuse two arrays of embeddings that don't fit each other.

    Raises:
        EthnoshardError: numbers or dimensions differ.
    """
    if one != other:
        what = "dimensions" if one[1:] != other[1:] else "numbers"
        raise EthnoshardError(f"the {what} of the two arrays of embeddings differ: {one} and {other}")
