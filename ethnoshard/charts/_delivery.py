"""How batches were composed against what was asked for, and what an epoch did with every face."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from ethnoshard.charts._palette import GREY, GROUP_COLOURS, colours_of_groups, translucent
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.results import Delivery

_PROMISED = GROUP_COLOURS[2]
"""Of the band of what is promised."""
STEPS_DRAWN = 80
"""Steps whose composition is drawn: more can't be told apart."""
_POINTS = 400
"""Places of a line at most; more steps come in blocks."""
_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}


def batch_composition(delivery: Delivery, colours: Mapping[str, str] | None = None) -> go.Figure:
    """Shares of the groups on top of each other, step by step; dashed where the target has their borders.

    Args:
        delivery: of which the first ``STEPS_DRAWN`` steps are drawn.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(delivery.groups) if colours is None else colours
    x = delivery.steps[:STEPS_DRAWN]
    shares = 100 * delivery.people[:STEPS_DRAWN] / delivery.people[:STEPS_DRAWN].sum(1, keepdims=True)
    borders = (100 * delivery.wanted[:STEPS_DRAWN] / delivery.wanted[:STEPS_DRAWN].sum(1, keepdims=True)).cumsum(1)
    chart = empty_chart(
        "Step", "People of a batch, %", legend=_LEGEND, barmode="stack", bargap=0, hovermode="x unified"
    )
    for number, group in enumerate(delivery.groups):
        chart.add_trace(
            go.Bar(
                x=x, y=shares[:, number], name=escaped(group), marker={"color": colours[group], "line": {"width": 0}},
                customdata=delivery.people[:STEPS_DRAWN, number],
                hovertemplate=f"{escaped(group)}: %{{customdata:.0f}} people, %{{y:.1f}} %<extra></extra>",
            )
        )  # fmt: skip
    ends = np.concatenate([x - 0.5, [x[-1] + 0.5]])
    for number in range(len(delivery.groups) - 1):
        chart.add_trace(
            go.Scatter(
                x=ends, y=np.append(borders[:, number], borders[-1, number]), mode="lines", showlegend=False,
                hoverinfo="skip",
                # On the groups' colours, which are the same in both themes.
                line={"color": "rgba(255,255,255,0.95)", "width": 2, "dash": "dash", "shape": "hv"},
            )
        )  # fmt: skip
    return chart.update_yaxes(range=[0, 100]).update_xaxes(range=[ends[0], ends[-1]])


def quota_error(delivery: Delivery, colours: Mapping[str, str] | None = None) -> go.Figure:
    """People ahead of what was wanted: a line a group, each around its own 0, with the band of what is promised.

    Args:
        delivery: what was delivered; of blocks of many steps the farthest is drawn.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(delivery.groups) if colours is None else colours
    begins, values = farthest_in_blocks(delivery.ahead, _POINTS)
    limit = 1.15 * max(delivery.farthest, 1.2 * delivery.within)
    chart = empty_chart("Step", "", height=110 + 56 * len(delivery.groups), showlegend=False)
    band = _PROMISED if delivery.promised else GREY
    for row, group in enumerate(delivery.groups):
        # Rows go down, the error goes up.
        middle = -2 * limit * row
        chart.add_hrect(
            y0=middle - delivery.within, y1=middle + delivery.within, layer="below", fillcolor=translucent(band, 0.22),
            line={"width": 1, "dash": "solid" if delivery.promised else "dot", "color": band},
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=delivery.steps[begins], y=middle + values[:, row], name=escaped(group), mode="lines",
                line={"color": colours[group], "width": 1.5}, customdata=values[:, row],
                hovertemplate=f"{escaped(group)}, step %{{x}}: %{{customdata:+.2f}} people<extra></extra>",
            )
        )  # fmt: skip
        chart.add_annotation(
            x=1, xref="paper", xanchor="left", y=middle, showarrow=False, font={"size": 11},
            text=f" {min(0.0, values[:, row].min()):+.1f} to {max(0.0, values[:, row].max()):+.1f}",
        )  # fmt: skip
    chart.update_yaxes(
        tickvals=[-2 * limit * row for row in range(len(delivery.groups))],
        ticktext=[escaped(group) for group in delivery.groups],
        range=[-2 * limit * (len(delivery.groups) - 1) - limit, limit], showgrid=False, zeroline=False,
    )  # fmt: skip
    return chart.update_layout(margin={"t": 20, "b": 10, "l": 10, "r": 85})


def people_per_batch(
    delivery: Delivery, colours: Mapping[str, str] | None = None, most: float | None = None
) -> go.Figure:
    """How many batches hold how many people of each group, the larger the more; dotted: people wanted on average.

    Args:
        delivery: what was delivered.
        colours: of groups; by their names if not given.
        most: where the axis ends; the most people of a group if not given.
    """
    colours = colours_of_groups(delivery.groups) if colours is None else colours
    most = float(delivery.people.max()) if most is None else most
    chart = empty_chart("People of the group in a batch", "", height=120 + 44 * len(delivery.groups), showlegend=False)
    for row, group in enumerate(delivery.groups):
        found, counts = np.unique(delivery.people[:, row].astype(np.int64), return_counts=True)
        shares = counts / len(delivery.steps)
        chart.add_trace(
            go.Scatter(
                x=found, y=[row] * len(found), mode="markers", name=escaped(group),
                marker={
                    "size": shares, "sizemode": "area", "sizeref": 2 / 28**2, "sizemin": 2, "color": colours[group],
                    "opacity": 0.9, "line": {"width": 0},
                },
                customdata=np.stack([100 * shares, counts], axis=1),
                hovertemplate=(
                    f"%{{x}} people of {escaped(group)}: %{{customdata[0]:.1f}} % of batches "
                    "(%{customdata[1]:,})<extra></extra>"
                ),
            )
        )  # fmt: skip
        mean = float(delivery.wanted[:, row].mean())
        chart.add_shape(
            type="line", x0=mean, x1=mean, y0=row - 0.42, y1=row + 0.42,
            line={"width": 2, "dash": "dot", "color": colours[group]},
        )  # fmt: skip
    rows = list(range(len(delivery.groups)))
    chart.update_yaxes(
        tickvals=rows, ticktext=[escaped(group) for group in delivery.groups], range=[len(rows) - 0.4, -0.6],
        showgrid=False, zeroline=False,
    )  # fmt: skip
    return chart.update_xaxes(range=[-0.7, most + 0.7], zeroline=False)


def farthest_in_blocks(values: NDArray[np.float64], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of blocks of steps those that lie farthest from 0, so that a thinned line hides no excess: indices and values."""
    size = max(1, -(-len(values) // most))
    begins = np.arange(0, len(values), size)
    kept = np.stack([values[begin : begin + size] for begin in begins[:-1]]) if len(begins) > 1 else values[:0, None]
    chosen = np.take_along_axis(kept, np.abs(kept).argmax(1, keepdims=True), axis=1)[:, 0]
    tail = values[begins[-1] :]
    last = np.take_along_axis(tail, np.abs(tail).argmax(0, keepdims=True), axis=0)
    return begins, np.concatenate([chosen.reshape(-1, values.shape[1]), last])


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
    looks: dict[str, dict[str, object]] = {
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
