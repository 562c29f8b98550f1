"""Verification in a summary: the list of pairs, its rates, each group's pairs by themselves."""

from collections.abc import Iterable

from ethnoshard.charts import NONE, Ends, number, unit_of
from ethnoshard.reports._markdown import interval, rate, table, with_interval
from ethnoshard.results import (
    Failures,
    FoldRate,
    Pairs,
    Reason,
    Verification,
    VerificationByGroup,
    VerificationSummary,
    wilson,
)


def pairs_lines(pairs: Pairs, verified: Verification) -> list[str]:
    """The list, and what of it could not be scored."""
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
    return [text, "", *failed_lines(pairs.failures)]


def failed_lines(failures: Iterable[Failures]) -> list[str]:
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


def verification_lines(verified: Verification) -> list[str]:
    """Accuracy, VAL and what they rest on."""
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


def alone_lines(found: VerificationByGroup, by: str = "") -> list[str]:
    """Each group's pairs by themselves.

    Args:
        found: what they came to.
        by: which groups, where there are several kinds, such as "sex as given by people.csv".
    """
    lines = [
        f"### Each group by itself, with its own thresholds{by and ', by ' + by}",
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
