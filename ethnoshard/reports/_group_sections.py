"""What stands beside errors by group in a summary: TAR at a FAR, similarities, images without an embedding."""

from ethnoshard.charts import NONE, number
from ethnoshard.reports._markdown import interval, rate, table, with_interval
from ethnoshard.results import AcquisitionFailures, GroupErrors, SearchRate

TOO_FEW = "too few pairs"


def failure_lines(found: GroupErrors) -> list[str]:
    """How often each group's images have no embedding, and the FNMR where that counts as an error."""
    failures = found.failures
    if failures is None:
        return []
    if not failures.any:
        return [f"All {failures.overall.images:,} images of these people have an embedding.", ""]
    rows = [
        [
            group,
            f"{own.images:,}",
            f"{rate(own.rate)} {interval(own.wilson)}",
            ", ".join(f"{count:,} {status}" for status, count in own.missing.items()) or "none",
            NONE if own.people_without is None else f"{own.people_without:,} of {own.people:,}",
            f"{own.lost:,} of {own.same:,}",
            rate(own.fnmr),
            rate(own.fnmr_with_failures),
        ]
        for group, own in {"all": failures.overall, **failures.by_group}.items()
    ]
    head = (
        "group", "images", "failure to acquire, Wilson's 95 %", "without an embedding", "people without any",
        "same pairs lost", "FNMR", "FNMR with failures",
    )  # fmt: skip
    return [
        "Images without an embedding, at the same threshold; with failures, same pairs that are lost by them count as "
        "refused. Wilson's interval takes images for independent, which one person's aren't.",
        "",
        *table(head, rows),
    ]


def shift_lines(found: GroupErrors) -> list[str]:
    """Where each group's similarities lie."""
    if found.score_shift is None:
        return []
    shift = found.score_shift
    rows = [
        [
            group,
            *(
                cell
                for each in (own.same, own.different)
                for cell in (f"{each.pairs:,}", *map(number, (each.mean, each.median, each.std, each.shift)))
            ),
            number(own.d_prime),
        ]
        for group, own in {"all, within groups": shift.overall, **shift.by_group}.items()
    ]
    kinds = (f"{kind}, {what}" for kind in ("same", "different") for what in ("mean", "median", "std", "shift"))
    same, different = [next(kinds) for _ in range(4)], list(kinds)
    return [
        f"Similarities of pairs within each group, weighted by {found.weighting}. Shift: mean less that of all, in "
        "standard deviations (root of the mean of both variances); d': mean of same pairs less that of different ones, "
        "in the same unit.",
        "",
        *table(("group", "same pairs", *same, "different pairs", *different, "d'"), rows),
    ]


def tar_lines(found: GroupErrors) -> list[str]:
    """TAR at each FAR, at one threshold for all and at each group's own."""
    lines: list[str] = []
    for at in found.tar_at_far:
        if at.threshold is None or at.chosen_on is None:
            lines += [f"No TAR at FAR {at.far:g} by group: {at.reason}.", ""]
            continue
        rows = [
            [
                group,
                rate(own.tar),
                TOO_FEW if own.deviation is None else rate(own.fmr.rate),
                TOO_FEW if own.deviation is None else f"{100 * own.deviation:+.0f} %",
                *(
                    (TOO_FEW, TOO_FEW, TOO_FEW)
                    if own.own is None
                    else (f"{own.own.threshold:.4f}", rate(own.own.fmr), rate(own.own.tar))
                ),
            ]
            for group, own in at.by_group.items()
        ]
        head = ("group", "TAR", "FMR", "FMR against the FAR", "own threshold", "FMR there", "TAR there")
        lines += [
            f"TAR at FAR {at.far:g}: at one threshold, {at.threshold:.4f}, {at.chosen_on.text}; and at each group's "
            "own, set on its very pairs, which flatters. Too few pairs: the FAR is less than one of the group's "
            "different pairs" + (", of which any two people have one." if found.weighting == "person" else "."),
            "",
            *table(head, rows),
        ]
    return lines


def open_set_lines(found: GroupErrors) -> list[str]:
    """How often somebody is missed or wrongly found in a gallery, at one threshold for all."""
    lines: list[str] = []
    for at in found.open_set:
        if at.threshold is None or at.overall is None:
            lines += [f"No open-set identification at a FPIR of {at.fpir_asked:g}: {at.reason}.", ""]
            continue
        rows = [
            [group, *_search(own.fnir), *_search(own.fpir)] for group, own in {"all": at.overall, **at.by_group}.items()
        ]
        lines += [
            f"Open-set identification (1:N, terms of ISO/IEC 19795-1) at {at.threshold:.4f}, where all people's FPIR "
            f"is {at.fpir_asked:g} at most:",
            "",
            *table(("group", "FNIR", "mated searches missed", "FPIR", "non-mated searches returned"), rows),
        ]
    if any(at.threshold is not None for at in found.open_set):
        lines += [
            f"The gallery has one image of each of {found.open_set[0].gallery:,} people. Mated searches: every other "
            "image, missed where its person isn't returned, of whatever rank (FNIR). Non-mated searches: every image, "
            "its own person left out of the gallery, an error where anybody is returned (FPIR). Each person counts "
            "alike. The threshold is set on these very searches, which flatters; 95 % intervals, for people drawn from "
            "many like them, take it for known.",
            "",
        ]
    return lines


def _search(found: SearchRate) -> tuple[str, str]:
    few = " (too few)" if found.too_few else ""
    return (
        with_interval(found.rate, found.people_interval) + few,
        f"{found.errors:,} of {found.searches:,}, {found.people:,} people",
    )


def failure_note(failures: AcquisitionFailures | None) -> str:
    """The same in a sentence, for a page; empty where it isn't known or there is none."""
    if failures is None or not failures.any:
        return ""
    by_group = "; ".join(
        f"{group} {sum(own.missing.values()):,} of {own.images:,} (FNMR with failures {rate(own.fnmr_with_failures)})"
        for group, own in failures.by_group.items()
    )
    return f" Images without an embedding: {by_group}."
