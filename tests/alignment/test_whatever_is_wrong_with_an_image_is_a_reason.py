"""Damaged bytes give a reason, never another exception; good ones the right pixels."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from ethnoshard.alignment import decode_image
from ethnoshard.errors import UnreadableImageError


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return decode_image(data, max_pixels=10**6)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    assert decoded(encoded(Image.fromarray(values), "PNG"))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_the_camera_comes_out_upright(orientation: int) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24] = (255, 0, 0)
    upright[16:, :24] = (0, 255, 0)
    # How the camera must have stored it, so that the orientation turns it back.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    assert np.array_equal(decoded(data), upright)


def test_too_many_pixels_are_refused_before_decoding() -> None:
    data = encoded(Image.new("1", (3000, 3000)), "PNG")
    with pytest.raises(UnreadableImageError, match=r"3000 x 3000 px is over the limit of 1,000,000 pixels"):
        decoded(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_only_a_reason_comes_of_damage(kind: str) -> None:
    rng = random.Random(kind)
    pixels = np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8)
    good = encoded(Image.fromarray(pixels), kind)
    refused = 0
    for _ in range(250):
        data = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            # The first bytes decide most.
            place = rng.randrange(min(len(data), 120)) if rng.random() < 0.6 else rng.randrange(len(data))
            data[place] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        try:
            image = decoded(bytes(data))
        except UnreadableImageError as error:
            assert str(error)
            refused += 1
        else:
            assert image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    assert refused > 10
