"""Results as charts take them."""

from collections.abc import Sequence

from ethnoshard.charts import (
    AGREEMENT,
    DISTANCES,
    METHODS,
    SCORE,
    Curve,
    Ends,
    ErrorRate,
    FoldAccuracy,
    GroupRates,
    OperatingPoint,
    SweepLine,
)
from ethnoshard.results import (
    Clustering,
    ClusterMetrics,
    ErrorsAtThreshold,
    FoldRate,
    Rate,
    Verification,
    VerificationSummary,
)


def curve_of(verified: Verification, name: str, **look: str) -> Curve:
    """ROC of a verification.

    Args:
        verified: of a report.
        name: of the model.
        look: colour and dash.
    """
    return Curve(
        name=name,
        fmr=verified.curve.fmr,
        tar=verified.curve.tar,
        same=verified.same,
        different=verified.different,
        points=tuple(
            OperatingPoint(
                target=at.target,
                fmr=at.far.mean,
                tar=at.val.mean,
                fmr_interval=_interval(at.far),
                tar_interval=_interval(at.val),
            )
            for at in verified.validation
            if at.val
        ),
        **look,
    )


def fold_accuracies(verified: VerificationSummary) -> list[FoldAccuracy]:
    """Accuracy of each fold by both searches, thresholds as ``unit_of`` says."""
    sign = unit_of(verified)[1]
    return [
        FoldAccuracy(
            name=name,
            by_fold=accuracy.by_fold,
            thresholds=[sign * at for at in accuracy.thresholds],
            mean=accuracy.mean,
        )
        for name, accuracy in (("in steps", verified.accuracy), ("exact", verified.accuracy_exact))
    ]


def unit_of(verified: VerificationSummary) -> tuple[str, int]:
    """What pairs were scored with, and the sign that makes it of a distance: -1 for scores of others."""
    metric = verified.metric
    return (DISTANCES[metric], 1) if metric in DISTANCES else (SCORE, -1)


def group_rates_of(found: ErrorsAtThreshold, name: str, threshold: str = "") -> GroupRates:
    """Errors by group of one source of labels.

    Args:
        found: at a threshold.
        name: of the model.
        threshold: in words.
    """
    return GroupRates(
        name=name,
        threshold=threshold,
        fmr={group: _error_rate(rates.fmr) for group, rates in found.by_group.items()},
        fnmr={group: _error_rate(rates.fnmr) for group, rates in found.by_group.items()},
    )


def group_cells_of(found: ErrorsAtThreshold) -> dict[str, dict[str, ErrorRate]]:
    """Errors between any two groups of one source of labels."""
    return {one: {other: _error_rate(cell) for other, cell in row.items()} for one, row in found.cross.items()}


def agreement_of(clustering: Clustering) -> dict[str, dict[str, list[float]]]:
    """Method -> metric -> values over the draws that have one, of a clustering."""
    return {
        METHODS[method].full: {name: _defined(draws, key) for key, name in AGREEMENT.items()}
        for method, draws in clustering.methods.items()
    }


def sweep_of(clustering: Clustering, metric: str, name: str, colour: str) -> SweepLine:
    """A metric of ``AGREEMENT`` over DBSCAN's eps.

    Args:
        clustering: of a report.
        metric: as the report calls it.
        name: of the line.
        colour: of the line.
    """
    return SweepLine(
        name=name,
        eps=[each.eps for each in clustering.sweep],
        values=[_defined(each.draws, metric) for each in clustering.sweep],
        colour=colour,
    )


def _defined(draws: Sequence[ClusterMetrics], metric: str) -> list[float]:
    values = [getattr(draw, metric) for draw in draws]
    return [value for value in values if value is not None]


def _error_rate(cell: Rate) -> ErrorRate:
    return ErrorRate(
        rate=cell.rate,
        errors=cell.errors,
        pairs=cell.pairs,
        people=cell.people,
        interval=cell.people_interval,
        too_few=cell.too_few,
    )


def _interval(measured: FoldRate) -> Ends:
    """By draws of people; Wilson's where people aren't known, or an end isn't defined."""
    low, high = measured.people_interval or (None, None)
    return measured.wilson if low is None or high is None else (low, high)
