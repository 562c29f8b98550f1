"""The loader beside its peers, as charts and the sentences above them."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ethnoshard.charts import ARM_COLOURS, GREY, GROUP_COLOURS, empty_chart, escaped

from ._benchmarks_contestants import OUR_DECODER, Contestant

_OUR_COLOUR, _PEER_COLOUR, _WHISKER = GROUP_COLOURS[0], ARM_COLOURS[0], GREY
_LIMIT_COLOUR = GROUP_COLOURS[1]


def rate_title(found: Sequence[Contestant]) -> str:
    """Ours as a share of the limit, and against the best peer with either decoder."""
    ours = [one for one in found if one.ours]
    if not ours:
        return "Loaders beside each other, without ours"
    said = f"ethnoshard delivers {ours[0].of_limit:.2f} of what decoding alone can"
    told = []
    for decoder, words in ((OUR_DECODER, "with our decoder"), ("pillow", "with Pillow")):
        peers = [one for one in found if not one.ours and one.decoder == decoder]
        if peers:
            best = max(peers, key=lambda one: one.of_limit)
            told.append(f"{ours[0].of_limit / best.of_limit:.1f} times the best peer {words} ({best.peer})")
    return ", ".join([said, " and ".join(told)]) if told else said


def rates(found: Sequence[Contestant], limit: tuple[float, float, float]) -> go.Figure:
    """A bar a contestant, least to most as whiskers, decoding alone as a line in a band."""
    shown = empty_chart("images a second", "", height=110 + 42 * len(found), bargap=0.3)
    for words, some, colour, pattern in (
        ("ethnoshard", [one for one in found if one.ours], _OUR_COLOUR, ""),
        ("peer, with our decoder", [one for one in found if not one.ours and one.decoder == OUR_DECODER],
         _PEER_COLOUR, ""),
        ("peer, as its documentation shows", [one for one in found if not one.ours and one.decoder != OUR_DECODER],
         _PEER_COLOUR, "/"),
    ):  # fmt: skip
        if some:
            shown.add_bar(
                y=[escaped(one.name) for one in some],
                x=[one.rate for one in some],
                orientation="h",
                name=words,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "fillmode": "overlay"},
                    "opacity": 1 if colour == _OUR_COLOUR else 0.6,
                },
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [one.most - one.rate for one in some],
                    "arrayminus": [one.rate - one.least for one in some],
                    "thickness": 1.5,
                    "color": _WHISKER,
                    "width": 4,
                },
                customdata=[[one.of_limit, one.least, one.most, one.rounds] for one in some],
                hovertemplate="%{y}: %{x:,.0f} images/s (%{customdata[1]:,.0f} to %{customdata[2]:,.0f} in "
                "%{customdata[3]} rounds), %{customdata[0]:.2f} of the limit<extra></extra>",
            )
    for one in found:
        shown.add_annotation(
            x=max(one.most, one.rate), y=escaped(one.name), text=f"{one.rate:,.0f} ({one.of_limit:.2f})",
            showarrow=False, xanchor="left", xshift=6,
        )  # fmt: skip
    least, median, most = limit
    shown.add_vrect(x0=least, x1=most, fillcolor=_LIMIT_COLOUR, opacity=0.12, line={"width": 0}, layer="below")
    shown.add_vline(
        x=median, line={"color": _LIMIT_COLOUR, "dash": "dash"},
        annotation={"text": f"decoding alone, {median:,.0f}", "yanchor": "bottom", "yref": "paper", "y": 1,
                    "xanchor": "center"},
    )  # fmt: skip
    return shown.update_layout(
        xaxis={"range": [0, 1.12 * max(most, *(one.most for one in found))]},
        yaxis={"categoryorder": "array", "categoryarray": [escaped(one.name) for one in reversed(found)]},
        barmode="overlay",
        legend={"orientation": "h", "yanchor": "top", "y": -0.16 if len(found) > 5 else -0.3, "x": 0},
        margin={"t": 40},
    )


def quota_title(found: Sequence[Contestant], batch: int) -> str:
    """How far a batch is from what was asked for, ours and the peers'."""
    ours, peers = _both(found)
    parts = [f"ethnoshard {ours[0].worst:.1f}"] if ours else []
    if peers:
        parts.append(f"peers {min(one.worst for one in peers):.1f} to {max(one.worst for one in peers):.1f}")
    return f"Off the quota at worst, of {batch:,} images: {', '.join(parts)}"


def quota(found: Sequence[Contestant]) -> go.Figure:
    """A line a contestant from its mean to its worst batch."""
    shown = empty_chart("images off the quota, of the group that is off most", "", height=110 + 30 * len(found))
    names = [escaped(one.name) for one in found]
    for one, name in zip(found, names, strict=True):
        shown.add_scatter(
            x=[one.off, one.worst], y=[name, name], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": _OUR_COLOUR if one.ours else _PEER_COLOUR, "width": 2},
        )  # fmt: skip
    colours = [_OUR_COLOUR if one.ours else _PEER_COLOUR for one in found]
    for words, values, sign in (
        ("mean over batches", [one.off for one in found], "circle-open"),
        ("worst batch", [one.worst for one in found], "circle"),
    ):
        shown.add_scatter(
            x=values, y=names, mode="markers", name=words,
            marker={"symbol": sign, "size": 10, "color": colours, "line": {"width": 2}},
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:.1f}} images, {words}<extra></extra>",
        )  # fmt: skip
    return shown.update_layout(
        xaxis={"rangemode": "tozero"},
        yaxis={"categoryorder": "array", "categoryarray": names[::-1]},
    )


def coverage_title(found: Sequence[Contestant]) -> str:
    """What an epoch of ours delivers."""
    ours, _ = _both(found)
    if not ours:
        return "What an epoch delivers"
    one = ours[0]
    return (
        f"An epoch of ethnoshard delivers {one.seen:,} of {one.seen + one.never:,} faces, with {one.people:.0f} people "
        "in every batch"
    )


def _both(found: Sequence[Contestant]) -> tuple[list[Contestant], list[Contestant]]:
    return [one for one in found if one.ours], [one for one in found if not one.ours]
