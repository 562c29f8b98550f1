"""The report on an audit: what was looked at, how much was found of each kind and group, and the surest findings."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl

from ethnoshard import charts
from ethnoshard.charts import FINDINGS, NONE, count, number, page, probably
from ethnoshard.reports._folder import FINDINGS as FINDINGS_FILE
from ethnoshard.reports._folder import Report
from ethnoshard.reports._markdown import rate, table, with_interval
from ethnoshard.reports._summary import setting_text
from ethnoshard.results import (
    Audit,
    Finding,
    FindingCounts,
    FindingKind,
    FindingSummary,
    checked_findings,
    findings_of,
    people_of_findings,
)

SUREST = 20
"""Findings of each kind that a summary lists."""

Called = Callable[[str | None, str], str]
"""Set, None for the one audited, and identity -> what the summary calls the person."""


def audit_report(audit: Audit, findings: pl.DataFrame, pictures: Sequence[bytes], *, names: bool = False) -> Report:
    """The report folder's content of an audit.

    Args:
        audit: what was looked at, and counts by kind and group.
        findings: see ``FINDINGS_SCHEMA``; they name identities and images whatever ``names`` is.
        pictures: JPEGs that ``faces`` and ``other_faces`` number, as many as ``audit.pictures``.
        names: show names in the summary, rather than numbers.

    Raises:
        EthnoshardError: a column of the findings is missing, of another type or out of its bounds.
        ValueError: there are more or fewer pictures than ``audit`` says.
    """
    if len(pictures) != audit.pictures:
        raise ValueError(f"{len(pictures):,} pictures were given, and the audit says {audit.pictures:,}")
    checked = checked_findings(findings, FINDINGS_FILE)
    return Report(
        kind="audit",
        result=audit,
        summary=audit_summary(audit, checked, names=names),
        pages=audit_pages(audit, checked),
        findings=checked,
        pictures=pictures,
    )


def audit_summary(audit: Audit, findings: pl.DataFrame, *, names: bool = False) -> str:
    """Markdown of an audit.

    Args:
        audit: what was looked at, and counts.
        findings: checked.
        names: show names of people and images, rather than numbers.
    """
    called = _called(findings, names)
    listed = [line for kind in FINDINGS for line in _surest(kind, findings, called, names=names)]
    lines = [
        f"# Audit of {audit.title}",
        "",
        setting_text(audit),
        "",
        *_looked_at(audit),
        "",
        "A finding is a suspicion: it is probably right, as often as it says, and it changes nothing by itself. "
        f"`{FINDINGS_FILE}` names identities and images, as whoever acts on them must know them"
        + ("." if names else "; this summary and the pages name nobody."),
        "",
        "## Findings by kind and group",
        "",
        *_counts(audit),
        *_rests_on(audit.kinds),
        *_left_out(audit.kinds),
        *(["## The surest findings", "", *listed] if listed else []),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _looked_at(audit: Audit) -> list[str]:
    images = audit.images.statuses.get("embedded", 0)
    people = "people not known" if audit.images.people is None else f"{count(audit.images.people)} people"
    groups = f"Groups by {', '.join(audit.labels)}." if audit.labels else "No groups are known."
    against = "; ".join(f"{each.name}, {count(each.images)} images of {count(each.people)} people"
                        for each in audit.against)  # fmt: skip
    return [
        f"Looked at: {count(images)} images, {people}. {groups} "
        + (f"Looked through for the same people and images: {against}. " if against else "")
        + f"Findings less sure than {audit.least:g} are not listed."
    ]


def _counts(audit: Audit) -> list[str]:
    """The table by kind and group."""
    kinds = {kind: audit.kinds[kind] for kind in FINDINGS if kind in audit.kinds}
    rows = [
        _row(name, group, summary.unit, counts)
        for kind, summary in kinds.items()
        if summary.left_out is None
        for name, group, counts in (
            (FINDINGS[kind], "all", summary.overall),
            *(("", group, counts) for group, counts in summary.by_group.items()),
        )
    ]
    if not rows:
        return ["Nothing was looked for.", ""]
    head = ("kind", "group", "of", "affected", "share, 95 % (Wilson)", "findings", "expected right")
    return table(head, rows)


def _row(name: str, group: str, unit: str, counts: FindingCounts) -> list[str]:
    affected = with_interval(counts.affected / counts.of, counts.wilson) if counts.of else NONE
    return [
        name, group, f"{count(counts.of)} {unit}", count(counts.affected), affected, count(counts.findings),
        number(counts.expected, 1),
    ]  # fmt: skip


def _rests_on(kinds: Mapping[FindingKind, FindingSummary]) -> list[str]:
    """How often findings like these are right was learnt from faults made on purpose."""
    rows = [
        [
            FINDINGS[kind],
            count(summary.planted),
            NONE if summary.recall is None else rate(summary.recall),
            NONE if summary.prior is None else charts.share(summary.prior),
        ]
        for kind, summary in kinds.items()
        if summary.left_out is None and summary.planted
    ]
    if not rows:
        return []
    return [
        "## What the certainty rests on",
        "",
        "Faults of these kinds were planted into this very set, to know how they look: how many, what share of them "
        "comes out as findings (recall), and how many such faults there are for each identity or image, by the "
        "certainty of all that was looked at, listed or not (prior).",
        "",
        *table(("kind", "planted", "recall", "prior"), rows),
    ]


def _left_out(kinds: Mapping[FindingKind, FindingSummary]) -> list[str]:
    reasons = [
        f"* {FINDINGS[kind]}: {kinds[kind].left_out}" for kind in FINDINGS if kind in kinds and kinds[kind].left_out
    ]
    return ["## What was not looked for", "", *reasons, ""] if reasons else []


def _surest(kind: FindingKind, findings: pl.DataFrame, called: Called, *, names: bool) -> Iterator[str]:
    """Lines of the findings of one kind that are the most certain."""
    own = findings.filter(pl.col("kind") == kind).sort("sure", descending=True, maintain_order=True)
    if own.is_empty():
        return
    rows = [
        [
            _who(called(None, finding.identity), finding.image if names else None),
            _other(finding, called, names=names),
            finding.group or NONE,
            finding.how,
            number(finding.figure, 3),
            probably(finding.sure),
        ]
        for finding in findings_of(own.head(SUREST))
    ]
    more = f", {len(rows)} of {count(len(own))}" if len(own) > len(rows) else ""
    yield from (f"### {FINDINGS[kind]}{more}", "")
    yield from table(("person", "other", "group", "by", "similarity", "how sure"), rows)


def _who(person: str, image: str | None) -> str:
    return " ".join((person if image is None else f"{person}, {image}").split())


def _other(finding: Finding, called: Called, *, names: bool) -> str:
    if finding.kind == "several-people":
        return f"{count(len(finding.images or ()))} images of somebody else"
    if finding.other_identity is None:
        # A set whose people aren't known has images only.
        return finding.other_set or "nobody here"
    image = finding.other_image if names else None
    return _who(called(finding.other_set, finding.other_identity), image)


def _called(findings: pl.DataFrame, names: bool) -> Called:
    """What the summary calls people: nobody is named unless asked for."""
    numbers = {
        (name, person): number
        for name, people in people_of_findings(findings).items()
        for number, person in enumerate(people, start=1)
    }

    def called(of: str | None, person: str) -> str:
        text = person if names else f"person {numbers[of, person]}"
        return text if of is None else f"{text} of {of}"

    return called


def audit_pages(audit: Audit, findings: pl.DataFrame) -> dict[str, str]:
    """Name -> page: shares affected, and where there are findings, their similarity and certainty.

    Args:
        audit: what was looked at, and counts.
        findings: checked.
    """
    pages = {}
    if any(summary.left_out is None for summary in audit.kinds.values()):
        pages["shares"] = page(
            charts.finding_shares(audit.kinds),
            f"Share affected by kind and group: {audit.title}",
            "Bars: Wilson 95 %, as if each were independent. Diamonds: everybody. A finding is a suspicion",
            script="directory",
        )
    if len(findings):
        pages["certainty"] = page(
            charts.finding_distributions(findings, "sure"),
            f"How sure findings are: {audit.title}",
            f"Share of such findings that are right; below {audit.least:g} they are not listed",
            script="directory",
        )
    if findings["figure"].count():
        pages["similarity"] = page(
            charts.finding_distributions(findings, "figure"),
            f"Similarities that findings rest on: {audit.title}",
            "Cosine; of a stranger the lower the surer, of the other kinds the higher",
            script="directory",
        )
    return pages
