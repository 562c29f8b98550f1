"""Errors by group in a world whose truth is known: rates, fairness metrics, changes from one model to another."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.coverage._answers import Answer, any_of, claiming, covering, excludes
from benchmarks.coverage._laws import Floats
from ethnoshard.evaluation import (
    Demographics,
    Estimate,
    GroupOptions,
    TestedPairs,
    compare_demographics,
    demographics,
    fairness_metrics,
)
from ethnoshard.results import Comparison, DemographicsChange, GroupErrorsChange, MetricChange, changes_of
from ethnoshard.results._reports import Compared

LEVEL_OF_CLAIMS = 0.05
_RATES = {"fmr": "FMR", "fnmr": "FNMR", "accuracy": "accuracy"}


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupWorld:
    """Two models' pairs of the same images, with the expected rates, weighted by person.

    Attributes:
        pairs: of each model.
        fmr: of each model, (G, G).
        fnmr: of each model, (G,).
        overall_fmr: of each model.
        overall_fnmr: of each model.
    """

    pairs: tuple[TestedPairs, TestedPairs]
    fmr: tuple[Floats, Floats]
    fnmr: tuple[Floats, Floats]
    overall_fmr: tuple[float, float]
    overall_fnmr: tuple[float, float]

    @classmethod
    def of(
        cls,
        *,
        pairs: tuple[TestedPairs, TestedPairs],
        fmr: tuple[Floats, Floats],
        fnmr: tuple[Floats, ...],
        impostor_weight: Floats,
        genuine_weight: Floats,
    ) -> "GroupWorld":
        """With the overall rates that follow.

        Args:
            pairs: of each model.
            fmr: of each model, (G, G).
            fnmr: of each model, (G,).
            impostor_weight: (G, G) upper triangle, how much different pairs of two groups count in all.
            genuine_weight: (G,) how much same pairs of a group count.
        """
        total = [float((one * impostor_weight).sum() / impostor_weight.sum()) for one in fmr]
        same = [float((one * genuine_weight).sum() / genuine_weight.sum()) for one in fnmr]
        return cls(
            pairs=pairs,
            fmr=fmr,
            fnmr=(fnmr[0], fnmr[1]),
            overall_fmr=(total[0], total[1]),
            overall_fnmr=(same[0], same[1]),
        )

    def own(self, model: int) -> dict[str, Floats]:
        """(G,) rates within each group."""
        fmr, fnmr = self.fmr[model].diagonal(), self.fnmr[model]
        return {"fmr": fmr, "fnmr": fnmr, "accuracy": 1 - (fmr + fnmr) / 2}

    def overall(self, model: int) -> dict[str, float]:
        """Rates of all pairs."""
        fmr, fnmr = self.overall_fmr[model], self.overall_fnmr[model]
        return {"fmr": fmr, "fnmr": fnmr, "accuracy": 1 - (fmr + fnmr) / 2}

    @property
    def equal_groups(self) -> bool:
        """Whether all groups have the same rates."""
        return all(bool(np.ptp(rates) < 1e-12) for rates in self.own(0).values())

    @property
    def equal_models(self) -> bool:
        """Whether both models have the same rates."""
        return all(np.array_equal(self.own(0)[name], self.own(1)[name]) for name in _RATES)


def group_answers(world: GroupWorld, draws: int, seed: int) -> list[Answer]:
    """Everything that a report by group and a comparison of two print."""
    options = GroupOptions(draws=draws, seed=seed)
    base, other = (demographics(pairs, 0.0, options) for pairs in world.pairs)
    change = compared(base, other, draws, seed)
    return [*_rates(world, base), *_fairness(world, base), *_changes(world, change)]


def compared(base: Demographics, other: Demographics, draws: int, seed: int) -> DemographicsChange:
    """What changed from one model to the other.

    Raises:
        ValueError: errors come from curves, which don't hold what a comparison needs.
    """
    if base.tally is None or other.tally is None:
        raise ValueError("errors by group without their counts can't be compared")
    return compare_demographics(base.tally, other.tally, draws=draws, seed=seed)


def claims_unequal(estimate: Estimate) -> bool:
    """Whether a reader of the metric concludes that the groups differ."""
    return estimate.equal_groups is not None and estimate.equal_groups.p_value <= LEVEL_OF_CLAIMS


def _rates(world: GroupWorld, found: Demographics) -> Iterator[Answer]:
    truth, overall = world.own(0), world.overall(0)
    for index, rates in enumerate(found.by_group.values()):
        yield from covering("FMR by group", truth["fmr"][index], rates.fmr.rate, rates.fmr.people_interval)
        yield from covering("FNMR by group", truth["fnmr"][index], rates.fnmr.rate, rates.fnmr.people_interval)
        yield from covering(
            "accuracy by group", truth["accuracy"][index], rates.accuracy.value, rates.accuracy.people_interval
        )
    for (i, one), (j, two) in combinations(enumerate(found.by_group), 2):
        rate = found.cross[one][two]
        if rate.pairs:
            yield from covering("FMR across groups", float(world.fmr[0][i, j]), rate.rate, rate.people_interval)
    rates = found.overall
    yield from covering("FMR of all", overall["fmr"], rates.fmr.rate, rates.fmr.people_interval)
    yield from covering("FNMR of all", overall["fnmr"], rates.fnmr.rate, rates.fnmr.people_interval)
    yield from covering("accuracy of all", overall["accuracy"], rates.accuracy.value, rates.accuracy.people_interval)


def _fairness(world: GroupWorld, found: Demographics) -> Iterator[Answer]:
    truth = _metrics(world, 0)
    for name, estimate in found.metrics.items():
        yield from covering(name, truth[name], estimate.value, estimate.people_interval)
        if estimate.people_interval is not None:
            yield claiming(f"{name}: groups differ", claims_unequal(estimate), null=world.equal_groups)


def _changes(world: GroupWorld, change: DemographicsChange) -> Iterator[Answer]:
    null = world.equal_models
    truth = {name: world.own(1)[name] - world.own(0)[name] for name in _RATES}
    for index, changes in enumerate(change.by_group.values()):
        for key, name in _RATES.items():
            one = changes[key]
            what = f"change of {name} by group"
            yield from covering(what, float(truth[key][index]), one.difference, one.people_interval)
    for key, name in _RATES.items():
        one = change.overall[key]
        expected = world.overall(1)[key] - world.overall(0)[key]
        yield from covering(f"change of {name} of all", expected, one.difference, one.people_interval)
        yield claiming(f"change of {name} of all", excludes(one.people_interval, 0), null=null)
    before, after = _metrics(world, 0), _metrics(world, 1)
    for metric, one in change.metrics.items():
        yield from covering(f"change of {metric}", after[metric] - before[metric], one.difference, one.people_interval)
        if one.people_interval is not None:
            yield claiming(f"change of {metric}", excludes(one.people_interval, 0), null=null)
    words = [change.excludes_0 for change in group_words(change)]
    yield any_of("a group's rate changed, any", words, null=null)
    for word in words:
        yield claiming("a group's rate changed, each", word, null=null)


def _metrics(world: GroupWorld, model: int) -> dict[str, float]:
    rates = world.own(model)
    # Neither rate is ever 0, so that no number of pairs enters.
    many = np.full(len(rates["fmr"]), 10**9)
    return {name: float(value) for name, value in fairness_metrics(rates["fmr"], rates["fnmr"], many, many).items()}


def group_words(change: DemographicsChange) -> list[MetricChange]:
    """What pages say of each group's rates."""
    source = GroupErrorsChange(
        **vars(change),
        source="made",
        labels="made",
        thresholds=(0.0, 0.0),
        thresholds_from=("given", "given"),
        too_few=(),
    )
    sides = Compared(report="base"), Compared(report="other")
    comparison = Comparison(of="evaluation", base=sides[0], other=sides[1], draws=change.draws, demographics=(source,))
    return [one for one in changes_of("made", comparison) if one.group is not None]
