"""Arrays of a report, each checked when it is read: type, shape, and the file it is missing from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError

Arrays = dict[str, NDArray[np.generic]]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]

CLUSTERINGS = ("dbscan", "dbscan_best", "kmeans", "som")
"""Clusterings that a map of a few people's images may have, in the order in which they are listed."""


class NamedArrays:
    """The arrays of one file, with checks of their types and shapes.

    An axis is a number, its length, or a letter: arrays with the same letter must have the same length there.

    >>> found = NamedArrays({"distance": np.zeros(3), "same": np.zeros(2, bool)}, "scores.npz")
    >>> found.floats("distance", "N")
    array([0., 0., 0.])
    >>> found.bools("same", "N")
    Traceback (most recent call last):
    ethnoshard.errors.EthnoshardError: scores.npz is damaged: same must have shape (3), got (2); make the report again

    Args:
        arrays: name -> array.
        where: the file, for messages.
        prefix: what comes before each name in the file.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]], where: object, *, prefix: str = "") -> None:
        self._arrays, self._where, self._prefix = arrays, where, prefix
        self._lengths: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        """Whether there is such an array."""
        return self._prefix + name in self._arrays

    def beneath(self, prefix: str) -> "NamedArrays":
        """The same file's arrays whose names begin with ``prefix``, to be named without it."""
        return NamedArrays(self._arrays, self._where, prefix=self._prefix + prefix)

    def floats(self, name: str, *axes: str | int) -> Floats:
        """An array of float64.

        Raises:
            EthnoshardError: it is missing, or of another type or shape.
        """
        return self._checked(name, "f", "decimal numbers", axes).astype(np.float64, copy=False)

    def whole(self, name: str, *axes: str | int) -> Whole:
        """An array of int64.

        Raises:
            EthnoshardError: it is missing, or of another type or shape.
        """
        return self._checked(name, "iu", "whole numbers", axes).astype(np.int64, copy=False)

    def indices(self, name: str, number: int, axis: str) -> Whole:
        """An array of int64 that name one of ``number`` things each, from 0.

        Raises:
            EthnoshardError: it is missing, of another type or shape, or names something else.
        """
        found = self.whole(name, axis)
        if len(found) and not 0 <= found.min() <= found.max() < number:
            named = f"{self._prefix}{name} must hold numbers from 0 to {number - 1:,}"
            raise self._damaged(f"{named}, got {found.min():,} to {found.max():,}")
        return found

    def bools(self, name: str, *axes: str | int) -> Bools:
        """An array of bool.

        Raises:
            EthnoshardError: it is missing, or of another type or shape.
        """
        return self._checked(name, "b", "True and False", axes).astype(np.bool_, copy=False)

    def texts(self, name: str, *axes: str | int) -> Texts:
        """An array of text.

        Raises:
            EthnoshardError: it is missing, or of another type or shape.
        """
        return self._checked(name, "U", "text", axes).astype(np.str_, copy=False)

    def both(self, first: str, second: str, axis: str) -> tuple[Texts, Texts] | None:
        """Two arrays of text of one length; None where neither is there.

        Raises:
            EthnoshardError: one is missing, or they are of another type or shape.
        """
        if first not in self and second not in self:
            return None
        return self.texts(first, axis), self.texts(second, axis)

    def _checked(self, name: str, kinds: str, content: str, axes: tuple[str | int, ...]) -> NDArray[np.generic]:
        full = self._prefix + name
        if full not in self._arrays:
            raise self._damaged(f"{full} is missing")
        array = self._arrays[full]
        if array.dtype.kind not in kinds:
            raise self._damaged(f"{full} must hold {content}, got {array.dtype}")
        expected = [axis if isinstance(axis, int) else self._lengths.get(axis, axis) for axis in axes]
        fits = array.ndim == len(axes) and all(
            isinstance(one, str) or one == length for one, length in zip(expected, array.shape, strict=True)
        )
        if not fits:
            shape, actual = ", ".join(map(str, expected)), ", ".join(map(str, array.shape))
            raise self._damaged(f"{full} must have shape ({shape}), got ({actual})")
        for axis, length in zip(axes, array.shape, strict=True):
            if isinstance(axis, str) and self._lengths.setdefault(axis, length) != length:
                raise self._damaged(f"{full} must have equal lengths along {axis}, got {array.shape}")
        return array

    def _damaged(self, reason: str) -> EthnoshardError:
        return EthnoshardError(f"{self._where} is damaged: {reason}; make the report again")


@dataclass(frozen=True, kw_only=True, eq=False)
class PairScores:
    """Distances of N pairs with all that is needed to measure them again; ``scores.npz``.

    Attributes:
        distance: (N,) float64, of each pair as its own fold sees it; the negative of a score.
        same: (N,) bool, whether both images show one person.
        fold: (N,) int64, from 0; None of pairs without folds.
        images: (N,) and (N,) names of the images; None of scores.
        people: (N,) and (N,) identities of the images; None where not known.
        groups: (N,) and (N,) groups of these people, by the list itself; None where it gives none.
    """

    distance: Floats
    same: Bools
    fold: Whole | None = None
    images: tuple[Texts, Texts] | None = None
    people: tuple[Texts, Texts] | None = None
    groups: tuple[Texts, Texts] | None = None

    def arrays(self) -> Arrays:
        """Name -> array, without what is not known; the inverse of ``of_arrays``."""
        found: Arrays = {"distance": self.distance}
        found |= _pair("first", "second", self.images)
        found["same"] = self.same
        if self.fold is not None:
            found["fold"] = self.fold
        return (
            found
            | _pair("first_person", "second_person", self.people)
            | _pair("first_group", "second_group", self.groups)
        )

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "PairScores":
        """From the arrays of a report.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        return cls(
            distance=arrays.floats("distance", "N"),
            same=arrays.bools("same", "N"),
            fold=arrays.whole("fold", "N") if "fold" in arrays else None,
            images=arrays.both("first", "second", "N"),
            people=arrays.both("first_person", "second_person", "N"),
            groups=arrays.both("first_group", "second_group", "N"),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PicturePoints:
    """The map of a few people's M images; ``picture.npz``.

    Attributes:
        keys: (M,) names of the images.
        people: (M,) identity of each image.
        coordinates: dimensions, 2 or 3 -> (M, dimensions) float64 by t-SNE.
        clusters: one of ``CLUSTERINGS`` -> (M,) int64, the cluster of each image; -1 for none.
    """

    keys: Texts
    people: Texts
    coordinates: dict[int, Floats]
    clusters: dict[str, Whole] = field(default_factory=dict)

    def arrays(self) -> Arrays:
        """Name -> array; the inverse of ``of_arrays``."""
        found: Arrays = {"keys": self.keys, "people": self.people}
        found |= {f"places_{dimensions}d": xy for dimensions, xy in self.coordinates.items()}
        return found | self.clusters

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "PicturePoints":
        """From the arrays of a report, which has two or three dimensions or both.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        known = [dimensions for dimensions in (2, 3) if f"places_{dimensions}d" in arrays] or [2]
        return cls(
            keys=arrays.texts("keys", "M"),
            people=arrays.texts("people", "M"),
            coordinates={number: arrays.floats(f"places_{number}d", "M", number) for number in known},
            clusters={name: arrays.whole(name, "M") for name in CLUSTERINGS if name in arrays},
        )


def _pair(first: str, second: str, values: tuple[Texts, Texts] | None) -> Arrays:
    return {} if values is None else {first: values[0], second: values[1]}
