"""Similarity and distance of embeddings, and how alike those of different people are."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, embeddings_of, normalised, same_of, texts_of
from ethnoshard.evaluation._thresholds import area
from ethnoshard.results import MeanSimilarity

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
    """Distance of each row of one array to that of the other.

    ``euclidean`` is squared, 0 to 4, as in FaceNet (Schroff et al. 2015); ``cosine`` is the angle as a share of a half
    turn, 0 to 1, as in Sandberg's re-implementation. Without mean subtraction they order pairs alike.

    Args:
        first: (N, D) of length 1.
        second: (N, D) of length 1.
        metric: which.

    Returns:
        (N,) float64.
    """
    if metric == "euclidean":
        squared: Floats = np.square(first - second).sum(axis=1)
        return squared
    angle: Floats = np.arccos(np.clip((first * second).sum(axis=1), -1, 1)) / np.pi
    return angle


def mean_similarity_of_pairs(first: npt.ArrayLike, second: npt.ArrayLike, same: npt.ArrayLike) -> MeanSimilarity:
    """Mean cosine similarity of listed pairs, apart for same and different people.

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) embedding of the second image.
        same: (N,) bool, whether both show one person.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), shapes that don't fit, pairs of one kind.
    """
    one, other = normalised(first, "first embeddings"), normalised(second, "second embeddings")
    check_same_shape(one.shape, other.shape)
    return _of_cosines(np.einsum("nd,nd->n", one, other), same_of(same, len(one)))


def mean_similarity_of_people(embeddings: npt.ArrayLike, people: npt.ArrayLike) -> MeanSimilarity:
    """Mean cosine similarity of all pairs of some images; memory grows with the square of their number.

    Args:
        embeddings: (N, D).
        people: (N,) identity of each image.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, pairs of one kind.
    """
    unit = normalised(embeddings)
    names = texts_of(people, len(unit), "the person")
    first, second = np.triu_indices(len(unit), 1)
    return _of_cosines((unit @ unit.T)[first, second], same_of(names[first] == names[second], len(first)))


def check_metric(metric: str) -> None:
    """Refuse an unknown metric.

    Raises:
        EthnoshardError: the metric is neither "euclidean" nor "cosine".
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


def _of_cosines(cosine: Floats, same: Bools) -> MeanSimilarity:
    return MeanSimilarity.measured(
        different=float(cosine[~same].mean()), same=float(cosine[same].mean()), auc=area(-cosine, same)
    )
