"""Faces in a piece of a shard, found by its tar headers, all at once: one by one costs a tenth of decoding them."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ethnoshard._tar import BLOCK

MOST_IDENTITIES, MOST_FACES = 10**7, 10**5
"""As many as names of samples have digits for: ``<identity, 7 digits>-<face, 5 digits>.jpg``."""

Faces = dict[int, memoryview]
"""JPEGs by number of the face within its identity: views into the piece that was read, which lives as long."""

_ENDS_AT, _END = 4, int.from_bytes(b"g\0\0\0", "little")
"""The last letter of such a name, and what follows, in 32-bit words."""
_NAME, _DASH, _FACE, _DOT, _SIZE = 16, 7, slice(8, 13), slice(13, 16), slice(124, 135)
_POWERS = {base: np.float64(base) ** np.arange(11)[::-1] for base in (8, 10)}
_SUFFIX = np.frombuffer(b".jp", np.uint8)


def faces_in(piece: memoryview) -> dict[int, Faces]:
    """The JPEGs of a piece that begins with a tar header, by identity.

    What can't be read as such is passed over, and counts as missing. Whose a face is, its own header says.
    """
    blocks = np.frombuffer(piece, np.uint8)[: len(piece) // BLOCK * BLOCK].reshape(-1, BLOCK)
    rows = np.flatnonzero(blocks.view("<u4")[:, _ENDS_AT] == _END)
    names, sizes_in_digits = blocks[rows, :_NAME], blocks[rows, _SIZE]
    identities, faces = _number(names[:, :_DASH], 10), _number(names[:, _FACE], 10)
    sizes = _number(sizes_in_digits, 8)
    begins = (rows + 1) * BLOCK
    sound = (names[:, _DASH] == ord("-")) & (names[:, _DOT] == _SUFFIX).all(axis=1)
    sound &= (identities >= 0) & (faces >= 0) & (sizes >= 0) & (begins + sizes <= len(piece))
    found: dict[int, Faces] = {}
    columns: Iterable[list[int]] = (of[sound].tolist() for of in (identities, faces, begins, sizes))
    for identity, face, begin, size in zip(*columns, strict=True):
        found.setdefault(identity, {})[face] = piece[begin : begin + size]
    return found


def _number(text: npt.NDArray[np.uint8], base: int) -> npt.NDArray[np.int64]:
    """What rows of digits mean; -1 where one is none."""
    digits = text - np.uint8(ord("0"))
    # Exact: eleven octal digits are far below the 53 bits of a float, and floats have the fast product.
    value = digits.astype(np.float64) @ _POWERS[base][-digits.shape[1] :]
    value[(digits >= base).any(axis=1)] = -1
    return value.astype(np.int64)
