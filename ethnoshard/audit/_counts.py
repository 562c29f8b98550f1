"""How many findings there are, of everybody and by group, and what their certainty rests on."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from ethnoshard._wilson import wilson
from ethnoshard.audit._findings import Rows
from ethnoshard.lookalikes import Suspicions
from ethnoshard.results import Finding, FindingCounts, FindingKind, FindingSummary

TOO_FEW = "too few people with two faces or more to know how such a fault looks"
Groups = Sequence[str | None]
Unit = Literal["images", "identities"]


def summary_of(rows: Rows, unit: Unit, groups: Groups, affected: Groups, found: Sequence[Suspicions]) -> FindingSummary:
    """Count findings of one kind.

    Args:
        rows: the findings.
        unit: what is counted.
        groups: that of each of those that were looked at.
        affected: that of each of those that a finding is about.
        found: what they rest on, of each set that was looked at; those in which nothing can be told say nothing.
    """
    overall, by_group = _counted(rows, groups, affected)
    told = [each for each in found if each.recall is not None and each.expected is not None]
    expected = sum(each.expected or 0.0 for each in told)
    return FindingSummary(
        unit=unit,
        overall=overall,
        by_group=by_group,
        planted=sum(each.planted for each in told),
        recall=sum(each.recall or 0.0 for each in told) / len(told) if told else None,
        prior=min(1.0, expected / max(1, len(groups))) if told else None,
        left_out=None if told else TOO_FEW,
    )


def plain_summary(rows: Rows, unit: Unit, groups: Groups, affected: Groups) -> FindingSummary:
    """Count findings of a kind for which nothing was planted; arguments as above."""
    overall, by_group = _counted(rows, groups, affected)
    return FindingSummary(unit=unit, overall=overall, by_group=by_group)


def left_out(kind: FindingKind, why: str) -> FindingSummary:
    """Of a kind that wasn't looked for."""
    unit: Unit = "images" if kind in ("stranger", "same-image") else "identities"
    return FindingSummary(unit=unit, overall=_counts(0, 0, []), by_group={}, left_out=why)


def _counted(rows: Rows, groups: Groups, affected: Groups) -> tuple[FindingCounts, dict[str, FindingCounts]]:
    """Counts of everybody and of each group."""
    of, hit = pl.Series("group", groups, pl.String), pl.Series("group", affected, pl.String)
    of_each, hit_each = (dict(each.value_counts().iter_rows()) for each in (of, hit))
    overall = _counts(len(of), len(hit), rows.rows)
    by_group = {
        name: _counts(of_each[name], hit_each.get(name, 0), [row for row in rows.rows if row.group == name])
        for name in sorted(each for each in of_each if each is not None)
    }
    return overall, by_group


def _counts(of: int, affected: int, rows: Sequence[Finding]) -> FindingCounts:
    return FindingCounts(
        of=of,
        affected=affected,
        findings=len(rows),
        expected=float(sum(row.sure for row in rows)),
        wilson=wilson(affected, of),
    )
