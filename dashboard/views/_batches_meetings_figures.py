"""Who meets whom as figures: own pairs, dispersion, look-alikes; and their titles and table."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from ethnoshard.charts import GREY, NONE, empty_chart, escaped

from ._batches_meetings import Met

_ROW = 44
_NONE_SEEN = 0.005
"""Two digits show it as 0."""
_LINE = {"width": 1.5, "dash": "dash", "color": GREY}


def pairs(rows: Sequence[Met], colours: Mapping[str, str]) -> go.Figure:
    """A bar a group: its own pairs in a batch over those of people drawn at random."""
    shown = [(row, row.pairs / row.pairs_at_random) for row in rows if row.pairs is not None and row.pairs_at_random]
    drawn = _rows([row.group for row, _ in shown], "Own pairs in a batch / those of people drawn at random")
    drawn.add_trace(
        go.Bar(
            y=[escaped(row.group) for row, _ in shown], x=[ratio for _, ratio in shown], orientation="h",
            marker={"color": [colours[row.group] for row, _ in shown]},
            customdata=[(row.pairs, row.pairs_at_random) for row, _ in shown],
            hovertemplate="%{y}: %{customdata[0]:,.2f} pairs, at random %{customdata[1]:,.2f}<extra></extra>",
        )
    )  # fmt: skip
    _mark(drawn, 1, "people at random")
    _at_right(drawn, [f"{number(row.pairs)} of {number(row.pairs_at_random)}" for row, _ in shown])
    return drawn.update_xaxes(range=[0, 1.08 * max([1.0, *(ratio for _, ratio in shown)])])


def pairs_title(name: str, rows: Sequence[Met]) -> str:
    """Of the group that has fewest, beside chance."""
    shown = [row for row in rows if row.pairs is not None and row.pairs_at_random]
    if not shown:
        return f"{name}: no group has two people in a batch"
    fewest = min(shown, key=_ratio)
    if _ratio(fewest) > 0.9:
        return f"{name}: every group meets its own people as often as at random, or more"
    return (
        f"{name}: {fewest.group} has {number(fewest.pairs)} own pairs a batch; at random it would have "
        f"{number(fewest.pairs_at_random)}"
    )


def dispersion(rows: Sequence[Met], colours: Mapping[str, str]) -> go.Figure:
    """A dot a group: variance of its people in a batch over that at random."""
    shown = [row for row in rows if row.dispersion is not None]
    drawn = _rows([row.group for row in shown], "Variance of a group's people in a batch / at random")
    values = [float(row.dispersion or 0) for row in shown]
    drawn.add_trace(
        go.Scatter(
            y=[escaped(row.group) for row in shown], x=values, mode="markers",
            marker={"color": [colours[row.group] for row in shown], "size": 13, "line": {"width": 0}},
            cliponaxis=False, hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )  # fmt: skip
    _mark(drawn, 0, "a quota")
    _mark(drawn, 1, "people at random")
    _at_right(drawn, [f"{value:.2f}" for value in values])
    most = max([1.0, *values])
    return drawn.update_xaxes(range=[-0.06 * most, 1.12 * most], zeroline=False)


def dispersion_title(name: str, rows: Sequence[Met]) -> str:
    """Between which values it lies."""
    values = {row.group: row.dispersion for row in rows if row.dispersion is not None}
    if not values:
        return f"{name}: no group's number of people can vary"
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    if values[high] < _NONE_SEEN:
        return f"{name}: every batch has as many people of a group as any other"
    if values[high] < 0.3:
        return f"{name}: quotas, at most {values[high]:.2f} of the variance at random"
    if values[low] >= 0.8 and values[high] <= 1.25:
        return f"{name}: groups vary as people at random do, {values[low]:.2f} to {values[high]:.2f}"
    return f"{name}: {values[low]:.2f} ({low}) to {values[high]:.2f} ({high}) of the variance at random"


def nearest(rows: Sequence[Met], colours: Mapping[str, str]) -> go.Figure:
    """A dot a group: how often somebody's nearest other person is in the batch; hollow: by chance."""
    shown = [row for row in rows if row.nearest is not None and row.nearest_by_chance is not None]
    names = [escaped(row.group) for row in shown]
    drawn = _rows([row.group for row in shown], "Draws whose nearest other person of the group is in the batch, %")
    met, chance = (
        [100 * float(value or 0) for value in values]
        for values in ([row.nearest for row in shown], [row.nearest_by_chance for row in shown])
    )
    for row, x in zip(shown, zip(met, chance, strict=True), strict=True):
        drawn.add_trace(
            go.Scatter(
                x=x, y=[escaped(row.group)] * 2, mode="lines", hoverinfo="skip",
                line={"color": colours[row.group], "width": 2},
            )
        )  # fmt: skip
    solid = [colours[row.group] for row in shown]
    for what, values, symbol, line in (("by chance", chance, "diamond-open", 2), ("met", met, "circle", 0)):
        drawn.add_trace(
            go.Scatter(
                x=values, y=names, mode="markers", name=what, cliponaxis=False,
                marker={"color": solid, "size": 13, "symbol": symbol, "line": {"width": line}},
                hovertemplate=f"%{{y}}, {what}: %{{x:.2f}} %<extra></extra>",
            )
        )  # fmt: skip
    _at_right(drawn, [f"{own:.0f} %; chance {by:.2g} %" for own, by in zip(met, chance, strict=True)])
    most = max([1.0, *met, *chance])
    return drawn.update_xaxes(range=[-0.06 * most, 1.08 * most], zeroline=False)


def nearest_title(name: str, rows: Sequence[Met]) -> str:
    """Least and most often of all groups."""
    values = {row.group: row.nearest for row in rows if row.nearest is not None}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    ends = " to ".join(f"{100 * values[group]:.0f} % ({group})" for group in dict.fromkeys((low, high)))
    return f"{name}: the nearest other person of the group is in the batch {ends} of the time"


_DIGITS = {
    "people": ".2f",
    "variance / random": ".2f",
    "own pairs": ",.2f",
    "at random": ",.2f",
    "without, %": ".1f",
    "at random, %": ".1f",
    "nearest, %": ".1f",
    "by chance, %": ".2f",
    "of any group, %": ".1f",
    "different": ",.0f",
    "effective": ",.0f",
    "kept apart": ",.0f",
}


def table(*of: Sequence[Met], names: Sequence[str] = ()) -> pl.DataFrame:
    """A row a group, and one of all people where there is one; without columns that nothing is known of.

    Args:
        of: one, or several below each other.
        names: of these, for a column of their own.
    """
    rows = [row for each in of for row in each]
    columns = {
        "group": [row.group or "all" for row in rows],
        "people": [row.people for row in rows],
        "variance / random": [row.dispersion for row in rows],
        "own pairs": [row.pairs for row in rows],
        "at random": [row.pairs_at_random for row in rows],
        "without, %": _percent([row.none if row.group else None for row in rows]),
        "at random, %": _percent([row.none_at_random if row.group else None for row in rows]),
        "nearest, %": _percent([row.nearest for row in rows]),
        "by chance, %": _percent([row.nearest_by_chance for row in rows]),
        "of any group, %": _percent([row.nearest_of_all for row in rows]),
        "different": [row.distinct for row in rows],
        "effective": [row.effective for row in rows],
        "kept apart": [row.apart for row in rows],
    }
    run = {"run": [name for name, each in zip(names, of, strict=True) for _ in each]} if names else {}
    made = pl.DataFrame({**run, **columns}, strict=False)
    return made.select(name for name in made.columns if made[name].null_count() < len(made))


def as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """The same, as it is read."""
    return rows.with_columns(
        pl.Series(name, [NONE if value is None else format(value, digits) for value in rows[name]], pl.String)
        for name, digits in _DIGITS.items()
        if name in rows.columns
    )


def table_columns() -> dict[str, Any]:
    """How they look: numbers at the right."""
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in _DIGITS}
    return {name: st.column_config.TextColumn(pinned=True) for name in ("run", "group")} | numbers


HOW_TABLE = (
    "People of the group in a batch; their variance over that at random, 1 being random and 0 a quota; own pairs, and "
    "batches without anybody, each beside people drawn at random; different people behind an epoch's batches, and "
    "effective: how many would vary as little, each coming as often."
)
HOW_NEAREST = " Nearest: how often a person's nearest other of the group is in the batch."


def number(value: float | None) -> str:
    """``1,414``, ``25.3``, ``1.34``."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(row: Met) -> float:
    return float(row.pairs or 0) / float(row.pairs_at_random or 1)


def _percent(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else 100 * value for value in values]


def _rows(groups: Sequence[str], x: str) -> go.Figure:
    drawn = empty_chart(x, "", height=120 + _ROW * len(groups), showlegend=False, bargap=0.35)
    names = [escaped(group) for group in groups]
    return drawn.update_yaxes(
        type="category", categoryorder="array", categoryarray=names, range=[len(names) - 0.4, -0.6], showgrid=False
    )


def _at_right(drawn: go.Figure, texts: Sequence[str]) -> None:
    """A line of text for each row, beside the chart."""
    for row, text in enumerate(texts):
        drawn.add_annotation(
            x=1, xref="paper", xanchor="left", y=row, showarrow=False, text=f" {text}", font={"size": 11}
        )
    drawn.update_layout(margin={"t": 20, "b": 10, "l": 10, "r": 115})


def _mark(drawn: go.Figure, x: float, text: str) -> None:
    drawn.add_vline(x=x, line=_LINE, layer="below")
    drawn.add_annotation(
        x=x, y=1, yref="paper", yanchor="bottom", showarrow=False, text=text, font={"size": 11, "color": GREY}
    )
