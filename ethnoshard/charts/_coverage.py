"""What an epoch did with every face of a group."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from ethnoshard.charts._palette import GREY, colours_of_groups, translucent
from ethnoshard.charts._style import empty_chart, escaped


def coverage_bars(rows: pl.DataFrame, colours: Mapping[str, str] | None = None) -> go.Figure:
    """A bar a group, 100 % being its faces: used, dropped, excluded, and beyond it what was drawn again.

    Args:
        rows: a row a group, with columns group, faces, used, dropped, excluded and repeated, in faces.
        colours: of groups; by their names if not given.
    """
    groups = rows["group"].to_list()
    colours = colours_of_groups(groups) if colours is None else colours
    chart = empty_chart("% of the group's faces", "", height=120 + 40 * len(groups), barmode="stack", showlegend=False)
    solid = [colours[group] for group in groups]
    looks: dict[str, dict[str, Any]] = {
        "used": {"color": solid},
        "dropped": {"color": [translucent(colour, 0.3) for colour in solid]},
        "excluded": {"color": translucent(GREY, 0.35)},
        "repeated": {
            "color": [translucent(colour, 0.15) for colour in solid],
            "pattern": {"shape": "/", "fgcolor": solid, "size": 6},
        },
    }
    for kind, look in looks.items():
        shares = (100 * rows[kind] / rows["faces"]).fill_nan(0)
        chart.add_trace(
            go.Bar(
                y=[escaped(group) for group in groups], x=shares, orientation="h", name=kind, marker=look,
                customdata=rows[kind], hovertemplate=f"%{{y}}, {kind}: %{{customdata:,}} (%{{x:.1f}} %)<extra></extra>",
            )
        )  # fmt: skip
    chart.add_vline(x=100, line={"dash": "dash", "width": 1.5, "color": GREY})
    return chart.update_yaxes(autorange="reversed")
