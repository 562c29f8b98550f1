"""The pages of a comparison: differences with their titles."""

from typing import Any

from ethnoshard import charts
from ethnoshard.charts import (
    CLUSTER_METRICS,
    GROUP_COLOURS,
    METHODS,
    RATES,
    Difference,
    colours_of_groups,
    metric_name,
    page,
)
from ethnoshard.results import Change, Comparison, GroupErrorsChange

_AXIS = "other - base (share; right of the line the other's is greater)"
_FILLED = "Filled: the interval excludes 0."


def comparison_figures(report: Comparison) -> dict[str, str]:
    """Name -> page."""
    named = f"{report.other.title} against {report.base.title}"
    if report.of == "clustering":
        return {"clusters": _clusters(report, named)}
    pages = {"verification": _verification(report, named)}
    for found in report.demographics:
        pages[f"groups-{found.source}"] = _groups(found, named)
    return pages


def _verification(report: Comparison, named: str) -> str:
    rows = [
        _difference(change, name=metric_name(key))
        for key, change in report.verification.items()
        if change.difference is not None
    ]
    note = f"95 % intervals by {report.draws:,} draws of people, the same for both models. {_FILLED}"
    return page(charts.differences(rows, _AXIS), f"Verification, {named}: differences", note, script="directory")


def _groups(found: GroupErrorsChange, named: str) -> str:
    colours = colours_of_groups(found.by_group)
    rows = [
        _difference(
            changes[key],
            name=f"{group}, {name}",
            too_few=group in found.too_few,
            **({"colour": colours[group]} if group in colours else {}),
        )
        for key, name in RATES.items()
        for group, changes in {"all": found.overall, **found.by_group}.items()
        if changes[key].difference is not None
    ]
    return page(
        charts.differences(rows, _AXIS),
        f"By group {found.labels}, {named}: differences",
        f"95 % intervals by {found.draws:,} draws of people, the same for both. {_FILLED} Grey: too few people or "
        "pairs. Exploratory",
        script="directory",
    )


def _clusters(report: Comparison, named: str) -> str:
    rows = [
        Difference(
            name=f"{METHODS[method].full}: {CLUSTER_METRICS[key]}",
            value=change.mean,
            draws=[value for value in change.differences if value is not None],
            colour=colour,
        )
        for (method, metrics), colour in zip(report.clustering.items(), GROUP_COLOURS, strict=False)
        for key, change in metrics.items()
        if change.mean is not None
    ]
    return page(
        charts.differences(rows, "other - base (right of the line the other agrees better with people)"),
        f"Clusters of {report.people} people, {named}: differences",
        f"{report.draws} draws of people, a dot each, the same for both models; circles: their mean",
        script="directory",
    )


def _difference(change: Change, **about: Any) -> Difference:
    assert change.difference is not None, "others are left out"
    return Difference(value=change.difference, interval=change.people_interval, **about)
