"""Searches of a gallery that may lack the person: how often somebody is missed or wrongly found, by group."""

from dataclasses import dataclass, field

from ethnoshard.results._estimates import Change, Interval


@dataclass(frozen=True, kw_only=True)
class SearchRate:
    """A share of searches, each person counting alike.

    Attributes:
        rate: mean over people of the share of each one's searches; None of no search.
        errors: searches with the error, unweighted.
        searches: of how many.
        people: whose they are.
        people_interval: at 95 %, as the people are a sample of others, at a threshold that is taken for known; None
            where there is none.
        too_few: whether people or searches are below the minimum: show it grey, with its count.
    """

    rate: float | None
    errors: int
    searches: int
    people: int
    people_interval: Interval | None
    too_few: bool


@dataclass(frozen=True, kw_only=True)
class SearchErrors:
    """One group's searches, or all.

    Attributes:
        fnir: mated searches that don't return the person at the threshold (ISO/IEC 19795-1: FNIR), whatever the rank.
        fpir: non-mated searches that return anybody (FPIR).
    """

    fnir: SearchRate
    fpir: SearchRate


@dataclass(frozen=True, kw_only=True)
class OpenSet:
    """Open-set identification at one threshold for all groups.

    The gallery has one image of each person. Every other image is a mated search; every image is a non-mated search,
    for which its own person is left out of the gallery.

    Attributes:
        fpir_asked: share of non-mated searches of all people that was to return anybody, at most.
        gallery: people in it.
        threshold: similarity from which a candidate is returned; None where there are too few people to set it on.
        reason: why there is none.
        overall: all people; None without a threshold.
        by_group: group -> its people's searches; empty without a threshold.
    """

    fpir_asked: float
    gallery: int
    threshold: float | None
    reason: str | None = None
    overall: SearchErrors | None = None
    by_group: dict[str, SearchErrors] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SearchErrorsChange:
    """One group's searches by two models, or all people's.

    Attributes:
        fnir: of mated searches.
        fpir: of non-mated searches; None of all people, for whom it was asked for.
    """

    fnir: Change
    fpir: Change | None


@dataclass(frozen=True, kw_only=True)
class OpenSetChange:
    """Open-set identification by two models in the same gallery, each at the threshold of its own ``OpenSet``.

    Attributes:
        fpir_asked: of both.
        gallery: people in it.
        thresholds: of the base and of the other model; None where one has none.
        reason: why there is none.
        overall: all people; None without thresholds.
        by_group: group -> its people's searches; p-values are adjusted over the groups. Empty without thresholds.
        too_few: groups with too few people or searches.
    """

    fpir_asked: float
    gallery: int
    thresholds: tuple[float, float] | None
    reason: str | None = None
    overall: SearchErrorsChange | None = None
    by_group: dict[str, SearchErrorsChange] = field(default_factory=dict)
    too_few: tuple[str, ...] = ()
