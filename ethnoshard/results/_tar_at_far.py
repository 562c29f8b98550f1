"""TAR at a FAR by group: at one threshold for all, and at each group's own."""

from dataclasses import dataclass, field

from ethnoshard.results._estimates import Rate
from ethnoshard.results._threshold import ChosenOn


@dataclass(frozen=True, kw_only=True)
class OwnThreshold:
    """The lowest threshold at which no more than the FAR of a group's own different pairs are accepted.

    It is set on the pairs that are tested, so it flatters.

    Attributes:
        threshold: similarity from which a pair is accepted.
        fmr: share of the group's different pairs accepted.
        tar: share of its same pairs accepted; None of no pair.
    """

    threshold: float
    fmr: float
    tar: float | None


@dataclass(frozen=True, kw_only=True)
class GroupTar:
    """One group at a FAR.

    Attributes:
        tar: share of same pairs accepted at the threshold for all; None of no pair.
        fnmr: share refused there, with what it rests on.
        fmr: share of different pairs accepted there.
        deviation: FMR there over the FAR, less 1: BFW's percent difference from the intended FMR (Robinson et al. 2020)
            as a share; None where there are too few pairs.
        own: at the group's own threshold; None where there are too few pairs.
        expected: different pairs within the group times the FAR; weighted by person, pairs of people. Below 1 there are
            too few.
    """

    tar: float | None
    fnmr: Rate
    fmr: Rate
    deviation: float | None
    own: OwnThreshold | None
    expected: float


@dataclass(frozen=True, kw_only=True)
class TarAtFar:
    """All groups at a FAR.

    Attributes:
        far: share of different pairs that the threshold for all was to accept where it was set.
        threshold: the one for all; None where there was nothing to set it on.
        chosen_on: what it was set on; None where it wasn't.
        reason: why not.
        by_group: group -> its rates; empty where there is no threshold.
    """

    far: float
    threshold: float | None
    chosen_on: ChosenOn | None
    reason: str | None = None
    by_group: dict[str, GroupTar] = field(default_factory=dict)
