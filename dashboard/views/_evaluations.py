"""Which evaluations a page is about: one, others to lay beside it, and those that can't be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ethnoshard.charts import ARM_COLOURS, DASHES
from ethnoshard.results import Evaluation, ReportSummary

from .. import _pick, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors

KINDS = ("evaluation", "scores")


@dataclass(frozen=True, kw_only=True)
class PickedEvaluation:
    """An evaluation as charts show it.

    Attributes:
        name: in the shelf.
        label: what charts call it: its model, or its name where two have the same.
        colour: of its arm, or of its own.
        dash: differs among reports of one colour.
        evaluation: what was measured.
    """

    name: str
    label: str
    colour: str
    dash: str
    evaluation: Evaluation


@dataclass(frozen=True)
class Style:
    """How charts show a report.

    Attributes:
        label: what they call it.
        colour: of its lines and points.
        dash: of its lines.
    """

    label: str
    colour: str
    dash: str


def pick_evaluations(
    shelf: Shelf, *, fits: Callable[[ReportSummary], bool] = lambda summary: True
) -> list[PickedEvaluation]:
    """Let the user pick an evaluation and others; the first is what the page is about. Empty if there is none.

    Args:
        shelf: what there is.
        fits: whether the page can show a report.
    """
    fitting = [summary for summary in shelf.reports if summary.kind in KINDS and fits(summary)]
    if not fitting:
        return []
    names = [summary.name for summary in fitting]
    one, others = st.columns([2, 3])
    with one:
        name = _pick.one("Report", names, key="report")
    with others:
        beside = _pick.some("Beside it", names, key="beside", start=[])
    summaries = {summary.name: summary for summary in fitting}
    chosen = [summaries[each] for each in dict.fromkeys([name, *beside])]
    styles = styles_for(chosen, fitting, {run.name: run.arm for run in shelf.runs}, shelf.arm_colours)
    picked = []
    for summary in chosen:
        with reporting_errors(summary.name):
            style = styles[summary.name]
            picked.append(
                PickedEvaluation(
                    name=summary.name,
                    label=style.label,
                    colour=style.colour,
                    dash=style.dash,
                    evaluation=shelf.evaluation(summary.name),
                )
            )
    # Without the report that the page is about, others beside it say nothing.
    return picked if picked and picked[0].name == name else []


def styles_for(
    chosen: Sequence[ReportSummary],
    everything: Sequence[ReportSummary],
    arms: Mapping[str, str | None],
    arm_colours: Mapping[str, str],
) -> dict[str, Style]:
    """How charts show each report.

    Args:
        chosen: the reports to be shown together.
        everything: all that could be, so that a model keeps its colour whatever it is shown with.
        arms: run -> arm.
        arm_colours: arm -> colour.

    Returns:
        name of the report -> its style.
    """
    models = [summary.model for summary in chosen]
    strangers = sorted({summary.model or "" for summary in everything if not arms.get(summary.run or "")})
    free = [colour for colour in reversed(ARM_COLOURS) if colour not in arm_colours.values()] or list(ARM_COLOURS)
    own = {model: free[index % len(free)] for index, model in enumerate(strangers)}
    styles: dict[str, Style] = {}
    for summary in chosen:
        arm = arms.get(summary.run or "")
        colour = arm_colours[arm] if arm else own[summary.model or ""]
        alike = sum(style.colour == colour for style in styles.values())
        label = summary.model if summary.model and models.count(summary.model) == 1 else summary.name
        styles[summary.name] = Style(label, colour, DASHES[alike % len(DASHES)])
    return styles


def list_unreadable(shelf: Shelf) -> None:
    """List the reports that can't be read, with the reason."""
    unreadable = shelf.unreadable_reports
    if unreadable:
        number = f"{len(unreadable)} reports" if len(unreadable) > 1 else "1 report"
        with st.expander(f"{number} can't be read", icon=":material/warning:"):
            for name, reason in unreadable:
                st.markdown(f"{plain(name)}: {plain(reason)}")


def no_evaluation(shelf: Shelf, what: str, *, groups: bool = False) -> None:
    """Tell that there is no evaluation, and which command makes one.

    Args:
        shelf: what there is.
        what: is missing. Plain text.
        groups: whether it has to be one with errors by group.
    """
    labels = " --groups lfw_groups.csv" if groups else ""
    _show.empty(
        what, f"ethnoshard evaluate MODEL --lfw FACES --pairs pairs.txt{labels} --out {shelf.given.runs}/reports/NAME"
    )
