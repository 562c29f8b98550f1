"""Errors by group as Markdown."""

from ethnoshard.charts import GROUP_METRICS, NONE, number
from ethnoshard.reports._texts import rate, table, with_interval
from ethnoshard.results import GroupErrors, Rate


def threshold_text(found: GroupErrors) -> str:
    """Which threshold, and from where."""
    chosen = found.chosen_on
    text = f"Threshold {found.threshold:.4f}, {chosen.text}"
    if chosen.people:
        text += f" ({chosen.people:,} people, {chosen.images:,} images)"
    elif chosen.fmr_asked is not None:
        text += f" (for an FMR of {chosen.fmr_asked:g})"
    return text + "."


def group_lines(found: GroupErrors) -> list[str]:
    """Everything of one source of labels."""
    people = "" if found.people is None else f" {found.people:,} people"
    people += "" if found.images is None else f", {found.images:,} images."
    without = ", ".join(f"{count:,} {reason}" for reason, count in found.without_group.items())
    lines = [
        f"### Groups {found.labels}",
        "",
        f"{found.note} Pairs: {found.pairs}; weighted by {found.weighting}.{people}"
        + (f" People without a group: {without}." if without else ""),
        "",
        threshold_text(found),
        "",
        *_rates(found),
    ]
    for group, why in found.left_out.items():
        lines += [f"{group} enters no figure below: {why}.", ""]
    return [*lines, *_figures(found), *_cross(found)]


def _rates(found: GroupErrors) -> list[str]:
    rows = []
    for name, rates in {"all": found.overall, **found.by_group}.items():
        fmr, fnmr = rates.fmr, rates.fnmr
        rows.append(
            [
                name + (" (too few)" if rates.too_few else ""),
                with_interval(fmr.rate, fmr.people_interval),
                _behind(fmr),
                with_interval(fnmr.rate, fnmr.people_interval),
                _behind(fnmr),
                rate(rates.tar),
                with_interval(rates.accuracy.value, rates.accuracy.people_interval),
            ]
        )
    head = ("group", "FMR", "errors of pairs", "FNMR", "errors of pairs", "TAR", "accuracy")
    intervals = (
        f"95 % intervals by {found.draws:,} draws of people, seed {found.seed}."
        if found.draws
        else ("People are not known, so there are no intervals by drawing them.")
    )
    return [*table(head, rows), intervals, ""]


def _behind(cell: Rate) -> str:
    people = "" if cell.people is None else f", {cell.people:,} people"
    return f"{cell.errors:,} of {cell.pairs:,}{people}"


def _figures(found: GroupErrors) -> list[str]:
    if not found.figures:
        return ["Fewer than two groups are large enough, so no figure says how far they are apart.", ""]
    rows = []
    for name, figure in found.figures.items():
        undefined = f"; undefined in {figure.undefined_draws:,} draws" if figure.undefined_draws else ""
        value = "undefined" if figure.value is None else number(figure.value)
        ends = figure.people_interval
        shown = NONE if not ends else " to ".join("none" if end is None else number(end) for end in ends)
        rows.append([GROUP_METRICS[name][0], value, shown + undefined, f"{figure.ideal:g}"])
    compared = [group for group in found.by_group if group not in found.left_out]
    return [
        f"Over {', '.join(compared)}; alpha {found.alpha:g}. Look at each group's own rates too: a gap that is "
        "smaller "
        "because the best group got worse is no gain.",
        "",
        *table(("figure", "value", "95 % by drawing people", "ideal"), rows),
    ]


def _cross(found: GroupErrors) -> list[str]:
    groups = list(found.cross)
    rows = [
        [
            one,
            *(rate(cell.rate) + (" (too few)" if cell.too_few else "") for cell in found.cross[one].values()),
        ]
        for one in groups
    ]
    return ["FMR across groups, at the same threshold:", "", *table(("", *groups), rows)]
