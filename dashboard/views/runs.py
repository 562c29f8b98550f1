"""The page "Runs": every run with its figures, to pick from; arms against seeds; the seed's table; comparisons."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from ethnoshard.charts import NONE, arm_spread, differences
from ethnoshard.errors import EthnoshardError

from .. import _show
from .._guard import or_said
from .._pick import one, some
from .._shelf import Shelf
from .._text import plain
from . import _runs_changes as changes
from . import _runs_spread as spread
from ._runs_lines import Line, lines_of, picked_at_first, shown, unrounded
from ._runs_seed import PUBLISHED, SOURCE, table_5_1

_TABLE, _NAMES, _PICKED = "runs-table", "runs-names", "runs"
_SAID_AT_MOST = 10


def show(shelf: Shelf) -> None:
    """Every run as a row; what was picked in figures; comparisons; what can't be read."""
    lines, unreadable = lines_of(shelf)
    if not any(line.is_run for line in lines):
        _say_deeper(shelf)
    if not lines:
        _show.empty(
            f"There is no run in {shelf.given.runs}. Train one, or draw faces of nobody to try it on:",
            f"ethnoshard train DATASET --arm natural --seed 0 --out {shelf.given.runs}/natural-0",
            "ethnoshard draw PHOTOGRAPHS",
        )
    else:
        picked = _picked(lines)
        with or_said("the figures by arm"):
            _arms(shelf, picked)
        with or_said("table 5.1"):
            _table_5_1(picked)
    with or_said("the comparisons"):
        _comparisons(shelf, unreadable)
    _say_unreadable(unreadable)


def _say_deeper(shelf: Shelf) -> None:
    """Runs lie in the folder that is given; reports are found deeper."""
    found = (path for level in ("*/*", "*/*/*") for path in shelf.given.runs.glob(f"{level}/run.json"))
    deeper = sorted({path.parents[1] for path in found})
    if deeper:
        folders = ", ".join(map(str, deeper[:_SAID_AT_MOST]))
        st.info(f"Runs lie in {plain(folders)}: give that folder to see them.", icon=":material/info:")


def _picked(lines: Sequence[Line]) -> list[Line]:
    names = [line.name for line in lines]
    # Drawn above, but made after the choice that it shows.
    above = st.container()
    chosen = some("Picked runs", names, key=_PICKED, start=picked_at_first(lines))
    with above:
        _table(lines, [names.index(name) for name in chosen])
    for line in lines:
        if line.status == "failed":
            st.error(f"{plain(line.name)} failed: {plain(line.reason)}", icon=":material/error:")
        if line.replaced:
            st.warning(
                f"{plain(line.name)}: {_count(line.replaced, 'draw')} got another face in place of a bad one",
                icon=":material/warning:",
            )
    _say_warnings([line for line in lines if line.warnings])
    return [line for line in lines if line.name in chosen]


def _say_warnings(lines: Sequence[Line]) -> None:
    """What must be known before figures are read: no VAL, a collapsed network, people of the training in the test."""
    said = [f"- {plain(line.name)}: {plain('; '.join(line.warnings))}" for line in lines[:_SAID_AT_MOST]]
    if len(lines) > _SAID_AT_MOST:
        said.append(f"- and {len(lines) - _SAID_AT_MOST} more; the CSV has them all")
    if said:
        st.warning("\n".join(said), icon=":material/warning:")


def _table(lines: Sequence[Line], rows: Sequence[int]) -> None:
    measured = sum(line.accuracy is not None for line in lines)
    runs = sum(line.is_run for line in lines)
    others = f" and {_count(len(lines) - runs, 'other model')}" if runs < len(lines) else ""
    _show.head(
        f"{_count(runs, 'run')}{others}, {measured} of them verified",
        "Tick rows to pick them, for Training too; click a head to sort. Accuracy and VAL: mean ± standard deviation "
        "over the folds, VAL at the FAR that was reached. Highest FNMR and FMR: the group whose people are refused "
        "most, and taken for each other most, of groups with people and pairs enough.",
    )
    number = st.column_config.NumberColumn
    # The choice below is the one truth: the table is told what is ticked each time.
    st.session_state[_NAMES] = [line.name for line in lines]
    st.session_state[_TABLE] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    st.dataframe(
        shown(lines),
        key=_TABLE,
        hide_index=True,
        on_select=_take_over,
        selection_mode="multi-row",
        column_config={
            "Run": st.column_config.TextColumn(pinned=True, width=110),
            "Seed": number(format="%d", width=45),
            "Loss": number(format="%.3f", width=55),
            "at FAR": number(format="%.4f", width=60),
            "AUC": number(format="%.3f", width=55),
            "EER": number(format="%.3f", width=55),
        },
        placeholder=NONE,
        alt="Every run and other model with its figures",
    )
    _show.csv(unrounded(lines), "runs")


def _take_over() -> None:
    """What was ticked is picked."""
    ticked = st.session_state[_TABLE]["selection"]["rows"]
    names = st.session_state.get(_NAMES, [])
    st.session_state[_PICKED] = [names[row] for row in sorted(ticked) if row < len(names)]


def _arms(shelf: Shelf, picked: Sequence[Line]) -> None:
    possible = [name for name, measure in spread.MEASURES.items() if spread.by_arm(picked, measure)]
    if not possible:
        _show.empty(
            "None of the picked runs was verified yet. Train with LFW at hand, or evaluate:",
            "ethnoshard evaluate RUN --lfw LFW --pairs pairs.txt --groups lfw_groups.csv --out RUN/reports/lfw",
        )
        return
    with st.columns([1, 2])[0]:
        name = one("Figure", possible, key="figure")
    measure = spread.MEASURES[name]
    arms = spread.by_arm(picked, measure)
    lists = {line.pairs for lines in arms.values() for line in lines} - {None}
    _show.chart(
        arm_spread(spread.points_of(arms, measure), measure.label, shelf.arm_colours, digits=measure.digits),
        name="arms",
        title=spread.title(arms, measure),
        how="A point a run; its whisker the interval at 95 % from draws of people, where a report gave one; the "
        "upright bar the mean of the arm. Arms differ where their points don't mix."
        + spread.by_chance(arms)
        + (" Not all were measured on the same pairs: hover for the report." if len(lists) > 1 else ""),
    )


def _table_5_1(picked: Sequence[Line]) -> None:
    rows = table_5_1(picked)
    verified = sum(line.accuracy is not None for line in picked)
    columns: dict[str, Any] = {
        "Epoch": st.column_config.TextColumn(width=70),
        "Type": st.column_config.TextColumn(width=120),
        "Accuracy": st.column_config.TextColumn(width=180),
        "VAL": st.column_config.TextColumn("Validation rate", width=240),
        "AUC": st.column_config.TextColumn(width=160),
        "Run": st.column_config.TextColumn(width=160),
    }
    if len(rows):
        _show.table(
            rows,
            name="table-5-1",
            title=f"Measured here, in the shape of the seed's table 5.1: {_count(verified, 'picked model')}",
            how="A model's own row: mean ± standard deviation over the folds, VAL at the FAR reached. Mean of seeds: "
            "with the least and the most of them.",
            columns=columns,
            download=unrounded(picked),
        )
    _show.table(
        PUBLISHED.with_columns(Run=pl.lit("published")),
        name="table-5-1-published",
        title=f"Not from here: the seed's published figures ({SOURCE})",
        how="One run each, no intervals over seeds; trained on CASIA, so the level can't be compared with that above, "
        "only what Modified, its stratified batches, does against Base.",
        columns=columns,
    )


def _comparisons(shelf: Shelf, unreadable: list[tuple[str, str]]) -> None:
    found: list[changes.Change] = []
    for report in shelf.reports:
        if report.kind == "comparison" and report.reason is None:
            try:
                found += changes.changes_of(report.name, shelf.report(report.name).comparison)
            except EthnoshardError as error:
                unreadable.append((report.name, str(error)))
    if not found:
        _show.empty(
            "No two models were compared here. On the same draws of people:",
            f"ethnoshard compare BASE/reports/lfw OTHER/reports/lfw --out {shelf.given.runs}/reports/comparison",
        )
        return
    _changes(found)


def _changes(found: Sequence[changes.Change]) -> None:
    by_figure: Mapping[str, list[changes.Change]] = {of: [] for of in dict.fromkeys(change.of for change in found)}
    for change in found:
        by_figure[change.of].append(change)
    with st.columns([1, 2])[0]:
        chosen = by_figure[one("Compared by", list(by_figure), key="change")]
    _show.chart(
        differences(changes.rows_of(chosen), f"{chosen[0].of}: other - base"),
        name="differences",
        title=changes.title(chosen),
        how="Point: difference of the two models on the same pairs; whisker: interval at 95 % from the same draws of "
        "people. Open where the interval holds 0: these people don't tell the models apart. Of many intervals one in "
        "twenty excludes 0 by chance.",
    )
    _show.table(
        changes.table(chosen),
        name="comparisons",
        title=f"{_count(len(chosen), 'comparison')} by {chosen[0].of}",
        how="The download holds every figure of every comparison.",
        columns={"Says": st.column_config.TextColumn(width=330)},
        download=changes.unrounded(found),
    )


def _say_unreadable(unreadable: Sequence[tuple[str, str]]) -> None:
    if not unreadable:
        return
    said = [f"- {plain(name)}: {plain(reason)}" for name, reason in unreadable[:_SAID_AT_MOST]]
    if len(unreadable) > _SAID_AT_MOST:
        said.append(f"- and {len(unreadable) - _SAID_AT_MOST} more")
    _show.head(f"{_count(len(unreadable), 'run or report', 'runs or reports')} can't be read")
    st.warning("\n".join(said), icon=":material/warning:")


def _count(number: int, what: str, many: str | None = None) -> str:
    return f"{number} {what if number == 1 else many or what + 's'}"
