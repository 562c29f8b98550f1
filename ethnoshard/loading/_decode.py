"""JPEG to pixels, straight into a batch."""

import numpy as np
import numpy.typing as npt
import simplejpeg

from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._augment import Views

Pixels = npt.NDArray[np.uint8]


class Decoder:
    """Decodes faces of one size into rows of a batch; a thread has its own."""

    def __init__(self, image_size: int, size: int) -> None:
        """Decode faces of ``image_size`` pixels a side, and cut ``size`` out of them."""
        self._image_size, self._size = image_size, size
        self._whole = np.empty((image_size, image_size, 3), np.uint8)

    def decode(self, jpeg: bytes, row: Pixels, views: Views, index: int) -> None:
        """Decode ``jpeg`` into ``row``, shape (size, size, 3), uint8, by the view number ``index``.

        Raises:
            UnreadableImageError: it is no JPEG, a damaged one, or of another size.
        """
        flip = bool(views.flip[index])
        direct = not flip and self._size == self._image_size
        try:
            height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
            if height != self._image_size or width != self._image_size:
                side = self._image_size
                raise UnreadableImageError(f"it is of {width} x {height} pixels, not {side} x {side}")
            # A row of blue, green, red read backwards is the mirrored row of red, green, blue; bytes turn round five
            # times as fast as pixels of three bytes do.
            simplejpeg.decode_jpeg(jpeg, colorspace="BGR" if flip else "RGB", buffer=row if direct else self._whole)
        except ValueError as error:
            raise UnreadableImageError(f"it is no JPEG that can be decoded ({error})") from error
        if direct:
            return
        top, left = int(views.top[index]), int(views.left[index])
        if flip:
            lines = self._whole.reshape(self._image_size, -1)
            backwards = lines[top : top + self._size, 3 * left : 3 * (left + self._size)][:, ::-1]
            row.reshape(self._size, -1)[:] = backwards
        else:
            row[:] = self._whole[top : top + self._size, left : left + self._size]
