"""Open-set identification: is this one of the people known by one image each, and which? Errors by group."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard._checks import check_number, check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._influence import Spread, degrees_of, rate_interval
from ethnoshard.evaluation._roster import Roster
from ethnoshard.evaluation._searches import Searches
from ethnoshard.evaluation._thresholds import cut
from ethnoshard.results import Interval, OpenSet, SearchErrors, SearchRate

Texts = NDArray[np.str_]
FPIRS = (0.01, 0.1)


def open_set(
    roster: Roster,
    *,
    fpirs: Sequence[float] = FPIRS,
    seed: int = 0,
    min_people: int = 20,
    min_searches: int = 30,
    searches: Searches | None = None,
) -> tuple[OpenSet, ...]:
    """FNIR and FPIR by group, at the threshold with which all people's non-mated searches reach a FPIR.

    The gallery has one image of each person, drawn by the seed. Every other image is a mated search, an error where its
    person isn't returned (FNIR, of no limit of rank). Every image is a non-mated search, for which its own person is
    left out of the gallery, an error where anybody is returned (FPIR). These are the terms of ISO/IEC 19795-1. People
    known to differ in what they are matched on are not candidates for each other.

    In all rates each person counts alike. The interval of FNIR is of a mean over people. That of FPIR is the
    jackknife's: a person is left out both as who is searched and as who is in the gallery, since one who resembles many
    others is returned for all of them. Both take the threshold for known, though it was set on these very searches.

    Args:
        roster: images of people with groups.
        fpirs: shares of all people's non-mated searches, above 0 and below 1.
        seed: of the gallery.
        min_people: a rate of fewer people is ``too_few``.
        min_searches: a rate of fewer searches is ``too_few``.
        searches: of this roster by this seed, where they were made already.

    Returns:
        one for each FPIR.

    Raises:
        EthnoshardError: a FPIR is out of its bounds, there are no groups, or fewer than two people.
    """
    check_whole("seed", seed, 0)
    for fpir in fpirs:
        check_number("a FPIR", fpir, above=0, below=1)
    if roster.groups is None:
        raise EthnoshardError("open-set identification by group needs the groups of people")
    if len(roster.names) < 2:
        raise EthnoshardError(f"a gallery needs two people at least, got {len(roster.names)}")
    searches = Searches.of(roster, seed) if searches is None else searches
    minimum = _Minimum(min_people, min_searches)
    return tuple(_at(searches, roster.groups, fpir, minimum) for fpir in fpirs)


class _Minimum(NamedTuple):
    people: int
    searches: int


def _at(searches: Searches, groups: Texts, fpir: float, least: _Minimum) -> OpenSet:
    people = searches.people
    if fpir * people < 1:
        reason = f"a FPIR of {fpir:g} is less than the searches of one of {people:,} people"
        return OpenSet(fpir_asked=fpir, gallery=people, threshold=None, reason=reason)
    weights = searches.weights / people
    # Who is known to differ from everybody has no candidate, and is returned by no threshold.
    order = np.argsort(-searches.best, kind="stable")[: int(np.isfinite(searches.best).sum())]
    if not len(order):
        reason = "all people are known to differ in what they are matched on"
        return OpenSet(fpir_asked=fpir, gallery=people, threshold=None, reason=reason)
    errors = _Errors(searches, groups, cut(searches.best[order], weights[order], fpir), least)
    return OpenSet(
        fpir_asked=fpir,
        gallery=people,
        threshold=errors.threshold,
        overall=errors.among(np.ones(people, np.bool_)),
        by_group={group: errors.among(groups == group) for group in np.unique(groups).tolist()},
    )


class _Errors(NamedTuple):
    """Searches at a threshold, by group of (P,) people."""

    searches: Searches
    groups: Texts
    threshold: float
    least: _Minimum

    def among(self, chosen: Bools) -> SearchErrors:
        """Of some people's searches; (P,) which."""
        mated, everything = self.searches.mated, np.ones_like(self.searches.mated)
        missed, returned = mated & (self.searches.mate < self.threshold), self.searches.best >= self.threshold
        fnir, fpir = self.searches.shares(missed, mated), self.searches.shares(returned, everything)
        with_mate = chosen & ~np.isnan(fnir)
        return SearchErrors(
            fnir=self._rate(fnir, with_mate, missed, mated, _of_mean(fnir[with_mate])),
            fpir=self._rate(fpir, chosen, returned, everything, self._jackknife(fpir, chosen)),
        )

    def _rate(self, shares: Floats, chosen: Bools, events: Bools, searches: Bools, spread: Spread) -> SearchRate:
        own = chosen[self.searches.owner]
        people, number = int(chosen.sum()), int((searches & own).sum())
        rate = float(shares[chosen].mean()) if people else np.nan
        ends = rate_interval(rate, spread, people) if people > 1 else None
        return SearchRate(
            rate=rate if people else None,
            errors=int((events & own).sum()),
            searches=number,
            people=people,
            people_interval=None if ends is None else Interval(*ends),
            too_few=people < self.least.people or number < self.least.searches,
        )

    def _jackknife(self, shares: Floats, chosen: Bools) -> Spread:
        """Of a FPIR, each person left out as who is searched and as who is in the gallery, group by group.

        What a search that returns one person alone adds to the parts of both is one error, and counts once.
        """
        number, total = int(chosen.sum()), float(shares[chosen].sum())
        if number < 2:
            return _of_mean(shares[chosen])
        one, other, weight = self._returned_alone(chosen)
        as_found = np.bincount(other, weight, minlength=self.searches.people)
        without = np.where(chosen, (total - as_found - shares) / (number - 1), (total - as_found) / number)
        parts = np.zeros(self.searches.people)
        for group in np.unique(self.groups):
            rows = self.groups == group
            parts[rows] = np.square(without[rows] - without[rows].mean()) * (rows.sum() - 1) / rows.sum()
        pair = np.minimum(one, other) * self.searches.people + np.maximum(one, other)
        twice = float(np.square(np.bincount(np.unique(pair, return_inverse=True)[1], weight) / number).sum())
        alone = _of_mean(shares[chosen]).variance
        variance = max(float(parts.sum()) - twice, alone)
        return Spread(variance, alone, degrees_of(parts, self.searches.people))

    def _returned_alone(self, chosen: Bools) -> tuple[Whole, Whole, Floats]:
        """Searches of some people that return one person alone: (M,) who searches, who is returned, and its weight."""
        found = self.searches
        rows = (found.best >= self.threshold) & (found.second < self.threshold) & chosen[found.owner]
        return found.owner[rows], found.found[rows], found.weights[rows]


def _of_mean(shares: Floats) -> Spread:
    """Of a mean over people who have no part in each other's shares."""
    number = len(shares)
    if number < 2:
        return Spread(0.0, 0.0, 1.0)
    parts = np.square((shares - shares.mean()) / number) * number / (number - 1)
    return Spread(float(parts.sum()), float(parts.sum()), degrees_of(parts, number))
