"""Findings of an audit as cards: faces, what is claimed, and what is ticked."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from ethnoshard.charts import number, probably
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Audit, Finding, findings_of
from ethnoshard.shards import Decision

from .. import _faces, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._decisions import People, Remedy, Sizes, remedies

ALL_GROUPS, NO_GROUP = "all groups", "group not known"


ANYHOW = "anyhow"


_SURE = "Share of such findings that are right."


_SIDE = 80
"""Of a face, pixels."""


_MOST_FACES = 4
"""Shown of each person."""


Ticks = MutableMapping[int, str]
"""Row of the findings -> name of the remedy."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PickedAudit:
    """An audit as the page shows it.

    Attributes:
        name: in the shelf.
        audit: what was looked at.
        table: all findings, the surest of each kind first, with the columns ``row``, their number in the file, and
            ``before``, findings of the same kind and identity that come before.
        people: what the page calls them.
        sizes: images of identities, where a given dataset tells them.
        mark: tells this table from a later one in the same folder.
    """

    name: str
    audit: Audit
    table: pl.DataFrame
    people: People
    sizes: Sizes
    mark: str

    @property
    def ticks(self) -> Ticks:
        """What is ticked, for as long as the session lasts."""
        ticks: Ticks = st.session_state.setdefault(f"ticks of {self.mark}", {})
        return ticks


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """A finding as the page shows it.

    Attributes:
        row: its number in the file.
        finding: what is suspected.
        remedies: what can be done about it, the most likely first.
        key: of its elements.
    """

    row: int
    finding: Finding
    remedies: list[Remedy]
    key: str


def cards_of(picked: PickedAudit, rows: pl.DataFrame) -> list[Card]:
    return [
        Card(
            row=row,
            finding=finding,
            remedies=remedies(finding, picked.people, sizes=picked.sizes, before=before),
            key=f"{picked.mark[:8]}-{row}",
        )
        for finding, row, before in zip(findings_of(rows), rows["row"].to_list(), rows["before"].to_list(), strict=True)
    ]


def pictures_of(shelf: Shelf, picked: PickedAudit, cards: Sequence[Card]) -> dict[int, str]:
    """Number -> picture as a ``data:`` URL, of the faces that cards show; those that can't be shown are left out."""
    wanted = {
        face for card in cards for faces in (card.finding.faces, card.finding.other_faces) for face in _shown(faces)
    }
    pictures: dict[int, str] = {}
    if not wanted or not picked.audit.pictures:
        return pictures
    reasons = []
    with reporting_errors("faces"):
        numbers = sorted(wanted)
        for number_of, jpeg in zip(numbers, shelf.finding_jpegs(picked.name, numbers), strict=True):
            try:
                pictures[number_of] = _faces.thumbnail(jpeg, _SIDE)
            except EthnoshardError as error:
                reasons.append(str(error))
    if reasons:
        _show.warn(f"{len(reasons):,} of {len(wanted):,} faces can't be shown: {reasons[0]}")
    return pictures


def _shown(faces: Sequence[int]) -> Sequence[int]:
    return faces[:_MOST_FACES]


def show_card(picked: PickedAudit, card: Card, pictures: dict[int, str]) -> None:
    finding, people = card.finding, picked.people
    with st.container(border=True, key=f"finding-{card.key}"):
        words, action = st.columns([5, 2], vertical_alignment="center")
        with words:
            claimed = claim(finding, people)
            # A name stands as it is written.
            claimed = claimed[0].upper() + claimed[1:] if people.hidden else claimed
            st.markdown(f"**{plain(claimed)}**: {plain(probably(finding.sure))}")
            st.caption(plain(details(finding, people)))
            with st.container(horizontal=True, gap="medium"):
                for caption, faces in sides(finding, people):
                    known = [pictures[face] for face in _shown(faces) if face in pictures]
                    if known:
                        with st.container(width="content", gap="xxsmall"):
                            st.image(known, width=_SIDE, alt=[caption] * len(known))
                            st.caption(plain(caption))
        with action:
            _tick(picked.ticks, card)


def claim(finding: Finding, people: People) -> str:
    """What is suspected, in a few words."""
    who = people.label(finding.identity)
    if finding.other_identity is None:
        other = finding.other_set or "somebody else"
    else:
        other = people.label(finding.other_identity, finding.other_set)
    if finding.kind == "stranger":
        return f"A face of {who} " + ("is of nobody here" if finding.other_identity is None else f"is of {other}")
    if finding.kind == "several-people":
        return f"{who} is two people or more"
    if finding.kind == "same-image":
        if finding.other_identity == finding.identity and finding.other_set is None:
            return f"{who} has an image twice"
        return f"{who} and {other} have the same image"
    return f"{who} is {other}"


def details(finding: Finding, people: People) -> str:
    """What the finding rests on; images only where names are shown."""
    groups = [group for group in (finding.group, finding.other_group) if group is not None]
    parts = [f"similarity {number(finding.figure, 3)} ({finding.how})", " and ".join(dict.fromkeys(groups))]
    if finding.images:
        parts.append(f"{counted(len(finding.images), 'image')} of the smaller part")
    if not people.hidden:
        images = [image for image in (finding.image, finding.other_image) if image is not None]
        parts.append(", ".join([*images, *(finding.images or ())][:8]))
    return "; ".join(part for part in parts if part)


def sides(finding: Finding, people: People) -> list[tuple[str, Sequence[int]]]:
    """Captions and faces, to stand side by side."""
    who = people.label(finding.identity)
    other = "" if finding.other_identity is None else people.label(finding.other_identity, finding.other_set)
    if finding.kind == "stranger":
        return [("this face", finding.faces[:1]), (who, finding.faces[1:]), (other, finding.other_faces)]
    if finding.kind == "several-people":
        return [(who, finding.faces), ("the smaller part", finding.other_faces)]
    return [(who, finding.faces), (other or finding.other_set or "", finding.other_faces)]


def _tick(ticks: Ticks, card: Card) -> None:
    """The box and what is to be done; what is chosen is written down, as elements that go away forget it."""
    if not card.remedies:
        st.caption("The finding doesn't say which image it is about.")
        return
    names = [remedy.name for remedy in card.remedies]
    chosen = ticks.get(card.row, names[0])
    ticked, action = f"tick-{card.key}", f"action-{card.key}"
    # An element that was on another page before begins anew.
    st.session_state.setdefault(ticked, card.row in ticks)
    st.session_state.setdefault(action, chosen if chosen in names else names[0])
    st.checkbox("Agreed", key=ticked, on_change=_write_down, args=(ticks, card.row, ticked, action))
    labels = {remedy.name: remedy.label for remedy in card.remedies}
    st.selectbox(
        "What is to be done",
        names,
        format_func=lambda name: labels[name],
        key=action,
        on_change=_write_down,
        args=(ticks, card.row, ticked, action),
        label_visibility="collapsed",
    )


def _write_down(ticks: Ticks, row: int, ticked: str, action: str) -> None:
    if st.session_state[ticked]:
        ticks[row] = st.session_state[action]
    else:
        ticks.pop(row, None)


def tick_all(ticks: Ticks, cards: Sequence[Card], on: bool) -> None:
    for card in cards:
        ticked, action = f"tick-{card.key}", f"action-{card.key}"
        if on and card.remedies:
            ticks[card.row] = st.session_state.get(action, card.remedies[0].name)
        else:
            ticks.pop(card.row, None)
        st.session_state[ticked] = card.row in ticks


def chosen_decisions(cards: Sequence[Card], ticks: Ticks) -> list[Decision]:
    """Rows of the file, in the order of the findings in theirs; a remedy that is no longer offered has none."""
    return [
        decision
        for card in sorted(cards, key=lambda card: card.row)
        for remedy in card.remedies
        if remedy.name == ticks.get(card.row)
        for decision in remedy.decisions
    ]


def forget(ticks: Ticks) -> None:
    ticks.clear()
    for key in [key for key in st.session_state if str(key).startswith("tick-")]:
        st.session_state[key] = False


def counted(number_of: int, what: str) -> str:
    return f"{number_of:,} {what}" if number_of == 1 else f"{number_of:,} {what}s"
