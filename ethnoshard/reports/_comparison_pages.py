"""A comparison as pages."""

from dataclasses import replace

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
from ethnoshard.results import (
    LEVEL_OF_CLAIMS,
    Change,
    Comparison,
    GroupErrorsChange,
)

_AXIS = "other - base (share; right of the line the other's is greater)"


_FILLED = "Filled: the interval excludes 0."


_FILLED_BY_GROUP = "Filled: other than 0 with p < 0.05, adjusted by Holm over the groups."


def comparison_pages(report: Comparison) -> dict[str, str]:
    """Name -> page."""
    named = f"{report.other.title} against {report.base.title}"
    if report.of == "clustering":
        return {"clusters": _cluster_page(report, named)}
    pages = {"verification": _verification_page(report, named)}
    for found in report.demographics:
        pages[f"groups-{found.source}"] = _group_page(found, named)
    return pages


def _verification_page(report: Comparison, named: str) -> str:
    rows = [
        _difference(change, name=metric_name(key))
        for key, change in report.verification.items()
        if change.difference is not None
    ]
    note = f"95 % intervals by {report.draws:,} draws of people, the same for both models. {_FILLED}"
    return page(charts.differences(rows, _AXIS), f"Verification, {named}: differences", note, script="directory")


def _group_page(found: GroupErrorsChange, named: str) -> str:
    colours = colours_of_groups(found.by_group)
    rows = [
        _difference(
            changes[key],
            name=f"{group}, {name}",
            too_few=group in found.too_few,
            colour=colours.get(group),
        )
        for key, name in RATES.items()
        for group, changes in {"all": found.overall, **found.by_group}.items()
        if changes[key].difference is not None
    ]
    return page(
        charts.differences(rows, _AXIS),
        f"By {found.attribute}, {found.labels}, {named}: differences",
        f"95 % intervals of the differences on the same people. {_FILLED_BY_GROUP} Grey: too few people or "
        f"pairs. {found.note}".rstrip(),
        script="directory",
    )


def _cluster_page(report: Comparison, named: str) -> str:
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


def _difference(change: Change, name: str, *, colour: str | None = None, too_few: bool = False) -> Difference:
    assert change.difference is not None, "others are left out"
    claimed = None if change.p_adjusted is None else change.p_adjusted < LEVEL_OF_CLAIMS
    found = Difference(
        name=name, value=change.difference, interval=change.people_interval, too_few=too_few, claimed=claimed
    )
    return found if colour is None else replace(found, colour=colour)
