"""How embeddings vary between people and within one person, and what that says of two sets of faces: one person or two.

The two-covariance model of a person's embeddings (Ioffe 2006, "Probabilistic Linear Discriminant Analysis", with a
covariance of full rank for either; Brümmer and de Villiers 2010): a person has a vector of which each embedding is a
noisy copy, both normally distributed. The model is fitted to the very set that is looked at, so it knows what its
photographs, its people and the network have in common, and how far three faces can be trusted and thirty. A plain
cosine of centroids knows nothing of it: of CFP's people, in raw embeddings of ``mobilefacenet.onnx``, the median
nearest other identity lies at a cosine of .78.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes._centroids import Vectors, centroids_of, sums_of
from ethnoshard.lookalikes._folders import Indices

Floats = NDArray[np.float64]

LEAST_PEOPLE = 20
"""People with two faces or more from which a model can be fitted."""
_SHRINKAGE = 0.1
"""Share of the covariance within a person that is that of a sphere, for the directions of which few faces tell."""
_LEAST_BETWEEN = 1e-3
"""Variance between people in any direction, as a share of the greatest one: rounding must not make it negative."""
_NOTHING = 1e-10
"""Variance within a person, of vectors of length 1, that is but rounding."""
_AT_ONCE = 1 << 15
"""Faces that are worked on at a time."""
_WIDE = 2048
"""Numbers of an embedding beyond which a covariance takes gigabytes and minutes; networks for faces have 128 to 512."""
_FITTED_ON = 200_000
"""Faces that a model is fitted to, at most; those of whole people, evenly spread over the numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonModel:
    """A fitted model: a basis in which one person's faces vary by 1 in each direction, independently.

    Attributes:
        mean: (D,) of all people's centroids, taken off every embedding before its length is made 1 again.
        centre: (D,) of people, after that.
        basis: (D, E) what takes a centred embedding to the model's directions, those that tell people apart most first.
        between: (E,) variance between people in each direction; within a person it is 1.
        people: with two faces or more, to which it was fitted.
        faces: of them.
    """

    mean: Floats
    centre: Floats
    basis: Floats
    between: Floats
    people: int
    faces: int

    @classmethod
    def fit(cls, vectors: Vectors, owners: Indices, identities: int) -> "PersonModel":
        """Fit a model to the faces of a set.

        Some faces in the wrong folder, and some people in two, hardly move it.

        Args:
            vectors: (n, D) float32, embeddings of faces, of length 1.
            owners: (n,) number of the identity of each.
            identities: N.

        Raises:
            EthnoshardError: shapes don't fit, a vector is not finite, too few identities have two faces, or nobody's
                faces differ.
        """
        mean = centroids_of(vectors, owners, identities)[1].astype(np.float64)
        counts = np.bincount(owners, minlength=identities)
        several = int(np.count_nonzero(counts >= 2))
        if several < LEAST_PEOPLE:
            raise EthnoshardError(
                f"{several:,} identities have two faces or more; to know how one person's faces vary takes "
                f"{LEAST_PEOPLE} at least"
            )
        mine = _some_people(owners, counts)
        x, own = _centred(vectors[mine], mean), np.unique(owners[mine], return_inverse=True)[1]
        counts = np.bincount(own)
        centre = (sums_of(x, own, len(counts), np.float64) / counts[:, None]).mean(axis=0)
        span = _span(x)
        if span is not None:
            x = x @ span
        means = sums_of(x, own, len(counts), np.float64) / counts[:, None]
        rest = x - means[own]
        within = _shrunk(rest.T @ rest / max(1, len(x) - len(counts)))
        if np.trace(within) < _NOTHING:
            raise EthnoshardError(
                f"faces of one person don't differ: each of {len(counts):,} identities has one embedding for all of "
                "its faces. Either the network has collapsed, or these are copies of one image each"
            )
        between = np.cov(means.T) - within * np.mean(1 / counts)
        # Within a person 1 in each direction, then the directions in which people vary independently.
        variances, axes = np.linalg.eigh(within)
        whitening = axes / np.sqrt(variances)
        variances, axes = np.linalg.eigh(whitening.T @ between @ whitening)
        order = np.argsort(-variances)
        return cls(
            mean=mean,
            centre=centre,
            basis=whitening @ axes[:, order] if span is None else span @ (whitening @ axes[:, order]),
            between=np.maximum(variances[order], _LEAST_BETWEEN * max(float(variances[order[0]]), _LEAST_BETWEEN)),
            people=int(np.count_nonzero(counts >= 2)),
            faces=len(x),
        )

    @cached_property
    def weights(self) -> Floats:
        """(E,) how much a direction counts in a plain cosine: the share of one face's variance that is the person's."""
        return np.sqrt(self.between / (self.between + 1))

    def coordinates(self, vectors: Vectors, mean: Floats | None = None) -> Vectors:
        """Embeddings in the model's basis, (n, E) float32.

        Args:
            vectors: (n, D) of length 1.
            mean: taken off instead of the model's: that of another set, of other photographs.
        """
        found = np.empty((len(vectors), self.basis.shape[1]), np.float32)
        for begin in range(0, len(vectors), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            x = _centred(vectors[some], self.mean if mean is None else mean)
            found[some] = (x - self.centre) @ self.basis
        return found

    def directions(self, coordinates: Vectors) -> Vectors:
        """(n, E) of length 1: weighted so that a cosine counts what tells people apart."""
        found = coordinates * self.weights.astype(np.float32)
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return found

    def log_ratio(self, one: Vectors, of_one: Indices, other: Vectors, of_other: Indices) -> Floats:
        """Log of how much likelier two sets of faces are of one person than of two, (P,).

        Args:
            one: (P, E) mean coordinates of the one set.
            of_one: (P,) faces of it.
            other: (P, E) mean coordinates of the other.
            of_other: (P,) faces of it.
        """
        found = np.empty(len(one))
        for begin in range(0, len(one), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            a, b = one[some].astype(np.float64), other[some].astype(np.float64)
            of_a, of_b = (self.between + 1 / count[some, None] for count in (of_one, of_other))
            both = of_a * of_b - self.between**2
            squares = (a * a * of_b - 2 * self.between * a * b + b * b * of_a) / both - a * a / of_a - b * b / of_b
            found[some] = -0.5 * (np.log(both / (of_a * of_b)) + squares).sum(axis=1)
        return found


def _centred(vectors: Vectors, mean: Floats) -> Floats:
    x: Floats = vectors.astype(np.float64) - mean
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    return np.asarray(x, np.float64)


def _span(vectors: NDArray[np.floating]) -> Floats | None:
    """The directions, (D, E), in which few wide vectors lie at all; None where all directions are fitted.

    Of the others the faces say nothing.
    """
    faces, width = vectors.shape
    if width <= max(_WIDE, faces):
        return None
    _, sizes, directions = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    return np.asarray(directions[sizes > sizes[0] * np.sqrt(_NOTHING)].T, np.float64)


def _shrunk(covariance: Floats) -> Floats:
    size = len(covariance)
    sphere = np.trace(covariance) / size * np.eye(size)
    return np.asarray((1 - _SHRINKAGE) * covariance + _SHRINKAGE * sphere, np.float64)


def _some_people(owners: Indices, counts: Indices) -> NDArray[np.bool_]:
    """Which faces to fit to: all, or those of every so many people."""
    if len(owners) <= _FITTED_ON:
        return np.ones(len(owners), bool)
    people = np.flatnonzero(counts)
    step = -(-len(owners) // _FITTED_ON)
    return np.isin(owners, people[::step])
