"""How well clusters agree with people: tables of methods, and DBSCAN over eps."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from .. import _show
from .._colours import DASHES, SYMBOLS
from .._text import NONE, in_chart

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
    alone = len(clusterings) == 1
    for model, found in clusterings.items():
        eps = best_eps(found)
        for each in found["sweep"]:
            if each["eps"] == eps and not (alone and eps == SEEDS_EPS):
                method, at = (
                    (f"DBSCAN, eps {eps:g} (best)", model) if alone else ("DBSCAN, best", f"{model}, eps {eps:g}")
                )
                by_method.setdefault(method, []).append((at, each["draws"]))
    figures = {**FIGURES, **_COUNTS}
    read = [
        {
            "method": method,
            **({} if alone else {"model": model}),
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


def of_picture(content: Mapping[str, Mapping[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A row a method and model: its clusters of the picture's images, against the people; to be read, and unrounded.

    Args:
        content: what to call the model -> "picture" of its report.
    """
    figures = {**FIGURES, **_COUNTS}
    read, kept = [], []
    for model, about in content.items():
        own = {"model": model} if len(content) > 1 else {}
        # Older reports have k-means alone.
        for method, found in (about.get("methods") or {"kmeans": about["figures"]}).items():
            best = f"DBSCAN, eps {about['best_eps']:g} (best)" if method == "dbscan_best" else ""
            first = {**own, "method": best or _NAMES.get(method, str(method))}
            read.append(first | {name: spread([found[key]], whole=name in _COUNTS) for name, key in figures.items()})
            kept.append(first | {key: found[key] for key in figures.values()})
    return pl.DataFrame(read), pl.DataFrame(kept, infer_schema_length=None)


def methods_title(clusterings: Mapping[str, Mapping[str, Any]]) -> str:
    """K-means, which is told the number of people, beside the seed's DBSCAN."""
    said = []
    for model, found in clusterings.items():
        ari = _mean([draw["ari"] for draw in found["methods"]["kmeans"]]) if "kmeans" in found["methods"] else None
        if ari is not None:
            said.append(f"{ari:.2f} ({model})" if len(clusterings) > 1 else f"{ari:.2f}")
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


def spread(values: Sequence[float | None], *, whole: bool = False) -> str:
    """Mean (least to most) of the values that are defined; a dash for none."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return NONE
    digits = 0 if whole else 2
    mean, least, most = (f"{number:,.{digits}f}" for number in (float(np.mean(known)), min(known), max(known)))
    text = mean if least == most else f"{mean} ({least} to {most})"
    return _MINUS_ZERO.sub(r"\1", text)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.18)"
