"""JPEGs of faces in pieces of shards: where each begins, by the tar's own headers, and those of a batch."""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard._tar import BLOCK, padded
from ethnoshard.loading._shared_memory import Piece, SharedMemory

MOST_IDENTITIES, MOST_FACES = 10**7, 10**5
"""As many as names of samples have digits for: ``<identity, 7 digits>-<face, 5 digits>.jpg``."""

Places = list[tuple[int, int]]
"""Where the JPEGs of an identity are in a piece, by number of the face: begin and length, bytes. Length 0: the shard
doesn't hold it."""

_NOWHERE = 0, 0

_HEADER = struct.Struct("13s5s106x11s")
"""Of a member of a sample: key, suffix and, after what tells nothing, size, octal digits."""
_JPEG, _JSON = b".jpg\0", b".json"
_ENDS_AT, _END = 4, int.from_bytes(b"g\0\0\0", "little")
"""The last letter of such a name, and what follows, in 32-bit words."""
_DASH, _DOT = 7, slice(13, 16)
_COLUMNS = np.r_[0:7, 8:13, 124:135]
"""Digits in a header: of the identity and of the face, decimal, and of the size, octal."""
_NUMBERS = np.repeat([0, 1, 2], (7, 5, 11))
_BASES = np.array([10, 10, 8], np.uint8)[_NUMBERS]
_POWERS = np.eye(3)[_NUMBERS] * _BASES[:, None] ** np.r_[6:-1:-1, 4:-1:-1, 10:-1:-1].astype(np.float64)[:, None]
"""What each digit is worth, by number. Exact: eleven octal digits are far below the 53 bits of a float, and floats have
the fast product."""
_SUFFIX = np.frombuffer(b".jp", np.uint8)


def places_in(piece: memoryview) -> dict[int, Places]:
    """Where the JPEGs are in a piece that begins with a tar header, by identity.

    What can't be read as such is passed over, and counts as missing. Whose a face is, its own header says; of two that
    say the same the last one counts.
    """
    blocks = np.frombuffer(piece, np.uint8)[: len(piece) // BLOCK * BLOCK].reshape(-1, BLOCK)
    rows = np.flatnonzero(blocks.view("<u4")[:, _ENDS_AT] == _END)
    headers = blocks[rows]
    digits = headers[:, _COLUMNS] - np.uint8(ord("0"))
    identities, faces, sizes = (digits.astype(np.float64) @ _POWERS).astype(np.int64).T
    begins = (rows + 1) * BLOCK
    sound = (digits < _BASES).all(axis=1) & (begins + sizes <= len(piece))
    sound &= (headers[:, _DASH] == ord("-")) & (headers[:, _DOT] == _SUFFIX).all(axis=1)
    found: dict[int, Places] = {}
    columns = (of[sound].tolist() for of in (identities, faces, begins, sizes))
    for identity, face, begin, size in zip(*columns, strict=True):
        places = found.setdefault(identity, [])
        places += [_NOWHERE] * (face + 1 - len(places))
        places[face] = begin, size
    return found


def places_of(piece: memoryview, begin: int, identity: int, faces: int) -> Places | None:
    """Where the JPEGs of an identity are in a piece, if its span lies there as it was packed; else None.

    A span is a face's JPEG, its JSON, the next face's, in the order of their numbers. To follow it from header to
    header is quicker than :func:`places_in`, which looks at all blocks and believes nothing.

    Args:
        piece: what was read.
        begin: where the span begins in it, bytes.
        identity: whose it is.
        faces: how many there are.
    """
    places, end, unpack = [], len(piece) - BLOCK, _HEADER.unpack_from
    try:
        for face in range(faces):
            key = b"%07d-%05d" % (identity, face)
            found, suffix, digits = unpack(piece, begin)
            if found != key or suffix != _JPEG or not digits.isdigit():
                return None
            length = int(digits, 8)
            begin += BLOCK
            places.append((begin, length))
            begin += padded(length)
            if begin > end:
                return None
            found, suffix, digits = unpack(piece, begin)
            if found != key or suffix != _JSON or not digits.isdigit():
                return None
            begin += BLOCK + padded(int(digits, 8))
    except (ValueError, struct.error):
        return None  # digits that aren't octal, or no header any more
    return places if begin <= end + BLOCK else None


@dataclass
class Jpegs:
    """The JPEGs of a batch, row by row.

    Attributes:
        pieces: where those of each person are, P of them; they live as long as these are here.
        places: where each is in its person's piece, P * K of them.
    """

    pieces: list[Piece]
    places: Places

    def __getitem__(self, row: int) -> memoryview | None:
        """The JPEG of a row; None for a face that its shard doesn't hold."""
        begin, length = self.places[row]
        piece = self.pieces[row * len(self.pieces) // len(self.places)]
        return piece.content[begin : begin + length] if length else None

    def addresses(self, rows: range) -> tuple[npt.NDArray[np.int64], dict[int, SharedMemory]]:
        """Of some rows: number of the memory, offset in it and length, bytes, shape (rows, 3); those memories."""
        per_person = len(self.places) // len(self.pieces)
        first = rows.start // per_person
        pieces = self.pieces[first : (rows.stop - 1) // per_person + 1]
        person = np.arange(rows.start, rows.stop) // per_person - first
        table = np.empty((len(rows), 3), np.int64)
        table[:, :2] = np.array([(piece.memory.number, piece.offset) for piece in pieces])[person]
        places = np.array(self.places[rows.start : rows.stop])
        table[:, 1] += places[:, 0]
        table[:, 2] = places[:, 1]
        return table, {piece.memory.number: piece.memory for piece in pieces}

    def clear(self) -> None:
        """Let go of the pieces."""
        self.pieces = []
