"""Embeddings of people who are normally distributed about a common mean, with faults planted by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ethnoshard.lookalikes import PersonModel, Vectors

DIMENSIONS = 24
COMMON = 2.0
"""What each number of every embedding has in common, of people who differ by 1 in each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Faces of people.

    Attributes:
        vectors: (n, D) float32 of length 1.
        owners: (n,) int64, number of the identity that each face is filed under.
        identities: how many these are.
    """

    vectors: Vectors
    owners: NDArray[np.int64]
    identities: int

    def faces(self, identity: int) -> NDArray[np.intp]:
        """Numbers of the faces that are filed under an identity."""
        return np.flatnonzero(self.owners == identity)

    def filed(self, faces: int | NDArray[np.intp], identity: int) -> "People":
        """With some faces under another identity, which may be a new one."""
        owners = self.owners.copy()
        owners[faces] = identity
        return replace(self, owners=owners, identities=max(self.identities, identity + 1))

    def halved(self, *identities: int) -> "People":
        """With every second face of each under a new identity; the new ones are numbered in this order."""
        people = self
        for each in identities:
            people = people.filed(people.faces(each)[::2], people.identities)
        return people

    def only(self, faces: NDArray[np.intp]) -> "People":
        """Some faces, in the order given."""
        return replace(self, vectors=self.vectors[faces], owners=self.owners[faces])

    def model(self) -> tuple[PersonModel, Vectors]:
        """A model that was fitted to these faces, and their coordinates."""
        model = PersonModel.fit(self.vectors, self.owners, self.identities)
        return model, model.coordinates(self.vectors)

    def directions(self) -> Vectors:
        """(n, E) of length 1, by a model that was fitted to these faces."""
        model, coordinates = self.model()
        return model.directions(coordinates)


def normal_people(
    number: int = 150, faces: Sequence[int] = (5, 6, 7, 8), *, noise: float = 0.5, common: float = COMMON, seed: int = 0
) -> People:
    """Draw people.

    Args:
        number: of people.
        faces: of each, in turn.
        noise: deviation of a face from its person in each direction; people differ by 1.
        common: of every embedding.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(number), np.resize(faces, number))
    means = rng.standard_normal((number, DIMENSIONS))
    x = means[owners] + noise * rng.standard_normal((len(owners), DIMENSIONS)) + common
    return People(vectors=unit(x), owners=owners, identities=number)


def unit(x: NDArray[np.floating]) -> Vectors:
    """(n, D) float32, scaled to length 1."""
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
