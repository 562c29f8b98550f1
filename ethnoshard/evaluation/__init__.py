"""How good embeddings are, and for whom. Pure: numpy in, numbers out; no torch, no files, no clock."""

from ethnoshard.evaluation._agreement import ClusterFigures, cluster_figures
from ethnoshard.evaluation._by_group import Demographics, Figure, GroupRates
from ethnoshard.evaluation._cells import Rate
from ethnoshard.evaluation._clustering import Clustering, ClusterMethod, clustering
from ethnoshard.evaluation._common_threshold import threshold_of_embeddings, threshold_of_scores
from ethnoshard.evaluation._compare import Change, DemographicsChange, compare_demographics
from ethnoshard.evaluation._compare_clusterings import ClusteringChange, compare_clusterings
from ethnoshard.evaluation._compare_verifications import VerifiedPairs, compare_verifications
from ethnoshard.evaluation._curve import Curve
from ethnoshard.evaluation._curves import curves_of_embeddings, curves_of_scores
from ethnoshard.evaluation._curves_by_group import GroupCurves
from ethnoshard.evaluation._demographics import demographics_of_embeddings, demographics_of_scores
from ethnoshard.evaluation._embeddings import Metric, flip_averaged
from ethnoshard.evaluation._figures import IDEALS, figures
from ethnoshard.evaluation._identification import Identification, RankFigure, identification
from ethnoshard.evaluation._impostors import Weighting
from ethnoshard.evaluation._intervals import Interval, wilson
from ethnoshard.evaluation._pair_distances import pair_distances
from ethnoshard.evaluation._people_draws import draw_people
from ethnoshard.evaluation._picture import Picture, picture
from ethnoshard.evaluation._rates import DrawnRates
from ethnoshard.evaluation._reached import explained_by_chance, why_no_val_of_before
from ethnoshard.evaluation._similarity import MeanSimilarity, mean_similarity_of_pairs, mean_similarity_of_people
from ethnoshard.evaluation._threshold_span import thresholds_over_embeddings, thresholds_over_scores
from ethnoshard.evaluation._verification import verification, verification_of_distances
from ethnoshard.evaluation._verified import FoldFigure, Validation, Verification

__all__ = [
    "IDEALS",
    "Change",
    "ClusterFigures",
    "ClusterMethod",
    "Clustering",
    "ClusteringChange",
    "Curve",
    "Demographics",
    "DemographicsChange",
    "DrawnRates",
    "Figure",
    "FoldFigure",
    "GroupCurves",
    "GroupRates",
    "Identification",
    "Interval",
    "MeanSimilarity",
    "Metric",
    "Picture",
    "RankFigure",
    "Rate",
    "Validation",
    "Verification",
    "VerifiedPairs",
    "Weighting",
    "cluster_figures",
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
