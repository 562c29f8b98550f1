"""Batches as figures: composition, error, numbers of people; and their titles."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ethnoshard.charts import GREY, GROUP_COLOURS, empty_chart, escaped, translucent

from ._batches_made import Made, farthest_in_blocks

_KEPT = GROUP_COLOURS[2]
"""Of the band of what is promised."""
BARS = 80
"""Steps whose composition is drawn: more can't be told apart."""
POINTS = 400
"""Places of a line at most; more steps come in blocks."""
_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}


def composition(made: Made, colours: Mapping[str, str]) -> go.Figure:
    """Shares of the groups on top of each other, step by step; dashed where the target has their borders."""
    x = made.steps[:BARS]
    shares = 100 * made.people[:BARS] / made.people[:BARS].sum(1, keepdims=True)
    borders = (100 * made.wanted[:BARS] / made.wanted[:BARS].sum(1, keepdims=True)).cumsum(1)
    drawn = empty_chart(
        "Step", "People of a batch, %", legend=_LEGEND, barmode="stack", bargap=0, hovermode="x unified"
    )
    for number, group in enumerate(made.groups):
        drawn.add_trace(
            go.Bar(
                x=x, y=shares[:, number], name=escaped(group), marker={"color": colours[group], "line": {"width": 0}},
                customdata=made.people[:BARS, number],
                hovertemplate=f"{escaped(group)}: %{{customdata:.0f}} people, %{{y:.1f}} %<extra></extra>",
            )
        )  # fmt: skip
    ends = np.concatenate([x - 0.5, [x[-1] + 0.5]])
    for number in range(len(made.groups) - 1):
        drawn.add_trace(
            go.Scatter(
                x=ends, y=np.append(borders[:, number], borders[-1, number]), mode="lines", showlegend=False,
                hoverinfo="skip",
                # On the groups' colours, which are the same in both themes.
                line={"color": "rgba(255,255,255,0.95)", "width": 2, "dash": "dash", "shape": "hv"},
            )
        )  # fmt: skip
    return drawn.update_yaxes(range=[0, 100]).update_xaxes(range=[ends[0], ends[-1]])


def composition_title(made: Made) -> str:
    """How far a single step is off."""
    if made.promised:
        return f"{made.run}: no batch is more than {bound(made.off_in_a_batch)} people off its target in any group"
    return f"{made.run}: batches are up to {made.off_in_a_batch:.1f} people off what the dataset holds"


def error(made: Made, colours: Mapping[str, str]) -> go.Figure:
    """People ahead of what was wanted: a line a group, each around its own 0, with the band of what is promised."""
    begins, values = farthest_in_blocks(made.ahead, POINTS)
    limit = 1.15 * max(made.farthest, 1.2 * made.within)
    drawn = empty_chart("Step", "", height=110 + 56 * len(made.groups), showlegend=False)
    band = _KEPT if made.promised else GREY
    for row, group in enumerate(made.groups):
        # Rows go down, the error goes up.
        middle = -2 * limit * row
        drawn.add_hrect(
            y0=middle - made.within, y1=middle + made.within, layer="below", fillcolor=translucent(band, 0.22),
            line={"width": 1, "dash": "solid" if made.promised else "dot", "color": band},
        )  # fmt: skip
        drawn.add_trace(
            go.Scatter(
                x=made.steps[begins], y=middle + values[:, row], name=escaped(group), mode="lines",
                line={"color": colours[group], "width": 1.5}, customdata=values[:, row],
                hovertemplate=f"{escaped(group)}, step %{{x}}: %{{customdata:+.2f}} people<extra></extra>",
            )
        )  # fmt: skip
        drawn.add_annotation(
            x=1, xref="paper", xanchor="left", y=middle, showarrow=False, font={"size": 11},
            text=f" {min(0.0, values[:, row].min()):+.1f} to {max(0.0, values[:, row].max()):+.1f}",
        )  # fmt: skip
    drawn.update_yaxes(
        tickvals=[-2 * limit * row for row in range(len(made.groups))],
        ticktext=[escaped(group) for group in made.groups],
        range=[-2 * limit * (len(made.groups) - 1) - limit, limit], showgrid=False, zeroline=False,
    )  # fmt: skip
    return drawn.update_layout(margin={"t": 20, "b": 10, "l": 10, "r": 85})


def error_title(made: Made) -> str:
    """The worst that was reached."""
    number = len(made.steps) * made.ranks
    batches = f"{number:,} batch{'es' * (number != 1)}"
    if not made.promised:
        return f"{made.run}: up to {farthest(made)} people off the dataset's composition in {batches}"
    if made.farthest <= made.within + 1e-9:
        return f"{made.run}: never more than {farthest(made)} people off the target in {batches}"
    excess = f"{made.farthest:.2f} people off the target in {batches}, more than the {made.within} promised"
    return f"{made.run}: up to {excess}"


def numbers(made: Made, colours: Mapping[str, str], most: int) -> go.Figure:
    """How many batches hold how many people of each group; axis up to ``most``."""
    drawn = empty_chart("People of the group in a batch", "", height=120 + 44 * len(made.groups), showlegend=False)
    for row, group in enumerate(made.groups):
        found, counts = np.unique(made.people[:, row].astype(np.int64), return_counts=True)
        shares = counts / len(made.steps)
        drawn.add_trace(
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
        mean = float(made.wanted[:, row].mean())
        drawn.add_shape(
            type="line", x0=mean, x1=mean, y0=row - 0.42, y1=row + 0.42,
            line={"width": 2, "dash": "dot", "color": colours[group]},
        )  # fmt: skip
    rows = list(range(len(made.groups)))
    drawn.update_yaxes(
        tickvals=rows, ticktext=[escaped(group) for group in made.groups], range=[len(rows) - 0.4, -0.6],
        showgrid=False, zeroline=False,
    )  # fmt: skip
    return drawn.update_xaxes(range=[-0.7, most + 0.7], zeroline=False)


def numbers_title(made: Made) -> str:
    """By how much batches differ."""
    swings = made.people.max(0) - made.people.min(0)
    widest = int(swings.argmax())
    least, most = int(made.people[:, widest].min()), int(made.people[:, widest].max())
    if swings[widest] <= 1:
        return f"{made.run}: a group's number of people differs by at most 1 between batches"
    return f"{made.run}: {made.groups[widest]} has {least} to {most} people in a batch, the widest swing"


def people(number: int) -> str:
    """``1 person``, ``2 people``."""
    return "1 person" if number == 1 else f"{number} people"


def farthest(made: Made) -> str:
    """People that a group was ahead or behind at most, with the digits that a promise needs."""
    return bound(made.farthest) if made.promised else f"{made.farthest:.1f}"


def bound(value: float) -> str:
    """Two digits, rounded away from 0: a bound that is stated has to hold."""
    return f"{np.ceil(value * 100 - 1e-6) / 100:.2f}"
