"""The images of a clustering report's t-SNE as points: places, colours, symbols, words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .. import _show
from .._colours import GROUP_COLOURS, SYMBOLS, TOO_FEW
from .._text import in_chart

SOM_SIDE = 20
METHODS = {
    "dbscan": "DBSCAN, eps 0.4",
    "dbscan_best": "DBSCAN, its best eps",
    "kmeans": "k-means",
    "som": "self-organising map",
}
"""Arrays of ``picture.npz`` -> what pages and URLs call what they hold."""
_IN_NONE = -1
_SYMBOLS_3D = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open")
_CORNERS = ((0, 119, 187), (213, 94, 0), (0, 143, 104), (181, 89, 156))
"""Colours of the corners of the self-organising map; between them, what lies between."""


@dataclass(frozen=True)
class Kind:
    """Points of one colour and symbol, and what the legend calls them."""

    name: str
    colour: str
    place: int
    rows: tuple[int, ...]


def kinds_of_people(people: Sequence[str], called: Mapping[str, str]) -> list[Kind]:
    """One a person, by the order of the names: colours repeat after ten, with other symbols."""
    return [
        Kind(
            called[name],
            GROUP_COLOURS[place % len(GROUP_COLOURS)],
            place + place // len(GROUP_COLOURS),
            _rows(people, name),
        )
        for place, name in enumerate(sorted(called))
        if name in people
    ]


def kinds_of_groups(groups: Sequence[str | None], colours: Mapping[str, str]) -> list[Kind]:
    """One a group, the same colour as everywhere; people without a group last, in grey."""
    known = sorted({group for group in groups if group is not None})
    kinds = [Kind(group, colours.get(group, TOO_FEW), place, _rows(groups, group)) for place, group in enumerate(known)]
    without = _rows(groups, None)
    return [*kinds, Kind("no group known", TOO_FEW, len(known), without)] if without else kinds


def kinds_of_clusters(clusters: NDArray[np.int64]) -> list[Kind]:
    """One a cluster, the largest first; images in no cluster last, in grey."""
    found, sizes = np.unique(clusters[clusters != _IN_NONE], return_counts=True)
    order = np.lexsort((found, -sizes))
    kinds = [
        Kind(
            f"cluster {place + 1} ({sizes[one]:,})",
            GROUP_COLOURS[place % len(GROUP_COLOURS)],
            place + place // len(GROUP_COLOURS),
            tuple(np.flatnonzero(clusters == found[one]).tolist()),
        )
        for place, one in enumerate(order.tolist())
    ]
    alone = tuple(np.flatnonzero(clusters == _IN_NONE).tolist())
    return [*kinds, Kind(f"in no cluster ({len(alone):,})", TOO_FEW, _SYMBOL_OF_NONE, alone)] if alone else kinds


def picture(
    places: NDArray[np.float64], kinds: Sequence[Kind], numbers: Sequence[int], texts: Sequence[str], *, faces: bool
) -> go.Figure:
    """A point an image.

    Args:
        places: (M, 2) or (M, 3).
        kinds: which points have which colour.
        numbers: (M,) what ``face_hover`` knows each point by.
        texts: (M,) plain words of each point.
        faces: leave the words to ``face_hover``, which has the face too.
    """
    deep = places.shape[1] == 3
    shown = _frame(deep)
    draw = shown.add_scatter3d if deep else shown.add_scatter
    for kind in kinds:
        rows = list(kind.rows)
        draw(
            **_axes(places[rows]),
            mode="markers",
            name=in_chart(kind.name),
            marker={
                "color": kind.colour,
                "symbol": symbol(kind.place, deep=deep),
                "size": 4 if deep else 8,
                "opacity": 0.85,
            },
            customdata=[numbers[row] for row in rows],
            **_words([texts[row] for row in rows], faces),
        )
    return _legend_below(shown, len(kinds), deep=deep)


def node_picture(
    places: NDArray[np.float64], nodes: NDArray[np.int64], numbers: Sequence[int], texts: Sequence[str], *, faces: bool
) -> go.Figure:
    """The same, each point in the colour of its node of the self-organising map."""
    deep = places.shape[1] == 3
    shown = _frame(deep)
    draw = shown.add_scatter3d if deep else shown.add_scatter
    draw(
        **_axes(places),
        mode="markers",
        marker={"color": [node_colour(int(node)) for node in nodes], "size": 4 if deep else 8, "opacity": 0.85},
        customdata=list(numbers),
        showlegend=False,
        **_words(texts, faces),
    )
    return shown


def node_colour(node: int) -> str:
    """Of a node of the map: a mixture of the colours of its corners."""
    down, right = (part / (SOM_SIDE - 1) for part in divmod(node, SOM_SIDE))
    weights = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    mixed = [
        sum(weight * corner[channel] for weight, corner in zip(weights, _CORNERS, strict=True)) for channel in range(3)
    ]
    return f"rgb({mixed[0]:.0f}, {mixed[1]:.0f}, {mixed[2]:.0f})"


def symbol(place: int, *, deep: bool) -> str:
    """Symbol number ``place``; plotly has fewer in three dimensions."""
    if place == _SYMBOL_OF_NONE:
        return "x" if deep else "x-thin-open"
    return _SYMBOLS_3D[place % len(_SYMBOLS_3D)] if deep else SYMBOLS[place % len(SYMBOLS)]


_SYMBOL_OF_NONE = -1


def _frame(deep: bool) -> go.Figure:
    shown = _show.figure("t-SNE 1 (no unit)", "t-SNE 2 (no unit)", height=560)
    if deep:
        shown.update_layout(
            scene={
                **{f"{axis}axis": _deep_axis(f"t-SNE {i}") for i, axis in enumerate("xyz", start=1)},
                "aspectmode": "cube",
                "camera": {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}},
            },
            margin={"t": 0, "b": 0, "l": 0, "r": 0},
        )
    else:
        shown.update_layout(yaxis={"scaleanchor": "x", "zeroline": False}, xaxis={"zeroline": False})
    return shown


def _deep_axis(title: str) -> dict[str, Any]:
    """Seen in both themes, which don't reach plotly's three dimensions."""
    grey = "rgba(128, 128, 128, 0.6)"
    return {
        "title": {"text": title},
        "zeroline": False,
        "showspikes": False,
        "showbackground": False,
        "gridcolor": grey,
        "linecolor": grey,
        "color": "#8C8C8C",
    }


def _legend_below(shown: go.Figure, entries: int, *, deep: bool) -> go.Figure:
    return shown.update_layout(
        legend={
            "orientation": "h",
            "yanchor": "top",
            "y": -0.02 if deep else -0.12,
            "x": 0,
            "itemsizing": "constant",
            "font": {"size": 11 if entries > 12 else 12},
        },
        height=560 + 18 * (entries // 5),
    )


def _axes(places: NDArray[np.float64]) -> dict[str, Any]:
    return {axis: places[:, number].tolist() for number, axis in enumerate("xyz"[: places.shape[1]])}


def _words(texts: Sequence[str], faces: bool) -> dict[str, Any]:
    if faces:
        return {"hoverinfo": "none"}
    return {
        "hovertext": [in_chart(text).replace("\n", "<br>") for text in texts],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _rows(values: Sequence[str | None], wanted: str | None) -> tuple[int, ...]:
    return tuple(row for row, value in enumerate(values) if value == wanted)
