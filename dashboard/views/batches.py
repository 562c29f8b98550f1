"""The page "Batches": what was wanted of them, what they held, who met whom, and what became of every face."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st

from ethnoshard.charts import (
    training_curves,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import (
    Training,
    delivery_of,
    encounters_of,
    series_of,
    training_of,
)

from .. import _show
from .._pick import one
from .._shelf import Shelf
from .._show import reporting_errors
from . import _encounters as company
from ._delivered import (
    Panel,
    Run,
    farthest,
    show_composition,
    show_coverage,
    show_dispersion,
    show_error,
    show_groups,
    show_nearest,
    show_numbers,
    show_pairs,
)
from ._what_if import what_if

_NONE, _ALL = "none", "all"
_WITHOUT_TARGET = ("base", "placebo", "same-group", "weighted")
_SMOOTH = 20


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


def _read(shelf: Shelf, name: str) -> Run:
    record, batches = shelf.record(name), shelf.batches(name)
    return Run(
        name=name,
        record=record,
        batches=batches,
        delivery=delivery_of(name, record, batches) if batches is not None and len(batches) else None,
        training=training_of(name, record, shelf.metrics(name)) if record.progress.step else None,
    )


def _explain_without(shelf: Shelf, run: Run) -> None:
    if run.training is None:
        _show.empty(f"{run.name} has no batches yet: they are written with its first checkpoint.")
        return
    _show.empty(
        f"{run.name} was trained before batches were recorded, so that only its speed can be shown. "
        "Trained anew it keeps them:",
        f"ethnoshard train {run.record.dataset.path or 'DATASET'} --target {run.record.arm} "
        f"--seed {run.record.seed} --out {shelf.given.runs}/NEW",
    )


def _tiles(runs: Sequence[Run]) -> None:
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


def _delivered(runs: Sequence[Run], epoch: int | None, colours: Mapping[str, str]) -> None:
    """Row by row, so that two runs stand beside each other on the same axes."""
    parts = [
        (run.record, run.batches, run.delivery.of_epoch(epoch))
        for run in runs
        if run.delivery is not None and run.batches is not None
    ]
    parts = [(record, batches, delivery) for record, batches, delivery in parts if len(delivery.steps)]
    most = max((int(delivery.people.max()) for _, _, delivery in parts), default=0)
    panels = [
        Panel(
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
    _beside((show_composition, show_error, show_numbers, show_pairs, show_dispersion, show_nearest), panels)
    with reporting_errors("who met whom"):
        _meetings(panels)
    _beside((show_coverage, show_groups), panels)


def _beside(parts: Sequence[Callable[[Panel], None]], panels: Sequence[Panel]) -> None:
    for part in parts:
        for column, panel in zip(st.columns(len(panels), gap="large"), panels, strict=True):
            with column, reporting_errors(panel.delivery.run):
                part(panel)


def _meetings(panels: Sequence[Panel]) -> None:
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


def _speed(runs: Sequence[Run], arm_colours: Mapping[str, str]) -> None:
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
