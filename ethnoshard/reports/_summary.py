"""An evaluation as Markdown for a paper; its first table has the shape of table 5.1 of Kalinga (2020)."""

from collections.abc import Callable, Iterable

from ethnoshard.charts import GROUP_METRICS, NONE, Ends, number, p_value, unit_of
from ethnoshard.reports._group_sections import failure_lines, open_set_lines, shift_lines, tar_lines
from ethnoshard.reports._markdown import interval, mean_std, rate, table, with_interval
from ethnoshard.reports._profiles import PROFILES, Section, Shown
from ethnoshard.reports._warnings import warnings_of
from ethnoshard.results import (
    Audit,
    ClusterReport,
    Compared,
    ErrorsAtThreshold,
    Evaluation,
    Failures,
    FoldRate,
    GroupErrors,
    Model,
    Pairs,
    Rate,
    Reason,
    Verification,
    VerificationByGroup,
    VerificationSummary,
    wilson,
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
        *_pairs(pairs, verified),
        *_verification(verified),
    ]
    shown = PROFILES[found.options.profile]
    if "identification" in shown:
        lines += ["## Identification", "", *_identification(found)]
    alone = found.verification_by_group if "alone" in shown else None
    if found.demographics or alone:
        lines += ["## By group", ""]
    if alone:
        lines += _verification_by_group(alone)
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


def _pairs(pairs: Pairs, verified: Verification) -> list[str]:
    people = "people not known" if verified.people is None else f"{verified.people:,} people"
    text = (
        f"{verified.pairs:,} pairs ({verified.same:,} same, {verified.different:,} different; {people}) in "
        f"{_folds(verified.folds)}; thresholds from {verified.thresholds_from}. Distance: {verified.metric}"
        f"{', mean of the other folds subtracted' if verified.subtract_mean else ''}."
    )
    missing = (pairs.missing_same or 0) + (pairs.missing_different or 0)
    if missing and pairs.missing_images is not None:
        text += (
            f" Of {pairs.listed:,} pairs listed {missing:,} can't be scored ({pairs.missing_same:,} same, "
            f"{pairs.missing_different:,} different); images without an embedding: {pairs.missing_images:,}"
            f"{_reasons(pairs.reasons)}."
        )
    elif missing:
        errors = "those of one person count as refused" if pairs.failures_are_errors else "they are left out"
        text += (
            f" Of {pairs.listed:,} pairs listed {missing:,} have no score ({pairs.missing_same:,} same, "
            f"{pairs.missing_different:,} different); {errors}."
        )
    if pairs.found_otherwise:
        text += f" Of the list's images{_reasons(pairs.found_otherwise)}."
    if pairs.left_out:
        text += f" Left out of the list{_reasons(pairs.left_out)}."
    return [text, "", *_failures(pairs.failures)]


def _failures(failures: Iterable[Failures]) -> list[str]:
    """How often comparisons failed, by group and kind."""
    rows = [
        [
            " and ".join(dict.fromkeys(each.groups)),
            "same" if each.same else "different",
            f"{each.failed:,} of {each.pairs:,}",
            with_interval(each.failed / each.pairs, wilson(each.failed, each.pairs)),
        ]
        for each in failures
    ]
    return table(("without a score, groups", "pairs", "failed", "share, Wilson's 95 %"), rows) if rows else []


def _reasons(reasons: Iterable[Reason]) -> str:
    listed = ", ".join(f"{one.count:,} {one.reason} (first {one.first})" for one in reasons)
    return f": {listed}" if listed else ""


def _verification(verified: Verification) -> list[str]:
    rows = []

    def add(name: str, measured: FoldRate) -> None:
        rows.append(
            [
                name,
                *_mean_and_error(measured),
                interval(measured.people_interval),
                f"{measured.events:,} of {measured.pairs:,} {interval(measured.wilson)}",
                _thresholds(measured, verified),
            ]
        )

    if verified.accuracy != verified.accuracy_exact:
        add("accuracy, thresholds in steps", verified.accuracy)
    add("accuracy, thresholds searched exactly", verified.accuracy_exact)
    for at in verified.validation:
        if at.val:
            add(f"VAL at FAR {at.far_asked:g}", at.val)
        else:
            rows.append([f"VAL at FAR {at.far_asked:g}", NONE, "", "", "", "", ""])
        add(f"FAR reached for {at.far_asked:g}", at.far)
    spread = "± std over folds", "standard error of the mean"
    head = ("", "mean", *spread, "95 % by drawing people", "pairs, Wilson's 95 %", "thresholds")
    few = [line for reason in no_interval_lines(verified) for line in (reason, "")]
    return [
        *table(head, rows),
        *few,
        f"AUC {_with_ends(number(verified.auc, 5), verified.auc_interval)}, "
        f"EER {_with_ends(rate(verified.eer), verified.eer_interval)}, of all pairs. {_of_draws(verified)}",
        "",
    ]


def _verification_by_group(found: VerificationByGroup) -> list[str]:
    """Each group's pairs by themselves."""
    lines = [
        "### Each group by itself, with its own thresholds",
        "",
        "The pairs within each group verified as a list of their own, as RFW is reported. Below, all groups share one "
        "threshold: the one says how well each could do alone, the other how it fares in one system.",
        "",
    ]
    rows = [
        [
            group,
            *_mean_and_error(each.accuracy),
            interval(each.accuracy.people_interval or each.accuracy.wilson),
            f"{each.accuracy.events:,} of {each.accuracy.pairs:,}",
            _thresholds(each.accuracy, each),
            *(with_interval(at.val.mean, at.val_interval) if at.val else NONE for at in each.validation),
            _with_ends(number(each.auc, 5), each.auc_interval),
        ]
        for group, each in found.by_group.items()
    ]  # fmt: skip
    if rows:
        one = next(iter(found.by_group.values()))
        vals = [f"VAL at FAR {at.far_asked:g}" for at in one.validation]
        which = "by drawing people" if one.draws else "Wilson's"
        head = ("group", "accuracy", "± std over folds", "standard error", f"95 %, {which}", "right", "thresholds")
        lines += table((*head, *vals, "AUC"), rows)
        flatters = ", which flatters" if one.folds == 1 else ""
        lines += [f"{_folds(one.folds)}; thresholds from {one.thresholds_from}{flatters}.", ""]
    for group, each in found.by_group.items():
        lines += [line for reason in no_interval_lines(each) for line in (f"{group}: {reason}", "")]
    if found.mean is not None and found.std is not None and found.std_of_sample is not None:
        lines += [
            f"Mean accuracy {number(found.mean, 5)}; STD of the groups {number(found.std, 5)} (divided by their "
            f"number, ddof 0) or {number(found.std_of_sample, 5)} (by one less, ddof 1; papers use either); SER, the "
            f"greatest error rate by the least, {'undefined' if found.ser is None else number(found.ser)}.",
            "",
        ]
    for group, why in found.left_out.items():
        lines += [f"{group} is left out: {why}.", ""]
    return lines


def no_interval_lines(verified: VerificationSummary) -> list[str]:
    """Why VALs have no interval, a sentence each."""
    return [f"{at.interval_reason}." for at in verified.validation if at.val and at.interval_reason]


def _with_ends(value: str, ends: Ends) -> str:
    return f"{value} {interval(ends)}".rstrip()


def _mean_and_error(measured: FoldRate) -> list[str]:
    """Mean over folds, their standard deviation, and the standard error of the mean; of one fold nothing is between."""
    several = measured.standard_error is not None
    return [
        f"{measured.mean:.5f}",
        f"{measured.std:.5f}" if several else NONE,
        f"{measured.standard_error:.5f}" if measured.standard_error is not None else NONE,
    ]


def _thresholds(measured: FoldRate, verified: VerificationSummary) -> str:
    """From the lowest to the highest of the folds; of scores as scores, from which on pairs are accepted."""
    if unit_of(verified)[1] > 0:
        ends = [f"{end:.4f}" for end in (min(measured.thresholds), max(measured.thresholds))]
    else:
        ends = [f"{-end:.6g}" for end in (max(measured.thresholds), min(measured.thresholds))]
    return " to ".join(dict.fromkeys(ends))


def _folds(number: int) -> str:
    return f"{number:,} fold{'' if number == 1 else 's'}"


def _of_draws(verified: Verification) -> str:
    """What the intervals rest on."""
    if not verified.draws:
        why = verified.why_no_draws
        return (
            f"{why[0].upper()}{why[1:]}, so the intervals are Wilson's, which take pairs for independent and "
            "thresholds for known."
        )
    return (
        f"Intervals by drawing people: {verified.draws:,} draws, seed {verified.seed}; in each all thresholds are "
        "chosen again. Wilson's take pairs for independent and thresholds for known."
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
