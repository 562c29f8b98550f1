"""What if: settings of batches moved by hand on a dataset, and what they would hold, before any training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ethnoshard.charts import dispersion, own_pairs
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import plan_of
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.mixing import WITHINS, GroupMeetings, Meetings, MixingError, Target, meetings
from ethnoshard.results import Encounters
from ethnoshard.runs import RunRecord, RunSettings
from ethnoshard.shards import FaceDataset

from .. import _show
from .._kept import GivenDataset
from .._pick import one
from .._shelf import Shelf
from .._show import plain, reporting_errors
from . import _encounters as company

LOOKED_AT = 200
"""Batches of which who meets whom is looked at; more would not show in a table's digits, but take seconds."""
_KEPT = 128


_SHARES, _NONE = "shares", "none"
_PEOPLE, _IMAGES, _TARGET, _OWN, _TOGETHER, _HARD, _WITHIN, _NEAR = (
    "people", "images", "target", "shares", "together", "hard", "within", "near"
)  # fmt: skip
"""Names in the URL."""
_MANY = 1_000_000
"""Identities whose plan takes seconds."""
_MOST = 100_000


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What can be moved.

    Attributes:
        people: P.
        images: K.
        target: its name, or shares as text.
        together: people of a group that come at least at a time.
        hard: share of the cells that come with look-alikes.
        within: whether these are of one group, or of any.
    """

    people: int
    images: int
    target: str
    together: int
    hard: float
    within: str


@dataclass(frozen=True, kw_only=True)
class Planned:
    """An epoch as planned.

    Attributes:
        rows: of each group, and of all people together.
        batches: in the epoch.
        looked_at: batches of which who meets whom was looked at; 0 without a table.
        used: share of the faces that it uses.
        repeated: share of the slots that repeat a face.
    """

    rows: tuple[Encounters, ...]
    batches: int
    looked_at: int
    used: float
    repeated: float


@st.fragment
def what_if(shelf: Shelf, first: RunRecord | None, current: RunRecord | None, name: str | None = None) -> None:
    """Widgets and what follows from them.

    Args:
        shelf: with the datasets.
        first: of the run that the page begins with, whose settings the widgets have at first.
        current: of the run that is looked at.
        name: of that run.
    """
    _show.head("What if: other batches, planned on a dataset", "Nothing is trained or written; no face is read.")
    datasets = {given.name: given for given in shelf.datasets}
    if not datasets:
        _show.empty(
            "No dataset was given that can be opened; to plan batches of one, start the dashboard with it.",
            f"ethnoshard dashboard {shelf.given.runs} --dataset {(current and current.dataset.path) or 'DATASET'}",
        )
        return
    left, right = st.columns([2, 1], vertical_alignment="bottom", gap="large")
    with left:
        given = datasets[one("Dataset", list(datasets), key="dataset", start=_trained_on(datasets, first))]
    tables = shelf.tables(given)
    if current is not None:
        right.button(
            plain(f"As in {name}"),
            on_click=_take,
            args=(_knobs_of(current), _table_of(shelf, tables, current)),
            icon=":material/restart_alt:",
            help=plain(f"The run's settings: {_words(_knobs_of(current))}."),
            width="stretch",
        )
    knobs, near = _widgets(_knobs_of(first), given.dataset, list(tables), _table_of(shelf, tables, first))
    table: LookAlikes | None = None
    if near is not None:
        try:
            table = shelf.table(tables[near])
        except EthnoshardError as error:
            _show.warn(str(error))
    _answer(shelf, given, knobs, table)
    if not tables:
        st.caption(
            plain(
                f"No table of look-alikes of {given.name} is here, so none can meet on purpose: ethnoshard look-alikes "
                f"{given.path} --model MODEL --out {shelf.given.runs}/near makes one that this page finds, or give one "
                "with --look-alikes."
            )
        )


def _widgets(start: Knobs, dataset: FaceDataset, tables: list[str], table: str) -> tuple[Knobs, str | None]:
    """The widgets, in two lines, and the name of the table that was picked; at first ``start`` and ``table``."""
    first = st.columns([1, 1, 2, 3], gap="medium")
    people = first[0].number_input(
        "P, people", 1, _MOST, start.people, key=_PEOPLE, bind="query-params", help="Different people in a batch."
    )
    images = first[1].number_input(
        "K, faces", 1, _MOST, start.images, key=_IMAGES, bind="query-params", help="Of each of them."
    )
    own = start.target not in Target.NAMES
    with first[2]:
        target = one("Target", [*Target.NAMES, _SHARES], key=_TARGET, start=_SHARES if own else start.target)
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


def _answer(shelf: Shelf, given: GivenDataset, knobs: Knobs, table: LookAlikes | None) -> None:
    dataset = given.dataset
    many = len(dataset.identities) > _MANY
    if many:
        st.caption(plain(f"{len(dataset.identities):,} people: each new plan takes some seconds, up to a minute."))
    try:
        with st.spinner(f"Planning for {len(dataset.identities):,} people"):
            plan = planned(dataset, knobs, table)
    except EthnoshardError as error:
        st.warning(plain(error), icon=":material/block:")
        return
    with reporting_errors("the plan"):
        _show.tiles(
            [
                ("Batches an epoch", f"{plan.batches:,}", f"Of {knobs.people:,} people with {knobs.images:,} faces."),
                ("Faces used", f"{100 * plan.used:.1f} %", f"Of all faces of {given.name}, in an epoch."),
                ("Repeated", f"{100 * plan.repeated:.1f} %", "Slots of batches that repeat a face of the epoch."),
            ]
        )
        groups = [row for row in plan.rows if row.group]
        rows = company.table(plan.rows)
        how = company.HOW_TABLE
        if table is not None:
            looked_at = f"{plan.looked_at:,} batches" if plan.looked_at == LOOKED_AT else "all batches"
            how += (
                f"{company.HOW_NEAREST} Kept apart: pairs that are probably one person. Seen in {looked_at}, in which "
                f"such pairs met {plan.rows[-1].apart_met} times."
            )
        _show.table(
            company.as_text(rows),
            name="what-if",
            title=f"What if: who would meet whom, {_words(knobs)}",
            how=how,
            columns=company.table_columns(),
            download=rows,
            height="content",
        )
        charts = [
            (
                own_pairs(groups, shelf.group_colours),
                "what-if-pairs",
                company.pairs_title("Planned", groups),
                company.FORMULA,
            ),
            (
                dispersion(groups, shelf.group_colours),
                "what-if-dispersion",
                company.dispersion_title("Planned", groups),
                "1: as people drawn at random. 0: a quota, the same number in every batch.",
            ),
        ]  # fmt: skip
        for column, (chart, name, title, how) in zip(st.columns(2, gap="large"), charts, strict=True):
            with column:
                _show.chart(chart, name=name, title=title, how=how)


def _knobs_of(record: RunRecord | None) -> Knobs:
    settings = record.settings if record else RunSettings(epochs=1)
    return Knobs(
        people=settings.people_per_batch,
        images=settings.images_per_person,
        target=settings.arm,
        together=settings.together,
        hard=settings.hard,
        within=settings.within,
    )


def _table_of(shelf: Shelf, tables: Mapping[str, Path], record: RunRecord | None) -> str:
    """The name of the first table of a run, if it is here."""
    digest = record.look_alikes[0].digest if record and record.look_alikes else None
    names = [name for name, folder in tables.items() if digest and shelf.digest_of_table(folder) == digest]
    return names[0] if names else _NONE


def _take(knobs: Knobs, table: str) -> None:
    """Move all widgets."""
    own = knobs.target not in Target.NAMES
    st.session_state[_TARGET] = _SHARES if own else knobs.target
    if own:
        st.session_state[_OWN] = knobs.target
    st.session_state[_PEOPLE], st.session_state[_IMAGES] = knobs.people, knobs.images
    st.session_state[_TOGETHER], st.session_state[_HARD] = knobs.together, knobs.hard
    st.session_state[_WITHIN], st.session_state[_NEAR] = knobs.within, table


def _words(knobs: Knobs) -> str:
    parts = [f"{knobs.target}, P {knobs.people:,}, K {knobs.images:,}"]
    if knobs.together > 1:
        parts.append(f"together {knobs.together}")
    if knobs.hard:
        parts.append(f"hard {knobs.hard:g}" + (" across groups" if knobs.within == "any" else ""))
    return ", ".join(parts)


def _trained_on(datasets: Mapping[str, GivenDataset], record: RunRecord | None) -> str | None:
    """The name of the dataset of a run, if it is here."""
    fingerprint = record.dataset.fingerprint if record else None
    return next((name for name, given in datasets.items() if given.dataset.fingerprint == fingerprint), None)


def _even(dataset: FaceDataset) -> str:
    """The same share for each group, as the text field takes it."""
    names = [f'"{name}"' if "," in name or '"' in name else name for name in dataset.groups]
    return ",".join(f"{name}={1 / len(names):.4g}" for name in names)


def planned(dataset: FaceDataset, knobs: Knobs, table: LookAlikes | None) -> Planned:
    """Plan the first epoch, or find it as it was planned before.

    Raises:
        EthnoshardError: the dataset can't give what was asked for, or a setting makes no sense.
    """
    digest = None if table is None else table.digest
    return _planned(dataset.fingerprint, digest, knobs, dataset, table)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _planned(
    fingerprint: str, digest: str | None, knobs: Knobs, _dataset: FaceDataset, _table: LookAlikes | None
) -> Planned:
    """What is kept is told by the first three, the others being what these name."""
    try:
        plan = plan_of(
            _dataset,
            people_per_batch=knobs.people,
            images_per_person=knobs.images,
            target=knobs.target,
            together=knobs.together,
            hard=knobs.hard,
            within="any" if knobs.hard and knobs.within == "any" else "group",
            look_alikes=_table,
        )
        epoch = plan.epoch(0)
        company_of = meetings(epoch, most=LOOKED_AT)
    except MixingError as error:
        raise EthnoshardError(str(error)) from error
    groups = epoch.coverage().groups
    faces, used, draws, repeated = (
        sum(getattr(group, name) for group in groups) for name in ("faces", "used", "draws", "repeated")
    )
    return Planned(
        rows=tuple(encounters_planned(company_of)),
        batches=plan.batches,
        looked_at=company_of.batches,
        used=used / max(faces, 1),
        repeated=repeated / max(draws, 1),
    )


def encounters_planned(company_of: Meetings) -> list[Encounters]:
    """Who meets whom by a plan: the groups in the dataset's order, then all people together."""
    return [_encounters(row) for row in (*company_of.groups, company_of.everybody)]


def _encounters(row: GroupMeetings) -> Encounters:
    return Encounters(
        group=row.group,
        people=row.people,
        dispersion=row.dispersion,
        pairs=row.pairs,
        pairs_at_random=row.pairs_at_random,
        none=row.none,
        none_at_random=row.none_at_random,
        nearest=row.nearest,
        nearest_by_chance=row.nearest_by_chance,
        nearest_of_all=row.nearest_of_all,
        distinct=row.distinct,
        effective=row.effective,
        apart=row.apart,
        apart_met=row.apart_met,
    )
