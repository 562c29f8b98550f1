"""From JPEG to pixels: faces decoded into a batch, cropped and mirrored at random."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number
from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._decoding_process import PixelDecoder, Pixels
from ethnoshard.mixing import hashed

_TOP, _LEFT, _FLIP = 10, 11, 12


View: TypeAlias = tuple[int, int, bool]
"""Top and left of the cut, pixels, and whether what is cut is mirrored."""
Views: TypeAlias = npt.NDArray[np.int64]
"""The same for many faces, shape (faces, 3)."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What happens to each face between shard and batch.

    Attributes:
        crop: side of the square cut from a random place, pixels; None leaves the face whole.
        flip: whether every other face, by chance, is mirrored.
    """

    crop: int | None = None
    flip: bool = False

    def check(self, image_size: int) -> None:
        """Raise an EthnoshardError if faces of this size, pixels, can't be cropped so."""
        if self.crop is not None:
            check_number("random_crop", self.crop, at_least=1, at_most=image_size, unit="px")

    def size(self, image_size: int) -> int:
        """Side of the faces in a batch, pixels."""
        return self.crop or image_size


def views(augmentation: Augmentation, image_size: int, count: int, seed: int, epoch: int, batch: int) -> Views:
    """How each of a batch's ``count`` faces is cut."""
    if not augmentation.flip and augmentation.size(image_size) == image_size:
        return np.zeros((count, 3), np.int64)
    rows = np.arange(count)
    corners = np.uint64(image_size - augmentation.size(image_size) + 1)
    # The upper bits, so that a remainder of small numbers doesn't rest on the lowest ones alone.
    top, left = ((hashed(seed, epoch, kind, batch, rows) >> np.uint64(16)) % corners for kind in (_TOP, _LEFT))
    flip = (hashed(seed, epoch, _FLIP, batch, rows) >> np.uint64(63)).astype(np.bool_) & augmentation.flip
    return np.stack([top, left, flip], axis=1).astype(np.int64)


class Decoder:
    """Decodes faces of one size into rows of a batch; a thread has its own."""

    def __init__(self, image_size: int, size: int) -> None:
        """Decode faces of ``image_size`` pixels a side, and cut ``size`` out of them."""
        self._pixels = PixelDecoder(image_size, size)

    def decode(self, jpeg: bytes | memoryview, row: Pixels, view: View) -> None:
        """Decode ``jpeg`` into ``row``, shape (size, size, 3), uint8, as ``view`` cuts it.

        Raises:
            UnreadableImageError: it is not a JPEG, a damaged one, or of another size.
        """
        try:
            self._pixels.decode(jpeg, row, view)
        except ValueError as error:
            raise UnreadableImageError(str(error)) from error
