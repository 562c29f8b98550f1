"""Charts of what was measured, each once: for reports, for the dashboard and for notebooks. Pure plotly.

A chart is a ``plotly.graph_objects.Figure`` without a title and in no template: ``titled`` gives it the one, and
``page`` makes it a page of HTML. Names, numbers and colours are here at once; what draws is loaded when its name is
first used, as plotly takes seconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ethnoshard.charts._numbers import (
    NONE,
    Ends,
    count,
    interval,
    number,
    percent,
    plus_minus,
    share,
    signed,
    spread,
    with_interval,
)
from ethnoshard.charts._palette import (
    ARM_COLOURS,
    DASHES,
    DIFFERENT,
    GREY,
    GROUP_COLOURS,
    KNOWN_ARMS,
    KNOWN_GROUPS,
    MARK,
    SAME,
    SYMBOLS,
    colours_of_arms,
    colours_of_groups,
    translucent,
)
from ethnoshard.charts._words import (
    AGREEMENT,
    CLUSTER_METRICS,
    DISTANCES,
    FMR,
    FNMR,
    GROUP_METRICS,
    KALINGAS_EPS,
    MAP_SIDE,
    METHODS,
    RATES,
    SCORE,
    TAR,
    Method,
    metric_name,
)

if TYPE_CHECKING:
    from ethnoshard.charts._clusters import SweepLine, agreement, eps_sweep
    from ethnoshard.charts._comparison import Difference, differences
    from ethnoshard.charts._embedding_map import (
        PointSet,
        embedding_map,
        node_map,
        points_of_clusters,
        points_of_groups,
        points_of_people,
    )
    from ethnoshard.charts._groups import ErrorRate, GroupCurve, GroupRates, group_det, group_matrix, group_rates
    from ethnoshard.charts._log_axis import log_axis
    from ethnoshard.charts._som_map import som_map, som_nodes
    from ethnoshard.charts._style import HEIGHT, NUMBERS, empty_chart, error_bars, escaped, page, titled
    from ethnoshard.charts._verification import (
        Curve,
        FoldAccuracy,
        Mark,
        OperatingPoint,
        det,
        distances,
        folds,
        identification,
        roc,
    )

__all__ = [
    "AGREEMENT",
    "ARM_COLOURS",
    "CLUSTER_METRICS",
    "DASHES",
    "DIFFERENT",
    "DISTANCES",
    "FMR",
    "FNMR",
    "GREY",
    "GROUP_COLOURS",
    "GROUP_METRICS",
    "HEIGHT",
    "KALINGAS_EPS",
    "KNOWN_ARMS",
    "KNOWN_GROUPS",
    "MAP_SIDE",
    "MARK",
    "METHODS",
    "NONE",
    "NUMBERS",
    "RATES",
    "SAME",
    "SCORE",
    "SYMBOLS",
    "TAR",
    "Curve",
    "Difference",
    "Ends",
    "ErrorRate",
    "FoldAccuracy",
    "GroupCurve",
    "GroupRates",
    "Mark",
    "Method",
    "OperatingPoint",
    "PointSet",
    "SweepLine",
    "agreement",
    "colours_of_arms",
    "colours_of_groups",
    "count",
    "det",
    "differences",
    "distances",
    "embedding_map",
    "empty_chart",
    "eps_sweep",
    "error_bars",
    "escaped",
    "folds",
    "group_det",
    "group_matrix",
    "group_rates",
    "identification",
    "interval",
    "log_axis",
    "metric_name",
    "node_map",
    "number",
    "page",
    "percent",
    "plus_minus",
    "points_of_clusters",
    "points_of_groups",
    "points_of_people",
    "roc",
    "share",
    "signed",
    "som_map",
    "som_nodes",
    "spread",
    "titled",
    "translucent",
    "with_interval",
]

_LATER = {
    "Curve": "_verification",
    "Difference": "_comparison",
    "ErrorRate": "_groups",
    "FoldAccuracy": "_verification",
    "GroupCurve": "_groups",
    "GroupRates": "_groups",
    "HEIGHT": "_style",
    "Mark": "_verification",
    "NUMBERS": "_style",
    "OperatingPoint": "_verification",
    "PointSet": "_embedding_map",
    "SweepLine": "_clusters",
    "agreement": "_clusters",
    "det": "_verification",
    "differences": "_comparison",
    "distances": "_verification",
    "embedding_map": "_embedding_map",
    "empty_chart": "_style",
    "eps_sweep": "_clusters",
    "error_bars": "_style",
    "escaped": "_style",
    "folds": "_verification",
    "group_det": "_groups",
    "group_matrix": "_groups",
    "group_rates": "_groups",
    "identification": "_verification",
    "log_axis": "_log_axis",
    "node_map": "_embedding_map",
    "page": "_style",
    "points_of_clusters": "_embedding_map",
    "points_of_groups": "_embedding_map",
    "points_of_people": "_embedding_map",
    "roc": "_verification",
    "som_map": "_som_map",
    "som_nodes": "_som_map",
    "titled": "_style",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"ethnoshard.charts.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
