"""The page "Clusters": pictures that illustrate, and beside them the figures of the embedding space."""

from collections.abc import Mapping

import streamlit as st

from ethnoshard.charts import ARM_COLOURS, eps_sweep, spread
from ethnoshard.results import Clustering

from .. import _pick, _show
from .._guard import or_said
from .._shelf import Shelf
from .._text import plain
from . import _clusters_figures as figures
from ._clusters_look import look
from ._clusters_shown import Shown, read

_NONE = "none"
_PLAIN_COLOURS = (ARM_COLOURS[6], ARM_COLOURS[5])


def show(shelf: Shelf) -> None:
    """One clustering report, or two side by side."""
    found = [report for report in shelf.reports if report.kind == "clustering" and report.reason is None]
    for report in shelf.reports:
        if report.reason is not None:
            st.warning(f"{plain(report.name)} can't be read: {plain(report.reason)}", icon=":material/warning:")
    if not found:
        _show.empty(
            "No clustering is here yet: embed faces with a model, then cluster the embeddings.",
            "ethnoshard embed MODEL FACES embeddings.npz",
            f"ethnoshard cluster embeddings.npz --out {shelf.given.runs}/clusters",
        )
        return
    names = [report.name for report in found]
    left, right = st.columns(2)
    with left:
        first = _pick.one("Clustering", names, key="clusters")
    with right:
        second = _pick.one("Beside it", [_NONE, *(name for name in names if name != first)], key="beside_clusters")
    shown: list[Shown] = []
    for name in (first, second):
        if name != _NONE:
            with or_said(name):
                shown.append(read(shelf, name))
    if not shown:
        return
    shown = _told_apart(shown)
    if len(shown) == 2:
        _same_people(*shown)
    look(shelf, shown)
    clusterings = {one.called: one.report.clustering for one in shown}
    with or_said("table of methods"):
        _methods(shown, clusterings)
    with or_said("DBSCAN over eps"):
        _sweep(clusterings, _colours(shelf, shown))


def _told_apart(shown: list[Shown]) -> list[Shown]:
    """Two reports of one model are called by their folders too."""
    if len({one.called for one in shown}) == len(shown):
        return shown
    return [one.renamed(f"{one.called}, {one.name}") for one in shown]


def _same_people(first: Shown, second: Shown) -> None:
    drawn = [one.report.clustering.drawn for one in (first, second)]
    same_picture = first.keys == second.keys
    if drawn[0] == drawn[1] and same_picture:
        st.caption("Both models see the same images of the same people, in the picture and in every draw.")
        return
    differ = [
        what for what, differs in (("the draws", drawn[0] != drawn[1]), ("the pictures", not same_picture)) if differs
    ]
    st.warning(
        f"The people of {plain(' and of '.join(differ))} are not the same in both: differences may come from the "
        "people instead of the models\\. `ethnoshard cluster` gives both the same with the same seed and numbers\\.",
        icon=":material/warning:",
    )


def _methods(shown: list[Shown], clusterings: Mapping[str, Clustering]) -> None:
    read_rows, kept = figures.methods(clusterings)
    about = shown[0].report.clustering
    draws = len(about.images)
    people = [
        f"{one.called} {spread(one.report.clustering.people_silhouette)}" if len(shown) > 1
        else spread(one.report.clustering.people_silhouette)
        for one in shown
    ]  # fmt: skip
    _show.table(
        read_rows,
        name="methods",
        title=figures.methods_title(clusterings),
        how=(
            f"Mean (least to most) over {draws} draws of {about.people:,} people with at least {about.at_least} "
            f"images, seed {about.seed}; all in the embedding space. ARI is 0 by chance, 1 where clusters are "
            f"people; images left over count as clusters of one. Silhouette of the people themselves: "
            f"{'; '.join(people)}. That of clusters is over draws with two at least. The best eps was "
            "chosen by knowing the people, so its figures flatter."
        ),
        download=kept,
    )


@st.fragment
def _sweep(clusterings: Mapping[str, Clustering], colours: Mapping[str, str]) -> None:
    with st.container(width=220):
        figure = _pick.one("Figure over eps", list(figures.FIGURES), key="agreement")
    _show.chart(
        eps_sweep(figures.sweep_lines(clusterings, figure, colours), figure),
        name="sweep",
        title=figures.sweep_title(clusterings),
        how=(
            "Line: mean over the draws, band: least to most. Left of the peak DBSCAN leaves images over, right of it "
            "it throws people together. The study tried 0.4 alone."
        ),
    )


def _colours(shelf: Shelf, shown: list[Shown]) -> dict[str, str]:
    """An arm's colour where the model is a run's."""
    arms = {run.name: run.arm for run in shelf.runs}
    colours = {}
    for one, otherwise in zip(shown, _PLAIN_COLOURS, strict=False):
        arm = arms.get(one.run or "")
        colours[one.called] = shelf.arm_colours.get(arm, otherwise) if arm else otherwise
    return colours
