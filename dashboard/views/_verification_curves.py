"""ROC and DET of some reports, with the points that the protocol measured."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from .._colours import SYMBOLS, TOO_FEW
from .._show import figure
from .._text import in_chart, share
from ._evaluations import Picked
from ._log_axis import ticks
from ._scores import Errors
from ._verification_histogram import MARK

_FMR = "false match rate (share of different pairs accepted)"
_TAR = "true accept rate (share of same pairs accepted)"
_FNMR = "false non-match rate (share of same pairs refused)"


def least(picked: Sequence[Picked]) -> tuple[float, float]:
    """Half a pair's share of different pairs and of same ones: where a logarithmic axis shows 0."""
    verified = [each.content["verification"] for each in picked]
    return 0.5 / max(each["different"] for each in verified), 0.5 / max(each["same"] for each in verified)


def roc(picked: Sequence[Picked], mark: tuple[str, Errors] | None = None) -> go.Figure:
    """TAR over FMR, the latter logarithmic.

    Args:
        picked: reports.
        mark: a threshold in words, and the errors of the first report there.
    """
    edge, _ = least(picked)
    drawn = figure(_FMR, _TAR)
    for place, each in enumerate(picked):
        verified = each.content["verification"]
        fmr, tar = corners(verified["curve"], edge)
        # The empirical ROC is a staircase: between two corners no threshold is better than the left one.
        drawn.add_scatter(
            x=fmr, y=tar, mode="lines", line=_line(each, shape="hv"), name=in_chart(each.label), legendrank=1
        )
        for number, at in _with_val(verified):
            drawn.add_scatter(
                x=[max(edge, at["far"]["mean"])],
                y=[at["val"]["mean"]],
                error_x=_bars(max(edge, at["far"]["mean"]), _interval(at["far"]), edge),
                error_y=_bars(at["val"]["mean"], _interval(at["val"]), 0),
                hovertemplate=_said(at),
                **_point(each, place, number, at),
            )
    if mark is not None:
        errors = mark[1]
        drawn.add_scatter(x=[max(edge, errors.fmr)], y=[1 - errors.fnmr], **_mark(mark[0], errors))
    return drawn.update_xaxes(**ticks(edge, 1))


def det(picked: Sequence[Picked], mark: tuple[str, Errors] | None = None) -> go.Figure:
    """FNMR over FMR, both logarithmic. Arguments as for ``roc``."""
    left, bottom = least(picked)
    drawn = figure(_FMR, _FNMR)
    drawn.add_scatter(
        x=[max(left, bottom), 1],
        y=[max(left, bottom), 1],
        mode="lines",
        line={"color": TOO_FEW, "dash": "dot", "width": 1},
        name="EER: both alike",
        hoverinfo="skip",
    )
    for place, each in enumerate(picked):
        verified = each.content["verification"]
        fmr, tar = corners(verified["curve"], left)
        fnmr = [max(bottom, 1 - value) for value in tar]
        drawn.add_scatter(
            x=fmr, y=fnmr, mode="lines", line=_line(each, shape="hv"), name=in_chart(each.label), legendrank=1
        )
        for number, at in _with_val(verified):
            low, high = _interval(at["val"])
            missed = max(bottom, 1 - at["val"]["mean"])
            drawn.add_scatter(
                x=[max(left, at["far"]["mean"])],
                y=[missed],
                error_x=_bars(max(left, at["far"]["mean"]), _interval(at["far"]), left),
                error_y=_bars(missed, (1 - high, 1 - low), bottom),
                hovertemplate=_said(at),
                **_point(each, place, number, at),
            )
    if mark is not None:
        errors = mark[1]
        drawn.add_scatter(x=[max(left, errors.fmr)], y=[max(bottom, errors.fnmr)], **_mark(mark[0], errors))
    return drawn.update_xaxes(**ticks(left, 1)).update_yaxes(**ticks(bottom, 1))


def corners(curve: dict[str, Any], edge: float) -> tuple[list[float], list[float]]:
    """FMR and TAR of a curve; of the corners with no false match the best one is kept, and drawn at ``edge``."""
    points = list(zip(curve["fmr"], curve["tar"], strict=True))
    none = [tar for fmr, tar in points if fmr <= 0]
    kept = ([(edge, max(none))] if none else []) + [(fmr, tar) for fmr, tar in points if fmr > 0]
    return [fmr for fmr, _ in kept], [tar for _, tar in kept]


def _with_val(verified: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Place and point of each FAR at which there is a VAL."""
    return [(number, at) for number, at in enumerate(verified["validation"]) if at["val"]]


def roc_title(picked: Sequence[Picked]) -> str:
    """VAL of each at the first FAR."""
    first = picked[0].content["verification"]["validation"]
    if not first:
        return "ROC: same pairs accepted over different pairs accepted"
    target = first[0]["target"]
    values = [
        f"{each.label} {share(at['val']['mean'] if at['val'] else None)}"
        for each in picked
        for at in each.content["verification"]["validation"]
        if at["target"] == target
    ]
    return f"VAL for a FAR of {target:g}: {', '.join(values)}"


def det_title(picked: Sequence[Picked]) -> str:
    """EER of each."""
    return "EER: " + ", ".join(f"{each.label} {share(each.content['verification']['eer'])}" for each in picked)


def _line(each: Picked, **more: Any) -> dict[str, Any]:
    return {"color": each.colour, "dash": each.dash, "width": 2, **more}


def _point(each: Picked, place: int, number: int, at: dict[str, Any]) -> dict[str, Any]:
    symbol = SYMBOLS[(1 + number) % len(SYMBOLS)]
    return {
        "mode": "markers",
        "marker": {"color": each.colour, "symbol": symbol if place == 0 else f"{symbol}-open", "size": 10},
        "name": f"VAL for a FAR of {at['target']:g}",
        # One line in the legend for all reports: the colour says which.
        "showlegend": place == 0,
    }


def _mark(text: str, errors: Errors) -> dict[str, Any]:
    return {
        "mode": "markers",
        "marker": {"symbol": "circle-open", "size": 15, "color": MARK, "line": {"width": 3}},
        "name": in_chart(text),
        "hovertemplate": f"FMR {share(errors.fmr)}<br>FNMR {share(errors.fnmr)}<extra>{in_chart(text)}</extra>",
    }


def _said(at: dict[str, Any]) -> str:
    return (
        f"VAL {share(at['val']['mean'])}<br>FAR reached {share(at['far']['mean'])}"
        f"<extra>threshold set for a FAR of {at['target']:g}</extra>"
    )


def _interval(measured: dict[str, Any]) -> tuple[float, float]:
    """By draws of people; Wilson's where people aren't known, or an end isn't defined."""
    low, high = measured["people_interval"] or (None, None)
    if low is None or high is None:
        low, high = measured["wilson"]
    return float(low), float(high)


def _bars(value: float, ends: tuple[float, float], edge: float) -> dict[str, Any]:
    """Bars from ``value`` to both ends, not below the edge of the axis."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, ends[1] - value)],
        "arrayminus": [max(0.0, value - max(edge, ends[0]))],
        "thickness": 1.5,
    }
