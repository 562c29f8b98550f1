"""What a metric of unfairness is worth: simulated groups like those measured, and groups that are all alike.

Chance pushes extremes and absolute differences away from their ideal, so that groups of one law show a gap too, and
draws of people from them an even larger one: an interval from such draws never holds the ideal. Here groups are
simulated as measured, and with their differences shrunk step by step to none.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._checks import Floats, Whole
from ethnoshard.results import LEVEL, EqualGroups, Estimate, Interval

_STEPS = np.linspace(0, 1, 11)
"""Shares of the measured differences between groups, from none to all."""
_MORE = (1.25, 1.5, 2.0, 3.0)
"""Further ones, in which groups differ more than was measured: a chance below may hide them."""
_TAIL = (1 - LEVEL) / 2

Metrics = Callable[[Floats, Floats], dict[str, Floats]]
"""Metrics of (..., G) FMR and (..., G) FNMR."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredRates:
    """One kind of rate of G groups, each by itself.

    Attributes:
        rate: (G,) as measured.
        variance: (G,) of each.
        independent: (G,) the part of it that pairs would have if they shared no person; it grows with the rate, the
            other with its square.
        factor: (G,) by how much the variance is enlarged for being uncertain itself.
        units: (G,) people, or pairs of people.
    """

    rate: Floats
    variance: Floats
    independent: Floats
    factor: Floats
    units: Floats

    def simulated(self, rate: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """(draws, G) rates that groups of these sizes show whose true rates are ``rate``, (G,)."""
        trials = self._trials(rate)
        number = np.ceil(trials)
        events = rng.binomial(number.astype(np.int64), np.clip(rate * trials / number, 0, 1), (draws, len(rate)))
        shown: Floats = np.minimum(events / trials, 1)
        return shown

    def _trials(self, rate: Floats) -> Floats:
        """As many independent trials as would vary as much.

        A group's own variance is small where its rate came out small. So no group counts as more certain than all of
        them together say: the part of pairs is taken to grow with the rate, that of people with its square.
        """
        erring = (self.rate > 0) & (self.rate < 1) & (self.variance > 0)
        if not erring.any():
            return np.maximum(self.units, 1.0)
        measured = np.where(erring, self.rate, 1)
        times = rate / measured
        people = np.maximum(self.variance - self.independent, 0)
        own = (self.independent * times + people * times**2) * self.factor
        chosen = erring.nonzero()[0]
        rates, units = self.rate[chosen], self.units[chosen]
        of_pairs = (self.independent[chosen] * units**2).sum() / (rates * units).sum()
        of_people = (people[chosen] * units).sum() / (rates**2 * units).sum()
        factor = float(np.average(self.factor[chosen], weights=units))
        pooled = (of_pairs * rate / self.units + of_people * rate**2 * self._fewer(chosen)) * factor
        variance = np.maximum(np.where(erring, own, 0), pooled)
        with np.errstate(divide="ignore", invalid="ignore"):
            trials = np.where((rate > 0) & (rate < 1), rate * (1 - rate) / variance, self.units)
        result: Floats = np.maximum(trials, 1)
        return result

    def _fewer(self, chosen: Whole) -> Floats:
        """(G,) how much more a group's people matter than in those chosen, as it has fewer of them."""
        people: Floats = np.sqrt(self.units)
        return float(np.average(people[chosen], weights=self.units[chosen])) / people


def fairness_estimates(
    metrics: Metrics,
    ideals: Mapping[str, float],
    falling: Collection[str],
    fmr: MeasuredRates,
    fnmr: MeasuredRates,
    draws: int,
    seed: int,
) -> dict[str, Estimate]:
    """Every metric with its interval, and with what equal groups of these sizes would show.

    The lower end of an interval is the least difference, of the kind measured, that would show the measured value or
    more in 2.5 % of simulated groups: the ideal, where equal groups do. The upper end is that of groups simulated as
    measured.

    Args:
        metrics: computes them.
        ideals: name -> value where groups are alike.
        falling: names of metrics that are smaller the more groups differ.
        fmr: of the groups.
        fnmr: of the same groups.
        draws: simulated groups; without there is no interval.
        seed: of the simulation.
    """
    measured = metrics(fmr.rate, fnmr.rate)
    if not draws:
        return {
            name: Estimate(value=_finite(value), people_interval=None, undefined_draws=0, ideal=ideals[name])
            for name, value in measured.items()
        }
    rng = np.random.default_rng([seed, len(fmr.rate)])
    steps = [*_STEPS.tolist(), *_MORE]
    paths = [(_shrunk(fmr.rate, step), _shrunk(fnmr.rate, step)) for step in steps]
    shown = [metrics(fmr.simulated(one, draws, rng), fnmr.simulated(other, draws, rng)) for one, other in paths]
    true = [metrics(one, other) for one, other in paths]
    return {
        name: _estimate(
            float(value),
            ideals[name],
            [each[name] for each in shown],
            [float(each[name]) for each in true],
            falls=name in falling,
        )
        for name, value in measured.items()
    }


def _estimate(value: float, ideal: float, shown: list[Floats], true: list[float], *, falls: bool) -> Estimate:
    """From (draws,) simulated values at each step, and the values of the steps themselves."""
    sign = -1 if falls else 1
    far = [np.sort(np.where(np.isfinite(each), sign * each, np.inf)) for each in shown]
    own = sign * value if math.isfinite(value) else math.inf
    alike, measured = far[0], far[len(_STEPS) - 1]
    last = len(alike) - 1
    p_value = (1 + int(np.count_nonzero(alike >= own - 1e-12))) / (len(alike) + 1)
    low = _least(own, far, [sign * ideal, *(sign * each for each in true[1:])])
    high = float(measured[math.ceil(last * (1 - _TAIL))])
    ends = [sign * end if math.isfinite(end) else None for end in (low, max(high, low) if math.isfinite(low) else high)]
    limit = float(alike[math.ceil(last * LEVEL)])
    median = float(alike[last // 2])
    return Estimate(
        value=value if math.isfinite(value) else None,
        people_interval=Interval(ends[1], ends[0]) if falls else Interval(ends[0], ends[1]),
        undefined_draws=int(np.count_nonzero(~np.isfinite(shown[len(_STEPS) - 1]))),
        ideal=ideal,
        equal_groups=EqualGroups(
            median=sign * median if math.isfinite(median) else None,
            limit=sign * limit if math.isfinite(limit) else None,
            p_value=p_value,
        ),
    )


def _least(own: float, far: list[Floats], true: list[float]) -> float:
    """The least true value of which the tail shows as much as was measured, on the line between two steps."""
    shares = [float(np.mean(each >= own - 1e-12)) for each in far]
    index = next((step for step, share in enumerate(shares) if share >= _TAIL), len(shares) - 1)
    if index == 0 or not (math.isfinite(true[index]) and math.isfinite(true[index - 1])):
        return true[max(index - 1, 0)]
    rise = shares[index] - shares[index - 1]
    part = (_TAIL - shares[index - 1]) / rise if rise > 0 else 1.0
    return true[index - 1] + min(part, 1.0) * (true[index] - true[index - 1])


def _shrunk(rate: Floats, step: float) -> Floats:
    """Rates whose distances from their mean are ``step`` times those measured."""
    mean = rate.mean()
    shrunk: Floats = np.clip(mean + step * (rate - mean), 0, 1)
    return shrunk


def _finite(value: Floats) -> float | None:
    return float(value) if math.isfinite(value) else None
