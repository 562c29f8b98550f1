"""JPEG to pixels, straight into a batch."""

import numpy as np
import numpy.typing as npt
import simplejpeg

from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._augment import View

Pixels = npt.NDArray[np.uint8]


class Decoder:
    """Decodes faces of one size into rows of a batch; a thread has its own."""

    def __init__(self, image_size: int, size: int) -> None:
        """Decode faces of ``image_size`` pixels a side, and cut ``size`` out of them."""
        self._image_size, self._size = image_size, size
        self._side = f"{image_size} x {image_size} pixels"
        self._whole = np.empty((image_size, image_size, 3), np.uint8)
        self._lines = self._whole.reshape(image_size, -1)

    def decode(self, jpeg: bytes | memoryview, row: Pixels, view: View) -> None:
        """Decode ``jpeg`` into ``row``, shape (size, size, 3), uint8, as ``view`` cuts it.

        Raises:
            UnreadableImageError: it is no JPEG, a damaged one, or of another size.
        """
        top, left, flip = view
        direct = not flip and self._size == self._image_size
        try:
            # A row of blue, green, red read backwards is the mirrored row of red, green, blue; bytes turn round five
            # times as fast as pixels of three bytes do.
            pixels = simplejpeg.decode_jpeg(jpeg, "BGR" if flip else "RGB", buffer=row if direct else self._whole)
        except ValueError as error:
            raise UnreadableImageError(f"it is no JPEG of {self._side} that can be decoded ({error})") from error
        if pixels.shape != self._whole.shape:
            raise UnreadableImageError(f"it is of {pixels.shape[1]} x {pixels.shape[0]} pixels, not of {self._side}")
        if flip:
            end = 3 * (left + self._size)
            row.reshape(self._size, -1)[:] = self._lines[top : top + self._size, 3 * left : end][:, ::-1]
        elif not direct:
            row[:] = self._whole[top : top + self._size, left : left + self._size]
