"""What the plan needs to know of the dataset: some thirty bytes an identity, nothing of a face."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The dataset's identities, a row each; the row is the identity's number.

    Attributes:
        group: number of the group, shape (identities,), an integer.
        faces: number of faces, likewise.
        shard: number of the shard that holds them.
        offset: where its span begins in the shard, bytes.
        length: length of the span, bytes.
        groups: the groups' names.
    """

    group: npt.NDArray[np.int8]
    faces: npt.NDArray[np.int32]
    shard: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    groups: tuple[str, ...]
