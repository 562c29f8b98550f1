"""The page "Batches": what was wanted of them, what they held, who met whom, and what became of every face."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from ethnoshard.charts import (
    STEPS_DRAWN,
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
from ethnoshard.results import Delivery, Encounters
from ethnoshard.runs import (
    COVERAGE_COUNTS,
    PAIR_COLUMNS,
    RunRecord,
    Training,
    coverage_table,
    delivery_of,
    delivery_table,
    encounters_of,
    missing_encounters,
    reason_table,
    series_of,
    step_table,
    training_of,
    with_own_pairs,
)

from .. import _show
from .._pick import one
from .._shelf import Shelf
from .._show import reporting_errors
from . import _encounters as company
from ._what_if import what_if

_NONE, _ALL = "none", "all"
_WITHOUT_TARGET = ("base", "placebo", "same-group", "weighted")
_SMOOTH = 20


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A run as it is read; what it hasn't written yet, or was trained before it was recorded, is None."""

    name: str
    record: RunRecord
    batches: pl.DataFrame | None
    delivery: Delivery | None
    training: Training | None


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One run's column on the page; ``most`` is the end of an axis that both columns share."""

    record: RunRecord
    batches: pl.DataFrame
    delivery: Delivery
    encounters: Sequence[Encounters]
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
            f"ethnoshard train DATASET --target natural --seed 0 --out {shelf.given.runs}/natural-0",
        )
        with reporting_errors("what if"):
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
            with reporting_errors(name):
                runs.append(_read(shelf, name))
    epochs = sorted({int(epoch) for run in runs if run.delivery for epoch in run.delivery.epochs})
    epoch = _ALL
    if epochs:
        with columns[2]:
            epoch = one("Epoch", [_ALL, *(str(number + 1) for number in epochs)], key="epoch")
    number = None if epoch == _ALL else int(epoch) - 1
    _tiles(runs)
    for run in runs:
        if run.delivery is None:
            _explain_without(shelf, run)
    with reporting_errors("the batches"):
        _delivered(runs, number, shelf.group_colours)
    with reporting_errors("the speed"):
        _speed(runs, shelf.arm_colours)
    with reporting_errors("what if"):
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
    return _Run(
        name=name,
        record=record,
        batches=batches,
        delivery=delivery_of(name, record, batches) if batches is not None and len(batches) else None,
        training=training_of(name, record, shelf.metrics(name)) if record.progress.step else None,
    )


def _explain_without(shelf: Shelf, run: _Run) -> None:
    if run.training is None:
        _show.empty(f"{run.name} has no batches yet: they are written with its first checkpoint.")
        return
    _show.empty(
        f"{run.name} was trained before batches were recorded, so that only its speed can be shown. "
        "Trained anew it keeps them:",
        f"ethnoshard train {run.record.dataset.path or 'DATASET'} --target {run.record.arm} "
        f"--seed {run.record.seed} --out {shelf.given.runs}/NEW",
    )


def _tiles(runs: Sequence[_Run]) -> None:
    for column, run in zip(st.columns(len(runs) or 1, gap="large"), runs, strict=False):
        with column, reporting_errors(run.name):
            _show.head(f"{run.name}: arm {run.record.arm}, seed {run.record.seed}")
            tiles = []
            if run.delivery is not None:
                tiles.append(
                    (
                        "Farthest off",
                        farthest(run.delivery),
                        f"People that any group was ahead of or behind {run.delivery.against}, over the whole run.",
                    )
                )
            if run.training is not None:
                tiles += _speed_tiles(run.training)
            if tiles:
                _show.tiles(tiles)


def _speed_tiles(training: Training) -> list[tuple[str, str, str]]:
    if training.images_per_second is None or training.waiting is None:
        return []
    return [
        ("Images/s", f"{training.images_per_second:,.0f}", "All ranks together, over all steps."),
        ("Waiting", f"{training.waiting:.1f} %", "Share of the steps' time in which no batch was there."),
    ]


def _delivered(runs: Sequence[_Run], epoch: int | None, colours: Mapping[str, str]) -> None:
    """Row by row, so that two runs stand beside each other on the same axes."""
    parts = [
        (run.record, run.batches, run.delivery.of_epoch(epoch))
        for run in runs
        if run.delivery is not None and run.batches is not None
    ]
    parts = [(record, batches, delivery) for record, batches, delivery in parts if len(delivery.steps)]
    most = max((int(delivery.people.max()) for _, _, delivery in parts), default=0)
    panels = [
        _Panel(
            record=record,
            batches=batches,
            delivery=delivery,
            encounters=encounters_of(record, batches, epoch),
            epoch=epoch,
            colours=colours,
            key=f"-{number}",
            most=most,
        )
        for number, (record, batches, delivery) in enumerate(parts, start=1)
    ]
    if not panels:
        return
    _beside((_composition, _error, _numbers, _pairs, _dispersion, _nearest), panels)
    with reporting_errors("who met whom"):
        _meetings(panels)
    _beside((_coverage, _groups), panels)


def _beside(parts: Sequence[Callable[[_Panel], None]], panels: Sequence[_Panel]) -> None:
    for part in parts:
        for column, panel in zip(st.columns(len(panels), gap="large"), panels, strict=True):
            with column, reporting_errors(panel.delivery.run):
                part(panel)


def _composition(panel: _Panel) -> None:
    delivery = panel.delivery
    steps = len(delivery.steps)
    _show.chart(
        batch_composition(delivery, panel.colours),
        name=f"composition{panel.key}",
        title=composition_title(delivery),
        how=f"Groups on top of each other, in the legend's order from below; dashed: borders of {delivery.against}."
        + (f" The first {STEPS_DRAWN} of {steps:,} steps are drawn; pick an epoch." if steps > STEPS_DRAWN else ""),
    )


def composition_title(delivery: Delivery) -> str:
    """How far a single step is off."""
    if delivery.promised:
        return (
            f"{delivery.run}: no batch is more than {bound(delivery.off_in_a_batch)} people off its target in any group"
        )
    return f"{delivery.run}: batches are up to {delivery.off_in_a_batch:.1f} people off what the dataset holds"


def _error(panel: _Panel) -> None:
    delivery = panel.delivery
    _show.chart(
        quota_error(delivery, panel.colours),
        name=f"error{panel.key}",
        title=error_title(delivery),
        how="People of a group beyond what was wanted, summed since the loader's epoch began; band: "
        f"{_people(delivery.within)}, "
        + (
            "inside which the loader promises to stay."
            if delivery.promised
            else f"which {delivery.arm}, without a target, does not promise."
        ),
    )


def error_title(delivery: Delivery) -> str:
    """The worst that was reached."""
    number = int(delivery.ranks.sum())
    batches = f"{number:,} batch{'es' * (number != 1)}"
    if not delivery.promised:
        return f"{delivery.run}: up to {farthest(delivery)} people off the dataset's composition in {batches}"
    if delivery.farthest <= delivery.within + 1e-9:
        return f"{delivery.run}: never more than {farthest(delivery)} people off the target in {batches}"
    excess = f"{delivery.farthest:.2f} people off the target in {batches}, more than the {delivery.within} promised"
    return f"{delivery.run}: up to {excess}"


def _people(number: int) -> str:
    """``1 person``, ``2 people``."""
    return "1 person" if number == 1 else f"{number} people"


def farthest(delivery: Delivery) -> str:
    """People that a group was ahead or behind at most, with the digits that a promise needs."""
    return bound(delivery.farthest) if delivery.promised else f"{delivery.farthest:.1f}"


def bound(value: float) -> str:
    """Two digits, rounded away from 0: a bound that is stated has to hold."""
    return f"{np.ceil(value * 100 - 1e-6) / 100:.2f}"


def _numbers(panel: _Panel) -> None:
    delivery = panel.delivery
    _show.chart(
        people_per_batch(delivery, panel.colours, panel.most),
        name=f"numbers{panel.key}",
        title=numbers_title(delivery),
        how=f"Area of a circle: share of the batches that hold so many. Dotted: {delivery.against}."
        + (f" A step's {_ranks(delivery)} batches count together." if delivery.ranks.max() > 1 else ""),
    )


def _ranks(delivery: Delivery) -> str:
    """``2``, or ``2 (from step 41 on 1)`` where the number of ranks changed."""
    steps, ranks = delivery.steps, delivery.ranks
    later = ", ".join(f"from step {steps[at]:,} on {ranks[at]}" for at in np.flatnonzero(np.diff(ranks)) + 1)
    return f"{ranks[0]} ({later})" if later else f"{ranks[0]}"


def numbers_title(delivery: Delivery) -> str:
    """By how much batches differ."""
    swings = delivery.people.max(0) - delivery.people.min(0)
    widest = int(swings.argmax())
    least, most = int(delivery.people[:, widest].min()), int(delivery.people[:, widest].max())
    if swings[widest] <= 1:
        return f"{delivery.run}: a group's number of people differs by at most 1 between batches"
    return f"{delivery.run}: {delivery.groups[widest]} has {least} to {most} people in a batch, the widest swing"


def _pairs(panel: _Panel) -> None:
    lacks = missing_encounters(panel.record, panel.batches)
    if lacks:
        _show.empty(
            f"{panel.delivery.run} is from before who meets whom was recorded: {lacks}. Below, a plan of such "
            "batches shows it without training."
        )
    if not any(row.pairs_at_random for row in panel.encounters):
        return
    _show.chart(
        own_pairs(panel.encounters, panel.colours),
        name=f"pairs{panel.key}",
        title=company.pairs_title(panel.delivery.run, panel.encounters),
        how=company.FORMULA,
    )


def _dispersion(panel: _Panel) -> None:
    if not any(row.dispersion is not None for row in panel.encounters):
        return
    _show.chart(
        dispersion(panel.encounters, panel.colours),
        name=f"dispersion{panel.key}",
        title=company.dispersion_title(panel.delivery.run, panel.encounters),
        how="1: as people drawn at random. 0: a quota, the same number in every batch. More than 1: batches differ in "
        "their groups by more than chance.",
    )


def _nearest(panel: _Panel) -> None:
    if not any(row.nearest is not None for row in panel.encounters):
        return
    _show.chart(
        nearest_met(panel.encounters, panel.colours),
        name=f"nearest{panel.key}",
        title=company.nearest_title(panel.delivery.run, panel.encounters),
        how="By the table of look-alikes that the batches were planned with. Hollow: if those who meet were anybody of "
        "the group.",
    )


def _meetings(panels: Sequence[_Panel]) -> None:
    """One table, which needs the whole width."""
    encounters = {panel.delivery.run: panel.encounters for panel in panels if panel.encounters}
    if not encounters:
        return
    rows = company.table(*encounters.values(), names=list(encounters))
    looked = any(row.nearest is not None for each in encounters.values() for row in each)
    _show.table(
        company.as_text(rows),
        name="met",
        title=f"Who met whom in the batches of {' and '.join(encounters)}",
        how=company.HOW_TABLE + (company.HOW_NEAREST if looked else ""),
        columns=company.table_columns(),
        download=rows,
        height="content",
    )


def _coverage(panel: _Panel) -> None:
    rows, epochs = coverage_table(panel.record, panel.epoch)
    reasons = reason_table(panel.record)
    if not epochs:
        _show.empty(f"{panel.delivery.run}: what became of every face is known once an epoch has ended.")
        return
    _show.chart(
        coverage_bars(rows, panel.colours),
        name=f"coverage{panel.key}",
        title=coverage_title(panel.delivery.run, rows, epochs),
        how="Solid: faces used; pale: dropped; grey: excluded. Hatched, beyond 100 %: slots that repeat a face.",
    )
    _show.table(
        rows,
        name=f"covered{panel.key}",
        title=f"{panel.delivery.run}: faces and slots by group, {'one epoch' if epochs == 1 else f'{epochs} epochs'}",
        how=f"Draws are slots in batches: used + repeated. {reason_words(reasons)}",
        columns={"group": st.column_config.TextColumn(pinned=True)}
        | {name: st.column_config.NumberColumn(format="localized", width=58) for name in COVERAGE_COUNTS},
        download=rows.join(
            reasons.group_by("group").agg(why=pl.format("{} {}", "faces", "reason").str.join("; ")),
            on="group",
            how="left",
        ),
    )


def coverage_title(run: str, rows: pl.DataFrame, epochs: int) -> str:
    """How much was used, and how many slots repeat a face: rows of ``runs.coverage_table``."""
    faces, used, draws, repeated = (int(rows[name].sum()) for name in ("faces", "used", "draws", "repeated"))
    each = f"in each of {epochs} epochs" if epochs > 1 else "in the epoch"
    share = 100 * used / faces if faces else 0.0
    every = (
        f"every face was used {each}" if used == faces else f"{min(share, 99.9):.1f} % of the faces were used an epoch"
    )
    return f"{run}: {every}, {100 * repeated / draws if draws else 0.0:.0f} % of the slots repeat one"


def reason_words(reasons: pl.DataFrame) -> str:
    """The reasons of all groups together: rows of ``runs.reason_table``."""
    sums = reasons.group_by("reason", maintain_order=True).agg(pl.col("faces").sum())
    if sums.is_empty():
        return ""
    return f"By the plan, an epoch of the loader: {'; '.join(f'{n:,} {reason}' for reason, n in sums.iter_rows())}."


def _groups(panel: _Panel) -> None:
    delivery = panel.delivery
    number = st.column_config.NumberColumn
    _show.table(
        delivery_table(delivery),
        name=f"groups{panel.key}",
        title=f"{delivery.run}: {'wanted' if delivery.promised else 'held by the dataset'} and delivered, by group",
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
        download=step_table(delivery).join(
            with_own_pairs(panel.batches, int(delivery.ranks.max())).select("step", "group", *PAIR_COLUMNS),
            on=["step", "group"],
            how="left",
        ),
    )


def _speed(runs: Sequence[_Run], arm_colours: Mapping[str, str]) -> None:
    # A curve a run, though two may be of one arm.
    trainings = {run.name: [run.training] for run in runs if run.training is not None}
    if not trainings:
        return
    colours = {run.name: arm_colours[run.record.arm] for run in runs}
    charts = (
        ("speed", "Images a second", "Images a second", "All ranks together.", 0),
        ("waiting", "Waiting for data", "% of a step", "Share of a step in which no batch was there.", 1),
    )
    for column, (name, what, y, how, digits) in zip(st.columns(2, gap="large"), charts, strict=True):
        curves = series_of(trainings, name, x="epochs", smooth=_SMOOTH)
        middles = [f"{each.arm} {float(np.median(each.y)):.{digits}f}" for each in curves]
        with column, reporting_errors(what):
            _show.chart(
                training_curves(curves, colours, x="Epochs", y=y, digits=digits, from_zero=True),
                name=name,
                title=f"{what}, median: {', '.join(middles)}",
                how=f"{how} Mean of the last {_SMOOTH} steps.",
            )
