"""Thresholds for an FMR, set on people outside the test where there are enough, else on the very people tested."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ethnoshard.evaluation import Roster, ScoreList, threshold_at_fmr, threshold_by_rule
from ethnoshard.results import ChosenOn, Threshold, ThresholdRule, Weighting

Thresholds = dict[float, Threshold | str]
"""FAR -> threshold, or why there is none."""

SAME_PAIRS = "set on the very pairs that are tested, which flatters: give one that was set on other people"
OTHER_PEOPLE = (
    "{what} over all pairs of images of people whom no source puts in one of its groups, {weights}; none of them is in "
    "the test"
)
SAME_PEOPLE = (
    "{what} over all pairs of images of the very people who are tested, which flatters: {outside:,} people are in no "
    "group, too few to set it on; give one that was set on other people"
)
RULES: dict[ThresholdRule, str] = {
    "eer": "where FMR and FNMR are nearest to each other",
    "accuracy": "with the best accuracy on as many pairs of both kinds",
}
_WEIGHTS: dict[Weighting, str] = {"person": "each two people counting alike", "pair": "each pair counting alike"}


class OtherPeople:
    """People whom no source puts in a group, on whom thresholds are set; where they are too few, on those in one.

    Args:
        roster: of both.
        outside: (N,) images of people in no group.
        weighting: of pairs; None for "person".
    """

    def __init__(self, roster: Roster, outside: NDArray[np.bool_], weighting: Weighting | None) -> None:
        self.others, self.tested = roster.select(outside), roster.select(~outside)
        self._weighting = weighting

    def sample(self, fmr: float) -> Roster | None:
        """Those on whom the threshold for an FMR is set; None where they are too few."""
        return next((some for some in (self.others, self.tested) if not too_few(len(some.names), fmr)), None)

    def threshold(self, fmr: float) -> Threshold | str:
        """The one for an FMR, or why there is none."""
        sample = self.sample(fmr)
        if sample is None:
            return (
                f"{len(self.others.names):,} people are in no group by any source, too few to set a threshold for an "
                f"FMR of {fmr:g} on, and so are the {len(self.tested.names):,} who are in one"
            )
        value = threshold_at_fmr(sample, fmr, weighting=self._weighting)
        return self._set(sample, value, f"an FMR of {fmr:g}", fmr)

    def by_rule(self, rule: ThresholdRule) -> Threshold:
        """The one by a rule; of the people outside where there are two, and one of them has two images.

        Raises:
            EthnoshardError: there is no pair of one person, or of two.
        """
        outside = self.others.codes
        enough = len(self.others.names) >= 2 and np.bincount(outside).max(initial=0) >= 2
        sample = self.others if enough else self.tested
        return self._set(sample, threshold_by_rule(sample, rule, weighting=self._weighting), RULES[rule], None)

    def _set(self, people: Roster, value: float, what: str, fmr: float | None) -> Threshold:
        text = OTHER_PEOPLE if people is self.others else SAME_PEOPLE
        text = text.format(what=what, weights=_WEIGHTS[self._weighting or "person"], outside=len(self.others.names))
        return Threshold(
            value=value,
            chosen_on=ChosenOn(text=text, people=len(people.names), images=len(people.codes), fmr_asked=fmr),
        )


def thresholds_of_list(pairs: ScoreList, fars: Sequence[float], weighting: Weighting | None) -> Thresholds:
    """Thresholds for FARs over a list, set on its own pairs, or why there are none."""
    weighting = pairs.weighted(weighting)
    number = pairs.different_pairs(weighting)
    return {
        far: Threshold(
            value=threshold_at_fmr(pairs, far, weighting=weighting),
            chosen_on=ChosenOn(text=SAME_PAIRS, fmr_asked=far),
        )
        if far * number >= 1
        else f"a FAR of {far:g} is less than one of the {number:,.0f} different pairs that a threshold is set on"
        for far in fars
    }


def too_few(people: int, fmr: float) -> bool:
    """Whether less than one pair of so many people is the share ``fmr`` of them all."""
    return fmr * people * (people - 1) / 2 < 1
