"""Which faces a cell has: an identity's faces shuffled, and cut into cells."""

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._hash import hashed

_FACES = 4


def faces_of_cells(
    people: npt.NDArray[np.integer],
    cells: npt.NDArray[np.int64],
    faces: npt.NDArray[np.int32],
    per_cell: int,
    seed: int,
    epoch: int,
) -> npt.NDArray[np.int32]:
    """Numbers of the faces within their identities, shape (people, per_cell).

    Each identity's faces are shuffled anew each epoch, and each time that its cells begin again, and cut into cells.
    A last cell that is short is filled from the beginning of the same shuffle, so that no cell holds a face twice
    unless the identity has fewer than ``per_cell``.

    Args:
        people: numbers of the identities, shape (people,).
        cells: which cell of each, counted from the epoch's beginning, shape (people,).
        faces: how many faces each has, shape (people,).
        per_cell: K.
        seed: the plan's.
        epoch: the epoch.
    """
    wholes = -(-faces.astype(np.int64) // per_cell)
    starts = np.cumsum(faces, dtype=np.int64) - faces
    face = np.arange(int(faces.sum())) - np.repeat(starts, faces)
    chance = hashed(seed, epoch, _FACES, np.repeat(people, faces), np.repeat(cells // wholes, faces), face)
    owner = np.repeat(np.arange(len(people), dtype=np.uint64), faces)
    # Sorted by owner, then by chance: 40 bits of it are enough, and one key is sorted faster than two.
    shuffled = face[np.argsort(owner << np.uint64(40) | chance >> np.uint64(24), kind="stable")]
    places = (cells % wholes)[:, None] * per_cell + np.arange(per_cell)
    return np.asarray(shuffled[starts[:, None] + places % faces[:, None]], np.int32)
