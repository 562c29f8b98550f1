"""JPEG to pixels, straight into a batch."""

from ethnoshard.errors import UnreadableImageError
from ethnoshard.loading._augment import View
from ethnoshard.loading._decoding_process import PixelDecoder, Pixels


class Decoder:
    """Decodes faces of one size into rows of a batch; a thread has its own."""

    def __init__(self, image_size: int, size: int) -> None:
        """Decode faces of ``image_size`` pixels a side, and cut ``size`` out of them."""
        self._pixels = PixelDecoder(image_size, size)

    def decode(self, jpeg: bytes | memoryview, row: Pixels, view: View) -> None:
        """Decode ``jpeg`` into ``row``, shape (size, size, 3), uint8, as ``view`` cuts it.

        Raises:
            UnreadableImageError: it is no JPEG, a damaged one, or of another size.
        """
        try:
            self._pixels.decode(jpeg, row, view)
        except ValueError as error:
            raise UnreadableImageError(str(error)) from error
