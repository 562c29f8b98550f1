"""The report on two models: what changed from a base to another, paired on the same draws."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import VerifiedPairs, compare_clusterings, compare_demographics, compare_verifications
from ethnoshard.reports._compare_figures import comparison_figures
from ethnoshard.reports._folder import Report, ReportFolder
from ethnoshard.reports._summary_compare import comparison_summary
from ethnoshard.results import (
    ClusterReport,
    Compared,
    Comparison,
    Evaluation,
    GroupErrorsChange,
    Identification,
    IdentificationChange,
    Kind,
    PairScores,
    RankChange,
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
        figures=comparison_figures(found),
    )


def _of_clustering(name: str, report: ClusterReport) -> Compared:
    return Compared(report=name, model=report.model, place=report.place, flip=report.flip, images=report.images)


def _of_evaluation(name: str, report: Evaluation) -> Compared:
    verified = {field: getattr(report.verification, field) for field in VerificationSummary.__dataclass_fields__}
    return Compared(
        report=name,
        model=report.model,
        place=report.place,
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
        demographics=tuple(_demographics(base, other)),
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
    ranks = {f"{way}_{rank}": _rank(one, two, way, rank) for way in ("svc", "mean") for rank in getattr(one, way)}
    return IdentificationChange(people=one.people, galleries=one.galleries, ranks=ranks)


def _rank(base: Identification, other: Identification, way: str, rank: str) -> RankChange:
    ours, theirs = getattr(base, way)[rank], getattr(other, way)[rank]
    values = np.array(theirs.by_gallery) - np.array(ours.by_gallery)
    return RankChange(
        base=ours.mean,
        other=theirs.mean,
        difference=float(values.mean()),
        least=float(values.min()),
        most=float(values.max()),
        better=int(np.count_nonzero(values > 0)),
    )


def _demographics(base: ReportFolder, other: ReportFolder) -> list[GroupErrorsChange]:
    """For every source of groups that both reports have."""
    found = []
    theirs = {each.source: each for each in other.evaluation.demographics}
    for ours in base.evaluation.demographics:
        if ours.source not in theirs:
            continue
        yours = theirs[ours.source]
        drawn = [report.drawn_rates(ours.source) for report in (base, other)]
        found.append(
            GroupErrorsChange(
                source=ours.source,
                labels=ours.labels,
                thresholds=(ours.threshold, yours.threshold),
                thresholds_from=(ours.chosen_on.text, yours.chosen_on.text),
                too_few=tuple(group for group, rates in ours.by_group.items() if rates.too_few),
                **vars(compare_demographics(*drawn)),
            )
        )
    return found
