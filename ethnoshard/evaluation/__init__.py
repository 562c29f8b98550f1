"""How good embeddings are, and for whom. Pure: numpy in, numbers out; no torch, no files, no clock.

scikit-learn, which takes seconds and a thousand modules, is loaded by what computes with it, when it does.
"""

from ethnoshard.evaluation._agreement import cluster_metrics
from ethnoshard.evaluation._by_group import Demographics
from ethnoshard.evaluation._clustering import ClusterMethod, clustering
from ethnoshard.evaluation._common_threshold import threshold_of_embeddings, threshold_of_scores
from ethnoshard.evaluation._compare import compare_demographics
from ethnoshard.evaluation._compare_clusterings import compare_clusterings
from ethnoshard.evaluation._compare_verifications import VerifiedPairs, compare_verifications
from ethnoshard.evaluation._curves import curves_of_embeddings, curves_of_scores
from ethnoshard.evaluation._curves_by_group import GroupCurves
from ethnoshard.evaluation._demographics import demographics_of_embeddings, demographics_of_scores
from ethnoshard.evaluation._embeddings import Metric, flip_averaged
from ethnoshard.evaluation._figures import IDEALS, figures
from ethnoshard.evaluation._identification import identification
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._pair_distances import pair_distances
from ethnoshard.evaluation._people_draws import draw_people
from ethnoshard.evaluation._picture import Picture, picture
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.evaluation._similarity import mean_similarity_of_pairs, mean_similarity_of_people
from ethnoshard.evaluation._threshold_span import thresholds_over_embeddings, thresholds_over_scores
from ethnoshard.evaluation._verification import verification, verification_of_distances
from ethnoshard.results import (
    Change,
    Clustering,
    ClusteringChange,
    ClusterMetrics,
    Curve,
    DemographicsChange,
    Estimate,
    FoldRate,
    GroupRates,
    Identification,
    Interval,
    MeanSimilarity,
    RankRate,
    Rate,
    RateInterval,
    Validation,
    Verification,
    explained_by_chance,
    why_no_val_of_before,
    wilson,
)

__all__ = [
    "IDEALS",
    "Change",
    "ClusterMethod",
    "ClusterMetrics",
    "Clustering",
    "ClusteringChange",
    "Curve",
    "Demographics",
    "DemographicsChange",
    "DrawnRates",
    "Estimate",
    "FoldRate",
    "GroupCurves",
    "GroupRates",
    "Identification",
    "Interval",
    "MeanSimilarity",
    "Metric",
    "Picture",
    "RankRate",
    "Rate",
    "RateInterval",
    "Validation",
    "Verification",
    "VerifiedPairs",
    "Weighting",
    "cluster_metrics",
    "clustering",
    "compare_clusterings",
    "compare_demographics",
    "compare_verifications",
    "curves_of_embeddings",
    "curves_of_scores",
    "demographics_of_embeddings",
    "demographics_of_scores",
    "draw_people",
    "explained_by_chance",
    "figures",
    "flip_averaged",
    "identification",
    "mean_similarity_of_pairs",
    "mean_similarity_of_people",
    "pair_distances",
    "picture",
    "threshold_of_embeddings",
    "threshold_of_scores",
    "thresholds_over_embeddings",
    "thresholds_over_scores",
    "verification",
    "verification_of_distances",
    "why_no_val_of_before",
    "wilson",
]
