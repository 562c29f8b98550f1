"""DET by group, with the one threshold for all marked on each curve."""

from collections.abc import Mapping

import plotly.graph_objects as go

from ethnoshard.charts import GroupCurve, group_det

from ._groups_found import Shown


def det(shown: Shown, colours: Mapping[str, str]) -> go.Figure:
    """The curves of a report that keeps them.

    Args:
        shown: the report.
        colours: of groups.
    """
    curves = shown.found.curves
    assert curves is not None, "checked by the page"
    drawn = [
        GroupCurve(
            group=group,
            fmr=curves.fmr[:, 0, place],
            fnmr=curves.fnmr[:, 0, place],
            too_few=shown.rates.by_group[group].too_few,
        )
        for place, group in enumerate(curves.groups)
    ]
    texts = [shown.found.text(place) for place in range(len(curves.thresholds))]
    return group_det(drawn, texts, shown.place, colours)
