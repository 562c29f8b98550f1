"""Pictures of errors by group: each group's own rates with intervals, and who is taken for whom."""

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ethnoshard.reports._style import COLOURS, GREY, error_bars, escaped, figure
from ethnoshard.reports._summary_groups import threshold_text
from ethnoshard.reports._texts import rate
from ethnoshard.results import GroupErrors, from_json

_RATES = (("fmr", "false match rate", COLOURS[1]), ("fnmr", "false non-match rate", COLOURS[0]))


def _threshold(found: dict[str, Any]) -> str:
    return threshold_text(from_json(GroupErrors, found, "the report"))


def rates_by_group(found: dict[str, Any], named: str) -> go.Figure:
    """FMR and FNMR of every group, side by side; grey where too few people or pairs stand behind."""
    shown = make_subplots(rows=1, cols=2, subplot_titles=[name for _, name, _ in _RATES], horizontal_spacing=0.12)
    for column, (key, name, colour) in enumerate(_RATES, start=1):
        cells = {group: rates[key] for group, rates in found["by_group"].items() if rates[key]["rate"] is not None}
        values = [cell["rate"] for cell in cells.values()]
        shown.add_scatter(
            x=[_with_people(group, cell) for group, cell in cells.items()],
            y=values,
            error_y=error_bars(values, [cell["people_interval"] for cell in cells.values()]),
            mode="markers",
            marker={"size": 11, "color": [GREY if cell["too_few"] else colour for cell in cells.values()]},
            text=[f"{cell['errors']:,} errors of {cell['pairs']:,} pairs" for cell in cells.values()],
            name=name,
            showlegend=False,
            row=1,
            col=column,
        )
        shown.update_yaxes(title_text=f"{name} (share of pairs)", rangemode="tozero", row=1, col=column)
        shown.update_xaxes(title_text=f"group {escaped(found['labels'])}", row=1, col=column)
    bars = f"Bars: 95 % by {found['draws']:,} draws of people. " if found["draws"] else ""
    return shown.update_layout(
        template="plotly_white",
        # Four lines of title, and below them the names of the two halves.
        margin={"t": 190},
        title_text=f"Errors of {named} by group, "
        f"{escaped(found['labels'])}<br><sup>{_wrapped(_threshold(found))}<br>"
        f"{bars}Grey: too few people or pairs. Exploratory.</sup>",
    )


def cross_matrix(found: dict[str, Any], named: str) -> go.Figure:
    """FMR of pairs of one person from each of two groups."""
    groups = list(found["cross"])
    cells = [[found["cross"][one][other] for other in groups] for one in groups]
    shown = figure(
        f"False matches of {named} within and across groups, {escaped(found['labels'])}",
        "group of the one person",
        "group of the other",
        note=f"{_wrapped(_threshold(found))}<br>Grey: too few people or pairs. Exploratory.",
        plot_bgcolor=GREY,
        margin={"t": 150},
    )
    shown.add_heatmap(
        x=[escaped(group) for group in groups],
        y=[escaped(group) for group in groups],
        z=[[None if cell["too_few"] else cell["rate"] for cell in row] for row in cells],
        text=[[f"{rate(cell['rate'])}<br>{cell['errors']:,} of {cell['pairs']:,}" for cell in row] for row in cells],
        colorscale="Cividis",
        colorbar={"title": {"text": "FMR"}},
        hovertemplate="%{x}, %{y}: %{text}<extra></extra>",
    )
    for column, one in enumerate(groups):
        for row, other in enumerate(groups):
            cell = cells[row][column]
            people = "" if cell["people"] is None else f"<br>{cell['people']:,} people"
            shown.add_annotation(
                x=escaped(one), y=escaped(other), showarrow=False, text=f"{rate(cell['rate'])}{people}",
                bgcolor="rgba(255,255,255,0.75)",
            )  # fmt: skip
    return shown.update_xaxes(showgrid=False).update_yaxes(showgrid=False, autorange="reversed")


def _with_people(group: str, cell: dict[str, Any]) -> str:
    people = f"{cell['pairs']:,} pairs" if cell["people"] is None else f"{cell['people']:,} people"
    return f"{escaped(group)}<br>{people}"


def _wrapped(text: str, width: int = 110) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word + " "
    return "<br>".join(escaped(line.strip()) for line in lines)
