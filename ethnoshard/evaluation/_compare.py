"""Two models on the same pairs and people: differences, paired on the same draws."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._clustering import METRICS
from ethnoshard.evaluation._draws import percentile_interval
from ethnoshard.evaluation._group_rates import DrawnRates
from ethnoshard.results import Change, Clustering, ClusteringChange, ClusterMetrics, DemographicsChange


def compare_demographics(base: DrawnRates, other: DrawnRates) -> DemographicsChange:
    """Differences of two models by group, each at its own threshold.

    Args:
        base: ``drawn`` of the base model's ``Demographics``.
        other: ``drawn`` of the other model's, on the same people, with the same settings.

    Raises:
        EthnoshardError: people, groups, draws or settings differ, so that draws don't pair.
    """
    _check_pairs(base, other)
    names = ("fmr", "fnmr", "accuracy")
    ours, theirs = base.rates(), other.rates()
    fairness_base, fairness_other = base.fairness(), other.fairness()
    return DemographicsChange(
        overall={
            "fmr": _change_in_draws(base.overall_fmr, other.overall_fmr),
            "fnmr": _change_in_draws(base.overall_fnmr, other.overall_fnmr),
            "accuracy": _change_in_draws(*(1 - (one.overall_fmr + one.overall_fnmr) / 2 for one in (base, other))),
        },
        by_group={
            group: {name: _change_in_draws(ours[name][:, index], theirs[name][:, index]) for name in names}
            for index, group in enumerate(base.groups)
        },
        metrics={name: _change_in_draws(fairness_base[name], fairness_other[name]) for name in fairness_base},
        compared=tuple(group for group, chosen in zip(base.groups, base.compared, strict=True) if chosen),
        draws=base.draws,
    )


def compare_clusterings(base: Clustering, other: Clustering) -> dict[str, dict[str, ClusteringChange]]:
    """Paired differences: method -> metric -> change, for the methods that both have.

    Args:
        base: clustering of the base model's embeddings.
        other: clustering of the other model's, on the same images with the same seed.

    Raises:
        EthnoshardError: other people were drawn.
    """
    if base.drawn != other.drawn:
        raise EthnoshardError(
            "the two clusterings are of different draws of people; cluster both models' embeddings of the same images "
            "with the same seed and numbers"
        )
    methods = [method for method in base.methods if method in other.methods]
    return {
        method: {name: _change_by_draw(base.methods[method], other.methods[method], name) for name in METRICS}
        for method in methods
    }


def _check_pairs(base: DrawnRates, other: DrawnRates) -> None:
    if base.people_digest != other.people_digest:
        raise EthnoshardError(
            "the two models were tested on different people or groups, so their draws don't pair; evaluate both on the "
            "same images with the same groups"
        )
    for name in ("draws", "seed", "alpha", "weighting"):
        one, two = getattr(base, name), getattr(other, name)
        if one != two:
            raise EthnoshardError(
                f"the two models were tested with {name} {one} and {two}; evaluate both with the same"
            )
    if not np.array_equal(base.pairs_fmr, other.pairs_fmr) or not np.array_equal(base.pairs_fnmr, other.pairs_fnmr):
        raise EthnoshardError("the two models were tested on different pairs; evaluate both on the same")
    if not np.array_equal(base.compared, other.compared):
        raise EthnoshardError("the two models' metrics are over different groups; evaluate both with the same minimums")


def _change_in_draws(base: Floats, other: Floats) -> Change:
    """From (1 + D,) values of both."""
    defined = np.isfinite(base) & np.isfinite(other)
    differences = np.subtract(other, base, out=np.full_like(base, np.nan), where=defined)
    undefined = int(np.count_nonzero(~defined[1:]))
    return Change(
        base=float(base[0]) if np.isfinite(base[0]) else None,
        other=float(other[0]) if np.isfinite(other[0]) else None,
        difference=float(differences[0]) if defined[0] else None,
        people_interval=percentile_interval(differences[1:]) if len(base) > 1 and not undefined else None,
        undefined_draws=undefined,
    )


def _change_by_draw(base: tuple[ClusterMetrics, ...], other: tuple[ClusterMetrics, ...], name: str) -> ClusteringChange:
    ours: list[float | None] = [getattr(draw, name) for draw in base]
    theirs: list[float | None] = [getattr(draw, name) for draw in other]
    differences = [None if a is None or b is None else b - a for a, b in zip(ours, theirs, strict=True)]
    return ClusteringChange(
        base=_mean(ours),
        other=_mean(theirs),
        differences=tuple(differences),
        mean=_mean(differences),
        better=sum(value is not None and value > 0 for value in differences),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
