"""What an audit looks at: faces of a set with their embeddings, identities and groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ethnoshard.audit._prints import Prints
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import Vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditedSet:
    """Faces of a set.

    Attributes:
        name: of its folder or file.
        vectors: (n, D) float32, embeddings of length 1.
        keys: (n,) names of the images.
        owners: (n,) int64, number of the identity of each.
        identities: N names.
        groups: N groups, None where not known.
        prints: of the faces, to find images that come twice; None where the faces aren't at hand.
    """

    name: str
    vectors: Vectors
    keys: NDArray[np.str_]
    owners: NDArray[np.int64]
    identities: tuple[str, ...]
    groups: tuple[str | None, ...]
    prints: Prints | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        vectors: Vectors,
        keys: Sequence[str] | NDArray[np.str_],
        identities: Sequence[str] | NDArray[np.str_],
        *,
        groups: Mapping[str, str] | None = None,
        prints: Prints | None = None,
    ) -> "AuditedSet":
        """From a row for each face.

        Args:
            name: of the set.
            vectors: (n, D), scaled to length 1 here.
            keys: (n,) names of images.
            identities: (n,) whose each is.
            groups: identity -> group.
            prints: of the faces, in this order.

        Raises:
            EthnoshardError: numbers of rows differ, a vector isn't finite or is zero, an identity isn't known.
        """
        if vectors.ndim != 2 or not len(vectors) == len(keys) == len(identities):
            raise EthnoshardError(
                f"{name}: an embedding, a key and an identity a face; these are {vectors.shape}, {len(keys):,} and "
                f"{len(identities):,}"
            )
        if not len(vectors):
            raise EthnoshardError(f"{name} holds no face with an embedding, so that there is nothing to look at")
        if prints is not None and len(prints.data) != len(vectors):
            raise EthnoshardError(f"{name}: {len(prints.data):,} prints of {len(vectors):,} faces")
        names, owners = np.unique(np.asarray(identities, np.str_), return_inverse=True)
        if "" in names:
            raise EthnoshardError(f"{name}: whose faces they are is not known of all; an audit needs identities")
        unit = vectors.astype(np.float32)
        lengths = np.linalg.norm(unit, axis=1, keepdims=True)
        wrong = int(np.count_nonzero(~(np.isfinite(lengths) & (lengths > 0))))
        if wrong:
            raise EthnoshardError(f"{name}: {wrong:,} of {len(unit):,} embeddings are zero, NaN or infinite")
        unit /= lengths
        known = groups or {}
        return cls(
            name=name,
            vectors=unit,
            keys=np.asarray(keys, np.str_),
            owners=owners.astype(np.int64),
            identities=tuple(names.tolist()),
            groups=tuple(known.get(each) for each in names.tolist()),
            prints=prints,
        )
