"""Maps of embeddings: points in two or three dimensions, and nodes of a self-organising map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._palette import GREY, GROUP_COLOURS, SYMBOLS, colours_of_groups
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.charts._words import MAP_SIDE

_IN_NONE = -1
_SYMBOLS_3D = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open")
_SYMBOL_OF_NONE = -1
_CORNERS = tuple(tuple(bytes.fromhex(colour[1:])) for colour in GROUP_COLOURS[:4])
"""Red, green and blue of the corners of the self-organising map; between them, what lies between."""


@dataclass(frozen=True)
class PointSet:
    """Points of one colour and symbol.

    Attributes:
        name: in the legend.
        colour: of all of them.
        symbol: its number, see ``symbol_of``.
        rows: indices of the points.
    """

    name: str
    colour: str
    symbol: int
    rows: tuple[int, ...]


def points_of_people(people: Sequence[str], called: Mapping[str, str]) -> list[PointSet]:
    """One set a person: colours repeat after ten, with other symbols.

    Args:
        people: (M,) whose each image is.
        called: everybody who has a look of their own, in order -> what the legend calls them; those without an image
            keep their look for another chart beside this one.
    """
    return [
        PointSet(called[name], *_look(index), _rows(people, name))
        for index, name in enumerate(called)
        if name in people
    ]


def points_of_groups(groups: Sequence[str | None], colours: Mapping[str, str] | None = None) -> list[PointSet]:
    """One set a group, in the colour that it has everywhere; images without a group last, in grey.

    Args:
        groups: (M,) of each image; None where it isn't known.
        colours: of groups; by their names if not given.
    """
    known = sorted({group for group in groups if group is not None})
    colours = colours_of_groups(known) if colours is None else colours
    points = [
        PointSet(group, colours.get(group, GREY), index, _rows(groups, group)) for index, group in enumerate(known)
    ]
    without = _rows(groups, None)
    return [*points, PointSet("no group known", GREY, len(known), without)] if without else points


def points_of_clusters(clusters: NDArray[np.int64]) -> list[PointSet]:
    """One set a cluster, the largest first; images in no cluster last, in grey.

    Args:
        clusters: (M,) number of each image's cluster; -1 where it is in none.
    """
    found, sizes = np.unique(clusters[clusters != _IN_NONE], return_counts=True)
    order = np.lexsort((found, -sizes))
    points = [
        PointSet(
            f"cluster {index + 1} ({sizes[one]:,})",
            *_look(index),
            tuple(np.flatnonzero(clusters == found[one]).tolist()),
        )
        for index, one in enumerate(order.tolist())
    ]
    alone = tuple(np.flatnonzero(clusters == _IN_NONE).tolist())
    return [*points, PointSet(f"in no cluster ({len(alone):,})", GREY, _SYMBOL_OF_NONE, alone)] if alone else points


def embedding_map(
    xy: NDArray[np.float64],
    points: Sequence[PointSet],
    *,
    numbers: Sequence[int] | None = None,
    texts: Sequence[str] | None = None,
) -> go.Figure:
    """A point an image.

    Args:
        xy: (M, 2) or (M, 3) coordinates.
        points: which have which colour and symbol.
        numbers: (M,) ``customdata`` of each point, for a page that shows more under the pointer.
        texts: (M,) plain words under the pointer; without them nothing where there are numbers, else the set's name.
    """
    deep = xy.shape[1] == 3
    chart = _frame(deep)
    draw = chart.add_scatter3d if deep else chart.add_scatter
    for each in points:
        rows = list(each.rows)
        draw(
            **_axes(xy[rows]),
            mode="markers",
            name=escaped(each.name),
            marker={
                "color": each.colour,
                "symbol": symbol_of(each.symbol, deep=deep),
                "size": 4 if deep else 8,
                "opacity": 0.85,
            },
            **_words(rows, numbers, texts),
        )
    return _legend_below(chart, len(points), deep=deep)


def node_map(
    xy: NDArray[np.float64],
    nodes: NDArray[np.int64],
    *,
    numbers: Sequence[int] | None = None,
    texts: Sequence[str] | None = None,
) -> go.Figure:
    """A point an image, in the colour of its node of the self-organising map: neighbouring nodes are alike.

    Args:
        xy: (M, 2) or (M, 3) coordinates.
        nodes: (M,) row * 20 + column of each image.
        numbers: (M,) ``customdata`` of each point, for a page that shows more under the pointer.
        texts: (M,) plain words under the pointer.
    """
    deep = xy.shape[1] == 3
    chart = _frame(deep)
    draw = chart.add_scatter3d if deep else chart.add_scatter
    draw(
        **_axes(xy),
        mode="markers",
        marker={"color": [node_colour(int(node)) for node in nodes], "size": 4 if deep else 8, "opacity": 0.85},
        showlegend=False,
        **_words(range(len(xy)), numbers, texts),
    )
    return chart


def node_colour(node: int) -> str:
    """Of a node of the map: a mixture of the colours of its corners."""
    down, right = (part / (MAP_SIDE - 1) for part in divmod(node, MAP_SIDE))
    weights = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    mixed = [
        sum(weight * corner[channel] for weight, corner in zip(weights, _CORNERS, strict=True)) for channel in range(3)
    ]
    return f"rgb({mixed[0]:.0f}, {mixed[1]:.0f}, {mixed[2]:.0f})"


def symbol_of(number: int, *, deep: bool) -> str:
    """Plotly's name of a symbol, which has fewer in three dimensions; -1 is that of images in no cluster."""
    if number == _SYMBOL_OF_NONE:
        return "x" if deep else "x-thin-open"
    return _SYMBOLS_3D[number % len(_SYMBOLS_3D)] if deep else SYMBOLS[number % len(SYMBOLS)]


def _look(index: int) -> tuple[str, int]:
    """Colour and symbol: after ten the colours come again, with other symbols."""
    return GROUP_COLOURS[index % len(GROUP_COLOURS)], index + index // len(GROUP_COLOURS)


def _frame(deep: bool) -> go.Figure:
    chart = empty_chart("t-SNE 1 (no unit)", "t-SNE 2 (no unit)", height=560)
    if deep:
        chart.update_layout(
            scene={
                **{f"{axis}axis": _deep_axis(f"t-SNE {i}") for i, axis in enumerate("xyz", start=1)},
                "aspectmode": "cube",
                "camera": {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}},
            },
            margin={"t": 0, "b": 0, "l": 0, "r": 0},
        )
    else:
        chart.update_layout(yaxis={"scaleanchor": "x", "zeroline": False}, xaxis={"zeroline": False})
    return chart


def _deep_axis(title: str) -> dict[str, object]:
    """Seen in both themes, which don't reach plotly's three dimensions."""
    grey = "rgba(128, 128, 128, 0.6)"
    return {
        "title": {"text": title},
        "zeroline": False,
        "showspikes": False,
        "showbackground": False,
        "gridcolor": grey,
        "linecolor": grey,
        "color": GREY,
    }


def _legend_below(chart: go.Figure, entries: int, *, deep: bool) -> go.Figure:
    return chart.update_layout(
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


def _axes(xy: NDArray[np.float64]) -> dict[str, object]:
    return {axis: xy[:, number].tolist() for number, axis in enumerate("xyz"[: xy.shape[1]])}


def _words(rows: Sequence[int], numbers: Sequence[int] | None, texts: Sequence[str] | None) -> dict[str, object]:
    known = {} if numbers is None else {"customdata": [numbers[row] for row in rows]}
    if texts is not None:
        return known | {
            "hovertext": [escaped(texts[row]).replace("\n", "<br>") for row in rows],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    return known | ({"hovertemplate": "%{fullData.name}<extra></extra>"} if numbers is None else {"hoverinfo": "none"})


def _rows(values: Sequence[str | None], wanted: str | None) -> tuple[int, ...]:
    return tuple(row for row, value in enumerate(values) if value == wanted)


def som_map(nodes: NDArray[np.int64], points: Sequence[PointSet]) -> go.Figure:
    """The map's nodes that hold images: as large as their number, coloured by whose most of them are.

    Args:
        nodes: (M,) row * 20 + column of each image.
        points: people, or groups, as in the map of embeddings.
    """
    chart = empty_chart("column of the map", "row of the map", height=520)
    owner = {row: number for number, each in enumerate(points) for row in each.rows}
    found = som_nodes(nodes, [owner[row] for row in range(len(nodes))])
    most = max(count for _, count, _, _ in found)
    for number, each in enumerate(points):
        own = [node for node in found if node[2] == number]
        chart.add_scatter(
            x=[node % MAP_SIDE + 1 for node, *_ in own],
            y=[node // MAP_SIDE + 1 for node, *_ in own],
            mode="markers",
            name=escaped(each.name),
            marker={
                "color": each.colour,
                "symbol": symbol_of(each.symbol, deep=False),
                "size": [6 + 16 * (count / most) ** 0.5 for _, count, _, _ in own],
                "opacity": 0.85,
            },
            customdata=[[count, share] for _, count, _, share in own],
            hovertemplate="row %{y}, column %{x}: %{customdata[0]} images, %{customdata[1]} of "
            "%{fullData.name}<extra></extra>",
        )
    axis = {
        "range": [0.2, MAP_SIDE + 0.8],
        "tickvals": [1, 5, 10, 15, 20],
        "zeroline": False,
        "showgrid": False,
        "constrain": "domain",
    }
    return chart.update_layout(
        xaxis=axis,
        yaxis={**axis, "range": [MAP_SIDE + 0.8, 0.2], "scaleanchor": "x"},
        legend={"orientation": "h", "yanchor": "top", "y": -0.12, "itemsizing": "constant"},
    )


def som_nodes(nodes: NDArray[np.int64], owners: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Of each node with images: the node, how many, whose most are, and how many of these."""
    owner = np.asarray(owners)
    found = []
    for node in np.unique(nodes).tolist():
        whose, counts = np.unique(owner[nodes == node], return_counts=True)
        first = int(counts.argmax())
        found.append((int(node), int(counts.sum()), int(whose[first]), int(counts[first])))
    return found
