"""Numbers with what they rest on: intervals, rates of pairs, estimates with draws of people."""

from dataclasses import dataclass
from typing import NamedTuple

from ethnoshard._wilson import RateInterval


class Interval(NamedTuple):
    """Ends of an interval; None where it has no end, since draws beyond it are undefined or infinite."""

    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with its interval from draws of people.

    Attributes:
        value: None where it is undefined.
        people_interval: None without draws; an end is None where it falls on undefined draws.
        undefined_draws: draws in which it is undefined; they count as infinite.
        ideal: its value if all groups were alike; None where there is no such.
    """

    value: float | None
    people_interval: Interval | None
    undefined_draws: int
    ideal: float | None = None


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of pairs with what it rests on.

    Attributes:
        rate: the share, weighted as asked for; None of no pair.
        errors: pairs with an error, unweighted.
        pairs: of how many.
        people: who have such a pair; None where people aren't known.
        wilson: interval of errors / pairs, as if pairs were independent, which they aren't: too narrow.
        people_interval: interval from draws of people; None without draws.
        too_few: people or pairs are below the minimum: show it grey, with its count.
    """

    rate: float | None
    errors: int
    pairs: int
    people: int | None
    wilson: RateInterval
    people_interval: Interval | None
    too_few: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """One number of two models.

    Attributes:
        base: None where undefined.
        other: the other model's; None where undefined.
        difference: other - base.
        people_interval: of the difference, from draws of people; None without draws, and where the difference is
            undefined in any of them.
        undefined_draws: draws in which it is.
    """

    base: float | None
    other: float | None
    difference: float | None
    people_interval: Interval | None
    undefined_draws: int
