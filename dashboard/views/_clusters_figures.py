"""How well clusters agree with people: a table of methods, DBSCAN over eps, the self-organising map."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from .. import _show
from .._colours import DASHES, SYMBOLS
from .._text import NONE, in_chart
from ._clusters_picture import SOM_SIDE, Kind

SEEDS_EPS = 0.4
_MINUS_ZERO = re.compile(r"-(0(?:\.0+)?)(?![\d.])")
FIGURES = {
    "ARI": "ari",
    "NMI": "nmi",
    "V-measure": "v_measure",
    "pairwise F": "pairwise_f",
    "silhouette": "silhouette",
}
_COUNTS = {"clusters": "clusters", "left over": "left_over"}
_NAMES = {"dbscan": "DBSCAN, eps 0.4", "kmeans": "k-means", "som": "map, 20 x 20"}


def best_eps(clustering: Mapping[str, Any]) -> float | None:
    """The eps of the sweep with the highest mean ARI; None without a sweep."""
    means = {float(each["eps"]): _mean([draw["ari"] for draw in each["draws"]]) for each in clustering["sweep"]}
    known = {eps: mean for eps, mean in means.items() if mean is not None}
    return max(sorted(known), key=lambda eps: known[eps]) if known else None


def methods(clusterings: Mapping[str, Mapping[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Figures of each method and model: to be read, mean (least to most) over the draws; and a row a draw, unrounded.

    Args:
        clusterings: what to call the model -> "clustering" of its report.
    """
    by_method: dict[str, list[tuple[str, Sequence[Mapping[str, Any]]]]] = {}
    for model, found in clusterings.items():
        for method, draws in found["methods"].items():
            by_method.setdefault(_NAMES.get(method, str(method)), []).append((model, draws))
    for model, found in clusterings.items():
        eps = best_eps(found)
        for each in found["sweep"]:
            if each["eps"] == eps:
                by_method.setdefault("DBSCAN, best eps", []).append((f"{model}, eps {eps:g}", each["draws"]))
    figures = {**FIGURES, **_COUNTS}
    read = [
        {
            "method": method,
            "model": model,
            **{name: spread([draw[key] for draw in draws], whole=name in _COUNTS) for name, key in figures.items()},
        }
        for method, rows in by_method.items()
        for model, draws in rows
    ]
    kept = [
        {"method": method, "model": model, "draw": number, **{key: draw[key] for key in figures.values()}}
        for method, rows in by_method.items()
        for model, draws in rows
        for number, draw in enumerate(draws)
    ]
    return pl.DataFrame(read), pl.DataFrame(kept, infer_schema_length=None)


def of_picture(content: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """A row a method and model: its clusters of the images of the picture, against the people.

    Args:
        content: what to call the model -> "picture" of its report.
    """
    rows = []
    for model, about in content.items():
        # Older reports have k-means alone.
        for method, figures in (about.get("methods") or {"kmeans": about["figures"]}).items():
            best = f"DBSCAN, eps {about['best_eps']:g}, its best" if method == "dbscan_best" else ""
            rows.append(
                {
                    **({"model": model} if len(content) > 1 else {}),
                    "method": best or _NAMES.get(method, str(method)),
                    **{name: figures[key] for name, key in {**FIGURES, **_COUNTS}.items()},
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def methods_title(clusterings: Mapping[str, Mapping[str, Any]]) -> str:
    """K-means, which is told the number of people, beside the seed's DBSCAN."""
    said = []
    for model, found in clusterings.items():
        ari = _mean([draw["ari"] for draw in found["methods"]["kmeans"]]) if "kmeans" in found["methods"] else None
        if ari is not None:
            said.append(f"{ari:.2f} {f'of {model}' if len(clusterings) > 1 else ''}".strip())
    people = ", ".join(dict.fromkeys(f"{found['people']:,}" for found in clusterings.values()))
    if not said:
        return f"Clusters of {people} people"
    return f"k-means finds {people} people again with an ARI of {' and '.join(said)}"


def sweep(clusterings: Mapping[str, Mapping[str, Any]], figure: str, colours: Mapping[str, str]) -> go.Figure:
    """A figure over DBSCAN's eps: the mean over draws with least and most as a band, a line a model.

    Args:
        clusterings: what to call the model -> "clustering" of its report.
        figure: one of ``FIGURES``.
        colours: of the models.
    """
    shown = _show.figure("eps: Euclidean distance of vectors of length 1", f"{figure} (1 is best)", height=400)
    for place, (model, found) in enumerate(clusterings.items()):
        rows = [
            (float(each["eps"]), [draw[FIGURES[figure]] for draw in each["draws"] if draw[FIGURES[figure]] is not None])
            for each in found["sweep"]
        ]
        rows = [(eps, values) for eps, values in rows if values]
        eps = [one for one, _ in rows]
        shown.add_scatter(
            x=[*eps, *reversed(eps)],
            y=[*(max(values) for _, values in rows), *(min(values) for _, values in reversed(rows))],
            fill="toself", fillcolor=_faint(colours[model]), line={"width": 0}, mode="lines", hoverinfo="skip",
            showlegend=False,
        )  # fmt: skip
        shown.add_scatter(
            x=eps,
            y=[_mean(values) for _, values in rows],
            mode="lines+markers",
            name=in_chart(model),
            line={"color": colours[model], "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8},
            customdata=[spread(values) for _, values in rows],
            hovertemplate="eps %{x:g}: %{customdata}<extra>%{fullData.name}</extra>",
        )
    shown.add_vline(
        x=SEEDS_EPS,
        line={"dash": "dash", "color": "#8C8C8C"},
        annotation={"text": "the seed's eps, 0.4", "xanchor": "left", "xshift": 6, "yshift": -4},
    )
    return shown.update_layout(showlegend=len(clusterings) > 1, xaxis={"dtick": 0.1})


def sweep_title(clusterings: Mapping[str, Mapping[str, Any]]) -> str:
    """What DBSCAN finds at the seed's eps, and what at its best one."""
    at_seed, at_best = [], []
    for model, found in clusterings.items():
        own = f" ({model})" if len(clusterings) > 1 else ""
        by_eps = {float(each["eps"]): each["draws"] for each in found["sweep"]}
        if SEEDS_EPS in by_eps:
            clusters = _mean([draw["clusters"] for draw in by_eps[SEEDS_EPS]])
            at_seed.append(f"{_clusters(clusters)}{own}")
        eps = best_eps(found)
        if eps is not None:
            ari = _mean([draw["ari"] for draw in by_eps[eps]])
            at_best.append(f"at {eps:g} ARI is {ari:.2f}{own}")
    people = next(iter(clusterings.values()))["people"]
    said = f"At eps 0.4 DBSCAN finds {' and '.join(at_seed)} among {people:,} people; " if at_seed else ""
    return (said + " and ".join(at_best)).removesuffix("; ") or "No eps was tried"


def _clusters(mean: float | None) -> str:
    """``no cluster``, ``1 cluster``, ``22.6 clusters``."""
    if not mean:
        return "no cluster"
    number = f"{mean:.1f}".removesuffix(".0")
    return f"{number} cluster{'' if number == '1' else 's'}"


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
    axis = {"range": [0.2, SOM_SIDE + 0.8], "dtick": 5, "tick0": 0, "zeroline": False}
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


def spread(values: Sequence[float | None], *, whole: bool = False) -> str:
    """Mean (least to most); a dash for none."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return NONE
    digits = 0 if whole else 2
    mean, least, most = (f"{number:,.{digits}f}" for number in (float(np.mean(known)), min(known), max(known)))
    text = mean if least == most else f"{mean} ({least} to {most})"
    missing = len(values) - len(known)
    return f"{text}, undefined in {missing}" if missing else _MINUS_ZERO.sub(r"\1", text)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.18)"
