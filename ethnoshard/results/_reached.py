"""Whether a VAL can be told: its threshold has to reach the FAR that was asked for, or there is nothing to tell."""

from collections.abc import Sequence
from typing import NamedTuple

from ethnoshard._wilson import wilson

CHANCE = 1 - 1e-6
"""Level of the interval within which a FAR counts as the one asked for. So wide, 4.9 standard errors, since pairs share
people and folds differ: their spread is a multiple of that of independent pairs."""

_ROUNDING = 1e-9


class Accepted(NamedTuple):
    """Different pairs that a threshold accepts.

    Attributes:
        events: so many.
        pairs: of how many.
        next: what the next higher threshold accepts at least: one pair more, and all that are as far apart as that one.
    """

    events: int
    pairs: int
    next: int


def explained_by_chance(events: int, pairs: int, far: float) -> bool:
    """Whether ``pairs`` of which a share ``far`` is accepted in the long run may give this count.

    So if Wilson's interval (1927) at the level ``CHANCE`` holds ``far``. On LFW's 3,000 different pairs and for a FAR
    of 0.001 these are 0 to 11 pairs, a share of up to 0.0037; published results reach 0.0010 to 0.0017.
    """
    low, high = wilson(events, pairs, level=CHANCE)
    return low <= far <= high


def why_no_val(far: float, trained: Sequence[Accepted], tested: tuple[int, int], val: float) -> str | None:
    """Why the share of same pairs accepted is no VAL at this FAR; None where it is one.

    It isn't where

    * a FAR was asked for that is less than one of the pairs that thresholds are set on: any threshold that accepts a
      single different pair exceeds it, and one that accepts none says nothing of it;
    * on these pairs the threshold, or the next higher one, misses it by more than chance explains: so many pairs are
      equally far apart that none comes nearer;
    * on the pairs of the test it is missed by more than chance explains: thresholds of the other folds don't hold here.

    Where less is reached than was asked for, and all same pairs are accepted all the same, VAL is 1 at any higher FAR.

    Args:
        far: asked for.
        trained: of each fold, what its threshold accepts of the different pairs that it was set on.
        tested: different pairs of the test that were accepted, and how many there are.
        val: share of same pairs accepted.
    """
    fewest = min(each.pairs for each in trained)
    if far * fewest < 1 - _ROUNDING:
        return f"a FAR of {far:g} is less than one of the {fewest:,} different pairs that a threshold is set on"
    for events, pairs, following in trained:
        if val == 1 and events < far * pairs:
            continue
        reached = explained_by_chance(events, pairs, far)
        if not reached or (following > events + 1 and not explained_by_chance(following, pairs, far)):
            return (
                f"no threshold reaches a FAR of {far:g}: one accepts {events:,} of {pairs:,} different pairs, the next "
                f"{following:,}, since so many are equally far apart"
            )
    events, pairs = tested
    if not explained_by_chance(events, pairs, far) and not (val == 1 and events < far * pairs):
        return far_reached(far, events, pairs)
    return None


def why_no_val_of_before(far: float, events: int, pairs: int, folds: int, val: float) -> str | None:
    """Why there is no VAL, by results that don't say what their thresholds accepted of the pairs that they were set on.

    Args:
        far: asked for.
        events: different pairs of the test that were accepted.
        pairs: of how many.
        folds: that these are in.
        val: share of same pairs accepted.
    """
    number = pairs if folds == 1 else round(pairs * (folds - 1) / folds)
    asked = round(far * number)
    return why_no_val(far, [Accepted(asked, number, asked + 1)], (events, pairs), val)


def far_reached(far: float, events: int, pairs: int) -> str:
    """That another FAR was reached than the one asked for, in words."""
    return (
        f"the FAR reached is {events / pairs:.4g} ({events:,} of {pairs:,} different pairs), not the {far:g} asked for"
    )
