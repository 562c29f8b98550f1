"""What comparisons of two models found: differences with their intervals, of all people and by group."""

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import Literal

import polars as pl
import streamlit as st

from ethnoshard.charts import (
    METHODS,
    NONE,
    RATES,
    Difference,
    count,
    differences,
    metric_name,
    p_value,
    share,
    signed,
    with_interval,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import (
    LEVEL_OF_CLAIMS,
    Change,
    Compared,
    Comparison,
    Evaluation,
    GroupErrorsChange,
    MetricChange,
    OpenSetChange,
    Verdict,
    VerificationSummary,
    as_json,
    changes_of,
)

from .. import _show
from .._pick import one
from .._shelf import Shelf
from ._evaluations import PickedEvaluation

_ABOUT = ("model", "source", "flip", "images", "options", "pairs")
_RATES: tuple[Literal["fmr"], Literal["fnmr"]] = ("fmr", "fnmr")
_CHANGES = (("fmr", "FMR"), ("fnmr", "FNMR"), ("accuracy", "accuracy"))


def show_comparisons(shelf: Shelf) -> list[tuple[str, str]]:
    """Show the comparisons; give those that went away meanwhile, with the reason."""
    changes: list[MetricChange] = []
    unreadable = []
    for report in shelf.reports:
        if report.kind == "comparison" and report.reason is None:
            try:
                changes += changes_of(report.name, shelf.comparison(report.name))
            except EthnoshardError as error:
                unreadable.append((report.name, str(error)))
    if changes:
        _changes(changes)
    else:
        _show.empty(
            "No two models were compared here. On the same draws of people:",
            f"ethnoshard compare BASE/reports/lfw OTHER/reports/lfw --out {shelf.given.runs}/reports/comparison",
        )
    return unreadable


def _changes(changes: Sequence[MetricChange]) -> None:
    by_metric: dict[str, list[MetricChange]] = {}
    for change in changes:
        by_metric.setdefault(change_name(change), []).append(change)
    with st.columns([1, 2])[0]:
        name = one("Compared by", list(by_metric), key="change")
    chosen = by_metric[name]
    _show.chart(
        differences(difference_rows(chosen), f"{name}: other - base"),
        name="differences",
        title=change_title(chosen),
        how="Point: difference of the two models on the same pairs; whisker: interval at 95 % for the same people. "
        "Open where these people don't tell the models apart: the interval holds 0, or, of rates by group, p is above "
        "0.05 once it is adjusted for all groups (Holm). Of many intervals one in twenty excludes 0 by chance. They "
        "are for other people, not for other trainings: two runs of one arm by other seeds differ too.",
    )
    _show.table(
        change_table(chosen),
        name="comparisons",
        title=f"{_counted(len(chosen), 'comparison')} by {name}",
        how="The download holds every metric of every comparison.",
        columns={"Verdict": st.column_config.TextColumn(width=330)},
        download=change_numbers(changes),
    )


def change_name(change: MetricChange) -> str:
    """Name of the metric, of which group or method."""
    if change.method is not None:
        return f"ARI of {METHODS[change.method].name if change.method in METHODS else change.method}"
    if change.group is not None:
        return f"{_rate_name(change.metric)} of {change.group}, {change.labels}"
    name = metric_name(change.metric)
    return f"{name[0].upper()}{name[1:]}"


def _rate_name(metric: str) -> str:
    rate, at, fpir = metric.partition("_at_")
    return f"{rate.upper()} at a FPIR of {fpir}" if at else RATES.get(metric, metric)


def verdict_words(change: MetricChange) -> str:
    """What the interval says of the two models."""
    adjusted = change.p_adjusted
    by = "95 % interval" if adjusted is None else f"p {p_value(adjusted)}, adjusted for all groups"
    words = {
        Verdict.NO_INTERVAL: "no interval: it can't be told",
        Verdict.INCLUDES_0: f"{by} includes 0" if adjusted is None else by,
        Verdict.HIGHER: f"other is higher: {by}" + (" excludes 0" if adjusted is None else ""),
        Verdict.LOWER: f"other is lower: {by}" + (" excludes 0" if adjusted is None else ""),
    }[change.verdict]
    if change.better is not None:
        return f"{words}; other is higher in {change.better} of {change.draws} draws of people"
    return f"{words}; too few people or pairs" if change.too_few else words


def change_title(changes: Sequence[MetricChange]) -> str:
    """How many of the differences in one metric are any."""
    name, measured = change_name(changes[0]), [change for change in changes if change.interval is not None]
    if not measured:
        return f"{name}: other minus base, without intervals"
    apart = sum(change.excludes_0 for change in measured)
    if measured[0].p_adjusted is not None:
        return f"{name}: differs in {apart} of {_counted(len(measured), 'comparison')}, adjusted for all groups"
    if not apart:
        return f"{name}: 95 % intervals include 0 in {_counted(len(measured), 'comparison')}"
    return f"{name}: {apart} of {_counted(len(measured), 'interval')} exclude{'s' * (apart == 1)} 0"


def change_table(changes: Sequence[MetricChange]) -> pl.DataFrame:
    """A row a comparison, as text."""
    return pl.DataFrame(
        [
            {
                "Other": change.other,
                "Base": change.base,
                "Of other": share(change.after),
                "Of base": share(change.before),
                "Other - base": f"{change.difference:+.{_digits(change)}f}",
                "95 % of the difference": NONE
                if change.interval is None
                else "[{0:+.{2}f}, {1:+.{2}f}]".format(*change.interval, _digits(change)),
                "Verdict": verdict_words(change),
                "Report": change.report,
            }
            for change in changes
        ]
    )


def _digits(change: MetricChange) -> int:
    low, high = change.interval or (0.0, 0.01)
    width = high - low
    return 5 if width < 0.003 else 4 if width < 0.03 else 3


def change_numbers(changes: Sequence[MetricChange]) -> pl.DataFrame:
    """Every metric of every comparison as numbers, for the download."""
    rows = []
    for change in changes:
        low, high = change.interval or (None, None)
        rows.append(
            {
                "report": change.report,
                "base": change.base,
                "other": change.other,
                "figure": change_name(change),
                "of_base": change.before,
                "of_other": change.after,
                "difference": change.difference,
                "low": low,
                "high": high,
                "says": verdict_words(change),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def difference_rows(changes: Sequence[MetricChange]) -> list[Difference]:
    """As the chart takes them."""
    return [
        Difference(
            name=f"{change.other} - {change.base}",
            value=change.difference,
            interval=change.interval,
            claimed=None if change.p_adjusted is None else change.excludes_0,
            too_few=change.too_few,
            words=(verdict_words(change), change.report),
        )
        for change in changes
    ]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def show_group_changes(shelf: Shelf, first: PickedEvaluation, other: PickedEvaluation) -> None:
    comparison = _comparison_of(shelf, first, other)
    if comparison is None:
        paths = [str(shelf.report_path(each.name)) for each in (first, other)]
        _show.empty(
            f"No report compares {first.name} with {other.name}; this gives each group's difference, with its paired "
            "interval:",
            shlex.join(["ethnoshard", "compare", *paths, "--out", f"{shelf.given.runs}/reports/NAME"]),
        )
        return
    name, content, base = comparison
    for source in content.demographics:
        clear = clear_group_changes(source, turned=not base)
        _show.table(
            group_change_table(source, turned=not base),
            name=f"change-{other.name}-{source.source}",
            title=f"From {first.label} to {other.label}, {source.whose}: "
            + (", ".join(clear) if clear else "no group's difference is clear of 0"),
            how=f"{other.label} less {first.label}, each at its own threshold, on the same {count(source.draws)} draws "
            f"of people (from {name}). An interval that holds 0 does not tell the two apart.",
            height="content",
        )
        for at in source.open_set:
            if at.thresholds is None:
                continue
            clear = clear_search_changes(at, turned=not base)
            one_threshold, other_threshold = at.thresholds if base else at.thresholds[::-1]
            _show.table(
                search_change_table(at, turned=not base),
                name=f"searches-{other.name}-{source.source}-{at.fpir_asked:g}",
                title=f"From {first.label} to {other.label}, searches of the same gallery of {count(at.gallery)} "
                f"people by {source.whose}, all people's FPIR {at.fpir_asked:g} at most: "
                + (", ".join(clear) if clear else "no group's difference is clear of 0"),
                how=f"Each model at its own threshold, {one_threshold:.4f} and {other_threshold:.4f}, which moves with "
                f"each person that is left out (from {name}). FNIR: mated searches that miss the person. FPIR: "
                "searches without the own person in the gallery that return anybody. Claims are adjusted for all "
                "groups (Holm).",
                height="content",
            )


def _comparison_of(
    shelf: Shelf, first: PickedEvaluation, other: PickedEvaluation
) -> tuple[str, Comparison, bool] | None:
    """The comparison report of two evaluations, whichever was its base.

    Returns:
        its name, what it found, and whether ``first`` was the base; None if there is none.
    """
    for summary in shelf.reports:
        if summary.kind != "comparison":
            continue
        try:
            comparison = shelf.comparison(summary.name)
        except EthnoshardError:
            # It went away meanwhile; the list of what can't be read says more.
            continue
        sides = comparison.base, comparison.other
        for base, (side, counterpart) in ((True, sides), (False, sides[::-1])):
            if _is_of(side, first.evaluation) and _is_of(counterpart, other.evaluation):
                return summary.name, comparison, base
    return None


def _is_of(side: Compared, report: Evaluation) -> bool:
    """Whether one side of a comparison is this evaluation: all that it says about it is the same."""
    everything = as_json(report.verification)
    measured = {field.name: everything[field.name] for field in fields(VerificationSummary)}
    return as_json(side.verification) == measured and all(
        getattr(side, name) == getattr(report, name) for name in _ABOUT
    )


def group_change_table(source: GroupErrorsChange, *, turned: bool) -> pl.DataFrame:
    """A row a group, of one source of labels.

    Args:
        source: in the comparison.
        turned: show base - other.
    """
    rows = []
    for group, changes in {"all": source.overall, **source.by_group}.items():
        row = {"group": group + (" (too few)" if group in source.too_few else "")}
        rows.append(row | {name: _signed(changes.get(key), turned=turned) for key, name in _CHANGES})
    return pl.DataFrame(rows)


def clear_group_changes(source: GroupErrorsChange, *, turned: bool) -> list[str]:
    """Which groups' rates differ, adjusted for all groups: ``Black's FMR falls``. In reports of before none is told."""
    return [
        f"{group}'s {key.upper()} {_way(changes[key], turned=turned)}"
        for group, changes in source.by_group.items()
        if group not in source.too_few
        for key in _RATES
        if _is_clear(changes.get(key))
    ]


def search_change_table(found: OpenSetChange, *, turned: bool) -> pl.DataFrame:
    """A row a group, of searches of a gallery.

    Args:
        found: in the comparison.
        turned: show base - other.
    """
    everybody = {} if found.overall is None else {"all": found.overall}
    return pl.DataFrame(
        [
            {
                "group": group + (" (too few)" if group in found.too_few else ""),
                "FNIR": _signed(own.fnir, turned=turned),
                "FPIR": _signed(own.fpir, turned=turned),
            }
            for group, own in {**everybody, **found.by_group}.items()
        ]
    )


def clear_search_changes(found: OpenSetChange, *, turned: bool) -> list[str]:
    """Which groups' rates of searches differ, adjusted for all groups: ``Black's FNIR falls``."""
    rates = (
        (f"{group}'s {name}", change)
        for group, own in found.by_group.items()
        if group not in found.too_few
        for name, change in (("FNIR", own.fnir), ("FPIR", own.fpir))
    )
    return [f"{name} {_way(change, turned=turned)}" for name, change in rates if _is_clear(change)]


def _is_clear(change: Change | None) -> bool:
    """Whether the two models differ, adjusted for all groups."""
    return (
        change is not None
        and change.difference is not None
        and change.p_adjusted is not None
        and change.p_adjusted <= LEVEL_OF_CLAIMS
    )


def _way(change: Change | None, *, turned: bool) -> str:
    assert change is not None and change.difference is not None, "it is clear"
    return "rises" if (change.difference > 0) != turned else "falls"


def _signed(change: Change | None, *, turned: bool) -> str:
    sign = -1 if turned else 1
    if change is None or change.difference is None:
        return NONE
    ends = [None if end is None else sign * end for end in change.people_interval or ()]
    return with_interval(sign * change.difference, ends[::sign], signed)
