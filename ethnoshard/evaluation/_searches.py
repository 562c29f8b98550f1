"""Searches of a gallery of one image a person: what each image finds there."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._roster import Roster
from ethnoshard.results import Arrays, NamedArrays

_CELLS = 4_000_000
"""Similarities held at once, 16 MB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searches:
    """What N images of P people find in the gallery.

    Attributes:
        owner: (N,) whose each image is.
        mated: (N,) whether it is a mated search: all but the gallery's own images.
        mate: (N,) similarity to the own person's image in the gallery.
        best: (N,) to the nearest of the others.
        found: (N,) who that is.
        second: (N,) to the next of them.
        people: P.
    """

    owner: Whole
    mated: Bools
    mate: Floats
    best: Floats
    found: Whole
    second: Floats
    people: int

    @classmethod
    def of(cls, roster: Roster, seed: int) -> "Searches":
        """Search for every image; memory holds a block of the similarities.

        Args:
            roster: the images.
            seed: of the gallery.
        """
        owner, people = roster.codes, len(roster.names)
        shuffled = np.random.default_rng(seed).permutation(len(owner))
        gallery = shuffled[np.unique(owner[shuffled], return_index=True)[1]]
        mate, best, second = np.empty((3, len(owner)))
        found = np.empty(len(owner), np.int64)
        step = max(1, _CELLS // people)
        for begin in range(0, len(owner), step):
            rows = slice(begin, begin + step)
            own = owner[rows]
            each = np.arange(len(own))
            similarity = roster.unit[rows] @ roster.unit[gallery].T
            mate[rows] = similarity[each, own]
            kind = roster.matched[own][:, None]
            similarity[(kind >= 0) & (roster.matched >= 0) & (kind != roster.matched)] = -np.inf
            similarity[each, own] = -np.inf
            found[rows] = similarity.argmax(axis=1)
            best[rows] = similarity[each, found[rows]]
            similarity[each, found[rows]] = -np.inf
            second[rows] = similarity.max(axis=1)
        mated = np.ones(len(owner), np.bool_)
        mated[gallery] = False
        return cls(owner=owner, mated=mated, mate=mate, best=best, found=found, second=second, people=people)

    @property
    def weights(self) -> Floats:
        """(N,) of each search, so that a person's are 1 together."""
        found: Floats = 1 / np.bincount(self.owner, minlength=self.people)[self.owner]
        return found

    def shares(self, events: Bools, rows: Bools) -> Floats:
        """(P,) share of each person's searches with an event; NaN of people without any search.

        Args:
            events: (N,) in which searches it happened.
            rows: (N,) which searches count.
        """
        number = np.bincount(self.owner, rows, minlength=self.people)
        happened = np.bincount(self.owner, events & rows, minlength=self.people)
        found: Floats = np.divide(happened, number, out=np.full(self.people, np.nan), where=number > 0)
        return found

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``."""
        return {
            "owner": self.owner.astype(np.int32),
            "mated": self.mated,
            "found": self.found.astype(np.int32),
            "mate": self.mate,
            "best": self.best,
            "second": self.second,
        }

    @classmethod
    def of_arrays(cls, arrays: NamedArrays, people: int) -> "Searches":
        """From what ``arrays`` gave.

        Args:
            arrays: of a file.
            people: P, who are in the gallery.

        Raises:
            EthnoshardError: one is missing, of another type or shape, or names a person who isn't one of P.
        """
        return cls(
            owner=arrays.indices("owner", people, "N"),
            mated=arrays.bools("mated", "N"),
            mate=arrays.floats("mate", "N"),
            best=arrays.floats("best", "N"),
            found=arrays.indices("found", people, "N"),
            second=arrays.floats("second", "N"),
            people=people,
        )
