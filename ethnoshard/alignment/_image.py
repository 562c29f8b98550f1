"""Bytes of an image file to pixels, or a reason why not."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ethnoshard._jpeg import LostPixelsError, decode_jpeg
from ethnoshard.errors import UnreadableImageError

# One image over Pillow's own limit must not end the run: ours is checked first, from the header.
Image.MAX_IMAGE_PIXELS = None

_SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def decode_image(data: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Decode any common image format to upright RGB.

    Grey and palette images, CMYK and 16-bit ones become 8-bit RGB; an alpha channel is dropped, as the seed does;
    of an animation the first picture is taken; the camera's orientation (EXIF) is applied.

    Args:
        data: the file's bytes.
        max_pixels: refuse, before decoding, an image with more.

    Returns:
        (H, W, 3) uint8.

    Raises:
        UnreadableImageError: not an image, truncated, or too large; the text says which.
    """
    return np.asarray(_open_upright(data, max_pixels))


def decode_face(data: bytes) -> NDArray[np.uint8]:
    """Decode the JPEG of an aligned face to (H, W, 3) uint8 RGB, as the loader does.

    Raises:
        UnreadableImageError: it is damaged in a way that cost pixels, or not a JPEG that the loader decodes.
    """
    try:
        return decode_jpeg(data)
    except ValueError as error:
        raise UnreadableImageError(str(error)) from error


def as_it_is(data: bytes, *, max_pixels: int) -> tuple[bool, NDArray[np.uint8]]:
    """Decode an aligned face and say whether its bytes can be kept: an upright RGB JPEG that the loader decodes.

    Returns:
        Whether ``data`` can stand as the face's JPEG unchanged, and the (H, W, 3) uint8 pixels.

    Raises:
        UnreadableImageError: as ``decode_image``, and where a JPEG lacks pixels, which Pillow paints grey.
    """
    pixels = decode_image(data, max_pixels=max_pixels)
    image = Image.open(io.BytesIO(data))
    decodes = False
    if image.format in ("JPEG", "MPO"):
        try:
            decodes = decode_jpeg(data).size > 0
        except LostPixelsError as error:
            raise UnreadableImageError(str(error)) from error
        except ValueError:
            # Of a kind that Pillow alone decodes; it is encoded anew.
            pass
    upright = image.getexif().get(0x0112, 1) == 1
    return decodes and image.format == "JPEG" and image.mode == "RGB" and upright, pixels


def _open_upright(data: bytes, max_pixels: int) -> Image.Image:
    if not data:
        raise UnreadableImageError("the file is empty")
    with _reasons():
        image: Image.Image = Image.open(io.BytesIO(data))
        if image.width * image.height > max_pixels:
            raise UnreadableImageError(
                f"{image.width} x {image.height} px is over the limit of {max_pixels:,} pixels (max-pixels)"
            )
        image.load()
        if image.mode in _SIXTEEN_BIT:
            image = _eight_bit(image)
        return ImageOps.exif_transpose(image).convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip it to white."""
    values = np.asarray(image).astype(np.int64).clip(0, 65535)
    scaled = Image.fromarray((values // 257).astype(np.uint8))
    scaled.info, orientation = dict(image.info), image.getexif()
    if orientation:
        scaled.info["exif"] = orientation.tobytes()
    return scaled


class _reasons:  # noqa: N801 - reads as a block: "with reasons"
    """Turn whatever Pillow raises on a damaged file into a reason, and keep its warnings to itself."""

    def __enter__(self) -> None:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._warnings.__exit__(None, None, None)
        if isinstance(error, UnidentifiedImageError):
            raise UnreadableImageError("not an image of a known format") from error
        # Pillow's plugins raise all of these on damaged input, depending on the format and the place of the damage.
        if isinstance(error, (OSError, SyntaxError, ValueError, IndexError, KeyError, EOFError, TypeError)):
            raise UnreadableImageError(str(error) or type(error).__name__) from error
        if isinstance(error, (OverflowError, MemoryError, ZeroDivisionError)):
            raise UnreadableImageError(f"damaged: {type(error).__name__}") from error
