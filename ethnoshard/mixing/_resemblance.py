"""Who resembles whom, as a plan needs to know it."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pairs = npt.NDArray[np.int32]

_NOBODY = "nobody"


@dataclass(frozen=True, eq=False)
class Resemblance:
    """Each identity's nearest others, and the pairs that are too near to be two people.

    Attributes:
        nearest: numbers of the identities of its own group that each resembles most, the nearest first, -1 where there
            are fewer, shape (identities, k), int32; may be memory-mapped.
        apart: pairs that are probably one person, who are never sought and kept apart, shape (pairs, 2), int32.
        digest: stands for all of it.
        nearest_of_all: the same, whatever the group; None where that is not known.
    """

    nearest: npt.NDArray[np.int32]
    apart: Pairs = field(default_factory=lambda: np.empty((0, 2), np.int32))
    digest: str = ""
    nearest_of_all: npt.NDArray[np.int32] | None = None

    @classmethod
    def of_nobody(cls, identities: int) -> "Resemblance":
        """A table of so many identities of whom nobody resembles anybody."""
        nobody = np.full((identities, 1), -1, np.int32)
        return cls(nobody, digest=_NOBODY, nearest_of_all=nobody)

    @property
    def knows_nobody(self) -> bool:
        """Whether it is that table: there is none yet."""
        return self.digest == _NOBODY

    def apart_among(self, members: npt.NDArray[np.int32]) -> Pairs:
        """The pairs of whom both are among ``members``, which ascend."""
        if not len(self.apart) or not len(members):
            return np.empty((0, 2), np.int32)
        found = np.minimum(np.searchsorted(members, self.apart), len(members) - 1)
        among: Pairs = self.apart[(members[found] == self.apart).all(axis=1)]
        return among
