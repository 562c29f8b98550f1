"""The report on two models: what changed from a base to another, paired on the same draws."""

from typing import Any

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    Clustering,
    Verification,
    VerifiedPairs,
    compare_clusterings,
    compare_demographics,
    compare_verifications,
)
from ethnoshard.reports._compare_figures import comparison_figures
from ethnoshard.reports._folder import Arrays, Report, ReportFolder
from ethnoshard.reports._group_arrays import read_drawn
from ethnoshard.reports._summary_compare import comparison_summary

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
    try:
        found = _clusterings(base, other) if base.kind == "clustering" else _evaluations(base, other)
    except (KeyError, TypeError) as error:
        raise EthnoshardError(
            f"{base.path} or {other.path} is damaged: {error} is missing or of another kind"
        ) from error
    content = {
        "of": base.kind,
        "base": _about(base),
        "other": _about(other),
        **found,
    }
    return Report(
        kind="comparison", content=content, summary=comparison_summary(content), figures=comparison_figures(content)
    )


def _about(report: ReportFolder) -> dict[str, Any]:
    names = ("model", "place", "flip", "images", "options", "pairs", "verification", "trained_on")
    about = {name: report.content[name] for name in names if name in report.content}
    if "verification" in about:
        about["verification"] = {name: value for name, value in about["verification"].items() if name != "curve"}
    return {"report": report.path.name, **about}


def _clusterings(base: ReportFolder, other: ReportFolder) -> dict[str, Any]:
    one, two = (Clustering.of_dict(report.content["clustering"]) for report in (base, other))
    changes = compare_clusterings(one, two)
    return {
        "draws": len(one.images),
        "people": one.people,
        "clustering": {
            method: {name: change.to_dict() for name, change in figures.items()} for method, figures in changes.items()
        },
    }


def _evaluations(base: ReportFolder, other: ReportFolder) -> dict[str, Any]:
    ours, theirs = base.arrays("scores"), other.arrays("scores")
    _check_same_pairs(base, other, ours, theirs)
    one, two = (Verification.of_dict(report.content["verification"]) for report in (base, other))
    people = (ours["first_person"], ours["second_person"]) if "first_person" in ours else None
    changes = compare_verifications(
        VerifiedPairs(result=one, distance=ours["distance"]),
        VerifiedPairs(result=two, distance=theirs["distance"]),
        ours["same"],
        fold=ours.get("fold"),
        people=people,
        draws=one.draws,
        seed=one.seed,
    )
    return {
        "draws": one.draws,
        "seed": one.seed,
        "verification": {name: change.to_dict() for name, change in changes.items()},
        "identification": _identifications(base.content["identification"], other.content["identification"]),
        "demographics": _demographics(base, other),
    }


def _check_same_pairs(base: ReportFolder, other: ReportFolder, ours: Arrays, theirs: Arrays) -> None:
    for name in _OF_PAIRS:
        if name in ours or name in theirs:
            if name in ours and name in theirs and np.array_equal(ours[name], theirs[name]):
                continue
            raise EthnoshardError(
                f"{base.path} has {len(ours['same']):,} pairs and {other.path} {len(theirs['same']):,}, and they "
                "differ in "
                f"{name.replace('_', ' ')}; evaluate both models on the same pairs of the same images"
            )


def _identifications(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Differences of each gallery; or why there are none."""
    if "left_out" in base or "left_out" in other:
        return {"left_out": base.get("left_out") or other.get("left_out")}
    differing = [name for name in _SAME_GALLERIES if base[name] != other[name]]
    if differing:
        return {"left_out": f"the galleries differ in {', '.join(differing)}"}
    changes: dict[str, Any] = {"people": base["people"], "galleries": base["galleries"]}
    for way in ("svc", "mean"):
        for rank, figure in base[way].items():
            values = np.array(other[way][rank]["by_gallery"]) - np.array(figure["by_gallery"])
            changes[f"{way}_{rank}"] = {
                "base": figure["mean"],
                "other": other[way][rank]["mean"],
                "difference": float(values.mean()),
                "least": float(values.min()),
                "most": float(values.max()),
                "better": int(np.count_nonzero(values > 0)),
            }
    return changes


def _demographics(base: ReportFolder, other: ReportFolder) -> list[dict[str, Any]]:
    """For every source of groups that both reports have."""
    found = []
    theirs = {each["source"]: each for each in other.content["demographics"]}
    for ours in base.content["demographics"]:
        name = ours["source"]
        if name not in theirs:
            continue
        drawn = [read_drawn(report.arrays(f"groups-{name}")) for report in (base, other)]
        found.append(
            {
                "source": name,
                "labels": ours["labels"],
                "thresholds": [ours["threshold"], theirs[name]["threshold"]],
                "thresholds_from": [ours["threshold_from"], theirs[name]["threshold_from"]],
                "too_few": [group for group, rates in ours["by_group"].items() if rates["too_few"]],
                **compare_demographics(*drawn).to_dict(),
            }
        )
    return found
