"""The self-organising map: which of its nodes hold whose images."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .. import _show
from .._colours import SYMBOLS
from .._text import in_chart
from ._clusters_picture import SOM_SIDE, Kind


def som(nodes: NDArray[np.int64], kinds: Sequence[Kind]) -> go.Figure:
    """The map's nodes that hold images: as large as their number, coloured by whose most of them are.

    Args:
        nodes: (M,) row * 20 + column of each image.
        kinds: people, or groups, as in the picture.
    """
    shown = _show.figure("column of the map", "row of the map", height=520)
    owner = {row: number for number, kind in enumerate(kinds) for row in kind.rows}
    found = som_nodes(nodes, [owner[row] for row in range(len(nodes))])
    most = max(count for _, count, _, _ in found)
    for number, kind in enumerate(kinds):
        own = [each for each in found if each[2] == number]
        shown.add_scatter(
            x=[node % SOM_SIDE + 1 for node, *_ in own],
            y=[node // SOM_SIDE + 1 for node, *_ in own],
            mode="markers",
            name=in_chart(kind.name),
            marker={
                "color": kind.colour,
                "symbol": SYMBOLS[kind.place % len(SYMBOLS)],
                "size": [6 + 16 * (count / most) ** 0.5 for _, count, _, _ in own],
                "opacity": 0.85,
            },
            customdata=[[count, share] for _, count, _, share in own],
            hovertemplate="row %{y}, column %{x}: %{customdata[0]} images, %{customdata[1]} of "
            "%{fullData.name}<extra></extra>",
        )
    axis = {
        "range": [0.2, SOM_SIDE + 0.8],
        "tickvals": [1, 5, 10, 15, 20],
        "zeroline": False,
        "showgrid": False,
        "constrain": "domain",
    }
    return shown.update_layout(
        xaxis=axis,
        yaxis={**axis, "range": [SOM_SIDE + 0.8, 0.2], "scaleanchor": "x"},
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


def som_title(nodes: NDArray[np.int64], people: Sequence[str]) -> str:
    """On how many nodes the images lie, and how many hold one person's alone."""
    codes = np.unique(np.asarray(people), return_inverse=True)[1]
    found = som_nodes(nodes, codes.tolist())
    mixed = sum(count > own for _, count, _, own in found)
    return (
        f"{len(nodes):,} images lie on {len(found):,} of the map's {SOM_SIDE**2} nodes; {mixed:,} hold images of more "
        "than one person"
        if mixed
        else f"{len(nodes):,} images lie on {len(found):,} of the map's {SOM_SIDE**2} nodes, each of one person alone"
    )
