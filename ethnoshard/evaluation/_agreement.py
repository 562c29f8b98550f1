"""How far clusters agree with the people behind them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score, v_measure_score
from sklearn.metrics.cluster import contingency_matrix

from ethnoshard.evaluation._checks import Floats, Whole

NOISE = -1
"""The cluster number of images that DBSCAN puts in none."""


@dataclass(frozen=True, kw_only=True)
class ClusterFigures:
    """How far one clustering agrees with people.

    Images in no cluster count as clusters of one each: lumped together they would be a cluster of many people, which
    no method proposed.

    Attributes:
        clusters: found, those of left-over images not counted.
        left_over: images in no cluster.
        ari: adjusted Rand index (Hubert and Arabie 1985), 0 by chance, 1 where clusters are people.
        nmi: normalised mutual information, arithmetic mean.
        v_measure: Rosenberg and Hirschberg (2007), harmonic mean of homogeneity and completeness.
        pairwise_f: F1 over all pairs of images, in one cluster against of one person.
        silhouette: of the clusters, in the embedding space (Rousseeuw 1987), left-over images aside; None where there
            are fewer than two clusters, or each is of one image.
    """

    clusters: int
    left_over: int
    ari: float
    nmi: float
    v_measure: float
    pairwise_f: float
    silhouette: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return dict(vars(self))


def cluster_figures(unit: Floats, people: Whole, clusters: Whole) -> ClusterFigures:
    """All figures of one clustering.

    Args:
        unit: (N, D) embeddings of length 1.
        people: (N,) numbers of people.
        clusters: (N,) numbers of clusters, ``NOISE`` for none.
    """
    kept = clusters != NOISE
    alone = clusters.copy()
    alone[~kept] = clusters.max() + 1 + np.arange(np.count_nonzero(~kept))
    return ClusterFigures(
        clusters=len(np.unique(clusters[kept])),
        left_over=int(np.count_nonzero(~kept)),
        ari=float(adjusted_rand_score(people, alone)),
        nmi=float(normalized_mutual_info_score(people, alone)),
        v_measure=float(v_measure_score(people, alone)),
        pairwise_f=pairwise_f(people, alone),
        silhouette=silhouette(unit[kept], clusters[kept]),
    )


def pairwise_f(people: Whole, clusters: Whole) -> float:
    """F1 of "one cluster" as an answer to "one person?" over all pairs of images; 0 where no pair is in a cluster."""
    table = contingency_matrix(people, clusters).astype(np.int64)
    both = _pairs(table)
    together, own = _pairs(table.sum(axis=0)), _pairs(table.sum(axis=1))
    return 2 * both / (together + own) if together + own else 0.0


def silhouette(unit: Floats, labels: Whole) -> float | None:
    """Mean silhouette by Euclidean distance, or None where it is undefined."""
    number = len(np.unique(labels))
    if not 2 <= number < len(labels):
        return None
    return float(silhouette_score(unit, labels))


def _pairs(counts: Whole) -> int:
    return int((counts * (counts - 1) // 2).sum())
