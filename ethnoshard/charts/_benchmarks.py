"""What was measured of ours and of others: rates, quotas, memory."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ethnoshard.charts._palette import ARM_COLOURS, DASHES, GREY, GROUP_COLOURS, SYMBOLS
from ethnoshard.charts._style import empty_chart, error_bars, escaped
from ethnoshard.results import OUR_DECODER, OURS, Contestant

_OUR_COLOUR, _PEER_COLOUR, _LIMIT_COLOUR = GROUP_COLOURS[0], ARM_COLOURS[0], GROUP_COLOURS[1]
_OF_MEMORY = (ARM_COLOURS[0], GROUP_COLOURS[1], GROUP_COLOURS[0])


def loader_rates(found: Sequence[Contestant], limit: tuple[float, float, float]) -> go.Figure:
    """A bar a contestant, least to most as whiskers, decoding alone as a line in a band.

    Args:
        found: ours first.
        limit: decoding alone, images a second: least, median, most.
    """
    chart = empty_chart("images a second", "", height=110 + 42 * len(found), bargap=0.3)
    for words, some, colour, pattern in (
        ("ethnoshard", [one for one in found if one.ours], _OUR_COLOUR, ""),
        ("peer, with our decoder", [one for one in found if not one.ours and one.decoder == OUR_DECODER],
         _PEER_COLOUR, ""),
        ("peer, as its documentation shows", [one for one in found if not one.ours and one.decoder != OUR_DECODER],
         _PEER_COLOUR, "/"),
    ):  # fmt: skip
        if some:
            chart.add_bar(
                y=[escaped(one.name) for one in some],
                x=[one.rate for one in some],
                orientation="h",
                name=words,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "fillmode": "overlay"},
                    "opacity": 1 if colour == _OUR_COLOUR else 0.6,
                },
                error_x=error_bars(
                    [one.rate for one in some], [(one.least, one.most) for one in some], color=GREY, width=4
                ),
                customdata=[[one.of_limit, one.least, one.most, one.rounds] for one in some],
                hovertemplate="%{y}: %{x:,.0f} images/s (%{customdata[1]:,.0f} to %{customdata[2]:,.0f} in "
                "%{customdata[3]} rounds), %{customdata[0]:.2f} of the limit<extra></extra>",
            )
    for one in found:
        chart.add_annotation(
            x=max(one.most, one.rate), y=escaped(one.name), text=f"{one.rate:,.0f} ({one.of_limit:.2f})",
            showarrow=False, xanchor="left", xshift=6,
        )  # fmt: skip
    least, median, most = limit
    chart.add_vrect(x0=least, x1=most, fillcolor=_LIMIT_COLOUR, opacity=0.12, line={"width": 0}, layer="below")
    chart.add_vline(
        x=median, line={"color": _LIMIT_COLOUR, "dash": "dash"},
        annotation={"text": f"decoding alone, {median:,.0f}", "yanchor": "bottom", "yref": "paper", "y": 1,
                    "xanchor": "center"},
    )  # fmt: skip
    return chart.update_layout(
        xaxis={"range": [0, 1.12 * max(most, *(one.most for one in found))]},
        yaxis={"categoryorder": "array", "categoryarray": [escaped(one.name) for one in reversed(found)]},
        barmode="overlay",
        legend={"orientation": "h", "yanchor": "top", "y": -0.16 if len(found) > 5 else -0.3, "x": 0},
        margin={"t": 40},
    )


def quota_deviation(found: Sequence[Contestant]) -> go.Figure:
    """A line a contestant from its mean to its worst batch."""
    chart = empty_chart("images off the quota, of the group that is off most", "", height=110 + 30 * len(found))
    names = [escaped(one.name) for one in found]
    for one, name in zip(found, names, strict=True):
        chart.add_scatter(
            x=[one.off, one.worst], y=[name, name], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": _OUR_COLOUR if one.ours else _PEER_COLOUR, "width": 2},
        )  # fmt: skip
    colours = [_OUR_COLOUR if one.ours else _PEER_COLOUR for one in found]
    for words, values, sign in (
        ("mean over batches", [one.off for one in found], "circle-open"),
        ("worst batch", [one.worst for one in found], "circle"),
    ):
        chart.add_scatter(
            x=values, y=names, mode="markers", name=words,
            marker={"symbol": sign, "size": 10, "color": colours, "line": {"width": 2}},
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:.1f}} images, {words}<extra></extra>",
        )  # fmt: skip
    return chart.update_layout(
        xaxis={"rangemode": "tozero"},
        yaxis={"categoryorder": "array", "categoryarray": names[::-1]},
    )


def median_rates(found: Mapping[str, tuple[float, float, float]], unit: str) -> go.Figure:
    """A bar a contestant: the median, with least and most as whiskers.

    Args:
        found: name of a contestant, ours beginning with "ethnoshard" -> least, median and most of its rates.
        unit: of the rates.
    """
    chart = empty_chart(unit, "", height=110 + 54 * len(found), showlegend=False, bargap=0.35)
    # Long names are broken at their commas, or they would leave no room for bars.
    names = [escaped(name).replace(", ", ",<br>") for name in found]
    chart.add_bar(
        y=names,
        x=[median for _, median, _ in found.values()],
        orientation="h",
        marker={
            "color": [GROUP_COLOURS[0] if name.startswith(OURS) else ARM_COLOURS[0] for name in found],
            "opacity": [1 if name.startswith(OURS) else 0.6 for name in found],
        },
        error_x=error_bars(
            [median for _, median, _ in found.values()],
            [(least, most) for least, _, most in found.values()],
            color=GREY,
            width=4,
        ),
        customdata=[[least, most] for least, _, most in found.values()],
        hovertemplate="%{y}: %{x:,.0f} (%{customdata[0]:,.0f} to %{customdata[1]:,.0f})<extra></extra>",
    )
    for name, (_, median, most) in zip(names, found.values(), strict=True):
        chart.add_annotation(x=most, y=name, text=f"{median:,.0f}", showarrow=False, xanchor="left", xshift=6)
    most = max(most for *_, most in found.values())
    return chart.update_layout(
        xaxis={"range": [0, 1.15 * most]}, yaxis={"categoryorder": "array", "categoryarray": names[::-1]}
    )


def memory_growth(faces: Sequence[int], lines: Sequence[tuple[str, Sequence[float]]]) -> go.Figure:
    """Memory over the size of the dataset, both logarithmic.

    Args:
        faces: (N,) in each dataset, rising.
        lines: up to three: what it is, and (N,) MiB.
    """
    chart = empty_chart(
        "faces in the dataset",
        "MiB",
        height=360,
        xaxis={"type": "log", "dtick": 1, "tickformat": ",.0f"},
        yaxis={"type": "log", "dtick": 1, "tickformat": ","},
    )
    for (words, values), colour, dash, symbol in zip(lines, _OF_MEMORY, DASHES, SYMBOLS, strict=False):
        chart.add_scatter(
            x=list(faces),
            y=list(values),
            mode="lines+markers",
            name=escaped(words),
            line={"color": colour, "dash": dash},
            marker={"symbol": symbol, "size": 8},
            hovertemplate="%{x:,} faces: %{y:,.0f} MiB<extra>%{fullData.name}</extra>",
        )
    return chart
