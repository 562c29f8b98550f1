"""Pictures of an evaluation."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ethnoshard.reports._folder import Arrays
from ethnoshard.reports._group_figures import cross_matrix, rates_by_group
from ethnoshard.reports._style import COLOURS, SYMBOLS, error_bars, escaped, figure, page
from ethnoshard.reports._texts import model_name

_BINS = 80


def evaluation_figures(content: dict[str, Any], scores: Arrays) -> dict[str, str]:
    """Name -> page: ROC, DET, distances, folds, identification, and for each source of groups rates and matrix."""
    named = escaped(model_name(content))
    figures = {
        "roc": roc(content, named),
        "det": det(content, named),
        "distances": distances(content, scores, named),
    }
    if content["verification"]["folds"] > 1:
        figures["folds"] = folds(content, named)
    if "left_out" not in content["identification"]:
        figures["identification"] = ranks(content, named)
    for found in content["demographics"]:
        figures[f"groups-{found['source']}"] = rates_by_group(found, named)
        figures[f"cross-{found['source']}"] = cross_matrix(found, named)
    return {name: page(shown) for name, shown in figures.items()}


def roc(content: dict[str, Any], named: str) -> go.Figure:
    """TAR over FMR, and VAL with Wilson's intervals."""
    verified = content["verification"]
    curve = verified["curve"]
    shown = figure(
        f"ROC of {named} on {escaped(content['pairs']['name'])}",
        "false match rate (share of different pairs accepted)",
        "true accept rate (share of same pairs accepted)",
        note=f"{_pairs(verified)}; AUC {verified['auc']:.5f}. Points: thresholds from {verified['thresholds_from']}",
    )
    # A logarithmic axis has no place for 0.
    points = [(fmr, tar) for fmr, tar in zip(curve["fmr"], curve["tar"], strict=True) if fmr > 0]
    shown.add_scatter(
        x=[fmr for fmr, _ in points], y=[tar for _, tar in points], mode="lines", name="all pairs, one threshold"
    )
    for at, colour, symbol in zip(verified["validation"], COLOURS[1:], SYMBOLS, strict=False):
        if at["val"] and at["far"]["mean"] > 0:
            shown.add_scatter(
                x=[at["far"]["mean"]],
                y=[at["val"]["mean"]],
                error_y=error_bars([at["val"]["mean"]], [at["val"]["people_interval"] or at["val"]["wilson"]]),
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 11},
                name=f"VAL for a FAR of {at['target']:g}",
            )
    return shown.update_xaxes(type="log")


def det(content: dict[str, Any], named: str) -> go.Figure:
    """FNMR over FMR, both logarithmic."""
    verified = content["verification"]
    curve = verified["curve"]
    points = [(fmr, 1 - tar) for fmr, tar in zip(curve["fmr"], curve["tar"], strict=True) if fmr > 0 and tar < 1]
    shown = figure(
        f"Detection error trade-off of {named} on {escaped(content['pairs']['name'])}",
        "false match rate (share of different pairs accepted)",
        "false non-match rate (share of same pairs refused)",
        note=f"{_pairs(verified)}; EER {verified['eer']:.5f}",
    )
    shown.add_scatter(x=[fmr for fmr, _ in points], y=[fnmr for _, fnmr in points], mode="lines", name="all pairs")
    if verified["eer"] > 0:
        shown.add_scatter(
            x=[verified["eer"]], y=[verified["eer"]], mode="markers", name="equal error rate",
            marker={"color": COLOURS[1], "symbol": "diamond", "size": 11},
        )  # fmt: skip
    return shown.update_xaxes(type="log").update_yaxes(type="log")


def distances(content: dict[str, Any], scores: Arrays, named: str) -> go.Figure:
    """How far apart same and different pairs are."""
    verified = content["verification"]
    values = scores["distance"]
    edges = np.linspace(values.min(), values.max(), _BINS + 1)
    unit = {"euclidean": "squared Euclidean distance, 0 to 4", "cosine": "angle as a share of a half turn, 0 to 1"}
    shown = figure(
        f"Distances of the pairs of {escaped(content['pairs']['name'])} by {named}",
        unit.get(verified["metric"], "distance (the negative of the score)"),
        "pairs",
        note=f"{_pairs(verified)}; dashed: mean of the folds' thresholds for accuracy",
        barmode="overlay",
    )
    for name, chosen, colour in (("same", scores["same"], COLOURS[0]), ("different", ~scores["same"], COLOURS[1])):
        counts, _ = np.histogram(values[chosen], edges)
        shown.add_bar(
            x=((edges[1:] + edges[:-1]) / 2).tolist(), y=counts.tolist(), name=f"{name}, {int(chosen.sum()):,} pairs",
            marker={"color": colour}, opacity=0.65, width=float(edges[1] - edges[0]),
        )  # fmt: skip
    return shown.add_vline(x=float(np.mean(verified["accuracy"]["thresholds"])), line_dash="dash")


def folds(content: dict[str, Any], named: str) -> go.Figure:
    """Accuracy on every fold."""
    verified = content["verification"]
    shown = figure(
        f"Accuracy of {named} on each fold of {escaped(content['pairs']['name'])}",
        "fold",
        "accuracy (share of right answers)",
        note=f"{_pairs(verified)}; each fold's threshold from the other folds",
    )
    for key, name, symbol in (
        ("accuracy", "thresholds in steps", "circle"),
        ("accuracy_exact", "thresholds searched exactly", "x"),
    ):
        values = verified[key]["by_fold"]
        shown.add_scatter(
            x=list(range(1, len(values) + 1)), y=values, mode="markers", marker={"symbol": symbol, "size": 10},
            name=f"{name}: mean {verified[key]['mean']:.5f}",
        )  # fmt: skip
    return shown.update_xaxes(dtick=1)


def ranks(content: dict[str, Any], named: str) -> go.Figure:
    """Identification in every gallery."""
    found = content["identification"]
    shown = figure(
        f"Identification by one image each: {named}",
        "",
        "share of queries with the right person among the first",
        note=f"{found['people']:,} people with more than {found['more_than']} images; {found['galleries']} random "
        "galleries, a point each",
    )
    for key, name, symbol in (("svc", "linear SVC", "circle"), ("mean", "mean of the other images", "square")):
        for rank, values in found[key].items():
            what = f"{name}, {rank.replace('_', ' ')}"
            shown.add_scatter(
                x=[what] * len(values["by_gallery"]), y=values["by_gallery"], mode="markers", name=what,
                marker={"symbol": symbol, "size": 9}, showlegend=False,
            )  # fmt: skip
    return shown


def _pairs(verified: dict[str, Any]) -> str:
    people = "" if verified["people"] is None else f" of {verified['people']:,} people"
    return f"{verified['same']:,} same and {verified['different']:,} different pairs{people}"
