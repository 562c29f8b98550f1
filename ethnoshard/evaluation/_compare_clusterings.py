"""Two models' clusterings on the same draws of people."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._agreement import ClusterFigures
from ethnoshard.evaluation._clustering import FIGURES, Clustering


@dataclass(frozen=True, kw_only=True)
class ClusteringChange:
    """A figure of two models, draw by draw.

    Attributes:
        base: mean of the draws; None where undefined in one of them.
        other: likewise.
        differences: other - base of each draw; None where one is undefined.
        mean: of the differences; None where one is undefined.
        better: draws in which the other's figure is greater.
    """

    base: float | None
    other: float | None
    differences: tuple[float | None, ...]
    mean: float | None
    better: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**vars(self), "differences": list(self.differences)}


def compare_clusterings(base: Clustering, other: Clustering) -> dict[str, dict[str, ClusteringChange]]:
    """Paired differences: method -> figure -> change, for the methods that both have.

    Args:
        base: of the one model.
        other: of the other, on the same images with the same seed.

    Raises:
        EthnoshardError: other people were drawn.
    """
    if base.drawn != other.drawn:
        raise EthnoshardError(
            "the two clusterings are of different draws of people; cluster both models' embeddings of the same images "
            "with the same seed and numbers"
        )
    methods = [method for method in base.methods if method in other.methods]
    return {
        method: {name: _change(base.methods[method], other.methods[method], name) for name in FIGURES}
        for method in methods
    }


def _change(base: tuple[ClusterFigures, ...], other: tuple[ClusterFigures, ...], name: str) -> ClusteringChange:
    ours: list[float | None] = [getattr(draw, name) for draw in base]
    theirs: list[float | None] = [getattr(draw, name) for draw in other]
    differences = [None if a is None or b is None else b - a for a, b in zip(ours, theirs, strict=True)]
    return ClusteringChange(
        base=_mean(ours),
        other=_mean(theirs),
        differences=tuple(differences),
        mean=_mean(differences),
        better=sum(value is not None and value > 0 for value in differences),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
