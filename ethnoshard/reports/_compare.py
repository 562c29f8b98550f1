"""The report on two models: what changed from a base to another, paired on the same draws."""

from dataclasses import replace

import numpy as np

from ethnoshard import charts
from ethnoshard.charts import (
    CLUSTER_METRICS,
    GROUP_COLOURS,
    GROUP_METRICS,
    METHODS,
    NONE,
    RATES,
    Difference,
    colours_of_groups,
    metric_name,
    number,
    p_value,
    page,
    signed,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    VerifiedPairs,
    compare_clusterings,
    compare_demographics,
    compare_open_set,
    compare_ranks,
    compare_verifications,
)
from ethnoshard.reports._folder import Report, ReportFolder
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
    LEVEL_OF_CLAIMS,
    Change,
    ClusterReport,
    Compared,
    Comparison,
    Evaluation,
    GroupErrors,
    GroupErrorsChange,
    IdentificationChange,
    Kind,
    OpenSetChange,
    PairScores,
    VerificationSummary,
)

_SAME_GALLERIES = ("people", "images", "queries", "more_than", "galleries", "seed")
_OF_PAIRS = ("first", "second", "same", "fold", "first_person", "second_person")
_CHANGE_HEAD = ("", "base", "other", "other - base", "95 % of the difference")
_AXIS = "other - base (share; right of the line the other's is greater)"
_FILLED = "Filled: the interval excludes 0."
_FILLED_BY_GROUP = "Filled: other than 0 with p < 0.05, adjusted by Holm over the groups."


def compare_reports(base: ReportFolder, other: ReportFolder) -> Report:
    """Compare two evaluations, or two clusterings.

    Args:
        base: the one.
        other: the other, of the same kind, on the same pairs, groups and people.

    Raises:
        EthnoshardError: they are not of one kind, were not measured on the same, or are damaged.
    """
    if base.kind != other.kind:
        raise EthnoshardError(
            f"{base.path} is a report on {base.kind}, {other.path} on {other.kind}; compare like with like"
        )
    if base.kind not in ("evaluation", "scores", "clustering"):
        raise EthnoshardError(f"reports of the kind {base.kind} can't be compared; give two of evaluate or of cluster")
    found = _clusterings(base, other) if base.kind == "clustering" else _evaluations(base, other)
    return Report(
        kind="comparison",
        result=found,
        summary=comparison_summary(found),
        pages=comparison_pages(found),
    )


def _of_clustering(name: str, report: ClusterReport) -> Compared:
    return Compared(report=name, model=report.model, source=report.source, flip=report.flip, images=report.images)


def _of_evaluation(name: str, report: Evaluation) -> Compared:
    verified = {field: getattr(report.verification, field) for field in VerificationSummary.__dataclass_fields__}
    return Compared(
        report=name,
        model=report.model,
        source=report.source,
        flip=report.flip,
        images=report.images,
        options=report.options,
        pairs=report.pairs,
        verification=VerificationSummary(**verified),
        trained_on=report.trained_on,
    )


def _clusterings(base: ReportFolder, other: ReportFolder) -> Comparison:
    one, two = base.clustering, other.clustering
    return Comparison(
        of="clustering",
        base=_of_clustering(base.path.name, one),
        other=_of_clustering(other.path.name, two),
        draws=len(one.clustering.images),
        people=one.clustering.people,
        clustering=compare_clusterings(one.clustering, two.clustering),
    )


def _evaluations(base: ReportFolder, other: ReportFolder) -> Comparison:
    ours, theirs = base.pair_scores(), other.pair_scores()
    _check_same_pairs(base, other, ours, theirs)
    one, two = base.evaluation, other.evaluation
    draws, seed = one.verification.draws, one.verification.seed
    changes = compare_verifications(
        VerifiedPairs(result=one.verification, distance=ours.distance),
        VerifiedPairs(result=two.verification, distance=theirs.distance),
        ours.same,
        fold=ours.fold,
        people=ours.people,
        draws=draws,
        seed=seed,
    )
    identified = _identifications(one, two)
    by_group = _demographics(base, other)
    kind: Kind = "scores" if base.kind == "scores" else "evaluation"
    return Comparison(
        of=kind,
        base=_of_evaluation(base.path.name, one),
        other=_of_evaluation(other.path.name, two),
        draws=draws,
        seed=seed,
        verification=changes,
        identification=identified if isinstance(identified, IdentificationChange) else None,
        identification_left_out=identified if isinstance(identified, str) else None,
        demographics=by_group if isinstance(by_group, tuple) else (),
        demographics_left_out=by_group if isinstance(by_group, str) else None,
    )


def _check_same_pairs(base: ReportFolder, other: ReportFolder, ours: PairScores, theirs: PairScores) -> None:
    one, two = ours.arrays(), theirs.arrays()
    for name in _OF_PAIRS:
        if name in one or name in two:
            if name in one and name in two and np.array_equal(one[name], two[name]):
                continue
            raise EthnoshardError(
                f"{base.path} has {len(ours.same):,} pairs and {other.path} {len(theirs.same):,}, and they "
                f"differ in {name.replace('_', ' ')}; evaluate both models on the same pairs of the same images"
            )


def _identifications(base: Evaluation, other: Evaluation) -> IdentificationChange | str:
    """Differences of each gallery; or why there are none."""
    one, two = base.identification, other.identification
    if one is None or two is None:
        return base.identification_left_out or other.identification_left_out or "not known"
    differing = [name for name in _SAME_GALLERIES if getattr(one, name) != getattr(two, name)]
    if differing:
        return f"the galleries differ in {', '.join(differing)}"
    queries = one.queries_by_person or None
    ranks = {f"svc_{rank}": compare_ranks(rate, two.svc[rank], queries) for rank, rate in one.svc.items()}
    ranks |= {f"mean_{rank}": compare_ranks(rate, two.mean[rank], None) for rank, rate in one.mean.items()}
    return IdentificationChange(people=one.people, galleries=one.galleries, ranks=ranks)


def _demographics(base: ReportFolder, other: ReportFolder) -> tuple[GroupErrorsChange, ...] | str:
    """For every source of groups that both reports have; or why there is nothing."""
    found = []
    theirs = {each.source: each for each in other.evaluation.demographics}
    for ours in base.evaluation.demographics:
        if ours.source not in theirs:
            continue
        yours = theirs[ours.source]
        one, two = (report.group_tally(ours.source) for report in (base, other))
        if one is None or two is None:
            return (
                f"{base.path if one is None else other.path} holds no counts of people, which a comparison by group "
                "needs: it was written by an earlier version of ethnoshard; run ethnoshard evaluate again"
            )
        searches = _searches(base, other, ours, yours)
        found.append(
            GroupErrorsChange(
                source=ours.source,
                labels=ours.labels,
                attribute=ours.attribute,
                note=ours.note,
                thresholds=(ours.threshold, yours.threshold),
                thresholds_from=(ours.chosen_on.text, yours.chosen_on.text),
                too_few=tuple(group for group, rates in ours.by_group.items() if rates.too_few),
                open_set=searches if isinstance(searches, tuple) else (),
                open_set_left_out=searches if isinstance(searches, str) else None,
                **vars(compare_demographics(one, two, draws=ours.draws, seed=ours.seed)),
            )
        )
    return tuple(found)


def _searches(
    base: ReportFolder, other: ReportFolder, ours: GroupErrors, yours: GroupErrors
) -> tuple[OpenSetChange, ...] | str:
    """At every FPIR that both were asked for; or why there is nothing."""
    theirs = {at.fpir_asked: at for at in yours.open_set}
    at = [(each, theirs[each.fpir_asked]) for each in ours.open_set if each.fpir_asked in theirs]
    if not at:
        return ()
    one, two = (report.searches(ours.source) for report in (base, other))
    if one is None or two is None:
        return (
            f"{base.path if one is None else other.path} holds none of its searches: it was written by an earlier "
            "version of ethnoshard; run ethnoshard evaluate again"
        )
    if not np.array_equal(one[1], two[1]):
        return "the two models searched for different people"
    try:
        return compare_open_set(one[0], two[0], one[1], at)
    except EthnoshardError as error:
        return str(error)


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
        f"{content.seed}). One that holds 0 says that these pairs don't tell the models apart.",
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


def comparison_pages(report: Comparison) -> dict[str, str]:
    """Name -> page."""
    named = f"{report.other.title} against {report.base.title}"
    if report.of == "clustering":
        return {"clusters": _cluster_page(report, named)}
    pages = {"verification": _verification_page(report, named)}
    for found in report.demographics:
        pages[f"groups-{found.source}"] = _group_page(found, named)
    return pages


def _verification_page(report: Comparison, named: str) -> str:
    rows = [
        _difference(change, name=metric_name(key))
        for key, change in report.verification.items()
        if change.difference is not None
    ]
    note = f"95 % intervals by {report.draws:,} draws of people, the same for both models. {_FILLED}"
    return page(charts.differences(rows, _AXIS), f"Verification, {named}: differences", note, script="directory")


def _group_page(found: GroupErrorsChange, named: str) -> str:
    colours = colours_of_groups(found.by_group)
    rows = [
        _difference(
            changes[key],
            name=f"{group}, {name}",
            too_few=group in found.too_few,
            colour=colours.get(group),
        )
        for key, name in RATES.items()
        for group, changes in {"all": found.overall, **found.by_group}.items()
        if changes[key].difference is not None
    ]
    return page(
        charts.differences(rows, _AXIS),
        f"By {found.attribute}, {found.labels}, {named}: differences",
        f"95 % intervals of the differences on the same people. {_FILLED_BY_GROUP} Grey: too few people or "
        f"pairs. {found.note}".rstrip(),
        script="directory",
    )


def _cluster_page(report: Comparison, named: str) -> str:
    rows = [
        Difference(
            name=f"{METHODS[method].full}: {CLUSTER_METRICS[key]}",
            value=change.mean,
            draws=[value for value in change.differences if value is not None],
            colour=colour,
        )
        for (method, metrics), colour in zip(report.clustering.items(), GROUP_COLOURS, strict=False)
        for key, change in metrics.items()
        if change.mean is not None
    ]
    return page(
        charts.differences(rows, "other - base (right of the line the other agrees better with people)"),
        f"Clusters of {report.people} people, {named}: differences",
        f"{report.draws} draws of people, a dot each, the same for both models; circles: their mean",
        script="directory",
    )


def _difference(change: Change, name: str, *, colour: str | None = None, too_few: bool = False) -> Difference:
    assert change.difference is not None, "others are left out"
    claimed = None if change.p_adjusted is None else change.p_adjusted < LEVEL_OF_CLAIMS
    found = Difference(
        name=name, value=change.difference, interval=change.people_interval, too_few=too_few, claimed=claimed
    )
    return found if colour is None else replace(found, colour=colour)
