"""How a group's similarities lie beside those of all: number, mean, median, spread, and shares of a histogram."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.results._arrays import Arrays, Floats, NamedArrays


@dataclass(frozen=True, kw_only=True)
class Similarities:
    """Similarities of pairs of one kind within a group, or within all groups together.

    Attributes:
        pairs: how many, unweighted.
        mean: weighted as the report's rates; None of no pair.
        median: weighted too; None of no pair.
        std: standard deviation, weighted too; None of no pair.
        shift: mean less that of all groups' pairs together, over the root of the mean of both variances; None of no
            pair, and where nothing varies.
    """

    pairs: int
    mean: float | None
    median: float | None
    std: float | None
    shift: float | None


@dataclass(frozen=True, kw_only=True)
class GroupSimilarities:
    """Similarities of one group's pairs within it, or of all groups' together.

    Attributes:
        same: of pairs of one person.
        different: of pairs of two people.
        d_prime: how far the two lie apart: difference of the means over the root of the mean of both variances; None
            where a kind has no pair, and where nothing varies.
    """

    same: Similarities
    different: Similarities
    d_prime: float | None


@dataclass(frozen=True, kw_only=True)
class ScoreShift:
    """Similarities by group; ISO/IEC 19795-10 asks for shifts in comparison scores.

    Attributes:
        overall: of the pairs within all groups, together.
        by_group: group -> of its own.
    """

    overall: GroupSimilarities
    by_group: dict[str, GroupSimilarities]


@dataclass(frozen=True, kw_only=True, eq=False)
class SimilarityHistograms:
    """Shares of each group's pairs by similarity, in bins that all groups share; in ``groups-SOURCE.npz``.

    Attributes:
        groups: (G) names.
        edges: (B + 1,) rising similarities, from the least to the greatest of all.
        same: (G, B) share of a group's same pairs in each bin, weighted as rates are; NaN of no pair.
        different: (G, B) of its different pairs.
    """

    groups: tuple[str, ...]
    edges: Floats
    same: Floats
    different: Floats

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``."""
        return {
            "groups": np.array(self.groups, np.str_),
            "edges": self.edges,
            "same": self.same,
            "different": self.different,
        }

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "SimilarityHistograms":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        same = arrays.floats("same", "G", "B")
        return cls(
            groups=tuple(arrays.texts("groups", "G").tolist()),
            edges=arrays.floats("edges", same.shape[1] + 1),
            same=same,
            different=arrays.floats("different", "G", "B"),
        )
