"""Two models' clusterings on the same draws of people."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._clustering import FIGURES
from ethnoshard.results import Clustering, ClusteringChange, ClusterMetrics


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


def _change(base: tuple[ClusterMetrics, ...], other: tuple[ClusterMetrics, ...], name: str) -> ClusteringChange:
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
