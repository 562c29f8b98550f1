"""Results with types: what an evaluation, a clustering or a comparison came to, as dataclasses and as JSON.

Below everything that measures, draws or shows them; numpy and nothing else.
"""

from ethnoshard._json import Json, as_json, from_json
from ethnoshard._wilson import LEVEL, RateInterval, wilson
from ethnoshard.results._about import EvaluationOptions, Images, Metric, Model, Pairs, Reason, SharedPeople, Source
from ethnoshard.results._arrays import CLUSTERINGS, Arrays, NamedArrays, PairScores, PicturePoints
from ethnoshard.results._clusters import Clustering, ClusteringChange, ClusterMetrics, PictureMetrics, SweepPoint
from ethnoshard.results._estimates import Change, Estimate, Interval, Rate
from ethnoshard.results._groups import (
    ChosenOn,
    DemographicsChange,
    ErrorsAtThreshold,
    GroupErrors,
    GroupErrorsChange,
    GroupRates,
    Scale,
    Threshold,
)
from ethnoshard.results._identification import Identification, IdentificationChange, RankChange, RankRate
from ethnoshard.results._reached import Accepted, explained_by_chance, why_no_val, why_no_val_of_before
from ethnoshard.results._reports import (
    ClusterReport,
    Compared,
    Comparison,
    Evaluation,
    Kind,
    Result,
    result_as_json,
    result_from_json,
)
from ethnoshard.results._verification import (
    Curve,
    FoldRate,
    MeanSimilarity,
    Validation,
    Verification,
    VerificationSummary,
)

__all__ = [
    "CLUSTERINGS",
    "LEVEL",
    "Accepted",
    "Arrays",
    "Change",
    "ChosenOn",
    "ClusterMetrics",
    "ClusterReport",
    "Clustering",
    "ClusteringChange",
    "Compared",
    "Comparison",
    "Curve",
    "DemographicsChange",
    "ErrorsAtThreshold",
    "Estimate",
    "Evaluation",
    "EvaluationOptions",
    "FoldRate",
    "GroupErrors",
    "GroupErrorsChange",
    "GroupRates",
    "Identification",
    "IdentificationChange",
    "Images",
    "Interval",
    "Json",
    "Kind",
    "MeanSimilarity",
    "Metric",
    "Model",
    "NamedArrays",
    "PairScores",
    "Pairs",
    "PictureMetrics",
    "PicturePoints",
    "RankChange",
    "RankRate",
    "Rate",
    "RateInterval",
    "Reason",
    "Result",
    "Scale",
    "SharedPeople",
    "Source",
    "SweepPoint",
    "Threshold",
    "Validation",
    "Verification",
    "VerificationSummary",
    "as_json",
    "explained_by_chance",
    "from_json",
    "result_as_json",
    "result_from_json",
    "why_no_val",
    "why_no_val_of_before",
    "wilson",
]
