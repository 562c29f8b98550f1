"""What a dataset is made of: groups, faces a person, confidence of labels."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from ethnoshard.charts._numbers import percent
from ethnoshard.charts._palette import SYMBOLS, colours_of_groups
from ethnoshard.charts._style import empty_chart, escaped

_BINS = 24
_FEW_STEPS = 30


def dataset_composition(rows: pl.DataFrame, colours: Mapping[str, str] | None = None) -> go.Figure:
    """Two bars a group, its people and its faces.

    Args:
        rows: a row a group, with columns group, people and faces (numbers), people_share and faces_share (of 1).
        colours: of groups; by their names if not given.
    """
    chart = empty_chart("share of the dataset, %", "", barmode="group", height=120 + 56 * len(rows))
    groups = rows["group"].to_list()
    colours = colours_of_groups(groups) if colours is None else colours
    names = [escaped(group) for group in groups]
    for what, share, pattern in (("faces", "faces_share", "/"), ("people", "people_share", "")):
        numbers = rows[what].to_list()
        chart.add_bar(
            y=names,
            x=[100 * value for value in rows[share].to_list()],
            orientation="h",
            name=what,
            marker={
                "color": [colours[group] for group in groups],
                "pattern": {"shape": pattern, "fillmode": "overlay"},
            },
            text=[
                f"{number:,} ({percent(value)})" for number, value in zip(numbers, rows[share].to_list(), strict=True)
            ],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{text}} of the {what}<extra></extra>",
        )
    most = 100 * max([*rows["people_share"].to_list(), *rows["faces_share"].to_list()])
    return chart.update_layout(
        xaxis={"range": [0, 1.25 * most], "ticksuffix": " %"},
        yaxis={"autorange": "reversed", "type": "category"},
        legend={"traceorder": "reversed"},
        bargap=0.25,
    )


def faces_per_person(
    identities: pl.DataFrame, groups: Sequence[str], colours: Mapping[str, str] | None = None
) -> go.Figure:
    """A group's people by their number of faces, a line of steps a group; log axes where the numbers range wide.

    Args:
        identities: a row a person, with columns group and faces.
        groups: in the order of the legend.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(groups) if colours is None else colours
    counts = identities["faces"].cast(pl.Int64).to_numpy()
    edges = bins(counts)
    wide = len(edges) > 2 and edges[-1] > 20 * edges[0]
    chart = empty_chart("faces a person", "share of the group's people, %", height=380)
    for index, group in enumerate(groups):
        own = identities.filter(pl.col("group") == group)["faces"].cast(pl.Int64).to_numpy()
        found, _ = np.histogram(own, edges)
        share = 100 * found / max(len(own), 1)
        ends = [f"{low:,}" if high - low == 1 else f"{low:,} to {high - 1:,}" for low, high in _spans(edges)]
        chart.add_scatter(
            x=[_middle(low, high, wide) for low, high in _spans(edges)],
            y=[value or None for value in share.tolist()] if wide else share.tolist(),
            mode="lines+markers",
            line={"color": colours[group], "shape": "hvh"},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 7},
            name=escaped(group),
            customdata=[[int(number), end] for number, end in zip(found, ends, strict=True)],
            hovertemplate="%{customdata[0]:,} people (%{y:.2g} %) with %{customdata[1]} faces"
            "<extra>%{fullData.name}</extra>",
        )
    if wide:
        ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if tick <= edges[-1]]
        chart.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{tick:,}" for tick in ticks])
        chart.update_yaxes(type="log", dtick=1, ticksuffix=" %")
    else:
        chart.update_yaxes(rangemode="tozero", ticksuffix=" %")
    return chart


def bins(counts: NDArray[np.int64]) -> list[int]:
    """Whole edges, each number of faces its own where they are few, else growing by a ratio."""
    low, high = int(counts.min()), int(counts.max())
    if high - low < _FEW_STEPS:
        return list(range(low, high + 2))
    grown = np.unique(np.round(np.geomspace(low, high + 1, _BINS)).astype(np.int64))
    return [int(edge) for edge in grown]


def label_confidence(
    identities: pl.DataFrame, groups: Sequence[str], colours: Mapping[str, str] | None = None
) -> go.Figure:
    """A box a group: how sure whoever labelled was; people without a confidence aside.

    Args:
        identities: a row a person, with columns group and confidence (0 to 1, null where it isn't known).
        groups: from above to below.
        colours: of groups; by their names if not given.
    """
    colours = colours_of_groups(groups) if colours is None else colours
    chart = empty_chart("confidence of a person's label, 0 to 1", "", height=110 + 46 * len(groups), showlegend=False)
    for group in groups:
        own = identities.filter((pl.col("group") == group) & pl.col("confidence").is_not_null())
        if len(own):
            low, first, middle, third, high = (
                _quantile(own["confidence"], share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)
            )
            chart.add_box(
                y=[escaped(group)],
                lowerfence=[low], q1=[first], median=[middle], q3=[third], upperfence=[high],
                orientation="h", name=escaped(group), marker={"color": colours[group]},
            )  # fmt: skip
    return chart.update_layout(xaxis={"range": [0, 1]}, yaxis={"autorange": "reversed", "type": "category"})


def _spans(edges: list[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(edges))


def _middle(low: int, high: int, wide: bool) -> float:
    return float(np.sqrt(low * (high - 1))) if wide else (low + high - 1) / 2


def _quantile(column: pl.Series, share: float) -> float:
    return float(np.quantile(column.to_numpy(), share))
