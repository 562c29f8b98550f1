"""How good embeddings are, and for whom. Pure: numpy in, numbers out; no torch, no files, no clock.

scikit-learn, which takes seconds and a thousand modules, is loaded by what computes with it, when it does.
"""

from ethnoshard.evaluation._clustering import (
    ClusterMethod,
    Picture,
    cluster_metrics,
    clustering,
    compare_clusterings,
    picture,
)
from ethnoshard.evaluation._compare_groups import compare_demographics
from ethnoshard.evaluation._compare_open_set import compare_open_set
from ethnoshard.evaluation._counts import TestedPairs, Weighting
from ethnoshard.evaluation._draws import draw_people
from ethnoshard.evaluation._failures import ListedImages, LostImages, failures_of_images, failures_of_list
from ethnoshard.evaluation._fairness import IDEALS, fairness_metrics
from ethnoshard.evaluation._group_curves import Demographics, GroupCurves
from ethnoshard.evaluation._group_options import GroupOptions
from ethnoshard.evaluation._group_tally import ChosenThreshold, GroupTally, choose_threshold, given_threshold
from ethnoshard.evaluation._groups import demographics, group_curves
from ethnoshard.evaluation._identification import compare_ranks, identification
from ethnoshard.evaluation._moving_threshold import GroupErrorsOverThresholds, indices_at
from ethnoshard.evaluation._open_set import open_set
from ethnoshard.evaluation._ranked_pairs import PairErrors, RankedPairs, ThresholdScale
from ethnoshard.evaluation._roster import Roster
from ethnoshard.evaluation._score_list import ScoreList
from ethnoshard.evaluation._score_shift import score_shift
from ethnoshard.evaluation._searches import Searches
from ethnoshard.evaluation._similarity import (
    Metric,
    flip_averaged,
    mean_similarity_of_pairs,
    mean_similarity_of_people,
)
from ethnoshard.evaluation._tar_at_far import tar_at_fars
from ethnoshard.evaluation._thresholds import threshold_at_fmr, threshold_by_rule, thresholds_over
from ethnoshard.evaluation._verification import pair_distances, verification, verification_of_distances
from ethnoshard.evaluation._verification_by_group import verification_by_group
from ethnoshard.evaluation._verified_pairs import VerifiedPairs, compare_verifications
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
    "ChosenThreshold",
    "ClusterMethod",
    "ClusterMetrics",
    "Clustering",
    "ClusteringChange",
    "Curve",
    "Demographics",
    "DemographicsChange",
    "Estimate",
    "FoldRate",
    "GroupCurves",
    "GroupErrorsOverThresholds",
    "GroupOptions",
    "GroupRates",
    "GroupTally",
    "Identification",
    "Interval",
    "ListedImages",
    "LostImages",
    "MeanSimilarity",
    "Metric",
    "PairErrors",
    "Picture",
    "RankRate",
    "RankedPairs",
    "Rate",
    "RateInterval",
    "Roster",
    "ScoreList",
    "Searches",
    "TestedPairs",
    "ThresholdScale",
    "Validation",
    "Verification",
    "VerifiedPairs",
    "Weighting",
    "choose_threshold",
    "cluster_metrics",
    "clustering",
    "compare_clusterings",
    "compare_demographics",
    "compare_open_set",
    "compare_ranks",
    "compare_verifications",
    "demographics",
    "draw_people",
    "explained_by_chance",
    "failures_of_images",
    "failures_of_list",
    "fairness_metrics",
    "flip_averaged",
    "given_threshold",
    "group_curves",
    "identification",
    "indices_at",
    "mean_similarity_of_pairs",
    "mean_similarity_of_people",
    "open_set",
    "pair_distances",
    "picture",
    "score_shift",
    "tar_at_fars",
    "threshold_at_fmr",
    "threshold_by_rule",
    "thresholds_over",
    "verification",
    "verification_by_group",
    "verification_of_distances",
    "why_no_val_of_before",
    "wilson",
]
