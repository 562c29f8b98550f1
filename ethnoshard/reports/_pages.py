"""The pages of an evaluation: charts with their titles."""

from collections.abc import Mapping

import numpy as np

from ethnoshard import charts
from ethnoshard.charts import curve_of, fold_accuracies, group_cells_of, group_rates_of, page, unit_of
from ethnoshard.reports._group_sections import failure_note
from ethnoshard.reports._profiles import PROFILES
from ethnoshard.reports._summary import threshold_text
from ethnoshard.results import Evaluation, GroupErrors, Identification, PairScores, SimilarityHistograms, Verification

_GREY = "Grey: too few people or pairs."


def evaluation_pages(
    report: Evaluation, scores: PairScores, histograms: Mapping[str, SimilarityHistograms]
) -> dict[str, str]:
    """Name -> page: ROC, DET, distances, folds, identification; by each source of groups rates, matrix, similarities.

    Args:
        report: what was measured.
        scores: distances of the pairs.
        histograms: source of groups -> shares of pairs by similarity.
    """
    named, on, verified = report.title, report.pairs.name, report.verification
    curves = [curve_of(verified, "all pairs, one threshold")]
    pages = {
        "roc": page(charts.roc(curves), f"ROC of {named} on {on}", _roc_note(verified), script="directory"),
        "det": page(
            charts.det(curves),
            f"Detection error trade-off of {named} on {on}",
            f"{_pairs(verified)}; EER {verified.eer:.5f}. {band_text(verified)}Edges stand for 0",
            script="directory",
        ),
        "distances": _distances(verified, scores, f"Distances of the pairs of {on} by {named}"),
    }
    if verified.folds > 1:
        pages["folds"] = page(
            charts.folds(fold_accuracies(verified)),
            f"Accuracy of {named} on each fold of {on}",
            f"{_pairs(verified)}; each fold's threshold from the other folds: the best of even steps, mean "
            f"{verified.accuracy.mean:.5f}, or searched exactly, mean {verified.accuracy_exact.mean:.5f}",
            script="directory",
        )
    shown = PROFILES[report.options.profile]
    if report.identification is not None and "identification" in shown:
        pages["identification"] = _identification(report.identification, named)
    for found in report.demographics:
        own = histograms.get(found.source) if "shift" in shown else None
        pages |= group_pages(found, named, own, across="across" in shown)
    return pages


def _roc_note(verified: Verification) -> str:
    return (
        f"{_pairs(verified)}; AUC {verified.auc:.5f}. Points: thresholds from "
        f"{verified.thresholds_from}, 95 % intervals. {band_text(verified)}The left edge stands for 0"
    )


def band_text(verified: Verification) -> str:
    """What the band along a curve is; empty where there is none."""
    return "Band: 95 % at each FMR, of draws of people with thresholds chosen again. " if verified.band else ""


def _distances(verified: Verification, scores: PairScores, title: str) -> str:
    unit, sign = unit_of(verified)
    values, same = sign * scores.distance, scores.same
    chart = charts.distances(
        values[same], values[~same], unit=unit, threshold=sign * float(np.mean(verified.accuracy.thresholds))
    )
    note = f"{_pairs(verified)}; dashed: mean of the folds' thresholds for accuracy"
    return page(chart, title, note, script="directory")


def _identification(found: Identification, named: str) -> str:
    chart = charts.identification(
        {
            f"{name}, {rank.replace('_', '-')}": rates.by_gallery
            for name, ranks in (("linear SVC", found.svc), ("mean of the other images", found.mean))
            for rank, rates in ranks.items()
        }
    )
    note = (
        f"{found.people:,} people with more than {found.more_than} images; {found.galleries} random "
        "galleries, a point each"
    )
    return page(chart, f"Identification by one image each: {named}", note, script="directory")


def _pairs(verified: Verification) -> str:
    people = "" if verified.people is None else f" of {verified.people:,} people"
    return f"{verified.same:,} same and {verified.different:,} different pairs{people}"


def group_pages(
    found: GroupErrors, named: str, histograms: SimilarityHistograms | None = None, *, across: bool = True
) -> dict[str, str]:
    """Name -> page of one source of groups: each group's own rates, its similarities, and who is taken for whom.

    Args:
        found: the errors.
        named: the model.
        histograms: shares of pairs by similarity; without, there is no page of them.
        across: whether there is a page of who is taken for whom, if there are pairs across groups.
    """
    source, whose, threshold = found.source, found.whose, threshold_text(found)
    known = found.overall.fmr.people is not None
    bars = f" Bars: {'95 %' if known else 'Wilson 95 %, as people are not known'}."
    pages = {
        f"groups-{source}": page(
            charts.group_rates([group_rates_of(found, named)]),
            f"Errors of {named} by {whose}",
            f"{threshold}{bars} {_GREY} {found.note}{failure_note(found.failures)}",
            script="directory",
        ),
    }
    if histograms is not None:
        pages[f"similarities-{source}"] = page(
            charts.group_similarities(histograms, found.threshold),
            f"Similarities by {named} within each group, {whose}",
            f"Shares of a group's own pairs, weighted by {found.weighting}. Dashed: the threshold. {found.note}",
            script="directory",
        )
    if found.across and across:
        pages[f"cross-{source}"] = page(
            charts.group_matrix(group_cells_of(found)),
            f"False matches of {named} within and across groups, {whose}",
            f"{threshold} {_GREY} {found.note}",
            script="directory",
        )
    return pages
