"""What batches held beside what was wanted: a panel a run."""

from collections.abc import Mapping, Sequence
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
)
from ethnoshard.results import Delivery, Encounters
from ethnoshard.runs import (
    COVERAGE_COUNTS,
    PAIR_COLUMNS,
    RunRecord,
    Training,
    coverage_table,
    delivery_table,
    missing_encounters,
    reason_table,
    step_table,
    with_own_pairs,
)

from .. import _show
from . import _encounters as company


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as it is read; what it hasn't written yet, or was trained before it was recorded, is None."""

    name: str
    record: RunRecord
    batches: pl.DataFrame | None
    delivery: Delivery | None
    training: Training | None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One run's column on the page; ``most`` is the end of an axis that both columns share."""

    record: RunRecord
    batches: pl.DataFrame
    delivery: Delivery
    encounters: Sequence[Encounters]
    epoch: int | None
    colours: Mapping[str, str]
    key: str
    most: int


def show_composition(panel: Panel) -> None:
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


def show_error(panel: Panel) -> None:
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


def show_numbers(panel: Panel) -> None:
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


def show_pairs(panel: Panel) -> None:
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


def show_dispersion(panel: Panel) -> None:
    if not any(row.dispersion is not None for row in panel.encounters):
        return
    _show.chart(
        dispersion(panel.encounters, panel.colours),
        name=f"dispersion{panel.key}",
        title=company.dispersion_title(panel.delivery.run, panel.encounters),
        how="1: as people drawn at random. 0: a quota, the same number in every batch. More than 1: batches differ in "
        "their groups by more than chance.",
    )


def show_nearest(panel: Panel) -> None:
    if not any(row.nearest is not None for row in panel.encounters):
        return
    _show.chart(
        nearest_met(panel.encounters, panel.colours),
        name=f"nearest{panel.key}",
        title=company.nearest_title(panel.delivery.run, panel.encounters),
        how="By the table of look-alikes that the batches were planned with. Hollow: if those who meet were anybody of "
        "the group.",
    )


def show_coverage(panel: Panel) -> None:
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


def show_groups(panel: Panel) -> None:
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
