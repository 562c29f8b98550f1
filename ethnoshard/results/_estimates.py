"""Numbers with what they rest on: intervals, rates of pairs, estimates with draws of people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from ethnoshard._wilson import RateInterval

K = TypeVar("K")


class Interval(NamedTuple):
    """Ends of an interval; None where it has no end, since draws beyond it are undefined or infinite."""

    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class EqualGroups:
    """What a fairness metric would show of groups that are all alike, and of these sizes.

    Chance alone pushes extremes and absolute differences away from their ideal.

    Attributes:
        median: half of such groups show more; None where it is undefined.
        limit: 5 % of such groups show more, or less where the ideal is the greatest value; None where it is undefined.
        p_value: share of such groups that show as much as was measured.
    """

    median: float | None
    limit: float | None
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with its interval.

    Attributes:
        value: None where it is undefined.
        people_interval: at 95 %, as the people are a sample of others; None where none is known. An end is None where
            it falls on undefined values.
        undefined_draws: simulated groups like these in which it is undefined; they count as infinite.
        ideal: its value if all groups were alike; None where there is no such.
        equal_groups: what groups that are alike would show; None where there is no such, where people aren't known,
            and in reports from before it was measured.
    """

    value: float | None
    people_interval: Interval | None
    undefined_draws: int
    ideal: float | None = None
    equal_groups: EqualGroups | None = None


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of pairs with what it rests on.

    Attributes:
        rate: the share, weighted as asked for; None of no pair.
        errors: pairs with an error, unweighted.
        pairs: of how many.
        people: who have such a pair; None where people aren't known.
        wilson: interval of errors / pairs, as if pairs were independent, which they aren't: too narrow.
        people_interval: interval for pairs that share people; None where people aren't known.
        too_few: people or pairs are below the minimum: show it grey, with its count.
    """

    rate: float | None
    errors: int
    pairs: int
    people: int | None
    wilson: RateInterval
    people_interval: Interval | None
    too_few: bool

    @property
    def interval(self) -> Interval | RateInterval | None:
        """The one to show: ``people_interval``, or Wilson's where people aren't known."""
        return self.wilson if self.people_interval is None and self.people is None else self.people_interval


@dataclass(frozen=True, kw_only=True)
class Change:
    """One number of two models.

    Attributes:
        base: None where undefined.
        other: the other model's; None where undefined.
        difference: other - base.
        people_interval: of the difference on the same people; None where people aren't known, and where the
            difference is undefined in any draw of them.
        undefined_draws: draws in which it is.
        p_value: of the difference being 0; None without an interval, and in reports from before it was measured.
        p_adjusted: by Holm (1979) for all the differences that are claimed together with it; None where it stands by
            itself.
    """

    base: float | None
    other: float | None
    difference: float | None
    people_interval: Interval | None
    undefined_draws: int
    p_value: float | None = None
    p_adjusted: float | None = None


def holm(p_values: Iterable[float]) -> list[float]:
    """P-values of several claims, adjusted so that all of them together are wrong as seldom as one (Holm 1979).

    Args:
        p_values: of the claims, 0 to 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = list(p_values)
    adjusted = [1.0] * len(values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, values[index] * (len(values) - rank)))
        adjusted[index] = least
    return adjusted


def claimed_together(changes: Mapping[K, Change]) -> dict[K, Change]:
    """Changes with the p-values of all of them adjusted together.

    Args:
        changes: by group, or by whatever else they differ in.
    """
    known = {key: one.p_value for key, one in changes.items() if one.p_value is not None}
    adjusted = dict(zip(known, holm(known.values()), strict=True))
    return {key: replace(one, p_adjusted=adjusted.get(key)) for key, one in changes.items()}
