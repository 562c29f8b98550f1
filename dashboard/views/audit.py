"""The page "Audit": what is probably wrong with a dataset, with the faces, and what is to be done about it."""

import polars as pl
import streamlit as st

from ethnoshard.charts import FINDINGS, NONE, count, finding_shares, number, percent, share, with_interval
from ethnoshard.results import Audit, people_of_findings
from ethnoshard.shards import decisions_csv

from .. import _faces, _pick, _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._decisions import FILE, People, Sizes, contradiction, labelled
from ._finding_cards import (
    ALL_GROUPS,
    ANYHOW,
    NO_GROUP,
    PickedAudit,
    cards_of,
    chosen_decisions,
    counted,
    forget,
    pictures_of,
    show_card,
    tick_all,
)

_PAGES = ("10", "20", "50")
_TABLE_ROWS = 1000
"""Of decisions that the page shows; the download has all."""


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
    return f"{counted(findings, 'finding')}, about {count(expected)} of them right"


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
        cards = cards_of(picked, shown)
        ticked = [card for card in cards if card.row in picked.ticks]
        for label, these, on in (("Tick these", cards, True), ("Untick these", ticked, False)):
            st.button(
                f"{label} {len(these)}", on_click=tick_all, args=(picked.ticks, these, on), type="tertiary",
                disabled=not these, key=f"{label} findings",
            )  # fmt: skip
    jpegs = pictures_of(shelf, picked, cards)
    for card in cards:
        show_card(picked, card, jpegs)


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
        groups = [NO_GROUP if group is None else group for group in own["group"].unique().sort().to_list()]
        group = _pick.one("Group", [ALL_GROUPS, *groups], key="group")
    with third:
        how = _pick.one("By", [ANYHOW, *own["how"].unique().sort().to_list()], key="how")
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
    if group != ALL_GROUPS:
        own = own.filter(pl.col("group").is_null() if group == NO_GROUP else pl.col("group") == group)
    if how != ANYHOW:
        own = own.filter(pl.col("how") == how)
    # Of 32 bits, 0.97 is a little less.
    return own.filter(pl.col("sure") >= least / 100 - 1e-6)


# Decisions


def _decisions(shelf: Shelf, picked: PickedAudit) -> None:
    ticked = picked.table.filter(pl.col("row").is_in(list(picked.ticks)))
    decisions = chosen_decisions(cards_of(picked, ticked), picked.ticks)
    if not decisions:
        _show.head(f"Nothing is ticked yet: {FILE} would be empty")
        return
    rows = labelled(decisions, picked.people)
    _show.head(
        f"{counted(len(decisions), 'decision')} about {counted(len(ticked), 'finding')}",
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
        st.button("Untick all", on_click=forget, args=(picked.ticks,), key="untick-all", type="tertiary")
    st.code(f"ethnoshard pack WORK DATASET --without {FILE}", language="sh")


_COLUMNS = ("kind", "identity", "image", "action", "to", "reason")
