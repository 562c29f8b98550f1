"""Who meets whom in batches: a group's own pairs, how its number varies, look-alikes, each beside chance."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ethnoshard.charts._numbers import few_digits
from ethnoshard.charts._palette import GREY, colours_of_groups
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.results import Encounters

_ROW = 44
_LINE = {"width": 1.5, "dash": "dash", "color": GREY}


def own_pairs(rows: Sequence[Encounters], colours: Mapping[str, str] | None = None) -> go.Figure:
    """A bar a group: its own pairs in a batch over those of people drawn at random.

    Args:
        rows: one a group.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(row.group for row in rows) if colours is None else colours
    shown = [(row, row.pairs / row.pairs_at_random) for row in rows if row.pairs is not None and row.pairs_at_random]
    chart = _rows([row.group for row, _ in shown], "Own pairs in a batch / those of people drawn at random")
    chart.add_trace(
        go.Bar(
            y=[escaped(row.group) for row, _ in shown], x=[ratio for _, ratio in shown], orientation="h",
            marker={"color": [colours[row.group] for row, _ in shown]},
            customdata=[(row.pairs, row.pairs_at_random) for row, _ in shown],
            hovertemplate="%{y}: %{customdata[0]:,.2f} pairs, at random %{customdata[1]:,.2f}<extra></extra>",
        )
    )  # fmt: skip
    _mark(chart, 1, "people at random")
    _at_right(chart, [f"{few_digits(row.pairs)} of {few_digits(row.pairs_at_random)}" for row, _ in shown])
    return chart.update_xaxes(range=[0, 1.08 * max([1.0, *(ratio for _, ratio in shown)])])


def dispersion(rows: Sequence[Encounters], colours: Mapping[str, str] | None = None) -> go.Figure:
    """A dot a group: variance of its people in a batch over that at random.

    Args:
        rows: one a group.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(row.group for row in rows) if colours is None else colours
    shown = [row for row in rows if row.dispersion is not None]
    chart = _rows([row.group for row in shown], "Variance of a group's people in a batch / at random")
    values = [float(row.dispersion or 0) for row in shown]
    chart.add_trace(
        go.Scatter(
            y=[escaped(row.group) for row in shown], x=values, mode="markers",
            marker={"color": [colours[row.group] for row in shown], "size": 13, "line": {"width": 0}},
            cliponaxis=False, hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )  # fmt: skip
    _mark(chart, 0, "a quota")
    _mark(chart, 1, "people at random")
    _at_right(chart, [f"{value:.2f}" for value in values])
    most = max([1.0, *values])
    return chart.update_xaxes(range=[-0.06 * most, 1.12 * most], zeroline=False)


def nearest_met(rows: Sequence[Encounters], colours: Mapping[str, str] | None = None) -> go.Figure:
    """A dot a group: how often somebody's nearest other person is in the batch; hollow: by chance.

    Args:
        rows: one a group.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(row.group for row in rows) if colours is None else colours
    shown = [row for row in rows if row.nearest is not None and row.nearest_by_chance is not None]
    names = [escaped(row.group) for row in shown]
    chart = _rows([row.group for row in shown], "Draws whose nearest other person of the group is in the batch, %")
    met, chance = (
        [100 * float(value or 0) for value in values]
        for values in ([row.nearest for row in shown], [row.nearest_by_chance for row in shown])
    )
    for row, x in zip(shown, zip(met, chance, strict=True), strict=True):
        chart.add_trace(
            go.Scatter(
                x=x, y=[escaped(row.group)] * 2, mode="lines", hoverinfo="skip",
                line={"color": colours[row.group], "width": 2},
            )
        )  # fmt: skip
    solid = [colours[row.group] for row in shown]
    for what, values, symbol, line in (("by chance", chance, "diamond-open", 2), ("met", met, "circle", 0)):
        chart.add_trace(
            go.Scatter(
                x=values, y=names, mode="markers", name=what, cliponaxis=False,
                marker={"color": solid, "size": 13, "symbol": symbol, "line": {"width": line}},
                hovertemplate=f"%{{y}}, {what}: %{{x:.2f}} %<extra></extra>",
            )
        )  # fmt: skip
    _at_right(chart, [f"{own:.0f} %; chance {by:.2g} %" for own, by in zip(met, chance, strict=True)])
    most = max([1.0, *met, *chance])
    return chart.update_xaxes(range=[-0.06 * most, 1.08 * most], zeroline=False)


def _rows(groups: Sequence[str], x: str) -> go.Figure:
    chart = empty_chart(x, "", height=120 + _ROW * len(groups), showlegend=False, bargap=0.35)
    names = [escaped(group) for group in groups]
    return chart.update_yaxes(
        type="category", categoryorder="array", categoryarray=names, range=[len(names) - 0.4, -0.6], showgrid=False
    )


def _at_right(chart: go.Figure, texts: Sequence[str]) -> None:
    """A line of text for each row, beside the chart."""
    for row, text in enumerate(texts):
        chart.add_annotation(
            x=1, xref="paper", xanchor="left", y=row, showarrow=False, text=f" {text}", font={"size": 11}
        )
    chart.update_layout(margin={"t": 20, "b": 10, "l": 10, "r": 115})


def _mark(chart: go.Figure, x: float, text: str) -> None:
    chart.add_vline(x=x, line=_LINE, layer="below")
    chart.add_annotation(
        x=x, y=1, yref="paper", yanchor="bottom", showarrow=False, text=text, font={"size": 11, "color": GREY}
    )
