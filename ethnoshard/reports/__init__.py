"""Reports: an evaluation, a clustering, a comparison or an audit as JSON, arrays, Markdown and pages.

What computes or draws is loaded when its name is first used: scikit-learn and plotly take seconds.
"""

from typing import TYPE_CHECKING

from ethnoshard._late import late_names
from ethnoshard.reports._folder import (
    FORMAT,
    Report,
    ReportFolder,
    check_out,
    read_report,
    write_report,
)
from ethnoshard.reports._list import list_reports
from ethnoshard.reports._readers import PAIR_FORMATS, read_groups, read_pairs
from ethnoshard.reports._warnings import collapse_of, no_val, shared_people_text, warnings_of
from ethnoshard.results import EvaluationOptions

if TYPE_CHECKING:
    from ethnoshard.reports._audit import audit_report
    from ethnoshard.reports._cluster import cluster_embeddings
    from ethnoshard.reports._compare import compare_reports
    from ethnoshard.reports._evaluate import evaluate_embeddings, evaluate_scores, model_of, source_of
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "audit_report": "_audit",
            "cluster_embeddings": "_cluster",
            "compare_reports": "_compare",
            "evaluate_embeddings": "_evaluate",
            "evaluate_scores": "_evaluate",
            "model_of": "_evaluate",
            "source_of": "_evaluate",
        },
    )

__all__ = [
    "FORMAT",
    "PAIR_FORMATS",
    "EvaluationOptions",
    "Report",
    "ReportFolder",
    "audit_report",
    "check_out",
    "cluster_embeddings",
    "collapse_of",
    "compare_reports",
    "evaluate_embeddings",
    "evaluate_scores",
    "list_reports",
    "model_of",
    "no_val",
    "read_groups",
    "read_pairs",
    "read_report",
    "shared_people_text",
    "source_of",
    "warnings_of",
    "write_report",
]
