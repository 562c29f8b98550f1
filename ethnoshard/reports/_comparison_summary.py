"""A comparison as Markdown."""

from ethnoshard.charts import (
    CLUSTER_METRICS,
    GROUP_METRICS,
    METHODS,
    NONE,
    RATES,
    metric_name,
    number,
    p_value,
    signed,
)
from ethnoshard.reports._markdown import interval, rate, table
from ethnoshard.reports._summary import (
    TABLE_HEAD,
    epoch_of,
    setting_text,
    table_row,
    warning_lines,
)
from ethnoshard.reports._verification_section import no_interval_lines
from ethnoshard.results import (
    Change,
    Comparison,
    GroupErrorsChange,
)

_CHANGE_HEAD = ("", "base", "other", "other - base", "95 % of the difference")


def comparison_summary(content: Comparison) -> str:
    """Markdown of a comparison."""
    both = content.base, content.other
    names = [about.title for about in both]
    lines = [f"# {names[1]} against {names[0]}", ""]
    for which, about in zip(("Base", "Other"), both, strict=True):
        lines += [f"{which}, {about.title}: {setting_text(about)}", ""]
    lines += _cluster_lines(content) if content.of == "clustering" else _evaluation_lines(content)
    return "\n".join(lines).rstrip() + "\n"


def _evaluation_lines(content: Comparison) -> list[str]:
    base, other = content.base, content.other
    rows = [table_row(about, about.title) for about in (base, other)]
    auc = content.verification["auc"]
    counterpart = [
        [epoch_of(base.model), base.title, number(auc.base), NONE],
        [epoch_of(other.model), other.title, number(auc.other), f"{signed(auc.difference)} {_ends(auc)}".strip()],
    ]
    both = ""
    if base.verification is not None and base.pairs is not None:
        both = (
            f"Both on the same {base.verification.pairs:,} pairs of {base.pairs.name}, each with its own thresholds "
            f"from {base.verification.thresholds_from}. "
        )
    return [
        "## Verification",
        "",
        *table(TABLE_HEAD, rows),
        *_standard_errors(content),
        *(f"{about.title}: {line}" if line else "" for about in (base, other) for line in warning_lines(about)),
        *table(("Epoch No", "Type", "Area Under Curve (AUC)", "Increase in AUC from counterpart"), counterpart),
        f"{both}Intervals: {content.draws:,} draws of people, the same for both models (seed "
        f"{content.seed}). One that holds 0 says that these pairs don't tell the models apart. They are for other "
        "people, not for other trainings: two runs of one arm by other seeds differ too, so that of arms only several "
        "runs of each say something.",
        "",
        *table(_CHANGE_HEAD, [_row(metric_name(key), change) for key, change in content.verification.items()]),
        *_without_interval(content),
        *_identification_lines(content),
        *(line for found in content.demographics for line in _group_lines(found)),
        *([f"By group is left out: {content.demographics_left_out}.", ""] if content.demographics_left_out else []),
    ]


def _standard_errors(content: Comparison) -> list[str]:
    """How sure each mean accuracy is; nothing where there is one fold."""
    errors = [
        f"{about.title} {about.verification.accuracy.standard_error:.5f}"
        for about in (content.base, content.other)
        if about.verification is not None and about.verification.accuracy.standard_error is not None
    ]
    if not errors:
        return []
    return [f"± is the deviation over folds; the standard error of the mean accuracy: {', '.join(errors)}.", ""]


def _without_interval(content: Comparison) -> list[str]:
    """Why differences have no interval."""
    base = content.base.verification
    if base is None:
        return []
    if base.people is None:
        return ["Differences have no intervals: people are not known, so that none can be drawn.", ""]
    return [line for reason in no_interval_lines(base) for line in (reason, "")]


def _identification_lines(content: Comparison) -> list[str]:
    lines, found = ["## Identification", ""], content.identification
    if found is None:
        return [*lines, f"Left out: {content.identification_left_out}.", ""]
    rows = [
        [
            key.replace("svc", "linear SVC").replace("mean", "mean of the others").replace("_rank_", ", rank-"),
            rate(change.base),
            rate(change.other),
            signed(change.difference),
            interval(change.people_interval) or NONE,
            _p(change.p_value),
            f"{signed(change.least)} to {signed(change.most)}",
        ]
        for key, change in found.ranks.items()
    ]
    head = (*_CHANGE_HEAD, "p", "least to most over galleries")
    return [
        *lines,
        f"{found.people:,} people, the same {found.galleries} galleries. Intervals are of the people's own "
        "differences; galleries hold the same people, so that their spread is no evidence.",
        "",
        *table(head, rows),
    ]


def _group_lines(found: GroupErrorsChange) -> list[str]:
    rows = []
    for group, changes in {"all": found.overall, **found.by_group}.items():
        few = " (too few)" if group in found.too_few else ""
        rows += [
            [*_row(f"{group}{few}, {RATES[name]}", change), _p(_claimed(change))] for name, change in changes.items()
        ]
    one, two = found.thresholds
    searched = _search_lines(found)
    lines = [
        f"## By {found.attribute}, {found.labels}",
        "",
        f"{found.note and found.note + ' '}Each model at its own threshold: {one:.4f} ({found.thresholds_from[0]}) and "
        f"{two:.4f} ({found.thresholds_from[1]}). Intervals are of the differences on the same people, each by itself; "
        f"p is adjusted by Holm over the groups. {_excluded(found)}",
        "",
        *table((*_CHANGE_HEAD, "p (of groups: adjusted)"), rows),
    ]
    if not found.metrics:
        return [*lines, *searched]
    metrics = [[*_row(GROUP_METRICS[name][0], change), _p(change.p_value)] for name, change in found.metrics.items()]
    return [
        *lines,
        f"Metrics over {', '.join(found.compared)}. A smaller gap because the best group got worse is no gain: "
        "see each "
        "group's own rates above.",
        "",
        *table((*_CHANGE_HEAD, "p of models that are alike"), metrics),
        *searched,
    ]


def _search_lines(found: GroupErrorsChange) -> list[str]:
    """Changes of searches of a gallery (1:N)."""
    if found.open_set_left_out:
        return [f"Open-set identification (1:N) is left out: {found.open_set_left_out}.", ""]
    lines: list[str] = []
    for at in found.open_set:
        if at.thresholds is None or at.overall is None:
            lines += [f"No open-set identification at a FPIR of {at.fpir_asked:g}: {at.reason}.", ""]
            continue
        rows = [[*_row("all, FNIR", at.overall.fnir), _p(_claimed(at.overall.fnir))]]
        for group, own in at.by_group.items():
            few = " (too few)" if group in at.too_few else ""
            rows += [
                [*_row(f"{group}{few}, {name}", change), _p(_claimed(change))]
                for name, change in (("FNIR", own.fnir), ("FPIR", own.fpir))
                if change is not None
            ]
        one, two = at.thresholds
        lines += [
            f"Open-set identification (1:N) in the same gallery of {at.gallery:,} people, each model at the "
            f"threshold where all people's FPIR is {at.fpir_asked:g} at most, {one:.4f} and {two:.4f}. Intervals "
            "leave each person out of the searches and of the gallery, and let the thresholds move with it; p is "
            "adjusted by Holm over the groups.",
            "",
            *table((*_CHANGE_HEAD, "p (of groups: adjusted)"), rows),
        ]
    return lines


def _excluded(found: GroupErrorsChange) -> str:
    """How many intervals exclude 0, and how many would by chance."""
    changes = [change for some in found.by_group.values() for change in some.values()]
    ends = [change.people_interval for change in changes if change.people_interval is not None]
    apart = sum(low is not None and high is not None and not low <= 0 <= high for low, high in ends)
    return (
        f"Of {len(ends)} intervals by group {apart} exclude 0; by chance {0.05 * len(ends):.1g} would." if ends else ""
    )


def _claimed(change: Change) -> float | None:
    """The p-value to claim by: adjusted over the groups, if it is one of theirs."""
    return change.p_value if change.p_adjusted is None else change.p_adjusted


def _p(value: float | None) -> str:
    return NONE if value is None else p_value(value)


def _cluster_lines(content: Comparison) -> list[str]:
    rows = []
    for method, metrics in content.clustering.items():
        for name, change in metrics.items():
            rows.append(
                [
                    f"{METHODS[method].full}: {CLUSTER_METRICS[name]}",
                    number(change.base),
                    number(change.other),
                    signed(change.mean),
                    f"{change.better} of {content.draws}",
                ]
            )
    head = ("", "base", "other", "other - base", "draws in which other is greater")
    return [f"The same {content.draws} draws of {content.people} people.", "", *table(head, rows)]


def _row(name: str, change: Change) -> list[str]:
    undefined = f" undefined in {change.undefined_draws:,} draws" if change.undefined_draws else ""
    return [
        name, rate(change.base), rate(change.other), signed(change.difference), _ends(change) + undefined
    ]  # fmt: skip


def _ends(change: Change) -> str:
    return interval(change.people_interval)
