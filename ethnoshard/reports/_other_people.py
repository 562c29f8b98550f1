"""Thresholds for an FMR, set on people outside the test where there are enough, else on the very people tested."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ethnoshard.evaluation import Roster, ScoreList, threshold_at_fmr
from ethnoshard.results import ChosenOn, Threshold

Thresholds = dict[float, Threshold | str]
"""FAR -> threshold, or why there is none."""

SAME_PAIRS = "set on the very pairs that are tested, which flatters: give one that was set on other people"
OTHER_PEOPLE = (
    "an FMR of {fmr:g} over all pairs of images of people whom no source puts in one of its groups, each two people "
    "counting alike; none of them is in the test"
)
SAME_PEOPLE = (
    "an FMR of {fmr:g} over all pairs of images of the very people who are tested, which flatters: {outside:,} people "
    "are in no group, too few to set it on; give one that was set on other people"
)


class OtherPeople:
    """People whom no source puts in a group, on whom thresholds are set; where they are too few, on those in one.

    Args:
        roster: of both.
        outside: (N,) images of people in no group.
    """

    def __init__(self, roster: Roster, outside: NDArray[np.bool_]) -> None:
        self.others, self.tested = roster.select(outside), roster.select(~outside)

    def sample(self, fmr: float) -> Roster | None:
        """Those on whom the threshold for an FMR is set; None where they are too few."""
        return next((some for some in (self.others, self.tested) if not too_few(len(some.names), fmr)), None)

    def threshold(self, fmr: float) -> Threshold | str:
        """The one for an FMR, or why there is none."""
        number = len(self.others.names)
        if not too_few(number, fmr):
            return self._set(self.others, fmr, OTHER_PEOPLE.format(fmr=fmr))
        people = len(self.tested.names)
        # Nobody, or hardly anybody, is outside: as a table that gives everybody a group leaves it.
        if not too_few(people, fmr):
            return self._set(self.tested, fmr, SAME_PEOPLE.format(fmr=fmr, outside=number))
        return (
            f"{number:,} people are in no group by any source, too few to set a threshold for an FMR of {fmr:g} on, "
            f"and so are the {people:,} who are in one"
        )

    def _set(self, people: Roster, fmr: float, text: str) -> Threshold:
        return Threshold(
            value=threshold_at_fmr(people, fmr),
            chosen_on=ChosenOn(text=text, people=len(people.names), images=len(people.codes), fmr_asked=fmr),
        )


def thresholds_of_list(pairs: ScoreList, fars: Sequence[float]) -> Thresholds:
    """Thresholds for FARs over a list, set on its own pairs, or why there are none."""
    weighting = pairs.weighted(None)
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
