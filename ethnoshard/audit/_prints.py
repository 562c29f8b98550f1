"""Prints of aligned faces: by which two copies of one image are known, whatever became of the file."""

import hashlib
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ethnoshard._parallel import available_cores
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import decode_face, decode_image
from ethnoshard.errors import EthnoshardError, UnreadableImageError

SIDE = 32
"""Side of a print, pixels."""

_DIGEST = 16
"""Bytes of a digest: two different ones of a million faces are equal with a probability of 1e-27."""
_MOST_PIXELS = 20_000_000
"""Pixels of an aligned face beyond which it is not decoded."""
_AT_ONCE, _AHEAD = 256, 3
"""Faces that a thread decodes at a time; how many times as many, for each thread, are read before they are needed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prints:
    """Of n aligned faces a small grey picture and digests, 1,056 bytes a face.

    Attributes:
        data: (n, SIDE, SIDE) uint8, the whole aligned face in grey, each pixel the mean of what it covers.
        digests: (n, 16) uint8, digest of the bytes: of the photograph's file where it is known, and of the face.
        pixels: (n, 16) uint8, digest of the aligned face's decoded pixels and their shape.
    """

    data: NDArray[np.uint8]
    digests: NDArray[np.uint8]
    pixels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check that all are of as many faces.

        Raises:
            EthnoshardError: they aren't, or the pictures are of another size.
        """
        number = len(self.data)
        shapes = self.data.shape, self.digests.shape, self.pixels.shape
        if shapes != ((number, SIDE, SIDE), (number, _DIGEST), (number, _DIGEST)):
            raise EthnoshardError(
                f"prints are pictures of (n, {SIDE}, {SIDE}) and two digests of (n, {_DIGEST}); these are "
                + ", ".join(str(shape) for shape in shapes)
            )

    def __len__(self) -> int:
        """Faces."""
        return len(self.data)


class _Print(NamedTuple):
    """The print of one face."""

    data: NDArray[np.uint8]
    digest: bytes
    pixels: bytes


def prints_of(
    jpegs: Iterable[bytes], number: int, *, files: Sequence[bytes | None] | None = None, progress: Progress = SILENT
) -> Prints:
    """Make the prints of aligned faces; threads decode some while the next are read.

    Args:
        jpegs: the faces, as ``ethnoshard.embedding.Faces.jpegs`` gives them.
        number: how many there are.
        files: digest of each face's photograph, None for each that isn't known, as
            ``ethnoshard.embedding.Faces.files`` gives them. Without it photographs of equal pixels in different files,
            whose faces are saved equally, can't be told from equal files.
        progress: told how many faces there are, and how many are done.

    Returns:
        Prints in the order of the faces.

    Raises:
        EthnoshardError: there are more or fewer faces than ``number``, or one can't be decoded.
    """
    if files is not None and len(files) != number:
        raise EthnoshardError(f"files are a digest for each of {number:,} faces; there are {len(files):,}")
    data = np.zeros((number, SIDE, SIDE), np.uint8)
    digests, pixels = (np.zeros((number, _DIGEST), np.uint8) for _ in range(2))
    progress.begun(number, 0)
    done = 0
    for some in _ahead(jpegs):
        if done + len(some) > number:
            raise EthnoshardError(f"there are more faces than the {number:,} that prints were to be made of")
        for row, one in enumerate(some, done):
            known = files[row] if files is not None else None
            data[row] = one.data
            digests[row] = np.frombuffer(_digest(known or b"", one.digest), np.uint8)
            pixels[row] = np.frombuffer(one.pixels, np.uint8)
        done += len(some)
        progress.advance(len(some))
    if done < number:
        raise EthnoshardError(f"there are {done:,} faces, and prints were to be made of {number:,}")
    return Prints(data=data, digests=digests, pixels=pixels)


def _ahead(jpegs: Iterable[bytes]) -> Iterator[list[_Print]]:
    """Prints of a few hundred faces at a time; faces are read here, by one thread."""
    rest, cores = iter(jpegs), available_cores()
    waiting: deque[Future[list[_Print]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        while True:
            while len(waiting) < _AHEAD * cores and (batch := list(itertools.islice(rest, _AT_ONCE))):
                waiting.append(pool.submit(_prints, batch))
            if not waiting:
                return
            yield waiting.popleft().result()


def _prints(jpegs: list[bytes]) -> list[_Print]:
    return [_print(jpeg) for jpeg in jpegs]


def _print(jpeg: bytes) -> _Print:
    face = _decoded(jpeg)
    small = Image.fromarray(face).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return _Print(np.asarray(small), _digest(jpeg), _digest(repr(face.shape).encode(), face.tobytes()))


def _decoded(face: bytes) -> NDArray[np.uint8]:
    """A face's pixels, (H, W, 3) uint8 RGB.

    Raises:
        EthnoshardError: it can't be decoded.
    """
    try:
        return decode_face(face) if face.startswith(b"\xff\xd8") else decode_image(face, max_pixels=_MOST_PIXELS)
    except UnreadableImageError as error:
        raise EthnoshardError(
            f"an aligned face can't be decoded ({error}). In a dataset, `ethnoshard verify --decode` says which; else "
            "align the photographs again, into a new work folder"
        ) from error


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for part in parts:
        digest.update(part)
    return digest.digest()
