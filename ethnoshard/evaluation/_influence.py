"""How far a rate of pairs may be off: the part that each person has in its error, and intervals from it.

A rate of different-person pairs is a mean over pairs of people, and pairs that share a person err together. Its
variance is therefore the sum of the squares of everybody's part, less what is so counted twice (Fafchamps and Gubert
2007, "The formation of risk sharing networks", section 3.3; Aronow, Samii and Assenova 2015): for people i and j with
the residual e,

    V = (sum_i (sum_j e_ij)^2 - sum_{i<j} e_ij^2) / N^2,

with the correction of the jackknife for few people.

To draw people with replacement, and let two count w times w', gives the second term a weight of 3 instead of 1, and
intervals up to sqrt(3) times too wide; to take pairs for independent leaves out the first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import Tally, Weighting, partners
from ethnoshard.results import LEVEL, Interval, RateInterval

_ROUNDING = 1e-6
_LEAST_ERROR = 1e-12
"""Standard error of a difference of rates below which it is of sums' rounding."""


class Spread(NamedTuple):
    """The variance of an estimate, and how well it is known itself.

    Attributes:
        variance: of the estimate, at least ``independent``; NaN where there is no pair.
        independent: what it would be if no two pairs of people shared a person.
        df: degrees of freedom of the variance: as many as people have a part in it, fewer where a few have most of it.
    """

    variance: float
    independent: float
    df: float

    def with_variance(self, more: float) -> "Spread":
        """With what another error adds to the variance, or takes away; 0 where rounding is all that is left of it."""
        variance = self.variance + more
        return Spread(variance if variance > _ROUNDING * self.variance else 0.0, self.independent, self.df)


class Part(NamedTuple):
    """How much each rate counts in an estimate that is a sum of rates.

    Attributes:
        fmr: (G, G) symmetric; of every two groups, and of each with itself.
        fnmr: (G,) of each group.
    """

    fmr: Floats
    fnmr: Floats

    def scaled(self, factor: float) -> "Part":
        """Times a number."""
        return Part(self.fmr * factor, self.fnmr * factor)

    def plus(self, other: "Part") -> "Part":
        """The sum of two estimates."""
        return Part(self.fmr + other.fmr, self.fnmr + other.fnmr)


@dataclass(frozen=True, kw_only=True, eq=False)
class Influence:
    """Rates by group, and everybody's part in their errors.

    Attributes:
        fmr: (G, G) share of different-person pairs accepted, NaN where there is none; symmetric.
        fnmr: (G,) share of same-person pairs refused.
        fmr_weights: (G, G) sum of the weights of pairs of people.
        fnmr_weights: (G,) sum of the weights of people.
        fmr_units: (G, G) pairs of people.
        fnmr_units: (G,) people with a same-person pair.
        rows: (P, G) sum of the weighted residuals of each person with the people of each group.
        squares: (G, G) sum of the squares of the residuals, symmetric.
        own: (P,) weighted residual of each person's same-person pairs.
        paired: (P,) whether the person has such a pair.
        group: (P,) number of each person's group.
    """

    fmr: Floats
    fnmr: Floats
    fmr_weights: Floats
    fnmr_weights: Floats
    fmr_units: Floats
    fnmr_units: Floats
    rows: Floats
    squares: Floats
    own: Floats
    paired: Bools
    group: Whole

    @classmethod
    def of(cls, tally: Tally, weighting: Weighting) -> "Influence":
        """From the counts.

        Args:
            tally: errors may be differences of two models' errors, and then rates are differences of rates.
            weighting: "person", where each two people's pairs count alike, and each person's, or "pair".
        """
        groups, blocks = len(tally.groups), tally.blocks
        people = len(tally.people)
        by_person = weighting == "person"
        rates, weights, units, squares = np.full((4, groups, groups), np.nan)
        rows = np.zeros((people, groups))
        errors = _weighted(tally, by_person=by_person)
        for i, left in enumerate(blocks):
            for j, right in enumerate(blocks[i:], start=i):
                block = _block(tally, errors, left, right, by_person=by_person)
                rates[i, j] = rates[j, i] = block.rate
                weights[i, j] = weights[j, i] = block.weight
                units[i, j] = units[j, i] = block.units
                squares[i, j] = squares[j, i] = block.squares
                rows[left, j] += block.left
                rows[right, i] += block.right
        pairs = tally.genuine_pairs.astype(np.float64)
        own_weights = (pairs > 0).astype(np.float64) if by_person else pairs
        own_errors = tally.genuine_errors.astype(np.float64)
        own_errors = own_errors / np.maximum(pairs, 1) if by_person else own_errors
        fnmr, fnmr_weights, fnmr_units = np.zeros((3, groups))
        own = np.zeros(people)
        for index, block_ in enumerate(blocks):
            weight = own_weights[block_].sum()
            fnmr_weights[index], fnmr_units[index] = weight, np.count_nonzero(pairs[block_])
            fnmr[index] = own_errors[block_].sum() / weight if weight else np.nan
            if weight:
                residual = own_errors[block_] - fnmr[index] * own_weights[block_]
                own[block_] = residual * math.sqrt(fnmr_units[index] / max(fnmr_units[index] - 1, 1))
        return cls(
            fmr=rates,
            fnmr=fnmr,
            fmr_weights=weights,
            fnmr_weights=fnmr_weights,
            fmr_units=units,
            fnmr_units=fnmr_units,
            rows=rows,
            squares=squares,
            own=own,
            paired=pairs > 0,
            group=np.repeat(np.arange(groups), tally.sizes).astype(np.int64),
        )

    def of_group(self, index: int, *, fmr: float = 0, fnmr: float = 0) -> Part:
        """So much of a group's FMR, and so much of its FNMR."""
        part = self._nothing()
        part.fmr[index, index], part.fnmr[index] = fmr, fnmr
        return part

    def of_two(self, one: int, other: int) -> Part:
        """FMR of two groups, or of one with itself."""
        part = self._nothing()
        part.fmr[one, other] = part.fmr[other, one] = 1
        return part

    def of_all(self, *, fmr: float = 0, fnmr: float = 0) -> Part:
        """So much of the FMR of all pairs together, and so much of their FNMR."""
        upper = np.triu(self.fmr_weights)
        total, own = upper.sum(), self.fnmr_weights.sum()
        return Part(
            fmr * self.fmr_weights / total if total else np.full_like(upper, np.nan),
            fnmr * self.fnmr_weights / own if own else np.full_like(self.fnmr_weights, np.nan),
        )

    def value(self, part: Part) -> float:
        """The estimate itself; NaN where a rate in it is undefined."""
        upper = np.triu(np.where(part.fmr == 0, 0, part.fmr * self.fmr)).sum()
        return float(upper + np.where(part.fnmr == 0, 0, part.fnmr * self.fnmr).sum())

    def most_unseen(self, part: Part) -> float:
        """What the rates in an estimate add up to at most where no error was seen; NaN where one is undefined."""
        parts = (np.abs(np.triu(part.fmr)), self.fmr_units), (np.abs(part.fnmr), self.fnmr_units)
        return float(sum(np.where(share == 0, 0, share * most_unseen(units)).sum() for share, units in parts))

    def _nothing(self) -> Part:
        return Part(np.zeros_like(self.fmr), np.zeros_like(self.fnmr))


def spread(terms: Sequence[tuple[Influence, Part]], cross: Floats | None = None) -> Spread:
    """How far a sum of rates may be off.

    The part of the variance that comes from people is an unbiased estimate of a small number, which may come out below
    0; it counts as 0 then.

    Args:
        terms: of one model, or of two with the same people and pairs.
        cross: (G, G) sums of products of the two models' residuals; None of one model.
    """
    people = len(terms[0][0].group)
    apart, own = np.zeros((2, people))
    involved = np.zeros(people, np.bool_)
    for influence, part in terms:
        fmr, fnmr = _over(part.fmr, influence.fmr_weights), _over(part.fnmr, influence.fnmr_weights)
        apart = apart + (fmr[influence.group] * influence.rows).sum(axis=1)
        own = own + fnmr[influence.group] * influence.own
        involved |= (part.fmr[influence.group] != 0).any(axis=1)
        involved |= (part.fnmr[influence.group] != 0) & influence.paired
    number = int(involved.sum())
    # What two people's pairs add to the squares of both is one error and counts once.
    pairs = sum(float(np.triu(_over(part.fmr, one.fmr_weights) ** 2 * one.squares).sum()) for one, part in terms)
    if cross is not None:
        (one, first), (two, second) = terms
        both = _over(first.fmr, one.fmr_weights) * _over(second.fmr, two.fmr_weights) * cross
        pairs += 2 * float(np.triu(both).sum())
    shared = (float(np.square(apart).sum()) - 2 * pairs) * number * (number - 1) / max(number - 2, 1) ** 2
    alone = pairs + float(np.square(own).sum())
    variance = max(alone, alone + max(shared, 0.0) + 2 * float((apart * own).sum()))
    return Spread(variance, alone, degrees_of(np.square(apart + own), number))


def crossed(base: Influence, other: Influence, difference: Influence) -> Floats:
    """(G, G) sums of products of two models' residuals, from those of each and of their difference."""
    products: Floats = (base.squares + other.squares - difference.squares) / 2
    return products


def rate_interval(rate: float, spread: Spread, units: float, level: float = LEVEL) -> RateInterval | None:
    """The interval of a rate: on the logarithm of its odds, with Student's t for the variance's own uncertainty.

    Without an error, or with nothing else, it is that of Clopper and Pearson (1934) for as many independent trials as
    there are people, or pairs of people.

    Args:
        rate: 0 to 1; NaN for none.
        spread: of the rate.
        units: people, or pairs of people, that it rests on.
        level: share of such intervals that hold the true rate.
    """
    from scipy.stats import t

    if math.isnan(rate) or units < 1:
        return None
    tail = (1 - level) / 2
    if rate <= 0:
        return RateInterval(0.0, 1 - tail ** (1 / units))
    if rate >= 1:
        return RateInterval(tail ** (1 / units), 1.0)
    if not spread.variance:
        # The threshold was set so that it is what it is: there is nothing to be uncertain of.
        return None
    half = float(t.ppf(1 - tail, spread.df)) * math.sqrt(spread.variance) / (rate * (1 - rate))
    centre = math.log(rate / (1 - rate))
    return RateInterval(_odds(centre - half), _odds(centre + half))


def difference_interval(
    difference: float, spread: Spread, most: float, level: float = LEVEL
) -> tuple[Interval, float] | None:
    """The interval of a difference by Student's t, and the p-value of its being 0.

    Where the two models don't differ on anybody, what bounds the true difference is how often they may differ at all:
    see :func:`most_unseen`. A difference that can't vary otherwise, as that of rates which thresholds were set for, has
    no interval.

    Args:
        difference: of two models' rates on the same people; NaN for none.
        spread: of the difference.
        most: the true difference at most, were none seen; NaN for what isn't known.
        level: share of such intervals that hold the true difference.
    """
    from scipy.stats import t

    if math.isnan(difference) or math.isnan(spread.variance):
        return None
    error = math.sqrt(spread.variance)
    if error <= max(_LEAST_ERROR, _ROUNDING * abs(difference)):
        return None if difference or math.isnan(most) else (Interval(-most, most), 1.0)
    half = float(t.ppf((1 + level) / 2, spread.df)) * error
    p_value = 1.0 if difference == 0 else float(2 * t.sf(abs(difference) / error, spread.df))
    return Interval(difference - half, difference + half), p_value


def most_unseen(units: Floats, level: float = LEVEL) -> Floats:
    """The share of something that was seen in none of so many independent trials, at most (Clopper and Pearson 1934).

    Args:
        units: people, or pairs of people.
        level: share of such bounds, with those below, that hold.
    """
    found: Floats = np.where(units < 1, np.nan, 1 - ((1 - level) / 2) ** (1 / np.maximum(units, 1)))
    return found


def enlargement(df: Floats, level: float = LEVEL) -> Floats:
    """By how much variances of so many degrees of freedom are enlarged, for intervals of the normal law to hold."""
    from scipy.stats import norm, t

    tail = (1 + level) / 2
    quantiles: Floats = np.asarray(t.ppf(tail, np.maximum(df, 1)), np.float64)
    factor: Floats = (quantiles / float(norm.ppf(tail))) ** 2
    return factor


class _Block(NamedTuple):
    """Pairs of two groups' people: their rate, and residuals."""

    rate: float
    weight: float
    units: float
    squares: float
    left: Floats
    right: Floats


def _block(tally: Tally, errors: csr_array, left: slice, right: slice, *, by_person: bool) -> _Block:
    found = csr_array(errors[left, right])
    within = left == right
    if tally.impostor_pairs is None:
        size = np.ones(len(tally.images)) if by_person else tally.images.astype(np.float64)
        one, other = partners(tally, left, right, size), partners(tally, right, left, size)
        ones = np.ones(len(size))
        crowd = partners(tally, left, right, ones)
        square = float((size[left] ** 2 * partners(tally, left, right, size**2)).sum())
        half = 2 if within else 1
        weight, units, square = float((one * size[left]).sum()) / half, float(crowd.sum()) / half, square / half
        # An error's weight: of people 1, of pairs the product of both numbers of images.
        coo = found.tocoo()
        product = float((coo.data * size[left][coo.row] * size[right][coo.col]).sum())
        sums = one * size[left], other * size[right]
    else:
        listed = csr_array(tally.impostor_pairs[left, right]).astype(np.float64)
        if by_person:
            listed = csr_array((np.ones(listed.nnz), listed.indices, listed.indptr), shape=listed.shape)
        weight, units, square = float(listed.sum()), float(listed.nnz), float((listed.data**2).sum())
        product = float(found.multiply(listed).sum())
        sums = _sum(listed, 1), _sum(listed, 0)
        if within:
            sums = (sums[0] + sums[1],) * 2
    nothing = np.zeros(left.stop - left.start), np.zeros(right.stop - right.start)
    if not weight:
        return _Block(math.nan, 0, 0, 0, *nothing)
    rate = float(found.sum()) / weight
    squares = float((found.data**2).sum()) - 2 * rate * product + rate**2 * square
    rows, columns = _sum(found, 1), _sum(found, 0)
    if within:
        return _Block(rate, weight, units, squares, rows + columns - rate * sums[0], nothing[1])
    return _Block(rate, weight, units, squares, rows - rate * sums[0], columns - rate * sums[1])


def _weighted(tally: Tally, *, by_person: bool) -> csr_array:
    """Errors of every two people; by person as a share of their pairs."""
    errors = tally.impostor_errors.astype(np.float64)
    if not by_person:
        return errors
    if tally.impostor_pairs is not None:
        pairs = tally.impostor_pairs.astype(np.float64)
        shares = csr_array((1 / pairs.data, pairs.indices, pairs.indptr), shape=pairs.shape)
        return csr_array(errors.multiply(shares))
    coo = errors.tocoo()
    shared = coo.data / (tally.images[coo.row] * tally.images[coo.col])
    return csr_array((shared, (coo.row, coo.col)), shape=errors.shape)


def degrees_of(squares: Floats, people: int) -> float:
    """Satterthwaite's, with the fourth moment as it is measured; one at least."""
    total = float(squares.sum())
    if not total:
        return max(1.0, people - 1.0)
    unequal = float(np.square(squares).sum()) / total**2 - 1 / max(people, 1)
    return float(max(1.0, min(people - 1.0, 2 / max(unequal, 1e-12))))


def _over(part: Floats, weights: Floats) -> Floats:
    """What counts nothing may be undefined."""
    result: Floats = np.where(part == 0, 0, part / np.where(weights == 0, np.nan, weights))
    return result


def _sum(matrix: csr_array, axis: int) -> Floats:
    total: Floats = np.asarray(matrix.sum(axis=axis), np.float64).ravel()
    return total


def _odds(logarithm: float) -> float:
    return 1 / (1 + math.exp(-logarithm)) if logarithm > -700 else 0.0
