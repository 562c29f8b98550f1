"""Which evaluations a page is about: one, others to lay beside it, and those that can't be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ethnoshard.charts import ARM_COLOURS, DASHES
from ethnoshard.reports import ReportFolder, ReportSummary
from ethnoshard.results import Evaluation

from .. import _pick, _show
from .._guard import or_said
from .._shelf import Shelf
from .._text import plain

KINDS = ("evaluation", "scores")


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A report as charts show it.

    Attributes:
        name: in the shelf.
        label: what charts call it: its model, or its name where two have the same.
        colour: of its arm, or of its own.
        dash: differs among reports of one colour.
        report: the report.
    """

    name: str
    label: str
    colour: str
    dash: str
    report: ReportFolder

    @property
    def evaluation(self) -> Evaluation:
        """What was measured."""
        return self.report.evaluation


def picked(shelf: Shelf, *, fits: Callable[[ReportSummary], bool] = lambda summary: True) -> list[Picked]:
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
    looks = looks_of(chosen, fitting, {run.name: run.arm for run in shelf.runs}, shelf.arm_colours)
    found = []
    for summary in chosen:
        with or_said(summary.name):
            label, colour, dash = looks[summary.name]
            report = shelf.report(summary.name)
            found.append(Picked(name=summary.name, label=label, colour=colour, dash=dash, report=report))
    # Without the report that the page is about, others beside it say nothing.
    return found if found and found[0].name == name else []


def looks_of(
    chosen: Sequence[ReportSummary],
    everything: Sequence[ReportSummary],
    arms: Mapping[str, str | None],
    arm_colours: Mapping[str, str],
) -> dict[str, tuple[str, str, str]]:
    """Name -> label, colour and dash.

    Args:
        chosen: the reports to be shown together.
        everything: all that could be, so that a model keeps its colour whatever it is shown with.
        arms: run -> arm.
        arm_colours: arm -> colour.
    """
    models = [summary.model for summary in chosen]
    strangers = sorted({summary.model or "" for summary in everything if not arms.get(summary.run or "")})
    free = [colour for colour in reversed(ARM_COLOURS) if colour not in arm_colours.values()] or list(ARM_COLOURS)
    own = {model: free[place % len(free)] for place, model in enumerate(strangers)}
    looks: dict[str, tuple[str, str, str]] = {}
    for summary in chosen:
        arm = arms.get(summary.run or "")
        colour = arm_colours[arm] if arm else own[summary.model or ""]
        alike = sum(other == colour for _, other, _ in looks.values())
        label = summary.model if summary.model and models.count(summary.model) == 1 else summary.name
        looks[summary.name] = label, colour, DASHES[alike % len(DASHES)]
    return looks


def say_unreadable(shelf: Shelf) -> None:
    """List the reports that can't be read, with the reason."""
    broken = [summary for summary in shelf.reports if summary.reason is not None]
    if broken:
        number = f"{len(broken)} reports" if len(broken) > 1 else "1 report"
        with st.expander(f"{number} can't be read", icon=":material/warning:"):
            for summary in broken:
                st.markdown(f"{plain(summary.name)}: {plain(summary.reason)}")


def none_yet(shelf: Shelf, what: str, *, groups: bool = False) -> None:
    """Say that there is no evaluation, and which command makes one."""
    labels = " --groups lfw_groups.csv" if groups else ""
    _show.empty(
        what, f"ethnoshard evaluate MODEL --lfw FACES --pairs pairs.txt{labels} --out {shelf.given.runs}/reports/NAME"
    )
