"""How far clusters agree with the people behind them."""

import numpy as np

from ethnoshard.evaluation._checks import Floats, Whole
from ethnoshard.results import ClusterMetrics

NOISE = -1
"""The cluster number of images that DBSCAN puts in none."""


def cluster_metrics(unit: Floats, people: Whole, clusters: Whole) -> ClusterMetrics:
    """All figures of one clustering.

    Args:
        unit: (N, D) embeddings of length 1.
        people: (N,) numbers of people.
        clusters: (N,) numbers of clusters, ``NOISE`` for none.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

    kept = clusters != NOISE
    alone = clusters.copy()
    alone[~kept] = clusters.max() + 1 + np.arange(np.count_nonzero(~kept))
    return ClusterMetrics(
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
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(people, clusters).astype(np.int64)
    both = _pairs(table)
    together, own = _pairs(table.sum(axis=0)), _pairs(table.sum(axis=1))
    return 2 * both / (together + own) if together + own else 0.0


def silhouette(unit: Floats, labels: Whole) -> float | None:
    """Mean silhouette by Euclidean distance, or None where it is undefined."""
    number = len(np.unique(labels))
    if not 2 <= number < len(labels):
        return None
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(unit, labels))


def _pairs(counts: Whole) -> int:
    return int((counts * (counts - 1) // 2).sum())
