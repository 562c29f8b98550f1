"""Are two images of one person: ROC, DET, distances of pairs, accuracy on folds, identification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._curve_data import Curve, Curves, FoldAccuracy, OperatingPoint, as_curves, fold_accuracies
from ethnoshard.charts._numbers import share
from ethnoshard.charts._palette import ARM_COLOURS, DIFFERENT, GREY, MARK, SAME, SYMBOLS, translucent
from ethnoshard.charts._style import empty_chart, error_bars, escaped, log_axis
from ethnoshard.charts._words import FMR, FNMR, TAR
from ethnoshard.results import CurveBand, Evaluation

BINS = 80
"""Of a histogram of distances."""
_BAND = 0.2
"""Opacity of the intervals along a curve."""
_MARGIN = 0.04
"""Above and below curves, as a share of what they span."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A threshold that is looked at, and the errors that it makes.

    Attributes:
        name: in the legend.
        fmr: false match rate.
        fnmr: false non-match rate.
    """

    name: str
    fmr: float
    fnmr: float


def staircase(fmr: NDArray[np.float64], tar: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the empirical ROC from (0, 0) to (1, 1): each step goes right, then up.

    Of the corners without a false match the best is kept, as the others lie below it.

    Args:
        fmr: (T,) rising.
        tar: (T,) rising.

    Returns:
        (C,) FMR and (C,) TAR.
    """
    none = fmr <= 0
    first = [0.0, float(tar[none].max())] if none.any() else [0.0]
    last = [] if len(fmr) and fmr[-1] == 1 and tar[-1] == 1 else [1.0]
    return (
        np.concatenate([[0.0] * len(first), fmr[~none], last]).astype(np.float64),
        np.concatenate([first, tar[~none], last]).astype(np.float64),
    )


def roc(curves: Curves, mark: Mark | None = None) -> go.Figure:
    """TAR over FMR, the latter logarithmic; its left edge stands for 0.

    Args:
        curves: one a model, or evaluations.
        mark: a threshold to show.

    >>> chart = roc([Curve(name="mine", fmr=np.array([0, 0.01, 1]), tar=np.array([0.6, 0.9, 1]))])
    >>> chart.data[0].y
    array([0. , 0.6, 0.9, 1. ])
    """
    curves = as_curves(curves)
    edge, _ = _edges(curves)
    chart = empty_chart(FMR, TAR)
    for number, curve in enumerate(curves):
        if curve.band is not None:
            chart.add_scatter(**_band(curve, number, curve.band, curve.band.low, curve.band.high))
    # Where the staircases leave the edge, and whatever has to be seen besides.
    seen = [] if mark is None else [1 - mark.fnmr]
    seen += [float(curve.band.low.min()) for curve in curves if curve.band is not None]
    for number, curve in enumerate(curves):
        fmr, tar = staircase(curve.fmr, curve.tar)
        seen += [float(tar[fmr <= 0].max()), *(low for point in curve.points for low in _lows(point))]
        chart.add_scatter(x=np.maximum(edge, fmr), y=tar, **_line(curve))
        for index, point in enumerate(curve.points):
            x = max(edge, point.fmr)
            chart.add_scatter(
                x=[x],
                y=[point.tar],
                error_x=error_bars([x], [point.fmr_interval], least=edge),
                error_y=error_bars([point.tar], [point.tar_interval]),
                **_point(curve, number, index, point),
            )
    if mark is not None:
        chart.add_scatter(x=[max(edge, mark.fmr)], y=[1 - mark.fnmr], **_mark(mark))
    low = min(seen)
    margin = _MARGIN * (1 - low) or _MARGIN
    return chart.update_xaxes(**log_axis(edge, 1)).update_yaxes(range=[max(low - margin, -margin), 1 + margin])


def det(curves: Curves, mark: Mark | None = None) -> go.Figure:
    """FNMR over FMR, both logarithmic; the edges stand for 0, the dotted line is where both are alike.

    Args:
        curves: one a model, or evaluations.
        mark: a threshold to show.
    """
    curves = as_curves(curves)
    left, bottom = _edges(curves)
    chart = empty_chart(FMR, FNMR)
    for number, curve in enumerate(curves):
        if curve.band is not None:
            ends = (np.maximum(bottom, 1 - end) for end in (curve.band.high, curve.band.low))
            chart.add_scatter(**_band(curve, number, curve.band, *ends))
    chart.add_scatter(
        x=[max(left, bottom), 1],
        y=[max(left, bottom), 1],
        mode="lines",
        line={"color": GREY, "dash": "dot", "width": 1},
        name="EER: both alike",
        hoverinfo="skip",
    )
    for number, curve in enumerate(curves):
        fmr, tar = staircase(curve.fmr, curve.tar)
        chart.add_scatter(x=np.maximum(left, fmr), y=np.maximum(bottom, 1 - tar), **_line(curve))
        for index, point in enumerate(curve.points):
            x, y = max(left, point.fmr), max(bottom, 1 - point.tar)
            low, high = point.tar_interval or (None, None)
            refused = (None if high is None else 1 - high, None if low is None else 1 - low)
            chart.add_scatter(
                x=[x],
                y=[y],
                error_x=error_bars([x], [point.fmr_interval], least=left),
                error_y=error_bars([y], [refused], least=bottom),
                **_point(curve, number, index, point),
            )
    if mark is not None:
        chart.add_scatter(x=[max(left, mark.fmr)], y=[max(bottom, mark.fnmr)], **_mark(mark))
    return chart.update_xaxes(**log_axis(left, 1)).update_yaxes(**log_axis(bottom, 1))


def distances(
    same: NDArray[np.float64],
    different: NDArray[np.float64],
    *,
    unit: str,
    threshold: float,
    digits: int = 4,
    logarithmic: bool = False,
) -> go.Figure:
    """Share of pairs over what they were scored with, and a threshold between the two kinds.

    Args:
        same: (N,) of pairs of one person.
        different: (M,) of pairs of two people.
        unit: what they are, with its unit: ``DISTANCES`` or ``SCORE``.
        threshold: drawn as a line.
        digits: decimals of a distance.
        logarithmic: whether the share's axis is, which shows the tails where errors lie.
    """
    edges, shares = binned(same, different)
    chart = empty_chart(unit, "share of the pairs of its kind (%)", barmode="overlay", bargap=0)
    for name, colour, pattern, heights in (
        ("same person", SAME, "", shares[0]),
        ("two people", DIFFERENT, "/", shares[1]),
    ):
        chart.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=[100 * height if height else None for height in heights],
            width=np.diff(edges),
            marker={
                "color": colour, "opacity": 0.6, "line": {"width": 0},
                "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6, "solidity": 0.25},
            },
            name=name,
            hovertemplate=f"%{{x:.{digits}f}}: %{{y:.2f}} %<extra>{name}</extra>",
        )  # fmt: skip
    chart.add_vline(x=threshold, line={"dash": "dash", "width": 2, "color": MARK})
    chart.add_annotation(
        x=threshold, y=1, yref="paper", yanchor="top", xanchor="left", xshift=4, showarrow=False,
        text=f"{threshold:.{digits}f}", font={"color": MARK},
    )  # fmt: skip
    return chart.update_yaxes(type="log", dtick=1) if logarithmic else chart


def binned(
    same: NDArray[np.float64], different: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(BINS + 1,) edges over the distances there are, and (2, BINS) shares of same and different pairs."""
    ends = [values.min() for values in (same, different)], [values.max() for values in (same, different)]
    edges = np.linspace(min(ends[0]), max(ends[1]), BINS + 1)
    return edges, np.stack([np.histogram(values, edges)[0] / len(values) for values in (same, different)])


def folds(ways: Sequence[FoldAccuracy] | Evaluation, colour: str = ARM_COLOURS[1]) -> go.Figure:
    """Accuracy of each fold, a symbol a way to find its threshold; lines are the means.

    Args:
        ways: one or two, of the same folds.
        colour: of the model.
    """
    if isinstance(ways, Evaluation):
        ways = fold_accuracies(ways.verification)
    chart = empty_chart("fold", "accuracy (share of right answers)")
    number = len(ways[0].by_fold)
    for way, symbol, dash, shift in zip(ways, ("circle", "diamond-open"), ("dash", "dot"), (-0.12, 0.12), strict=False):
        name = escaped(way.name)
        chart.add_scatter(
            x=[fold + shift for fold in range(1, number + 1)],
            y=list(way.by_fold),
            mode="markers",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
            customdata=[[fold, at] for fold, at in enumerate(way.thresholds, start=1)],
            hovertemplate=f"fold %{{customdata[0]}}: %{{y:.4f}} at %{{customdata[1]:.4f}}<extra>{name}</extra>",
            name=f"threshold {name}",
        )
        chart.add_scatter(
            x=[0.5, number + 0.5],
            y=[way.mean] * 2,
            mode="lines",
            line={"dash": dash, "width": 1.5, "color": colour},
            hoverinfo="skip",
            name=f"mean, {name}",
        )
    return chart.update_xaxes(tickvals=list(range(1, number + 1)), range=[0.4, number + 0.6])


def identification(found: Mapping[str, Sequence[float]]) -> go.Figure:
    """Share of queries whose person is found, a point a random gallery.

    Args:
        found: name of a classifier and rank -> share in each gallery.
    """
    chart = empty_chart("", "share of queries with the right person among the first", showlegend=False)
    for index, (name, shares) in enumerate(found.items()):
        chart.add_scatter(
            x=[escaped(name)] * len(shares),
            y=list(shares),
            mode="markers",
            marker={"color": ARM_COLOURS[1], "symbol": SYMBOLS[index % len(SYMBOLS)], "size": 9},
            hovertemplate="%{x}: %{y:.4f}<extra></extra>",
        )
    return chart


def _edges(curves: Sequence[Curve]) -> tuple[float, float]:
    """Half a pair's share of different pairs and of same ones, where a logarithmic axis shows 0."""

    def edge(pairs: list[int], rates: Sequence[NDArray[np.float64]]) -> float:
        if len(pairs) == len(curves):
            return 0.5 / max(pairs)
        some = np.concatenate(rates)
        some = some[some > 0]
        return float(some.min()) / 2 if len(some) else 0.5

    return (
        edge([curve.different for curve in curves if curve.different], [curve.fmr for curve in curves]),
        edge([curve.same for curve in curves if curve.same], [1 - curve.tar for curve in curves]),
    )


def _lows(point: OperatingPoint) -> list[float]:
    low = point.tar_interval[0] if point.tar_interval else None
    return [point.tar] if low is None else [point.tar, low]


def _line(curve: Curve) -> dict[str, object]:
    return {
        "mode": "lines",
        # The empirical ROC is a staircase: between two corners no threshold is better than the left one.
        "line": {"color": curve.colour, "dash": curve.dash, "width": 2, "shape": "hv"},
        "name": escaped(curve.name),
        "legendrank": 1,
    }


def _band(
    curve: Curve, number: int, band: CurveBand, low: NDArray[np.float64], high: NDArray[np.float64]
) -> dict[str, object]:
    return {
        "x": np.concatenate([band.fmr, band.fmr[::-1]]),
        "y": np.concatenate([low, high[::-1]]),
        "mode": "lines",
        "fill": "toself",
        "fillcolor": translucent(curve.colour, _BAND),
        "line": {"width": 0, "color": curve.colour},
        "hoverinfo": "skip",
        "name": "95 % at each FMR",
        # One line in the legend for all models: the colour says which.
        "showlegend": number == 0,
        "legendrank": 2,
    }


def _point(curve: Curve, number: int, index: int, point: OperatingPoint) -> dict[str, object]:
    symbol = SYMBOLS[(1 + index) % len(SYMBOLS)]
    return {
        "mode": "markers",
        "marker": {"color": curve.colour, "symbol": symbol if number == 0 else f"{symbol}-open", "size": 10},
        "name": f"VAL for a FAR of {point.far_asked:g}",
        # One line in the legend for all models: the colour says which.
        "showlegend": number == 0,
        "hovertemplate": f"VAL {share(point.tar)}<br>FAR reached {share(point.fmr)}"
        f"<extra>threshold set for a FAR of {point.far_asked:g}</extra>",
    }


def _mark(mark: Mark) -> dict[str, object]:
    return {
        "mode": "markers",
        "marker": {"symbol": "circle-open", "size": 15, "color": MARK, "line": {"width": 3}},
        "name": escaped(mark.name),
        "hovertemplate": f"FMR {share(mark.fmr)}<br>FNMR {share(mark.fnmr)}<extra>{escaped(mark.name)}</extra>",
    }
