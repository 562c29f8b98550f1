"""How alike embeddings of different people are: of a network that has collapsed, nearly all."""

import numpy as np
import numpy.typing as npt

from ethnoshard.evaluation._checks import Bools, Floats, normalised, same_of, texts_of
from ethnoshard.evaluation._curve import area
from ethnoshard.evaluation._embeddings import check_same_shape
from ethnoshard.results import MeanSimilarity


def mean_similarity_of_pairs(first: npt.ArrayLike, second: npt.ArrayLike, same: npt.ArrayLike) -> MeanSimilarity:
    """Of pairs.

    Args:
        first: (N, D) embedding of the first image of each pair.
        second: (N, D) of the second.
        same: (N,) bool.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), shapes that don't fit, pairs of one kind.
    """
    one, other = normalised(first, "first embeddings"), normalised(second, "second embeddings")
    check_same_shape(one.shape, other.shape)
    return _of_cosines(np.einsum("nd,nd->n", one, other), same_of(same, len(one)))


def mean_similarity_of_people(embeddings: npt.ArrayLike, people: npt.ArrayLike) -> MeanSimilarity:
    """Of all pairs of some images; memory grows with the square of their number.

    Args:
        embeddings: (N, D).
        people: (N,) whose each image is.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, pairs of one kind.
    """
    unit = normalised(embeddings)
    names = texts_of(people, len(unit), "the person")
    first, second = np.triu_indices(len(unit), 1)
    return _of_cosines((unit @ unit.T)[first, second], same_of(names[first] == names[second], len(first)))


def _of_cosines(cosine: Floats, same: Bools) -> MeanSimilarity:
    return MeanSimilarity.measured(
        different=float(cosine[~same].mean()), same=float(cosine[same].mean()), auc=area(-cosine, same)
    )
