"""How alike embeddings of different people are: of a network that has collapsed, nearly all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ethnoshard.evaluation._checks import Bools, Floats, normalised, same_of, texts_of
from ethnoshard.evaluation._curve import area
from ethnoshard.evaluation._embeddings import check_same_shape

COLLAPSED_COSINE = 0.9
"""Mean cosine similarity of different people above which embeddings count as nearly all alike.

That is a mean squared distance below 0.2, the margin of FaceNet's loss (Schroff et al. 2015, section 3.2): between such
people it can't be kept even if all images of a person had one embedding. It is also a mean resultant length (Mardia and
Jupp 2000) above 0.95. Networks that tell people apart lie between -0.1 and 0.5.
"""
WORKING_AUC = 0.9
"""Area under the ROC curve from which embeddings count as working, however alike they are: those of a network that ends
in a ReLU share a direction, and may tell people apart within a narrow cone."""


@dataclass(frozen=True, kw_only=True)
class MeanSimilarity:
    """Means of the cosine similarity, as embeddings are, without subtracting their mean.

    Attributes:
        different: of pairs of different people, -1 to 1.
        same: of pairs of one person.
        auc: how often a pair of one person is more similar than one of two, ties counting half.
    """

    different: float
    same: float
    auc: float

    @property
    def collapsed(self) -> bool:
        """Whether embeddings of different people are nearly all alike, and don't tell them apart either."""
        return self.different > COLLAPSED_COSINE and self.auc < WORKING_AUC

    @property
    def warning(self) -> str | None:
        """What is to be said of embeddings that have collapsed; None of others."""
        if not self.collapsed:
            return None
        return (
            f"collapsed: embeddings of different people are nearly all alike, with a mean cosine similarity of "
            f"{self.different:.4f} (of one person {self.same:.4f}), and AUC is {self.auc:.3f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**vars(self), "collapsed": self.warning}

    @classmethod
    def of_dict(cls, plain: Mapping[str, Any]) -> "MeanSimilarity":
        """From what ``to_dict`` gave, perhaps by way of a file.

        Raises:
            KeyError: something is missing.
        """
        return cls(**{name: plain[name] for name in cls.__dataclass_fields__})


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
    return MeanSimilarity(
        different=float(cosine[~same].mean()), same=float(cosine[same].mean()), auc=area(-cosine, same)
    )
