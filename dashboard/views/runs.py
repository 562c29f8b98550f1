"""The page "Runs": every run with its metrics, to pick from; arms against seeds; Kalinga's table; comparisons."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import NONE, plus_minus
from ethnoshard.results import WorstGroup, kalinga2020
from ethnoshard.runs import ModelSummary, first_seeds

from .. import _show
from .._pick import MOST_AT_FIRST, some
from .._shelf import Shelf
from .._show import Columns, plain, reporting_errors
from ._arms import show_arms
from ._comparisons import show_comparisons

_TABLE, _NAMES, _PICKED = "runs-table", "runs-names", "runs"
_LISTED = 10
"""Warnings in one list, at most."""
_TEXTS = ("Arm", "Status", "Epoch", "Accuracy", "VAL", "Highest FNMR", "Highest FMR", "Groups")
_TYPES = {
    "Seed": pl.Int64,
    **dict.fromkeys(("Loss", "at FAR", "AUC", "EER"), pl.Float64),
    **dict.fromkeys(_TEXTS, pl.String),
}
"""Of columns that may hold nothing at all."""


def show(shelf: Shelf) -> None:
    """Every run as a row; the picked ones in charts; comparisons; what can't be read."""
    models, unreadable = shelf.models
    if not any(model.is_run for model in models):
        _point_deeper(shelf)
    if not models:
        _show.empty(
            f"There is no run in {shelf.given.runs}. Train one, or draw synthetic faces to try it on:",
            f"ethnoshard train DATASET --target natural --seed 0 --out {shelf.given.runs}/natural-0",
            "ethnoshard draw PHOTOGRAPHS",
        )
    else:
        picked = _pick(models)
        with reporting_errors("the metrics by arm"):
            show_arms(shelf, picked)
        with reporting_errors("table 5.1"):
            _table_5_1(picked)
    unreadable = list(unreadable)
    with reporting_errors("the comparisons"):
        unreadable += show_comparisons(shelf)
    if unreadable:
        _show.head(f"{_count(len(unreadable), 'run or report', 'runs or reports')} can't be read")
        _warnings([f"{name}: {reason}" for name, reason in unreadable], "")


def _point_deeper(shelf: Shelf) -> None:
    """Runs lie in the folder that is given; reports are found deeper."""
    records = (path for level in ("*/*", "*/*/*") for path in shelf.given.runs.glob(f"{level}/run.json"))
    deeper = sorted({path.parents[1] for path in records})
    if deeper:
        folders = ", ".join(map(str, deeper[:_LISTED]))
        st.info(f"Runs lie in {plain(folders)}: give that folder to see them.", icon=":material/info:")


def _pick(models: Sequence[ModelSummary]) -> list[ModelSummary]:
    names = [model.name for model in models]
    # Drawn above, but made after the choice that it shows.
    above = st.container()
    chosen = some("Picked runs", names, key=_PICKED, start=first_seeds(models, MOST_AT_FIRST))
    with above:
        _table(models, [names.index(name) for name in chosen])
    for model in models:
        if model.status == "failed":
            st.error(f"{plain(model.name)} failed: {plain(model.reason)}", icon=":material/error:")
        if model.replaced:
            _show.warn(f"{model.name}: {_count(model.replaced, 'draw')} got another face in place of a bad one")
    # What must be known before metrics are read: no VAL, a collapsed network, people of the training in the test.
    _warnings(
        [f"{model.name}: {'; '.join(model.warnings)}" for model in models if model.warnings], "; the CSV has them all"
    )
    return [model for model in models if model.name in chosen]


def _warnings(texts: Sequence[str], where: str) -> None:
    """The first of them, as one list, and how many more there are, and where. Plain text."""
    lines = [f"- {plain(text)}" for text in texts[:_LISTED]]
    if len(texts) > _LISTED:
        lines.append(f"- and {len(texts) - _LISTED} more{where}")
    if lines:
        st.warning("\n".join(lines), icon=":material/warning:")


def _table(models: Sequence[ModelSummary], rows: Sequence[int]) -> None:
    measured = sum(model.accuracy is not None for model in models)
    runs = sum(model.is_run for model in models)
    others = f" and {_count(len(models) - runs, 'other model')}" if runs < len(models) else ""
    _show.head(
        f"{_count(runs, 'run')}{others}, {measured} of them verified",
        "Tick rows to pick them, for Training too; click a head to sort. Accuracy and VAL: mean ± standard deviation "
        "over the folds, VAL at the FAR that was reached. Highest FNMR and FMR: the group whose people are refused "
        "most, and taken for each other most, of groups with people and pairs enough.",
    )
    number = st.column_config.NumberColumn
    # The choice below is the one truth: the table is told what is ticked each time.
    st.session_state[_NAMES] = [model.name for model in models]
    st.session_state[_TABLE] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    st.dataframe(
        model_table(models),
        key=_TABLE,
        hide_index=True,
        on_select=_pick_ticked,
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
        alt="Every run and other model with its metrics",
    )
    _show.csv(model_numbers(models), "runs")


def _pick_ticked() -> None:
    ticked = st.session_state[_TABLE]["selection"]["rows"]
    names = st.session_state.get(_NAMES, [])
    st.session_state[_PICKED] = [names[row] for row in sorted(ticked) if row < len(names)]


def model_table(models: Sequence[ModelSummary]) -> pl.DataFrame:
    """The table as the page shows it: a number leads its text, so that columns sort by it."""
    return pl.DataFrame(
        {
            "Run": [model.name for model in models],
            "Arm": [model.arm for model in models],
            "Seed": [model.seed for model in models],
            "Status": [model.status for model in models],
            "Epoch": [None if model.epoch is None else f"{model.epoch}/{model.epochs or NONE}" for model in models],
            "Loss": [model.loss for model in models],
            "Accuracy": [None if model.accuracy is None else plus_minus(*model.accuracy, 3) for model in models],
            "VAL": [None if model.val is None else plus_minus(*model.val, 3) for model in models],
            "at FAR": [model.far for model in models],
            "AUC": [model.auc for model in models],
            "EER": [model.eer for model in models],
            "Highest FNMR": [_worst_text(model.worst_fnmr, 3) for model in models],
            "Highest FMR": [_worst_text(model.worst_fmr, 4) for model in models],
            "Groups": [worst.source if (worst := model.worst_fnmr or model.worst_fmr) else None for model in models],
            "Metrics from": [model.origin or NONE for model in models],
        },
        schema_overrides=_TYPES,
    )


def _worst_text(worst: WorstGroup | None, digits: int) -> str | None:
    return None if worst is None else f"{worst.rate:.{digits}f} {worst.group}"


def model_numbers(models: Sequence[ModelSummary]) -> pl.DataFrame:
    """What ``model_table`` shows as numbers, for the download."""
    rows = []
    for model in models:
        accuracy, accuracy_std = model.accuracy or (None, None)
        val, val_std = model.val or (None, None)
        fnmr, fmr = model.worst_fnmr, model.worst_fmr
        rows.append(
            {
                "name": model.name,
                "arm": model.arm,
                "seed": model.seed,
                "status": model.status,
                "epoch": model.epoch,
                "epochs": model.epochs,
                "loss": model.loss,
                "accuracy": accuracy,
                "accuracy_std": accuracy_std,
                "val": val,
                "val_std": val_std,
                "far": model.far,
                "auc": model.auc,
                "eer": model.eer,
                "highest_fnmr": fnmr and fnmr.rate,
                "highest_fnmr_group": fnmr and fnmr.group,
                "highest_fnmr_labels": fnmr and fnmr.source,
                "highest_fmr": fmr and fmr.rate,
                "highest_fmr_group": fmr and fmr.group,
                "highest_fmr_labels": fmr and fmr.source,
                "figures_from": model.origin or NONE,
                "pairs": model.pairs,
                "reason": model.reason,
                "replaced": model.replaced,
                "warnings": "; ".join(model.warnings) or None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _table_5_1(picked: Sequence[ModelSummary]) -> None:
    rows = table_5_1(picked)
    verified = sum(model.accuracy is not None for model in picked)
    columns: Columns = {
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
            title=f"Measured here, in the shape of Kalinga's table 5.1: {_count(verified, 'picked model')}",
            how="A model's own row: mean ± standard deviation over the folds, VAL at the FAR reached. Mean of seeds: "
            "with the least and the most of them.",
            columns=columns,
            download=model_numbers(picked),
        )
    names = ("Epoch", "Type", "Accuracy", "VAL", "AUC")
    _show.table(
        pl.DataFrame(kalinga2020.TABLE_5_1, schema=names, orient="row").with_columns(Run=pl.lit("published")),
        name="table-5-1-published",
        title=f"Not from here: as Kalinga published them ({kalinga2020.SOURCE})",
        how="One run each, no intervals over seeds; trained on CASIA, so the level can't be compared with that above, "
        "only what Modified, its stratified batches, does against Base.",
        columns=columns,
    )


def table_5_1(models: Sequence[ModelSummary]) -> pl.DataFrame:
    """A row a verified model, and below several seeds of an arm and epoch one of their mean and range."""
    rows: list[dict[str, str]] = []
    done: set[tuple[str | None, int | None]] = set()
    for model in models:
        if model.accuracy is None or (model.arm, model.epoch) in done:
            continue
        done.add((model.arm, model.epoch))
        alike = [
            each for each in models if each.accuracy is not None and (each.arm, each.epoch) == (model.arm, model.epoch)
        ]
        rows += [_own_row(each) for each in alike]
        if len(alike) > 1:
            rows.append(_mean_row(alike))
    return pl.DataFrame(rows, schema=dict.fromkeys(("Epoch", "Type", "Accuracy", "VAL", "AUC", "Run"), pl.String))


def _own_row(model: ModelSummary) -> dict[str, str]:
    far = "" if model.far is None or model.val is None else f" @ FAR={model.far:.5f}"
    return {
        "Epoch": NONE if model.epoch is None else str(model.epoch),
        "Type": model.arm or model.name,
        "Accuracy": NONE if model.accuracy is None else plus_minus(*model.accuracy, 5),
        "VAL": f"{NONE if model.val is None else plus_minus(*model.val, 5)}{far}",
        "AUC": NONE if model.auc is None else f"{model.auc:.3f}",
        "Run": model.name,
    }


def _mean_row(models: Sequence[ModelSummary]) -> dict[str, str]:
    first = models[0]
    seeds = len({model.seed for model in models})
    return {
        "Epoch": NONE if first.epoch is None else str(first.epoch),
        "Type": first.arm or first.name,
        "Accuracy": _range([model.accuracy[0] for model in models if model.accuracy], 4),
        "VAL": _range([model.val[0] for model in models if model.val], 4),
        "AUC": _range([model.auc for model in models if model.auc is not None], 3),
        "Run": f"mean of {seeds} seeds" if seeds == len(models) else f"mean of {len(models)} runs, {seeds} seeds",
    }


def _range(values: Sequence[float], digits: int) -> str:
    if not values:
        return NONE
    mean, least, most = sum(values) / len(values), min(values), max(values)
    return f"{mean:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def _count(number: int, what: str, many: str | None = None) -> str:
    return f"{number} {what if number == 1 else many or what + 's'}"
