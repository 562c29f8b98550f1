"""An evaluation as Markdown for a paper; its first table has the shape of table 5.1 of Kalinga (2020)."""

from collections.abc import Callable

from ethnoshard.charts import GROUP_METRICS, NONE, number, p_value
from ethnoshard.reports._group_sections import failure_lines, open_set_lines, shift_lines, tar_lines
from ethnoshard.reports._markdown import interval, mean_std, rate, table, with_interval
from ethnoshard.reports._profiles import PROFILES, Section, Shown
from ethnoshard.reports._verification_section import alone_lines, failed_lines, pairs_lines, verification_lines
from ethnoshard.reports._warnings import warnings_of
from ethnoshard.results import (
    Audit,
    ClusterReport,
    Compared,
    ErrorsAtThreshold,
    Evaluation,
    FoldRate,
    GroupErrors,
    Model,
    Rate,
)

TABLE_HEAD = ("Epoch No", "Type", "Accuracy", "Validation Rate", "Area Under Curve (AUC)")


def evaluation_summary(found: Evaluation) -> str:
    """Markdown of an evaluation, or of scores."""
    verified, pairs = found.verification, found.pairs
    lines = [
        f"# {found.title} on {pairs.name}",
        "",
        setting_text(found),
        "",
        "## Verification",
        "",
        *table(TABLE_HEAD, [table_row(found, found.title)]),
        *warning_lines(found),
        *pairs_lines(pairs, verified),
        *verification_lines(verified),
    ]
    shown = PROFILES[found.options.profile]
    if "identification" in shown:
        lines += ["## Identification", "", *_identification(found)]
    alone = found.verification_by_group if "alone" in shown else None
    if found.demographics or alone:
        lines += ["## By group", ""]
    if alone:
        lines += alone_lines(alone)
    for errors in found.demographics:
        lines += group_lines(errors, shown)
    if shown.note:
        lines += [shown.note, ""]
    return "\n".join(lines).rstrip() + "\n"


def table_row(found: Evaluation | Compared, title: str) -> list[str]:
    """A row of table 5.1: mean and standard deviation over folds, VAL with the FAR that was reached."""
    verified = found.verification
    if verified is None:
        return [epoch_of(found.model), title, *[NONE] * (len(TABLE_HEAD) - 2)]
    at = verified.validation[0]
    return [
        epoch_of(found.model),
        title,
        _mean_std(verified.accuracy),
        f"{_mean_std(at.val)} @ FAR={at.far.mean:.5f}" if at.val else NONE,
        number(verified.auc),
    ]


def warning_lines(found: Evaluation | Compared) -> list[str]:
    """What a reader must know before the metrics, each in a paragraph of its own."""
    return [line for text in warnings_of(found) for line in (f"**{text[0].upper()}{text[1:]}.**", "")]


def setting_text(found: Evaluation | ClusterReport | Compared | Audit) -> str:
    """The model, how it saw its images, and where these are from, in a sentence or two."""
    model, source, images = found.model, found.source, found.images
    if not model or not source:
        return "Embeddings or scores of another program; nothing is said of model and alignment."
    if model.alignment == "five-point":
        cut = f", {model.template}" if model.template else ""
    else:
        cut = f", {model.crop or source.face} px of {source.face}"
    statuses = images.statuses if images else {}
    further = images.further_faces if images else 0
    without = ", ".join(f"{count:,} {status}" for status, count in statuses.items() if status != "embedded" and count)
    return (
        f"Model {model.name} ({model.kind}, weights {model.digest[:12]}), {model.embedding} numbers from "
        f"{model.side} px; alignment {model.alignment}{cut} (faces: {source.aligner}), pixels "
        f"{model.normalise}"
        f"{', original and mirrored averaged' if found.flip else ''}. Images: {source.name}, "
        f"{statuses.get('embedded', 0):,} embedded"
        + (f", without a face or unreadable: {without}." if without else ", none without a face.")
        + (f" Further faces in them, not taken: {further:,}." if further else "")
    )


def _identification(report: Evaluation) -> list[str]:
    found = report.identification
    if found is None:
        return [f"Left out: {report.identification_left_out}.", ""]
    rows = []
    ways = ((found.svc, "linear SVC on one image each"), (found.mean, "mean of the others to one image each"))
    for rates, what in ways:
        for rank, share in rates.items():
            spread = f"{rate(share.least)} to {rate(share.most)}"
            ends = interval(share.people_interval) or NONE
            rows.append([f"{what}, {rank.replace('_', '-')}", mean_std(share.mean, share.std), ends, spread])
    return [
        f"{found.people:,} people with more than {found.more_than} images, {found.images:,} images, "
        f"{found.galleries} random galleries of one image each (seed {found.seed}); the SVC classifies "
        f"{found.queries:,} images, of means there is one a person.",
        "",
        *table(("", "mean ± std over galleries", "95 % for people like these", "least to most gallery"), rows),
    ]


def threshold_text(found: GroupErrors) -> str:
    """Which threshold, and from where."""
    chosen = found.chosen_on
    text = f"Threshold {found.threshold:.4f}, {chosen.text}"
    if chosen.people:
        text += f" ({chosen.people:,} people, {chosen.images:,} images)"
    elif chosen.fmr_asked is not None:
        text += f" (for an FMR of {chosen.fmr_asked:g})"
    return text + "."


def group_lines(found: GroupErrors, shown: Shown = PROFILES["all"]) -> list[str]:
    """One source of labels, as much as a profile shows."""
    people = "" if found.people is None else f" {found.people:,} people"
    people += "" if found.images is None else f", {found.images:,} images."
    without = ", ".join(f"{count:,} {reason}" for reason, count in found.without_group.items())
    lines = [
        f"### By {found.attribute}, {found.labels}",
        "",
        f"{found.note} Pairs: {found.pairs}; weighted by {found.weighting}.{people}"
        + (f" People without a group: {without}." if without else ""),
        "",
        threshold_text(found),
        "",
        *_rates(found),
    ]
    for group, why in found.left_out.items():
        lines += [f"{group} enters no metric below: {why}.", ""]
    if "metrics" in shown:
        lines += _metrics(found, shown)
    sections: tuple[tuple[Section, Callable[[GroupErrors], list[str]]], ...] = (
        ("across", _cross), ("tar", tar_lines), ("shift", shift_lines), ("failures", failure_lines),
        ("open_set", open_set_lines),
    )  # fmt: skip
    for section, lines_of in sections:
        if section in shown:
            lines += lines_of(found)
    lines += failed_lines(found.failed_pairs)
    if found.verification_by_group is not None and "alone" in shown:
        lines += alone_lines(found.verification_by_group, found.whose)
    return lines


def _rates(found: GroupErrors) -> list[str]:
    rows = []
    everybody = "all, within and across groups" if found.across else "all, within groups"
    for name, rates in {everybody: found.overall, **found.by_group}.items():
        fmr, fnmr = rates.fmr, rates.fnmr
        rows.append(
            [
                name + (" (too few)" if rates.too_few else ""),
                with_interval(fmr.rate, fmr.interval),
                _behind(fmr),
                with_interval(fnmr.rate, fnmr.interval),
                _behind(fnmr),
                rate(rates.tar),
                with_interval(rates.accuracy.value, rates.accuracy.people_interval),
            ]
        )
    head = ("group", "FMR", "errors of pairs", "FNMR", "errors of pairs", "TAR", "accuracy")
    return [*table(head, rows), intervals_text(found), ""]


def intervals_text(found: ErrorsAtThreshold) -> str:
    """Where the intervals of rates by group are from."""
    if found.overall.fmr.people is None:
        return (
            "People are not known: 95 % intervals are Wilson's, which takes pairs for independent. Pairs that share a "
            "person aren't."
        )
    if not found.draws:
        return "Without --draws there are no intervals."
    return (
        "95 % intervals are for people drawn from many like them: pairs that share a person err together, and where "
        "the threshold was set on people, these are drawn too."
    )


def _behind(cell: Rate) -> str:
    people = "" if cell.people is None else f", {cell.people:,} people"
    return f"{cell.errors:,} of {cell.pairs:,}{people}"


def _metrics(found: GroupErrors, shown: Shown) -> list[str]:
    if not found.metrics:
        return ["Fewer than two groups are large enough, so no metric says how far they are apart.", ""]
    rows = []
    for name, metric in found.metrics.items():
        if not shown.shows(name):
            continue
        undefined = (
            f"; undefined in {metric.undefined_draws:,} of {found.draws:,} simulations"
            if metric.undefined_draws
            else ""
        )
        value = "undefined" if metric.value is None else number(metric.value)
        ends = metric.people_interval
        between = NONE if not ends else " to ".join("none" if end is None else number(end) for end in ends)
        alike = metric.equal_groups
        limit = NONE if alike is None else f"{_number(alike.median)}; {_number(alike.limit)}"
        p = NONE if alike is None else p_value(alike.p_value)
        rows.append([GROUP_METRICS[name][0], value, between + undefined, limit, p, f"{metric.ideal:g}"])
    compared = [group for group in found.by_group if group not in found.left_out]
    return [
        f"Over {', '.join(compared)}; alpha {found.alpha:g}. Look at each group's own rates too: a gap that is "
        "smaller "
        "because the best group got worse is no gain.",
        "",
        *table(("metric", "value", "95 %", "equal groups show: half; 5 %", "p", "ideal"), rows),
        "Chance alone keeps groups that are all alike from the ideal: half of such groups, of these sizes, show the "
        "first number or more (FDR: or less), 5 % the second or more. p is the share of them that show what was "
        "measured.",
        "",
    ]


def _number(value: float | None) -> str:
    return "undefined" if value is None else number(value)


def _cross(found: GroupErrors) -> list[str]:
    if not found.across:
        return []
    groups = list(found.cross)
    rows = [
        [
            one,
            *(rate(cell.rate) + (" (too few)" if cell.too_few else "") for cell in found.cross[one].values()),
        ]
        for one in groups
    ]
    return ["FMR across groups, at the same threshold:", "", *table(("", *groups), rows)]


def _mean_std(measured: FoldRate) -> str:
    """Of several folds with their standard deviation."""
    if measured.standard_error is None:
        return f"{measured.mean:.5f}"
    return mean_std(measured.mean, measured.std)


def epoch_of(model: Model | None) -> str:
    """The epoch of a run."""
    return model.about.get("epoch", NONE) if model else NONE
