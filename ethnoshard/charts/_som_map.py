"""The self-organising map: which of its nodes hold whose images."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.charts._embedding_map import PointSet, symbol_of
from ethnoshard.charts._style import empty_chart, escaped
from ethnoshard.charts._words import MAP_SIDE


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
