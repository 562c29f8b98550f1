"""From the faces found in an image to one square picture: the seed's appendix A, step by step."""

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ethnoshard.work import prominence

if TYPE_CHECKING:
    from ethnoshard.alignment._detector import Faces


def best_face(faces: "Faces", height: int, width: int) -> int:
    """Index of the face with the most ``prominence``: large, and near the middle."""
    return int(np.argmax(prominence(faces.boxes, height, width)))


def crop_box(box: NDArray[np.float32], margin: int, height: int, width: int) -> tuple[int, int, int, int] | None:
    """The box with half the margin on each side, clamped to the image and cut to whole pixels.

    Args:
        box: (4,) left, top, right, bottom.
        margin: in pixels of the source.
        height: of the image.
        width: of the image.

    Returns:
        left, top, right, bottom, the latter two exclusive; None if nothing of it lies inside the image.
    """
    half = margin / 2
    left, top = (int(max(value - half, 0)) for value in box[:2])
    right, bottom = int(min(box[2] + half, width)), int(min(box[3] + half, height))
    return (left, top, right, bottom) if right > left and bottom > top else None


def centre_box(height: int, width: int) -> tuple[int, int, int, int]:
    """The largest square about the image's centre."""
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def crop(image: NDArray[np.uint8], box: tuple[int, int, int, int], size: int) -> Image.Image:
    """Cut ``box`` out of an (H, W, 3) image and scale it bilinearly to size x size, as SciPy's imresize did."""
    left, top, right, bottom = box
    return Image.fromarray(image[top:bottom, left:right]).resize((size, size), Image.Resampling.BILINEAR)


def encode(face: Image.Image, quality: int) -> bytes:
    """JPEG bytes of a face."""
    buffer = io.BytesIO()
    face.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
