"""The counts behind errors by group at one threshold, and how sure that threshold is: all that a comparison needs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from ethnoshard.evaluation._checks import Bools, Floats
from ethnoshard.evaluation._counts import Tally, TestedPairs, Weighting, weighting_of
from ethnoshard.evaluation._influence import Influence, Part, Spread, spread
from ethnoshard.evaluation._thresholds import threshold_at_fmr
from ethnoshard.results import Arrays, NamedArrays


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenThreshold:
    """A threshold that was set for an FMR on a sample of people, who might as well have been others.

    Attributes:
        value: similarity from which a pair is accepted.
        low: where the sample would have put it if its FMR were one standard error less.
        high: where, if it were one standard error more.
        sample: the sample's counts at ``low``, ``value`` and ``high``; None where it is the tested people themselves.
    """

    value: float
    low: float
    high: float
    sample: tuple[Tally, Tally, Tally] | None

    @property
    def thresholds(self) -> tuple[float, ...]:
        """All three, rising, each once."""
        return tuple(sorted({self.low, self.value, self.high}))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivity:
    """How errors by group follow the FMR of the sample on which the threshold was set.

    Attributes:
        fmr: (G, G) rise of the FMR of every two groups for a rise of the sample's by 1.
        fnmr: (G,) rise of each group's FNMR, negative.
        sample: the sample's counts at the threshold; None where it is the tested people themselves.
    """

    fmr: Floats
    fnmr: Floats
    sample: Tally | None

    def of(self, part: Part) -> float:
        """The rise of an estimate."""
        return float(np.triu(part.fmr * self.fmr).sum() + (part.fnmr * self.fnmr).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupTally:
    """Counts at one threshold, with the settings that two models must share to be compared.

    Attributes:
        tally: the counts.
        weighting: "person" or "pair".
        alpha: weight of FMR against FNMR in the metrics.
        compared: (G,) groups with people and pairs enough to enter the metrics.
        sensitivity: to the sample on which the threshold was set; None where it was given.
    """

    tally: Tally
    weighting: Weighting
    alpha: float
    compared: Bools
    sensitivity: Sensitivity | None = None

    def influence(self) -> Influence:
        """Rates, and everybody's part in their errors."""
        return Influence.of(self.tally, self.weighting)

    def sample_influence(self) -> Influence | None:
        """Of the sample outside the test on which the threshold was set; None where there is none."""
        sample = None if self.sensitivity is None else self.sensitivity.sample
        return None if sample is None else Influence.of(sample, self.weighting)

    def moved(self, influence: Influence, part: Part) -> Part:
        """An estimate with what it owes to a threshold that was set on the tested people themselves."""
        if self.sensitivity is None or self.sensitivity.sample is not None:
            return part
        return part.plus(influence.of_all(fmr=-self.sensitivity.of(part)))

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle."""
        arrays: Arrays = {
            "weighting": np.asarray(self.weighting),
            "alpha": np.asarray(self.alpha),
            "compared": self.compared,
            **_tally_arrays(self.tally, ""),
        }
        if self.sensitivity is not None:
            arrays |= {"sensitivity_fmr": self.sensitivity.fmr, "sensitivity_fnmr": self.sensitivity.fnmr}
            if self.sensitivity.sample is not None:
                arrays |= _tally_arrays(self.sensitivity.sample, "sample_")
        return arrays

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "GroupTally":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        sensitivity = None
        if "sensitivity_fmr" in arrays:
            sensitivity = Sensitivity(
                fmr=arrays.floats("sensitivity_fmr", "G", "G"),
                fnmr=arrays.floats("sensitivity_fnmr", "G"),
                sample=_tally_of(arrays.beneath("sample_")) if "sample_groups" in arrays else None,
            )
        return cls(
            tally=_tally_of(arrays),
            weighting=weighting_of(str(arrays.texts("weighting"))),
            alpha=float(arrays.floats("alpha")),
            compared=arrays.bools("compared", "G"),
            sensitivity=sensitivity,
        )


def choose_threshold(
    pairs: TestedPairs, fmr: float, *, weighting: Weighting | None = None, tested: bool
) -> ChosenThreshold:
    """The threshold at which a sample of people has an FMR, and how far it may be off.

    Args:
        pairs: of the sample.
        fmr: 0 to 1.
        weighting: "person", "pair", or None for "person" where people are known.
        tested: whether these are the people who are tested.

    Raises:
        EthnoshardError: ``fmr`` is no share, the pairs are of one person only, or weighting by person is asked for
            without people.
    """
    value = threshold_at_fmr(pairs, fmr, weighting=weighting)
    together = pairs.as_one_group()
    (own,) = together.tallies(np.array([value]))
    if not own.known:
        return given_threshold(value)
    influence = Influence.of(own, pairs.weighted(weighting))
    everything = influence.of_all(fmr=1)
    reached = influence.value(everything)
    # Where nothing is accepted, one pair of people more is what it may be off by.
    units = float(np.triu(influence.fmr_units).sum())
    error = np.sqrt(spread([(influence, everything)]).variance) if reached else 1 / units
    # At most by half, so that both ends are on the same slope.
    step = min(error / max(reached, 1 / units), np.log(2))
    low, high = (
        threshold_at_fmr(pairs, min(1.0, max(reached, 1 / units) * np.exp(way * step)), weighting=weighting)
        for way in (1, -1)
    )
    low, high = min(low, value), max(high, value)
    sample = None
    if not tested:
        at = dict(zip(sorted({low, value, high}), together.tallies(np.array(sorted({low, value, high}))), strict=True))
        sample = at[low], at[value], at[high]
    return ChosenThreshold(value=value, low=low, high=high, sample=sample)


def given_threshold(value: float) -> ChosenThreshold:
    """A threshold that is no estimate."""
    return ChosenThreshold(value=value, low=value, high=value, sample=None)


def added_variance(counts: GroupTally, influence: Influence, part: Part, plain: Spread) -> float:
    """What the choice of the threshold adds to an estimate's variance; below 0 where both err together."""
    if counts.sensitivity is None:
        return 0.0
    sample = counts.sample_influence()
    if sample is None:
        return spread([(influence, counts.moved(influence, part))]).variance - plain.variance
    return float(counts.sensitivity.of(part) ** 2 * spread([(sample, sample.of_all(fmr=1))]).variance)


def sensitivity_of(low: Influence, high: Influence, chosen: ChosenThreshold, weighting: Weighting) -> Sensitivity:
    """From the rates at a chosen threshold's lower and upper end.

    Args:
        low: rates of the tested people at ``chosen.low``.
        high: at ``chosen.high``.
        chosen: the threshold.
        weighting: "person" or "pair".
    """
    if chosen.sample is None:
        ends = [each.value(each.of_all(fmr=1)) for each in (low, high)]
    else:
        ends = [
            each.value(each.of_all(fmr=1))
            for each in (Influence.of(tally, weighting) for tally in (chosen.sample[0], chosen.sample[2]))
        ]
    rise = ends[0] - ends[1]
    with np.errstate(invalid="ignore"):
        fmr, fnmr = (
            np.nan_to_num((one - other) / rise) if rise > 0 else np.zeros_like(one)
            for one, other in ((low.fmr, high.fmr), (low.fnmr, high.fnmr))
        )
    return Sensitivity(fmr=fmr, fnmr=fnmr, sample=None if chosen.sample is None else chosen.sample[1])


def difference_of(base: Tally, other: Tally) -> Tally:
    """Counts whose errors are those of ``other`` less those of ``base``, of the same people and pairs."""
    return replace(
        other,
        genuine_errors=other.genuine_errors - base.genuine_errors,
        impostor_errors=csr_array(other.impostor_errors - base.impostor_errors),
    )


def _tally_arrays(tally: Tally, prefix: str) -> Arrays:
    errors = tally.impostor_errors.tocoo()
    arrays: Arrays = {
        "groups": np.array(tally.groups),
        "people": tally.people,
        "known": np.asarray(tally.known),
        "sizes": np.array(tally.sizes, np.int64),
        "genuine_pairs": tally.genuine_pairs,
        "genuine_errors": tally.genuine_errors,
        "errors": np.stack([errors.row, errors.col, errors.data]).astype(np.int64),
        "images": tally.images,
        "matched": tally.matched,
        "threshold": np.asarray(tally.threshold),
    }
    if tally.impostor_pairs is not None:
        pairs = tally.impostor_pairs.tocoo()
        arrays["pairs"] = np.stack([pairs.row, pairs.col, pairs.data]).astype(np.int64)
    return {prefix + name: values for name, values in arrays.items()}


def _tally_of(arrays: NamedArrays) -> Tally:
    people = arrays.texts("people", "P")

    def matrix(triples: NDArray[np.int64]) -> csr_array:
        return coo_array((triples[2], (triples[0], triples[1])), shape=(len(people), len(people))).tocsr()

    return Tally(
        groups=tuple(arrays.texts("groups", "G").tolist()),
        people=people,
        known=bool(arrays.bools("known")),
        sizes=tuple(arrays.whole("sizes", "G").tolist()),
        genuine_pairs=arrays.whole("genuine_pairs", "P"),
        genuine_errors=arrays.whole("genuine_errors", "P"),
        impostor_errors=matrix(arrays.whole("errors", 3, "E")),
        impostor_pairs=matrix(arrays.whole("pairs", 3, "L")) if "pairs" in arrays else None,
        images=arrays.whole("images", "P"),
        matched=arrays.whole("matched", "P"),
        threshold=float(arrays.floats("threshold")),
    )
