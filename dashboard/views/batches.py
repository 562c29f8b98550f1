"""The page "Batches": what was wanted of them, what they held, who met whom, and what became of every face."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from ethnoshard.charts import (
    STEPS_DRAWN,
    Delivery,
    Encounters,
    batch_composition,
    coverage_bars,
    dispersion,
    nearest_met,
    own_pairs,
    people_per_batch,
    quota_error,
    training_curves,
)
from ethnoshard.errors import EthnoshardError

from .. import _show
from .._guard import or_said
from .._pick import one
from .._shelf import Shelf
from . import _batches_coverage as coverage
from . import _batches_figures as figures
from . import _batches_meetings_figures as company
from ._batches_made import by_group, every_step, made_of
from ._batches_meetings import FORMULA, PAIRS, missing, of_run, with_pairs
from ._batches_what_if import what_if
from ._training_series import Training, curves, training_of

_NONE, _ALL = "none", "all"
_WITHOUT_TARGET = ("base", "placebo", "same-group", "weighted")
_SMOOTH = 20


@dataclass(frozen=True, kw_only=True)
class _Run:
    name: str
    record: Mapping[str, Any]
    batches: pl.DataFrame | None
    made: Delivery | None
    training: Training | None


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """A run's steps, and what it shares with the one beside it: the end of an axis."""

    record: Mapping[str, Any]
    batches: pl.DataFrame
    made: Delivery
    met: Sequence[Encounters]
    epoch: int | None
    colours: Mapping[str, str]
    key: str
    most: int


def show(shelf: Shelf) -> None:
    """One run, or two beside each other."""
    names = [run.name for run in shelf.runs if run.status != "broken"]
    if not names:
        _show.empty(
            f"There is no run in {shelf.given.runs}.",
            f"ethnoshard train DATASET --arm natural --seed 0 --out {shelf.given.runs}/natural-0",
        )
        with or_said("what if"):
            what_if(shelf, None, None)
        return
    first, second = at_first(shelf)
    columns = st.columns(3, gap="large")
    with columns[0]:
        chosen = one("Run", names, key="run", start=first)
    others = [_NONE, *(name for name in names if name != chosen)]
    with columns[1]:
        beside = one("Beside it", others, key="beside", start=second if second in others else _NONE)
    runs = []
    for name in (chosen, beside):
        if name != _NONE:
            with or_said(name):
                runs.append(_read(shelf, name))
    epochs = sorted({int(epoch) for run in runs if run.made for epoch in run.made.epochs})
    epoch = _ALL
    if epochs:
        with columns[2]:
            epoch = one("Epoch", [_ALL, *(str(number + 1) for number in epochs)], key="epoch")
    number = None if epoch == _ALL else int(epoch) - 1
    _tiles(runs)
    for run in runs:
        if run.made is None:
            _say_without(shelf, run)
    _made(runs, number, shelf.group_colours)
    with or_said("the speed"):
        _speed(runs, shelf.arm_colours)
    with or_said("what if"):
        what_if(shelf, shelf.record(first), runs[0].record if runs else None, runs[0].name if runs else None)


def at_first(shelf: Shelf) -> tuple[str, str]:
    """Before anybody chose: a run with a target, and one of base beside it, the same seed if there is one."""
    runs = [run for run in shelf.runs if run.status != "broken"]
    aimed = [run for run in runs if str(run.arm).partition(":")[0] not in _WITHOUT_TARGET]
    first = next((run for run in [*aimed, *runs] if _recorded(shelf, run.name)), runs[0])
    bases = [run for run in runs if run.arm == "base" and run is not first]
    bases.sort(key=lambda run: (run.seed != first.seed, run.name))
    return first.name, next((run.name for run in bases if _recorded(shelf, run.name)), _NONE)


def _recorded(shelf: Shelf, name: str) -> bool:
    try:
        return shelf.batches(name) is not None
    except EthnoshardError:
        return False


def _read(shelf: Shelf, name: str) -> _Run:
    record, batches = shelf.record(name), shelf.batches(name)
    steps = int((record.get("progress") or {}).get("step") or 0)
    return _Run(
        name=name,
        record=record,
        batches=batches,
        made=made_of(name, record, batches) if batches is not None and len(batches) else None,
        training=training_of(name, record, shelf.metrics(name)) if steps else None,
    )


def _say_without(shelf: Shelf, run: _Run) -> None:
    if run.training is None:
        _show.empty(f"{run.name} has no batches yet: they are written with its first checkpoint.")
        return
    _show.empty(
        f"{run.name} was trained before batches were recorded, so that only its speed can be shown. "
        "Trained anew it keeps them:",
        f"ethnoshard train {run.record.get('dataset', {}).get('path', 'DATASET')} --arm {run.record['arm']} "
        f"--seed {run.record['seed']} --out {shelf.given.runs}/NEW",
    )


def _tiles(runs: Sequence[_Run]) -> None:
    for column, run in zip(st.columns(len(runs) or 1, gap="large"), runs, strict=False):
        with column, or_said(run.name):
            _show.head(f"{run.name}: arm {run.record['arm']}, seed {run.record['seed']}")
            found = []
            if run.made is not None:
                found.append(
                    (
                        "Farthest off",
                        figures.farthest(run.made),
                        f"People that any group was ahead of or behind {run.made.against}, over the whole run.",
                    )
                )
            if run.training is not None:
                found += _speed_tiles(run.training)
            if found:
                _show.tiles(found)


def _speed_tiles(training: Training) -> list[tuple[str, str, str]]:
    speed = training.table.select(
        pl.col("waiting"), images=pl.col("images").diff().fill_null(pl.col("images")), speed=pl.col("speed")
    ).with_columns(seconds=pl.col("images") / pl.col("speed"))
    seconds = float(speed["seconds"].sum())
    if not seconds:
        return []
    waiting = float((speed["seconds"] * speed["waiting"]).sum()) / seconds
    return [
        ("Images/s", f"{float(speed['images'].sum()) / seconds:,.0f}", "All ranks together, over all steps."),
        ("Waiting", f"{waiting:.1f} %", "Share of the steps' time in which no batch was there."),
    ]


def _made(runs: Sequence[_Run], epoch: int | None, colours: Mapping[str, str]) -> None:
    """Row by row, so that two runs stand beside each other on the same axes."""
    shown = [
        (run, run.batches, run.made.of_epoch(epoch)) for run in runs if run.made is not None and run.batches is not None
    ]
    shown = [(run, batches, made) for run, batches, made in shown if len(made.steps)]
    most = max((int(made.people.max()) for _, _, made in shown), default=0)
    sights = [
        _Sight(
            record=run.record,
            batches=batches,
            made=made,
            met=_met(run.record, batches, epoch, made.run),
            epoch=epoch,
            colours=colours,
            key=f"-{number}",
            most=most,
        )
        for number, (run, batches, made) in enumerate(shown, start=1)
    ]
    if not sights:
        return
    _beside((_composition, _error, _numbers, _pairs, _dispersion, _nearest), sights)
    with or_said("who met whom"):
        _meetings(sights)
    _beside((_coverage, _groups), sights)


def _beside(parts: Sequence[Callable[[_Sight], None]], sights: Sequence[_Sight]) -> None:
    for part in parts:
        for column, sight in zip(st.columns(len(sights), gap="large"), sights, strict=True):
            with column, or_said(sight.made.run):
                part(sight)


def _composition(sight: _Sight) -> None:
    made = sight.made
    steps = len(made.steps)
    _show.chart(
        batch_composition(made, sight.colours),
        name=f"composition{sight.key}",
        title=figures.composition_title(made),
        how=f"Groups on top of each other, in the legend's order from below; dashed: borders of {made.against}."
        + (f" The first {STEPS_DRAWN} of {steps:,} steps are drawn; pick an epoch." if steps > STEPS_DRAWN else ""),
    )


def _error(sight: _Sight) -> None:
    made = sight.made
    _show.chart(
        quota_error(made, sight.colours),
        name=f"error{sight.key}",
        title=figures.error_title(made),
        how="People of a group beyond what was wanted, summed since the loader's epoch began; band: "
        f"{figures.people(made.within)}, "
        + (
            "inside which the loader promises to stay."
            if made.promised
            else f"which {made.arm}, without a target, does not promise."
        ),
    )


def _numbers(sight: _Sight) -> None:
    made = sight.made
    _show.chart(
        people_per_batch(made, sight.colours, sight.most),
        name=f"numbers{sight.key}",
        title=figures.numbers_title(made),
        how=f"Area of a circle: share of the batches that hold so many. Dotted: {made.against}."
        + (f" A step's {made.ranks} batches count together." if made.ranks > 1 else ""),
    )


def _met(record: Mapping[str, Any], batches: pl.DataFrame, epoch: int | None, run: str) -> list[Encounters]:
    found: list[Encounters] = []
    with or_said(f"{run}: who met whom"):
        found += of_run(record, batches, epoch)
    return found


def _pairs(sight: _Sight) -> None:
    lacks = missing(sight.record, sight.batches)
    if lacks:
        _show.empty(
            f"{sight.made.run} is from before who meets whom was recorded: {lacks}. Below, a plan of such "
            "batches shows it without training."
        )
    if not any(row.pairs_at_random for row in sight.met):
        return
    _show.chart(
        own_pairs(sight.met, sight.colours),
        name=f"pairs{sight.key}",
        title=company.pairs_title(sight.made.run, sight.met),
        how=FORMULA,
    )


def _dispersion(sight: _Sight) -> None:
    if not any(row.dispersion is not None for row in sight.met):
        return
    _show.chart(
        dispersion(sight.met, sight.colours),
        name=f"dispersion{sight.key}",
        title=company.dispersion_title(sight.made.run, sight.met),
        how="1: as people drawn at random. 0: a quota, the same number in every batch. More than 1: batches differ in "
        "their groups by more than chance.",
    )


def _nearest(sight: _Sight) -> None:
    if not any(row.nearest is not None for row in sight.met):
        return
    _show.chart(
        nearest_met(sight.met, sight.colours),
        name=f"nearest{sight.key}",
        title=company.nearest_title(sight.made.run, sight.met),
        how="By the table of look-alikes that the batches were planned with. Hollow: if those who meet were anybody of "
        "the group.",
    )


def _meetings(sights: Sequence[_Sight]) -> None:
    """One table, which needs the whole width."""
    found = {sight.made.run: sight.met for sight in sights if sight.met}
    if not found:
        return
    rows = company.table(*found.values(), names=list(found))
    looked = any(row.nearest is not None for each in found.values() for row in each)
    _show.table(
        company.as_text(rows),
        name="met",
        title=f"Who met whom in the batches of {' and '.join(found)}",
        how=company.HOW_TABLE + (company.HOW_NEAREST if looked else ""),
        columns=company.table_columns(),
        download=rows,
        height="content",
    )


def _coverage(sight: _Sight) -> None:
    rows, epochs = coverage.coverage_of(sight.record, sight.epoch)
    reasons = coverage.reasons_of(sight.record)
    if not epochs:
        _show.empty(f"{sight.made.run}: what became of every face is known once an epoch has ended.")
        return
    _show.chart(
        coverage_bars(rows, sight.colours),
        name=f"coverage{sight.key}",
        title=coverage.title(sight.made.run, rows, epochs),
        how="Solid: faces used; pale: dropped; grey: excluded. Hatched, beyond 100 %: places that repeat a face.",
    )
    _show.table(
        rows,
        name=f"covered{sight.key}",
        title=f"{sight.made.run}: faces and places by group, {'one epoch' if epochs == 1 else f'{epochs} epochs'}",
        how=f"Draws are places in batches: used + repeated. {coverage.why(reasons)}",
        columns={"group": st.column_config.TextColumn(pinned=True)}
        | {name: st.column_config.NumberColumn(format="localized", width=58) for name in coverage.COUNTS},
        download=rows.join(
            reasons.group_by("group").agg(why=pl.format("{} {}", "faces", "reason").str.join("; ")),
            on="group",
            how="left",
        ),
    )


def _groups(sight: _Sight) -> None:
    made = sight.made
    number = st.column_config.NumberColumn
    _show.table(
        by_group(made),
        name=f"groups{sight.key}",
        title=f"{made.run}: {'wanted' if made.promised else 'held by the dataset'} and delivered, by group",
        how="People of a batch, and ahead of or behind what was wanted. The download holds every step.",
        columns={
            "group": st.column_config.TextColumn(pinned=True),
            "target, %": number(format="%.2f"),
            "dataset, %": number(format="%.2f"),
            "actual, %": number(format="%.2f"),
            "fewest": number(width=58),
            "most": number(width=58),
            "behind": number(format="%.2f", width=58),
            "ahead": number(format="%.2f", width=58),
        },
        download=every_step(made).join(
            with_pairs(sight.batches, made.ranks).select("step", "group", *PAIRS), on=["step", "group"], how="left"
        ),
    )


def _speed(runs: Sequence[_Run], arm_colours: Mapping[str, str]) -> None:
    # A curve a run, though two may be of one arm.
    trainings = {run.name: [run.training] for run in runs if run.training is not None}
    if not trainings:
        return
    colours = {run.name: arm_colours[str(run.record["arm"])] for run in runs}
    charts = (
        ("speed", "Images a second", "Images a second", "All ranks together.", 0),
        ("waiting", "Waiting for data", "% of a step", "Share of a step in which no batch was there.", 1),
    )
    for column, (name, what, y, how, digits) in zip(st.columns(2, gap="large"), charts, strict=True):
        found = curves(trainings, name, x="epochs", smooth=_SMOOTH)
        middles = [f"{each.arm} {float(np.median(each.y)):.{digits}f}" for each in found]
        with column, or_said(what):
            _show.chart(
                training_curves(found, colours, x="Epochs", y=y, digits=digits, from_zero=True),
                name=name,
                title=f"{what}, median: {', '.join(middles)}",
                how=f"{how} Mean of the last {_SMOOTH} steps.",
            )
