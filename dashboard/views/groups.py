"""The page "Groups": for whom a model errs how often, at one threshold for all."""

import shlex
from collections.abc import Mapping, Sequence

import streamlit as st

from ethnoshard.charts import GroupRates, count, group_cells_of, group_matrix, group_rates, group_rates_of, share
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import ReportSummary

from .. import _show
from .._guard import or_said
from .._shelf import Shelf
from .._text import plain
from ._evaluations import KINDS, Picked, none_yet, picked, say_unreadable
from ._groups_change import change_table, clear_changes, comparison_of
from ._groups_cross import cross_title
from ._groups_det import det
from ._groups_figures import figures_plain, figures_table
from ._groups_found import Found, Shown, find, move
from ._groups_rates import each_rate, rates_plain, rates_table, spread


def show(shelf: Shelf) -> None:
    """One report by each source of labels, and others beside it."""

    def has_groups(summary: ReportSummary) -> bool:
        try:
            return bool(shelf.report(summary.name).evaluation.demographics)
        except EthnoshardError:
            return False

    found = picked(shelf, fits=has_groups)
    if found:
        with or_said(found[0].name):
            _report(shelf, found)
    elif not any(summary.kind in KINDS and has_groups(summary) for summary in shelf.reports):
        none_yet(shelf, "There is no evaluation with errors by group yet.", groups=True)
    say_unreadable(shelf)


def _report(shelf: Shelf, chosen: Sequence[Picked]) -> None:
    found = find(shelf, chosen)
    st.caption(plain(f"{found[0][0].own.note} Perceived ethnicity: never what somebody is or says of themselves."))
    _moving(shelf, found)
    for other in chosen[1:]:
        with or_said(f"{chosen[0].name} and {other.name}"):
            _change(shelf, chosen[0], other)
    _small_print(found)


@st.fragment
def _moving(shelf: Shelf, found: Sequence[Sequence[Found]]) -> None:
    """What moves with the threshold."""
    rows = move(found, _threshold(found[0][0]))
    everything = [each for shown in rows for each in shown]
    colours = shelf.group_colours
    for column, shown in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            first = shown[0]
            _show.chart(
                group_rates([_rates_of(each) for each in shown], colours),
                name=f"rates-{first.found.source}",
                title=f"{_capital(first.found.labels)}, at {first.text}: {spread(first.rates, 'fmr')}, "
                f"{spread(first.rates, 'fnmr')}",
                how=_how(first),
            )
    _show.table(
        rates_table(everything),
        name="rates",
        title=f"Each group's own rates at {rows[0][0].text}",
        how="A smaller gap because the best group got worse is no gain: look here first.",
        download=rates_plain(everything),
        columns={"group": st.column_config.TextColumn(width=130)},
        height="content",
    )
    _figures(everything)
    for column, shown in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            _det(shown[0], colours)
    for column, shown in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            rates = shown[0].rates
            _show.chart(
                group_matrix(group_cells_of(rates)),
                name=f"cross-{shown[0].found.source}",
                title=f"Who is taken for whom, {rates.labels}: {cross_title(rates)}",
                how=f"Different-person pairs with one person from each group, accepted at {shown[0].text}. "
                f"Grey: fewer than {rates.min_people} people or {rates.min_pairs} pairs.",
            )


def _rates_of(shown: Shown) -> GroupRates:
    return group_rates_of(shown.rates, shown.found.picked.label, shown.text)


def _threshold(first: Found) -> float:
    """Chosen among the thresholds of the report's first source."""
    texts = {first.text(place): threshold for place, threshold in enumerate(first.thresholds)}
    own = first.text(first.own_place)
    if len(texts) > 1:
        chosen = st.select_slider(
            "Similarity from which a pair is accepted, one threshold for all groups",
            list(texts),
            value=own,
            key="similarity",
            bind="query-params",
        )
    else:
        chosen = own
        st.info(plain(_capital(f"{first.reason or 'there is one threshold only'}.")), icon=":material/info:")
    setting = first.own
    people = f" ({count(setting.chosen_on.people)} people)" if setting.chosen_on.people else ""
    st.caption(
        plain(
            f"The report's own threshold is {own}: {setting.chosen_on.text}{people}."
            + ("" if chosen == own else " This is another, chosen by looking at the people who are tested.")
        )
    )
    return texts[chosen]


def _how(shown: Shown) -> str:
    rates = shown.rates
    bars = f"bars: 95 % by {count(rates.draws)} draws of people. " if rates.draws else "people are not known. "
    return (
        f"Dots: rates, weighted by {rates.weighting}; {bars}Grey: fewer than {rates.min_people} people or "
        f"{rates.min_pairs} pairs; grey bars may run off the axis."
    )


def _figures(everything: Sequence[Shown]) -> None:
    if not any(each.rates.figures for each in everything):
        st.info("Fewer than two groups are large enough, so no figure says how far they are apart.")
        return
    behind = " ".join(f"{each.found.source}{_of(each, everything)}: {each_rate(each.rates)}." for each in everything)
    garbe = ", ".join(
        f"{share(each.rates.figures['garbe'].value)} ({each.found.source}{_of(each, everything)})"
        for each in everything
        if "garbe" in each.rates.figures
    )
    _show.table(
        figures_table(everything),
        name="figures",
        title=f"How far apart groups are, alpha {everything[0].rates.alpha:g}: GARBE {garbe}",
        how=f"95 % intervals by draws of people, .. where draws are undefined. The rates behind: {behind}",
        download=figures_plain(everything),
        columns={"what it says": st.column_config.TextColumn(width="large")},
        height="content",
    )


def _of(each: Shown, everything: Sequence[Shown]) -> str:
    several = len({other.found.picked.name for other in everything}) > 1
    return f", {each.found.picked.label}" if several else ""


def _det(shown: Shown, colours: Mapping[str, str]) -> None:
    if shown.found.curves is None:
        return
    _show.chart(
        det(shown, colours),
        name=f"det-{shown.found.source}",
        title=f"DET by group, {shown.rates.labels}: one threshold, {shown.text}, is another place on every "
        "group's curve",
        how="Lines: all thresholds; the sign on each: the one for all. Lower and further left is better; edges are 0. "
        f"{each_rate(shown.rates)}.",
    )


def _change(shelf: Shelf, one: Picked, other: Picked) -> None:
    comparison = comparison_of(shelf, one, other)
    if comparison is None:
        paths = [str(each.report.path) for each in (one, other)]
        _show.empty(
            f"No report compares {one.name} with {other.name}; this gives each group's difference, with its paired "
            "interval:",
            shlex.join(["ethnoshard", "compare", *paths, "--out", f"{shelf.given.runs}/reports/NAME"]),
        )
        return
    name, content, base = comparison
    for found in content.demographics:
        clear = clear_changes(found, turned=not base)
        _show.table(
            change_table(found, turned=not base),
            name=f"change-{other.name}-{found.source}",
            title=f"From {one.label} to {other.label}, {found.labels}: "
            + (", ".join(clear) if clear else "no group's difference is clear of 0"),
            how=f"{other.label} less {one.label}, each at its own threshold, on the same {count(found.draws)} draws "
            f"of people (from {name}). An interval that holds 0 does not tell the two apart.",
            height="content",
        )


def _small_print(found: Sequence[Sequence[Found]]) -> None:
    for first, *_ in found:
        own = first.own
        people = "" if own.people is None else f"{count(own.people)} people"
        images = "" if own.images is None else f", {count(own.images)} images"
        without = ", ".join(f"{count(number)} {reason}" for reason, number in own.without_group.items())
        out = " ".join(f"{group} enters no figure: {why}." for group, why in own.left_out.items())
        st.caption(
            plain(
                f"{_capital(first.labels)}: {people}{images}. Pairs: {own.pairs}."
                + (f" People without a group: {without}." if without else "")
                + (f" {out}" if out else "")
            )
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
