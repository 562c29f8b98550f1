"""What an audit found: shares affected by group and kind, and how findings' similarity and certainty are spread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from ethnoshard.charts._numbers import count, number, share, with_interval
from ethnoshard.charts._palette import ARM_COLOURS, GREY, colours_of_groups
from ethnoshard.charts._style import NUMBERS, empty_chart, error_bars, escaped
from ethnoshard.charts._words import FINDINGS
from ethnoshard.results import FindingCounts, FindingKind, FindingSummary

_ROW, _ABOVE, _BELOW = 22, 30, 44
"""Pixels of a row, of a panel's heading, and of its axis with what parts it from the next."""
_BARS = 90
"""Pixels of a panel of bars."""
_BINS = 40
_EVERYBODY = "everybody"
_NOTHING = 0.01
"""Where an axis ends on which there is nothing but 0."""
_AXES: Mapping[str, str] = {"figure": "similarity (cosine)", "sure": "share of such findings that are right"}


@dataclass(frozen=True)
class Panel:
    """A stretch of a chart from above to below.

    Attributes:
        heading: what it shows. Plain text.
        height: without heading and axis, pixels.
    """

    heading: str
    height: int


def finding_shares(kinds: Mapping[FindingKind, FindingSummary], colours: Mapping[str, str] | None = None) -> go.Figure:
    """A panel a kind, a row a group: the share affected, with Wilson's interval at 95 %.

    Args:
        kinds: of an audit; those that weren't looked for have no panel.
        colours: of groups; by their names if not given.
    """
    found = {kind: summary for kind, summary in kinds.items() if summary.left_out is None}
    if colours is None:
        colours = colours_of_groups(group for summary in found.values() for group in summary.by_group)
    rows = {kind: {_EVERYBODY: summary.overall, **summary.by_group} for kind, summary in found.items()}
    chart = _panels(
        [
            Panel(
                f"{FINDINGS[kind]}, share of {count(found[kind].overall.of)} {found[kind].unit}",
                _ROW * len(rows[kind]),
            )
            for kind in found
        ]
    )
    for index, (kind, counts) in enumerate(rows.items(), start=1):
        names = list(counts)
        highest = max([each.wilson.high for each in counts.values() if each.of], default=_NOTHING)
        chart.update_layout(
            {
                _axis("x", index): {"range": [-0.02 * highest, 1.04 * highest], "zeroline": False},
                _axis("y", index): {
                    "tickvals": list(range(len(names))), "ticktext": [escaped(name) for name in names],
                    "range": [len(names) - 0.5, -0.5], "showgrid": False, "zeroline": False,
                },
            }
        )  # fmt: skip
        for row, (name, each) in enumerate(counts.items()):
            if each.of:
                colour = GREY if row == 0 else colours.get(name, GREY)
                chart.add_trace(_share_point(index, row, name, each, found[kind].unit, colour))
    return chart


def _share_point(index: int, row: int, name: str, counts: FindingCounts, unit: str, colour: str) -> go.Scatter:
    affected = counts.affected / counts.of
    words = [
        escaped(name),
        f"{count(counts.affected)} of {count(counts.of)} {unit}",
        with_interval(affected, counts.wilson),
        f"{_findings(counts.findings)}, {number(counts.expected, 1)} expected right",
    ]
    return go.Scatter(
        x=[affected],
        y=[row],
        xaxis=f"x{index}",
        yaxis=f"y{index}",
        mode="markers",
        marker={"size": 10, "color": colour, "symbol": "diamond" if row == 0 else "circle"},
        error_x=error_bars([affected], [counts.wilson], width=4, color=colour),
        customdata=["<br>".join(words)],
        hovertemplate="%{customdata}<extra></extra>",
    )


def finding_distributions(findings: pl.DataFrame, column: Literal["figure", "sure"]) -> go.Figure:
    """A panel a kind: how many findings have which similarity, or are how certain; all panels on one scale.

    Args:
        findings: see ``FINDINGS_SCHEMA``; kinds without a finding have no panel.
        column: what is counted; findings that have none are left out.
    """
    known = findings.filter(pl.col(column).is_not_null())
    values: dict[FindingKind, NDArray[np.float64]] = {
        kind: known.filter(pl.col("kind") == kind)[column].cast(pl.Float64).to_numpy() for kind in FINDINGS
    }
    values = {kind: each for kind, each in values.items() if len(each)}
    edges = _edges(values.values(), column)
    chart = _panels([Panel(f"{FINDINGS[kind]}, {_findings(len(each))}", _BARS) for kind, each in values.items()])
    middles, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    for index, each in enumerate(values.values(), start=1):
        heights, _ = np.histogram(each, edges)
        chart.update_layout(
            {
                _axis("x", index): {
                    "range": [edges[0], edges[-1]],
                    "zeroline": False,
                    "ticks": "outside",
                    "ticklen": 4,
                },
                _axis("y", index): {"rangemode": "tozero", "tickvals": [0, int(heights.max())]},
            }
        )
        chart.add_trace(
            go.Bar(
                x=middles,
                y=heights,
                width=width,
                xaxis=f"x{index}",
                yaxis=f"y{index}",
                marker={"color": ARM_COLOURS[1], "line": {"width": 0}},
                customdata=[
                    f"{share(low, 3)} to {share(high, 3)}: {_findings(height)}"
                    for low, high, height in zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    if values:
        chart.update_layout({_axis("x", len(values)): {"title": {"text": _AXES[column]}}})
    return chart


def _edges(values: Iterable[NDArray[np.float64]], column: str) -> NDArray[np.float64]:
    """(41,) where bars begin and end: certainty up to 1, similarity as far as there is any."""
    everything = np.concatenate([*values, np.zeros(0)])
    if not len(everything):
        return np.linspace(0, 1, _BINS + 1)
    low, high = float(everything.min()), 1.0 if column == "sure" else float(everything.max())
    return np.linspace(low, high, _BINS + 1) if low < high else np.linspace(low - 0.05, low + 0.05, _BINS + 1)


def _findings(number_of: int) -> str:
    return f"{count(number_of)} finding{'' if number_of == 1 else 's'}"


def _panels(panels: Sequence[Panel]) -> go.Figure:
    """An empty chart of panels below each other, each with axes of its own."""
    whole = sum(_ABOVE + panel.height + _BELOW for panel in panels)
    chart = empty_chart("", "", height=whole + 40, showlegend=False, margin={"t": 30, "b": 10, "l": 10, "r": 10})
    above = 0
    for index, panel in enumerate(panels, start=1):
        top = 1 - (above + _ABOVE) / whole
        bottom = top - panel.height / whole
        chart.update_layout(
            {
                _axis("x", index): {**NUMBERS, "anchor": f"y{index}"},
                _axis("y", index): {
                    **NUMBERS, "anchor": f"x{index}", "domain": [max(0.0, bottom), top], "automargin": True,
                },
            }
        )  # fmt: skip
        chart.add_annotation(
            text=escaped(panel.heading), x=0, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom",
            showarrow=False, font={"size": 13},
        )  # fmt: skip
        above += _ABOVE + panel.height + _BELOW
    return chart


def _axis(letter: Literal["x", "y"], index: int) -> str:
    """Name of an axis in a layout: the first has no number."""
    return f"{letter}axis{'' if index == 1 else index}"
