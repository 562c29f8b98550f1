"""What stands beside errors by group in a summary: images without an embedding."""

from ethnoshard.charts import NONE
from ethnoshard.reports._markdown import interval, rate, table
from ethnoshard.results import Failures, GroupErrors


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


def failure_note(failures: Failures | None) -> str:
    """The same in a sentence, for a page; empty where it isn't known or there is none."""
    if failures is None or not failures.any:
        return ""
    by_group = "; ".join(
        f"{group} {sum(own.missing.values()):,} of {own.images:,} (FNMR with failures {rate(own.fnmr_with_failures)})"
        for group, own in failures.by_group.items()
    )
    return f" Images without an embedding: {by_group}."
