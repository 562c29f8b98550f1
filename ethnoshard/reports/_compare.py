"""The report on two models: what changed from a base to another, paired on the same draws."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    VerifiedPairs,
    compare_clusterings,
    compare_demographics,
    compare_open_set,
    compare_ranks,
    compare_verifications,
)
from ethnoshard.reports._comparison_pages import comparison_pages
from ethnoshard.reports._comparison_summary import comparison_summary
from ethnoshard.reports._folder import Report, ReportFolder
from ethnoshard.results import (
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
