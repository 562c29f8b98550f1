"""The page "Audit": what is probably wrong with a dataset, with the faces, and what is to be done about it."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from ethnoshard.charts import FINDINGS, NONE, count, finding_shares, number, percent, probably, share, with_interval
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Audit, Finding, findings_of, people_of_findings
from ethnoshard.shards import Decision, decisions_csv

from .. import _faces, _pick, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._decisions import FILE, People, Remedy, Sizes, contradiction, labelled, remedies

_ALL, _NO_GROUP = "all groups", "group not known"
_ANYHOW = "anyhow"
_SURE = "Share of such findings that are right."
_PAGES = ("10", "20", "50")
_SIDE = 80
"""Of a face, pixels."""
_MOST_FACES = 4
"""Shown of each person."""
_TABLE_ROWS = 1000
"""Of decisions that the page shows; the download has all."""

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


def show(shelf: Shelf) -> None:
    """One audit: how much is wrong, each finding with its faces, and the decisions."""
    _show.unreadable(shelf.unreadable_reports)
    names = [report.name for report in shelf.reports if report.kind == "audit" and report.reason is None]
    if not names:
        _show.empty(
            "No audit is here yet. It looks for strangers, for people in several folders, for images that come twice "
            "and for people of a test set.",
            f"ethnoshard audit DATASET --model MODEL --out {shelf.given.runs}/audit",
        )
        return
    with st.columns([2, 3])[0]:
        name = _pick.one("Audit", names, key="audit")
    with reporting_errors(name):
        audit = shelf.audit(name)
        _overview(shelf, audit)
        picked = _picked(shelf, name, audit)
        _findings(shelf, picked)
        _decisions(shelf, picked)


def _picked(shelf: Shelf, name: str, audit: Audit) -> PickedAudit:
    """The findings of an audit.

    Raises:
        EthnoshardError: the table is not there or damaged.
    """
    stamp = shelf.findings_stamp(name)
    table = shelf.findings(name).with_row_index("row")
    people = people_of_findings(table)
    return PickedAudit(
        name=name,
        audit=audit,
        table=table.sort("sure", descending=True, maintain_order=True).with_columns(
            before=pl.int_range(pl.len()).over("kind", "identity")
        ),
        people=People(
            own=shelf.labels(people.pop(None)),
            others={of: shelf.labels(names) for of, names in people.items() if of is not None},
            hidden=shelf.names_hidden,
        ),
        sizes=_sizes(shelf, audit),
        mark=stamp.key().hex(),
    )


def _sizes(shelf: Shelf, audit: Audit) -> Sizes:
    given = _faces.dataset_of(shelf, audit.source)
    return {} if given is None else dict(given.dataset.identities.select("name", "faces").iter_rows())


# How much


def _overview(shelf: Shelf, audit: Audit) -> None:
    st.caption(plain(about(audit)))
    for kind, summary in audit.kinds.items():
        if summary.left_out is not None:
            st.info(plain(f"Not looked for: {FINDINGS[kind]} ({summary.left_out})"), icon=":material/search_off:")
    rows, numbers = overview_tables(audit)
    if rows.is_empty():
        return
    _show.table(
        rows,
        name="audit",
        title=overview_title(audit),
        how="Share: of identities or images that a finding is about, 95 % (Wilson). Expected right: findings, each "
        "counted as often as such findings are right. Recall: of faults planted on purpose, how many were found.",
        columns={"kind": st.column_config.TextColumn(width=230), "share": st.column_config.TextColumn(width=170)},
        download=numbers,
    )
    _show.chart(
        finding_shares(audit.kinds, shelf.group_colours),
        name="finding-shares",
        title="Share affected, by kind and group",
        how="Diamonds: everybody; points: groups; bars: Wilson 95 %. Each kind has a scale of its own.",
    )


def about(audit: Audit) -> str:
    """What was looked at, in a sentence or two."""
    people = "people not known" if audit.images.people is None else f"{count(audit.images.people)} people"
    groups = f"groups by {', '.join(audit.labels)}" if audit.labels else "groups not known"
    against = ", ".join(f"{each.name} ({count(each.people)} people)" for each in audit.against)
    model = f", as {audit.model.title} sees them" if audit.model else ""
    return (
        f"{audit.title}: {count(audit.images.statuses.get('embedded', 0))} images, {people}{model}; {groups}"
        + (f"; looked for in {against}" if against else "")
        + f". A finding is a suspicion and changes nothing by itself; those less sure than {percent(audit.least)} "
        "are left out."
    )


def overview_title(audit: Audit) -> str:
    """How much was found, and how much of it is expected to be right."""
    looked_for = [summary.overall for summary in audit.kinds.values() if summary.left_out is None]
    findings, expected = sum(each.findings for each in looked_for), sum(each.expected for each in looked_for)
    if not findings:
        return "Nothing was found"
    return f"{_counted(findings, 'finding')}, about {count(expected)} of them right"


def overview_tables(audit: Audit) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A row a kind and group, as text and as numbers; kinds that weren't looked for have none."""
    rows, numbers = [], []
    for kind in FINDINGS:
        summary = audit.kinds.get(kind)
        if summary is None or summary.left_out is not None:
            continue
        for group, counts in (("all", summary.overall), *summary.by_group.items()):
            affected = counts.affected / counts.of if counts.of else None
            recall = summary.recall if group == "all" else None
            rows.append(
                {
                    "kind": FINDINGS[kind] if group == "all" else "",
                    "group": group,
                    "affected": f"{count(counts.affected)} of {count(counts.of)} {summary.unit}",
                    "share": with_interval(affected, counts.wilson if counts.of else None),
                    "findings": counts.findings,
                    "expected right": number(counts.expected, 1),
                    "recall": share(recall, 2) if recall is not None else "" if group != "all" else NONE,
                }
            )
            numbers.append(
                {
                    "kind": kind, "group": group, "unit": summary.unit, "of": counts.of, "affected": counts.affected,
                    "low": counts.wilson.low, "high": counts.wilson.high, "findings": counts.findings,
                    "expected": counts.expected, "planted": summary.planted, "recall": summary.recall,
                    "prior": summary.prior,
                }
            )  # fmt: skip
    return pl.DataFrame(rows), pl.DataFrame(numbers)


# Findings


def _findings(shelf: Shelf, picked: PickedAudit) -> None:
    _show.head("Findings, the surest first", "Tick those that you agree with, and choose what is to be done.")
    if not picked.audit.pictures:
        st.info("This audit holds no pictures, so no faces are shown.", icon=":material/face:")
    fitting = _fitting(picked)
    if fitting is None:
        return
    if fitting.is_empty():
        st.info("No finding is like this.", icon=":material/info:")
        return
    size = int(st.session_state.get("findings_shown", _PAGES[0]))
    pages = -(-len(fitting) // size)
    with st.container(horizontal=True, vertical_alignment="center"):
        at = st.pagination(pages, key="findings_page") if pages > 1 else 1
        shown = fitting.slice((min(at, pages) - 1) * size, size)
        first = (min(at, pages) - 1) * size + 1
        st.caption(f"{count(first)} to {count(first + len(shown) - 1)} of {count(len(fitting))}")
        cards = _cards(picked, shown)
        ticked = [card for card in cards if card.row in picked.ticks]
        for label, these, on in (("Tick these", cards, True), ("Untick these", ticked, False)):
            st.button(
                f"{label} {len(these)}", on_click=_tick_all, args=(picked.ticks, these, on), type="tertiary",
                disabled=not these, key=f"{label} findings",
            )  # fmt: skip
    jpegs = _pictures(shelf, picked, cards)
    for card in cards:
        _card(picked, card, jpegs)


def _fitting(picked: PickedAudit) -> pl.DataFrame | None:
    """The findings of the chosen kind, group, certainty and way; None where there is no kind to choose."""
    kinds = {
        FINDINGS[kind]: kind
        for kind in FINDINGS
        if kind in picked.audit.kinds and picked.audit.kinds[kind].left_out is None
    }
    if not kinds:
        return None
    has = picked.table["kind"].unique().to_list()
    start = next((name for name, kind in kinds.items() if kind in has), None)
    first, second, third, fourth, fifth = st.columns([3, 2, 2, 2, 1])
    with first:
        kind = kinds[_pick.one("Kind", list(kinds), key="kind", start=start)]
    own = picked.table.filter(pl.col("kind") == kind)
    with second:
        groups = [_NO_GROUP if group is None else group for group in own["group"].unique().sort().to_list()]
        group = _pick.one("Group", [_ALL, *groups], key="group")
    with third:
        how = _pick.one("By", [_ANYHOW, *own["how"].unique().sort().to_list()], key="how")
    with fourth:
        lowest = min(int(100 * picked.audit.least), 99)
        least = st.slider(
            "At least so sure, %",
            lowest,
            100,
            key="sure",
            bind="query-params",
            help="Share of such findings that are right",
        )
    with fifth:
        _pick.one("A page", _PAGES, key="findings_shown")
    if group != _ALL:
        own = own.filter(pl.col("group").is_null() if group == _NO_GROUP else pl.col("group") == group)
    if how != _ANYHOW:
        own = own.filter(pl.col("how") == how)
    # Of 32 bits, 0.97 is a little less.
    return own.filter(pl.col("sure") >= least / 100 - 1e-6)


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


def _cards(picked: PickedAudit, rows: pl.DataFrame) -> list[Card]:
    return [
        Card(
            row=row,
            finding=finding,
            remedies=remedies(finding, picked.people, sizes=picked.sizes, before=before),
            key=f"{picked.mark[:8]}-{row}",
        )
        for finding, row, before in zip(findings_of(rows), rows["row"].to_list(), rows["before"].to_list(), strict=True)
    ]


def _pictures(shelf: Shelf, picked: PickedAudit, cards: Sequence[Card]) -> dict[int, str]:
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


def _card(picked: PickedAudit, card: Card, pictures: dict[int, str]) -> None:
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
        parts.append(f"{_counted(len(finding.images), 'image')} of the smaller part")
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


def _tick_all(ticks: Ticks, cards: Sequence[Card], on: bool) -> None:
    for card in cards:
        ticked, action = f"tick-{card.key}", f"action-{card.key}"
        if on and card.remedies:
            ticks[card.row] = st.session_state.get(action, card.remedies[0].name)
        else:
            ticks.pop(card.row, None)
        st.session_state[ticked] = card.row in ticks


# Decisions


def _decisions(shelf: Shelf, picked: PickedAudit) -> None:
    ticked = picked.table.filter(pl.col("row").is_in(list(picked.ticks)))
    decisions = chosen_decisions(_cards(picked, ticked), picked.ticks)
    if not decisions:
        _show.head(f"Nothing is ticked yet: {FILE} would be empty")
        return
    rows = labelled(decisions, picked.people)
    _show.head(
        f"{_counted(len(decisions), 'decision')} about {_counted(len(ticked), 'finding')}",
        "From all kinds, pages and filters of this audit. They are kept as long as this tab is open.",
    )
    against = contradiction(decisions, picked.people)
    if against is not None:
        _show.warn(f"Decisions contradict each other: {against}")
    shown = rows[:_TABLE_ROWS]
    st.dataframe(
        pl.DataFrame(
            {
                "line": range(2, len(shown) + 2),
                **{name: [getattr(row, name) for row in shown] for name in _COLUMNS},
            }
        ),
        key="decisions",
        hide_index=True,
        alt="Decisions",
    )
    if picked.people.hidden:
        st.caption("The file has the names, as whoever packs must know them.")
    with st.container(horizontal=True):
        st.download_button(
            FILE, lambda: decisions_csv(decisions).encode(), FILE, "text/csv", key="decisions-csv", on_click="ignore",
            icon=":material/download:", type="primary",
        )  # fmt: skip
        st.button("Untick all", on_click=_forget, args=(picked.ticks,), key="untick-all", type="tertiary")
    st.code(f"ethnoshard pack WORK DATASET --without {FILE}", language="sh")


_COLUMNS = ("kind", "identity", "image", "action", "to", "reason")


def chosen_decisions(cards: Sequence[Card], ticks: Ticks) -> list[Decision]:
    """Rows of the file, in the order of the findings in theirs; a remedy that is no longer offered has none."""
    return [
        decision
        for card in sorted(cards, key=lambda card: card.row)
        for remedy in card.remedies
        if remedy.name == ticks.get(card.row)
        for decision in remedy.decisions
    ]


def _forget(ticks: Ticks) -> None:
    ticks.clear()
    for key in [key for key in st.session_state if str(key).startswith("tick-")]:
        st.session_state[key] = False


def _counted(number_of: int, what: str) -> str:
    return f"{number_of:,} {what}" if number_of == 1 else f"{number_of:,} {what}s"
