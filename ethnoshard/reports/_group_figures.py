"""The pages of errors by group: charts with their titles."""

from ethnoshard import charts
from ethnoshard.charts import group_cells_of, group_rates_of, page
from ethnoshard.reports._summary_groups import threshold_text
from ethnoshard.results import GroupErrors

_GREY = "Grey: too few people or pairs. Exploratory."


def group_figures(found: GroupErrors, named: str) -> dict[str, str]:
    """Name -> page of one source of groups: each group's own rates with intervals, and who is taken for whom."""
    source, labels, threshold = (
        found.source,
        found.labels,
        threshold_text(found),
    )
    bars = f" Bars: 95 % by {found.draws:,} draws of people." if found.draws else ""
    return {
        f"groups-{source}": page(
            charts.group_rates([group_rates_of(found, named)]),
            f"Errors of {named} by group, {labels}",
            f"{threshold}{bars} {_GREY}",
            script="directory",
        ),
        f"cross-{source}": page(
            charts.group_matrix(group_cells_of(found)),
            f"False matches of {named} within and across groups, {labels}",
            f"{threshold} {_GREY}",
            script="directory",
        ),
    }
