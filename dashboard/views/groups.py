"""The page "Groups": for whom a model errs how often, at one threshold for all."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from ethnoshard._stamp import Stamp
from ethnoshard.charts import (
    GroupCurve,
    count,
    group_cells_of,
    group_det,
    group_matrix,
    group_rates,
    group_rates_of,
    share,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupErrorsOverThresholds, indices_at
from ethnoshard.results import (
    PERCEIVED_ETHNICITY,
    GroupErrors,
    ReportSummary,
)

from .. import _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._comparisons import show_group_changes
from ._evaluations import KINDS, PickedEvaluation, list_unreadable, no_evaluation, pick_evaluations
from ._group_details import show_group_details
from ._group_rates import (
    ErrorsInView,
    SourceErrors,
    capital,
    cross_title,
    each_rate,
    metric_numbers,
    metric_table,
    model_of,
    rate_numbers,
    rate_table,
    spread,
)


def show(shelf: Shelf) -> None:
    """One report by each source of labels, and others beside it."""

    def has_groups(summary: ReportSummary) -> bool:
        try:
            return bool(shelf.evaluation(summary.name).demographics)
        except EthnoshardError:
            return False

    picked = pick_evaluations(shelf, fits=has_groups)
    if picked:
        with reporting_errors(picked[0].name):
            _report(shelf, picked)
    elif not any(summary.kind in KINDS and has_groups(summary) for summary in shelf.reports):
        no_evaluation(shelf, "There is no evaluation with errors by group yet.", groups=True)
    list_unreadable(shelf)


def _report(shelf: Shelf, picked: Sequence[PickedEvaluation]) -> None:
    sources = _sources(shelf, picked)
    st.caption(plain(labels_note([reports[0].errors.own for reports in sources])))
    _moving(shelf, sources)
    show_group_details(shelf, picked[0].name, (reports[0].errors.own for reports in sources))
    for other in picked[1:]:
        with reporting_errors(f"{picked[0].name} and {other.name}"):
            show_group_changes(shelf, picked[0], other)
    _small_print(sources)


def labels_note(sources: Sequence[GroupErrors]) -> str:
    """What a reader must know of labels: each source's note once, and what perceived ethnicity is where it is one.

    >>> labels_note([])
    ''
    """
    texts = list(dict.fromkeys(own.note for own in sources if own.note))
    if any(own.attribute == PERCEIVED_ETHNICITY for own in sources):
        texts.append("Perceived ethnicity: never what somebody is or says of themselves.")
    return " ".join(texts)


def _sources(shelf: Shelf, picked: Sequence[PickedEvaluation]) -> list[list[SourceErrors]]:
    """For each source of labels of the first report: its errors, and those of the reports beside it."""
    names = [own.source for own in picked[0].evaluation.demographics]
    return [
        [_errors_of(shelf, each, own) for each in picked for own in each.evaluation.demographics if own.source == name]
        for name in names
    ]


def _errors_of(shelf: Shelf, picked: PickedEvaluation, own: GroupErrors) -> SourceErrors:
    curves, reason, stamp = None, None, None
    try:
        curves, stamp = shelf.group_curves(picked.name, own.source), shelf.groups_stamp(picked.name, own.source)
    except EthnoshardError as error:
        reason = str(error)
    errors = GroupErrorsOverThresholds(own=own, curves=curves)
    return SourceErrors(picked=picked, errors=errors, reason=reason, stamp=stamp)


def in_view(sources: Sequence[Sequence[SourceErrors]], threshold: float) -> list[list[ErrorsInView]]:
    """Everything where it stands when a threshold is chosen, see ``evaluation.indices_at``."""
    indices = indices_at([[each.errors for each in reports] for reports in sources], threshold)
    return [
        [
            ErrorsInView(of=each, index=index, rates=_at(each.stamp, index, each.errors))
            for each, index in zip(reports, own, strict=True)
        ]
        for reports, own in zip(sources, indices, strict=True)
    ]


def _at(stamp: Stamp | None, index: int, errors: GroupErrorsOverThresholds) -> GroupErrors:
    return errors.own if stamp is None else _at_kept(stamp, index, errors)


@st.cache_resource(max_entries=2048, show_spinner=False)
def _at_kept(stamp: Stamp, index: int, _errors: GroupErrorsOverThresholds) -> GroupErrors:
    return _errors.at(index)


@st.fragment
def _moving(shelf: Shelf, sources: Sequence[Sequence[SourceErrors]]) -> None:
    """What moves with the threshold."""
    rows = in_view(sources, _threshold(sources[0][0]))
    everything = [each for reports in rows for each in reports]
    colours = shelf.group_colours
    for column, reports in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            first = reports[0]
            _show.chart(
                group_rates([group_rates_of(each.rates, each.of.picked.label, each.text) for each in reports], colours),
                name=f"rates-{first.of.source}",
                title=f"{capital(first.of.labels)}, at {first.text}: {spread(first.rates, 'fmr')}, "
                f"{spread(first.rates, 'fnmr')}",
                how=_how(first),
            )
    _show.table(
        rate_table(everything),
        name="rates",
        title=f"Each group's own rates at {rows[0][0].text}",
        how="A smaller gap because the best group got worse is no gain: look here first.",
        download=rate_numbers(everything),
        columns={"group": st.column_config.TextColumn(width=130)},
        height="content",
    )
    _metrics(everything)
    for column, reports in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            _det(reports[0], colours)
    for column, reports in zip(st.columns(len(rows)), rows, strict=True):
        with column:
            rates = reports[0].rates
            if not rates.across:
                continue
            _show.chart(
                group_matrix(group_cells_of(rates)),
                name=f"cross-{reports[0].of.source}",
                title=f"Who is taken for whom, {rates.whose}: {cross_title(rates)}",
                how=f"Different-person pairs with one person from each group, accepted at {reports[0].text}. "
                f"Grey: fewer than {rates.min_people} people or {rates.min_pairs} pairs.",
            )


def _threshold(first: SourceErrors) -> float:
    """Chosen among the thresholds of the report's first source."""
    errors = first.errors
    texts = {errors.text(index): threshold for index, threshold in enumerate(errors.thresholds)}
    own = errors.text(errors.own_index)
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
        st.info(plain(capital(f"{first.reason or 'there is one threshold only'}.")), icon=":material/info:")
    setting = errors.own
    people = f" ({count(setting.chosen_on.people)} people)" if setting.chosen_on.people else ""
    st.caption(
        plain(
            f"The report's own threshold is {own}: {setting.chosen_on.text}{people}."
            + ("" if chosen == own else " This is another, chosen by looking at the people who are tested.")
        )
    )
    return texts[chosen]


def _how(first: ErrorsInView) -> str:
    rates = first.rates
    known = rates.overall.fmr.people is not None
    bars = "95 % for people drawn from many like them" if known else "Wilson's 95 %, as people are not known"
    return (
        f"Dots: rates, weighted by {rates.weighting}; bars: {bars}. Grey: fewer than {rates.min_people} people or "
        f"{rates.min_pairs} pairs; grey bars may run off the axis."
    )


def _metrics(everything: Sequence[ErrorsInView]) -> None:
    if not any(each.rates.metrics for each in everything):
        st.info("Fewer than two groups are large enough, so no metric says how far they are apart.")
        return
    behind = " ".join(f"{each.of.source}{model_of(each, everything)}: {each_rate(each.rates)}." for each in everything)
    garbes = [(each, each.rates.metrics.get("garbe")) for each in everything]
    garbe = ", ".join(
        f"{share(found.value)} ({each.of.source}{model_of(each, everything)})" for each, found in garbes if found
    )
    _show.table(
        metric_table(everything),
        name="figures",
        title=f"How far apart groups are, alpha {everything[0].rates.alpha:g}: GARBE {garbe}",
        how="Value [95 %, .. where it has no end]; p: the share of groups that are all alike, of these sizes, that "
        f"show as much by chance. The rates behind: {behind}",
        download=metric_numbers(everything),
        columns={"what it says": st.column_config.TextColumn(width="large")},
        height="content",
    )


def _det(first: ErrorsInView, colours: Mapping[str, str]) -> None:
    if first.of.errors.curves is None:
        return
    _show.chart(
        det_by_group(first, colours),
        name=f"det-{first.of.source}",
        title=f"DET by {first.rates.whose}: one threshold, {first.text}, is another place on every group's curve",
        how="Lines: all thresholds; the sign on each: the one for all. Lower and further left is better; edges are 0. "
        f"{each_rate(first.rates)}.",
    )


def det_by_group(first: ErrorsInView, colours: Mapping[str, str]) -> go.Figure:
    """The curves of a report that keeps them, with the one threshold for all marked on each.

    Args:
        first: the report.
        colours: of groups.
    """
    errors = first.of.errors
    curves = errors.curves
    if curves is None:
        raise ValueError("the report keeps no curves")
    drawing = [
        GroupCurve(
            group=group,
            fmr=curves.fmr[:, index],
            fnmr=curves.fnmr[:, index],
            too_few=first.rates.by_group[group].too_few,
        )
        for index, group in enumerate(curves.groups)
    ]
    return group_det(drawing, [errors.text(index) for index in range(len(curves.thresholds))], first.index, colours)


def _small_print(sources: Sequence[Sequence[SourceErrors]]) -> None:
    for first, *_ in sources:
        own = first.errors.own
        people = "" if own.people is None else f"{count(own.people)} people"
        images = "" if own.images is None else f", {count(own.images)} images"
        without = ", ".join(f"{count(number)} {reason}" for reason, number in own.without_group.items())
        out = " ".join(f"{group} enters no metric: {why}." for group, why in own.left_out.items())
        st.caption(
            plain(
                f"{capital(first.labels)}: {people}{images}. Pairs: {own.pairs}."
                + (f" People without a group: {without}." if without else "")
                + (f" {out}" if out else "")
            )
        )
