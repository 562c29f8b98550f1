"""Pictures of a comparison: differences with their intervals, and the line of no difference."""

from typing import Any

import plotly.graph_objects as go

from ethnoshard.reports._style import COLOURS, GREY, error_bars, escaped, figure, page
from ethnoshard.reports._summary_clusters import FIGURES, METHODS
from ethnoshard.reports._summary_compare import verification_name
from ethnoshard.reports._texts import model_name

_AXIS = "other - base (share; right of the line the other's is greater)"
_KINDS = {"fmr": "FMR", "fnmr": "FNMR", "accuracy": "accuracy"}


def comparison_figures(content: dict[str, Any]) -> dict[str, str]:
    """Name -> page."""
    named = escaped(" against ".join(_named(content[which]) for which in ("other", "base")))
    if content["of"] == "clustering":
        return {"clusters": page(_clusters(content, named))}
    figures = {"verification": _verification(content, named)}
    for found in content["demographics"]:
        figures[f"groups-{found['source']}"] = _groups(found, named)
    return {name: page(shown) for name, shown in figures.items()}


def _named(about: dict[str, Any]) -> str:
    return model_name(about) if about.get("model") else str(about["report"])


def _verification(content: dict[str, Any], named: str) -> go.Figure:
    note = f"95 % intervals by {content['draws']:,} draws of people, the same for both models"
    shown = figure(f"Verification, {named}: differences", _AXIS, "", note=note)
    _forest(shown, {verification_name(key): change for key, change in content["verification"].items()}, COLOURS[0])
    return _with_zero(shown)


def _groups(found: dict[str, Any], named: str) -> go.Figure:
    shown = figure(
        f"By group {escaped(found['labels'])}, {named}: differences",
        _AXIS,
        "",
        note=f"95 % intervals by {found['draws']:,} draws of people, the same for both. Grey: too few people or pairs. "
        "Exploratory",
        scattermode="group",
    )
    changes = {"all": found["overall"], **found["by_group"]}
    for (kind, name), colour in zip(_KINDS.items(), COLOURS, strict=False):
        rows = {f"{group}, {name}": change[kind] for group, change in changes.items()}
        grey = {f"{group}, {name}" for group in found["too_few"]}
        _forest(shown, rows, colour, grey)
    return _with_zero(shown)


def _clusters(content: dict[str, Any], named: str) -> go.Figure:
    shown = figure(
        f"Clusters of {content['people']} people, {named}: differences",
        "other - base (right of the line the other agrees better with people)",
        "",
        note=f"{content['draws']} draws of people, a point each, the same for both models",
    )
    for (method, figures), colour in zip(content["clustering"].items(), COLOURS, strict=False):
        points = [
            (f"{METHODS[method]}: {FIGURES[name]}", value)
            for name, change in figures.items()
            for value in change["differences"]
            if value is not None
        ]
        shown.add_scatter(
            x=[value for _, value in points], y=[name for name, _ in points], mode="markers",
            marker={"color": colour, "size": 9}, name=METHODS[method],
        )  # fmt: skip
    return _with_zero(shown)


def _forest(shown: go.Figure, changes: dict[str, dict[str, Any]], colour: str, grey: set[str] | None = None) -> None:
    known = {name: change for name, change in changes.items() if change["difference"] is not None}
    values = [change["difference"] for change in known.values()]
    shown.add_scatter(
        x=values,
        y=[escaped(name) for name in known],
        error_x=error_bars(values, [change["people_interval"] for change in known.values()]),
        mode="markers",
        marker={"size": 10, "color": [GREY if name in (grey or ()) else colour for name in known]},
        showlegend=False,
    )


def _with_zero(shown: go.Figure) -> go.Figure:
    return shown.add_vline(x=0, line_dash="dash").update_yaxes(autorange="reversed", automargin=True)
