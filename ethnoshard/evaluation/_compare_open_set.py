"""Two models' searches of the same gallery: differences of FNIR and FPIR by group, with intervals and p-values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats
from ethnoshard.evaluation._influence import Spread, degrees_of, difference_interval, most_unseen
from ethnoshard.evaluation._searches import Searches
from ethnoshard.evaluation._thresholds import cut
from ethnoshard.results import Change, OpenSet, OpenSetChange, SearchErrorsChange, claimed_together

Texts = NDArray[np.str_]
Kind = Literal["fnir", "fpir"]

_SIGNS = -1, 1
"""Of the base and of the other model in their difference."""


def compare_open_set(
    base: Searches, other: Searches, groups: Texts, at: Iterable[tuple[OpenSet, OpenSet]]
) -> tuple[OpenSetChange, ...]:
    """Differences of FNIR and FPIR by group, each model at the threshold that its own searches set.

    The interval is the jackknife's of the difference: each person is left out of both models' searches and of the
    gallery. How the thresholds move by that counts, too: a threshold goes where all people's FPIR is what was asked
    for, and with it a group's rate, by the slope between the thresholds at which all people's FPIR lies a standard
    error below and above. Groups are several: the p-values of one rate are adjusted over all of them (Holm 1979).

    Args:
        base: the base model's searches.
        other: the other model's, of the same images, with the same gallery.
        groups: (P,) group of each person.
        at: what both came to at one FPIR.

    Raises:
        EthnoshardError: the images, the gallery or a FPIR differ.
    """
    same = (base.owner, base.mated), (other.owner, other.mated)
    if base.people != other.people or not all(np.array_equal(one, two) for one, two in zip(*same, strict=True)):
        raise EthnoshardError("the two models searched for different images, or in different galleries")
    return tuple(_change(base, other, groups, one, two) for one, two in at)


def _change(base: Searches, other: Searches, groups: Texts, one: OpenSet, two: OpenSet) -> OpenSetChange:
    if one.fpir_asked != two.fpir_asked:
        raise EthnoshardError(f"the two models searched at a FPIR of {one.fpir_asked:g} and of {two.fpir_asked:g}")
    if one.threshold is None or two.threshold is None:
        reason = one.reason if one.threshold is None else two.reason
        return OpenSetChange(fpir_asked=one.fpir_asked, gallery=base.people, thresholds=None, reason=reason)
    models = (
        _At.of(base, groups, one.threshold, one.fpir_asked),
        _At.of(other, groups, two.threshold, two.fpir_asked),
    )
    names = [str(name) for name in np.unique(groups)]
    fnir, fpir = (claimed_together({name: _paired(models, kind, groups == name) for name in names}) for kind in _KINDS)
    few = {name for each in (one, two) for name, own in each.by_group.items() if own.fnir.too_few or own.fpir.too_few}
    return OpenSetChange(
        fpir_asked=one.fpir_asked,
        gallery=base.people,
        thresholds=(one.threshold, two.threshold),
        overall=SearchErrorsChange(fnir=_paired(models, "fnir", np.ones(base.people, np.bool_)), fpir=None),
        by_group={name: SearchErrorsChange(fnir=fnir[name], fpir=fpir[name]) for name in names},
        too_few=tuple(sorted(few)),
    )


_KINDS: tuple[Kind, Kind] = "fnir", "fpir"


class _Moved(NamedTuple):
    """What leaving out each person does to a rate, at a threshold that is set again.

    Attributes:
        rate: itself; NaN of no search.
        by_person: (P,) with the person left out as who is searched and as who is in the gallery, up to a constant.
        searching: (P,) with the person left out as who is searched alone.
        events: (P,) weight of a search of each person that returns one person alone.
    """

    rate: float
    by_person: Floats
    searching: Floats
    events: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class _At:
    """A model's searches at a threshold.

    Attributes:
        searches: all of them.
        groups: (P,) group of each person.
        threshold: similarity from which a candidate is returned.
        ends: thresholds at which all people's FPIR is a standard error lower and higher.
    """

    searches: Searches
    groups: Texts
    threshold: float
    ends: tuple[float, float]

    @classmethod
    def of(cls, searches: Searches, groups: Texts, threshold: float, fpir: float) -> "_At":
        alone = cls(searches=searches, groups=groups, threshold=threshold, ends=(threshold, threshold))
        everybody = np.ones(searches.people, np.bool_)
        error = _spread_of([alone.moved("fpir", everybody)], [alone], (1,)).variance ** 0.5
        error = max(error, 1 / searches.people)
        order = np.argsort(-searches.best, kind="stable")[: int(np.isfinite(searches.best).sum())]
        best, weights = searches.best[order], searches.weights[order] / searches.people
        low, high = (cut(best, weights, float(share)) for share in (max(fpir - error, 0.0), fpir + error))
        return replace(alone, ends=(low, high))

    def shares(self, kind: Kind, threshold: float) -> Floats:
        """(P,) share of each person's searches with the error; NaN of people without such a search."""
        found = self.searches
        if kind == "fnir":
            return found.shares(found.mate < threshold, found.mated)
        return found.shares(found.best >= threshold, np.ones_like(found.mated))

    def moved(self, kind: Kind, chosen: Bools) -> _Moved:
        """Of the rate of (P,) some people."""
        everybody = np.ones(self.searches.people, np.bool_)
        rate = self._left_out(kind, chosen)
        if self.ends[0] == self.ends[1]:
            return rate
        of_all = self._left_out("fpir", everybody)
        slope = self._slope(kind, chosen, everybody)
        return _Moved(
            rate=rate.rate,
            by_person=rate.by_person - slope * of_all.by_person,
            searching=rate.searching - slope * of_all.searching,
            events=rate.events - slope * of_all.events,
        )

    def _slope(self, kind: Kind, chosen: Bools, everybody: Bools) -> float:
        """By how much the rate moves with all people's FPIR."""
        rates = [_mean(self.shares(kind, each), chosen) for each in self.ends]
        of_all = [_mean(self.shares("fpir", each), everybody) for each in self.ends]
        moved = of_all[1] - of_all[0]
        return (rates[1] - rates[0]) / moved if moved > 0 else 0.0

    def _left_out(self, kind: Kind, chosen: Bools) -> _Moved:
        """At the same threshold."""
        shares = self.shares(kind, self.threshold)
        some = chosen & ~np.isnan(shares)
        number = int(some.sum())
        nothing = np.zeros(self.searches.people)
        if not number:
            return _Moved(rate=np.nan, by_person=nothing, searching=nothing, events=nothing)
        total = float(shares[some].sum())
        # Of one person alone nothing is left.
        searching = np.where(some, (total - shares) / (number - 1) if number > 1 else 0.0, total / number)
        if kind == "fnir":
            return _Moved(rate=total / number, by_person=searching, searching=searching, events=nothing)
        rows = self.alone & some[self.searches.owner]
        found = np.bincount(self.searches.found[rows], self.searches.weights[rows], minlength=self.searches.people)
        by_person = searching - found / np.where(some, max(number - 1, 1), number)
        return _Moved(rate=total / number, by_person=by_person, searching=searching, events=some / number)

    @property
    def alone(self) -> Bools:
        """(N,) searches that return one person alone."""
        found = self.searches
        rows: Bools = (found.best >= self.threshold) & (found.second < self.threshold)
        return rows


def _mean(shares: Floats, chosen: Bools) -> float:
    some = chosen & ~np.isnan(shares)
    return float(shares[some].mean()) if some.any() else 0.0


def _paired(models: tuple[_At, _At], kind: Kind, chosen: Bools) -> Change:
    """The difference of the rate of (P,) some people."""
    both = [each.moved(kind, chosen) for each in models]
    base, other = (each.rate for each in both)
    undefined = bool(np.isnan(base))
    found, people = None, int((chosen & ~np.isnan(models[0].shares(kind, models[0].threshold))).sum())
    if people > 1:
        most = float(most_unseen(np.array(people)))
        found = difference_interval(other - base, _spread_of(both, models, _SIGNS), most)
    return Change(
        base=None if undefined else base,
        other=None if undefined else other,
        difference=None if undefined else other - base,
        people_interval=None if found is None else found[0],
        undefined_draws=0,
        p_value=None if found is None else found[1],
    )


def _spread_of(moved: Sequence[_Moved], models: Sequence[_At], signs: Sequence[int]) -> Spread:
    """Of a sum of rates with these signs.

    What a search that returns one person alone adds to the parts of both is one error, and counts once.
    """
    groups, people = models[0].groups, models[0].searches.people
    parts = _squares(_sum_of([each.by_person for each in moved], signs), groups)
    alone = float(_squares(_sum_of([each.searching for each in moved], signs), groups).sum())
    pairs, weights = [], []
    for each, model, sign in zip(moved, models, signs, strict=True):
        rows = model.alone
        one, two = model.searches.owner[rows], model.searches.found[rows]
        pairs.append(np.minimum(one, two) * people + np.maximum(one, two))
        weights.append(sign * model.searches.weights[rows] * each.events[one])
    code = np.unique(np.concatenate(pairs), return_inverse=True)[1]
    twice = float(np.square(np.bincount(code, np.concatenate(weights))).sum()) if len(code) else 0.0
    return Spread(max(float(parts.sum()) - twice, alone), alone, degrees_of(parts, people))


def _sum_of(values: Sequence[Floats], signs: Sequence[int]) -> Floats:
    """Element by element, with signs."""
    total: Floats = np.sum([sign * each for each, sign in zip(values, signs, strict=True)], axis=0)
    return total


def _squares(values: Floats, groups: Texts) -> Floats:
    """(P,) squares of the distances from the group's mean, as the jackknife scales them."""
    parts = np.zeros(len(values))
    for group in np.unique(groups):
        rows = groups == group
        parts[rows] = np.square(values[rows] - values[rows].mean()) * (rows.sum() - 1) / rows.sum()
    return parts
