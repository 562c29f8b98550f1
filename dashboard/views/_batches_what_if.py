"""What if: settings of batches moved by hand on a dataset, and what they would hold, before any training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from ethnoshard.charts import dispersion, own_pairs
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.mixing import TARGETS, WITHINS
from ethnoshard.shards import FaceDataset

from .. import _show
from .._guard import or_said
from .._pick import one
from .._shelf import Place, Shelf
from .._text import plain
from . import _batches_meetings_figures as figures
from ._batches_meetings import FORMULA
from ._batches_planned import LOOKED_AT, Knobs, planned

_SHARES, _NONE = "shares", "none"
_PEOPLE, _IMAGES, _TARGET, _OWN, _TOGETHER, _HARD, _WITHIN, _NEAR = (
    "people", "images", "target", "shares", "together", "hard", "within", "near"
)  # fmt: skip
"""Names in the URL."""
_FIRST_PEOPLE, _FIRST_IMAGES = 8, 4
_MANY = 1_000_000
"""Identities whose plan takes seconds."""
_MOST = 100_000


@st.fragment
def what_if(
    shelf: Shelf, first: Mapping[str, Any] | None, shown: Mapping[str, Any] | None, name: str | None = None
) -> None:
    """Widgets and what follows from them.

    Args:
        shelf: with the datasets.
        first: record of the run that the page begins with, whose settings the widgets have at first.
        shown: record of the run that is looked at.
        name: of that run.
    """
    _show.head("What if: other batches, planned on a dataset", "Nothing is trained or written; no face is read.")
    opened = {place.name: place for place in shelf.places if place.dataset is not None}
    if not opened:
        _show.empty(
            "No dataset was given that can be opened; to plan batches of one, start the dashboard with it.",
            f"ethnoshard dashboard {shelf.given.runs} --dataset {_path(shown)}",
        )
        return
    start = _settings(first)
    left, right = st.columns([2, 1], vertical_alignment="bottom", gap="large")
    with left:
        place = opened[one("Dataset", list(opened), key="dataset", start=_trained_on(opened, first))]
    if place.dataset is None:
        return
    tables = shelf.tables(place)
    if shown is not None:
        right.button(
            plain(f"As in {name}"),
            on_click=_take,
            args=(_settings(shown), _table_of(shelf, tables, shown)),
            icon=":material/restart_alt:",
            help=plain(f"The run's settings: {_said(_settings(shown))}."),
            width="stretch",
        )
    knobs, near = _knobs(start, place.dataset, list(tables), _table_of(shelf, tables, first))
    table: LookAlikes | None = None
    if near is not None:
        try:
            table = shelf.table(tables[near])
        except EthnoshardError as error:
            st.warning(plain(error), icon=":material/warning:")
    _answer(shelf, place, place.dataset, knobs, table)
    if not tables:
        st.caption(
            plain(
                f"No table of look-alikes of {place.name} is here, so none can meet on purpose: ethnoshard look-alikes "
                f"{place.path} --model MODEL --out {shelf.given.runs}/near makes one that this page finds, or give one "
                "with --look-alikes."
            )
        )


def _knobs(start: Knobs, dataset: FaceDataset, tables: list[str], table: str) -> tuple[Knobs, str | None]:
    """The widgets, in two lines, and the name of the table that was picked; at first ``start`` and ``table``."""
    first = st.columns([1, 1, 2, 3], gap="medium")
    people = first[0].number_input(
        "P, people", 1, _MOST, start.people, key=_PEOPLE, bind="query-params", help="Different people in a batch."
    )
    images = first[1].number_input(
        "K, faces", 1, _MOST, start.images, key=_IMAGES, bind="query-params", help="Of each of them."
    )
    own = start.target not in TARGETS
    with first[2]:
        target = one("Target", [*TARGETS, _SHARES], key=_TARGET, start=_SHARES if own else start.target)
    shares = first[3].text_input(
        "Shares of your own",
        start.target if own else _even(dataset),
        key=_OWN,
        bind="query-params",
        disabled=target != _SHARES,
        help=plain(
            'As asian=0.5,white=0.5, a name with a comma in double quotes; with "weighted:" before them they hold on '
            "average only. They count where the target is shares."
        ),
    )
    second = st.columns([1, 2, 1, 3], gap="medium")
    together = second[0].number_input(
        "Together", 1, _MOST, start.together, key=_TOGETHER, bind="query-params",
        help="People of a group come at least so many at a time, or not at all; their share stays.",
    )  # fmt: skip
    with second[1]:
        near = one("Look-alikes", [_NONE, *tables], key=_NEAR, start=table)
    with second[2]:
        within = one("Of", list(WITHINS), key=_WITHIN, start=start.within)
    hard = second[3].slider(
        "Hard: share of the draws that come in sets of look-alikes", 0.0, 1.0, start.hard, 0.05, key=_HARD,
        bind="query-params", disabled=near == _NONE, help="Needs a table of who resembles whom.",
    )  # fmt: skip
    knobs = Knobs(
        people=int(people),
        images=int(images),
        target=shares if target == _SHARES else target,
        together=int(together),
        hard=0.0 if near == _NONE else float(hard),
        within=within,
    )
    return knobs, None if near == _NONE else near


def _answer(shelf: Shelf, place: Place, dataset: FaceDataset, knobs: Knobs, table: LookAlikes | None) -> None:
    many = len(dataset.identities) > _MANY
    if many:
        st.caption(plain(f"{len(dataset.identities):,} people: each new plan takes some seconds, up to a minute."))
    try:
        with st.spinner(f"Planning for {len(dataset.identities):,} people"):
            found = planned(dataset, knobs, table)
    except EthnoshardError as error:
        st.warning(plain(error), icon=":material/block:")
        return
    with or_said("the plan"):
        _show.tiles(
            [
                ("Batches an epoch", f"{found.batches:,}", f"Of {knobs.people:,} people with {knobs.images:,} faces."),
                ("Faces used", f"{100 * found.used:.1f} %", f"Of all faces of {place.name}, in an epoch."),
                ("Repeated", f"{100 * found.repeated:.1f} %", "Places of batches that repeat a face of the epoch."),
            ]
        )
        groups = [row for row in found.rows if row.group]
        rows = figures.table(found.rows)
        how = figures.HOW_TABLE
        if table is not None:
            seen = f"{found.looked_at:,} batches" if found.looked_at == LOOKED_AT else "all batches"
            how += (
                f"{figures.HOW_NEAREST} Kept apart: pairs that are probably one person. Seen in {seen}, in which such "
                f"pairs met {found.rows[-1].apart_met} times."
            )
        _show.table(
            figures.as_text(rows),
            name="what-if",
            title=f"What if: who would meet whom, {_said(knobs)}",
            how=how,
            columns=figures.table_columns(),
            download=rows,
            height="content",
        )
        charts = [
            (
                own_pairs(groups, shelf.group_colours),
                "what-if-pairs",
                figures.pairs_title("Planned", groups),
                FORMULA,
            ),
            (
                dispersion(groups, shelf.group_colours),
                "what-if-dispersion",
                figures.dispersion_title("Planned", groups),
                "1: as people drawn at random. 0: a quota, the same number in every batch.",
            ),
        ]  # fmt: skip
        for column, (drawn, name, title, said) in zip(st.columns(2, gap="large"), charts, strict=True):
            with column:
                _show.chart(drawn, name=name, title=title, how=said)


def _settings(record: Mapping[str, Any] | None) -> Knobs:
    settings = (record or {}).get("settings") or {}
    return Knobs(
        people=int(settings.get("people_per_batch", _FIRST_PEOPLE)),
        images=int(settings.get("images_per_person", _FIRST_IMAGES)),
        target=str(settings.get("arm", "natural")),
        together=int(settings.get("together", 1)),
        hard=float(settings.get("hard", 0.0)),
        within=str(settings.get("within", "group")),
    )


def _table_of(shelf: Shelf, tables: Mapping[str, Path], record: Mapping[str, Any] | None) -> str:
    """The name of the first table of a run, if it is here."""
    used = (record or {}).get("look_alikes") or [{}]
    found = [name for name, folder in tables.items() if shelf.digest_of_table(folder) == used[0].get("digest")]
    return found[0] if found else _NONE


def _take(knobs: Knobs, table: str) -> None:
    """Move all widgets."""
    own = knobs.target not in TARGETS
    st.session_state[_TARGET] = _SHARES if own else knobs.target
    if own:
        st.session_state[_OWN] = knobs.target
    st.session_state[_PEOPLE], st.session_state[_IMAGES] = knobs.people, knobs.images
    st.session_state[_TOGETHER], st.session_state[_HARD] = knobs.together, knobs.hard
    st.session_state[_WITHIN], st.session_state[_NEAR] = knobs.within, table


def _said(knobs: Knobs) -> str:
    parts = [f"{knobs.target}, P {knobs.people:,}, K {knobs.images:,}"]
    if knobs.together > 1:
        parts.append(f"together {knobs.together}")
    if knobs.hard:
        parts.append(f"hard {knobs.hard:g}" + (" across groups" if knobs.within == "any" else ""))
    return ", ".join(parts)


def _trained_on(opened: Mapping[str, Place], record: Mapping[str, Any] | None) -> str | None:
    """The name of the dataset of a run, if it is here."""
    fingerprint = ((record or {}).get("dataset") or {}).get("fingerprint")
    for name, place in opened.items():
        if place.dataset is not None and place.dataset.fingerprint == fingerprint:
            return name
    return None


def _even(dataset: FaceDataset) -> str:
    """The same share for each group, as the text field takes it."""
    names = [f'"{name}"' if "," in name or '"' in name else name for name in dataset.groups]
    return ",".join(f"{name}={1 / len(names):.4g}" for name in names)


def _path(record: Mapping[str, Any] | None) -> str:
    return str(((record or {}).get("dataset") or {}).get("path", "DATASET"))
