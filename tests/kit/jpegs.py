"""JPEGs made by hand: sound ones of every kind, and what can be wrong with one."""

import io
from typing import Any

import numpy as np
from PIL import Image

SIDE = 48
SCAN = b"\xff\xda"


def picture(height: int = SIDE, width: int = SIDE, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Slopes, edges and noise, shape (height, width, channels), uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    planes = [(2 * x + 3 * y + 40 * plane + 60 * (x // 9 % 2)) % 256 for plane in range(channels)]
    return (0.8 * np.stack(planes, axis=-1) + rng.integers(0, 50, (height, width, channels))).astype(np.uint8)


def jpeg(pixels: np.ndarray | None = None, **options: Any) -> bytes:
    """By Pillow: of one channel grey, of four CMYK."""
    pixels = picture() if pixels is None else pixels
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[-1]]
    height, width = pixels.shape[:2]
    file = io.BytesIO()
    Image.frombytes(mode, (width, height), pixels.tobytes()).save(file, "JPEG", **options)
    return file.getvalue()


def inserted(sound: bytes, place: int, extra: bytes) -> bytes:
    """With bytes before a place."""
    return sound[:place] + extra + sound[place:]


def spare(sound: bytes, number: int, value: bytes = b"\0") -> bytes:
    """With spare bytes before the end marker."""
    return inserted(sound, len(sound) - 2, value * number)


def half(sound: bytes, extra: bytes = b"") -> bytes:
    """The first half of the data of the last scan, spare bytes, an end marker."""
    begin = sound.rindex(SCAN)
    return sound[: (begin + len(sound)) // 2].rstrip(b"\xff") + extra + b"\xff\xd9"


def adobe(sound: bytes, transform: int) -> bytes:
    """With Adobe's marker in the place of JFIF's, and a code for the colours."""
    begin = sound.index(b"\xff\xe0")
    return sound[:begin] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + sound[begin + 18 :]


def flat(factors: list[tuple[int, int]], side: int = SIDE) -> bytes:
    """Middle grey, with any sampling factors (across, down) of the three components: encoded by hand."""
    sound = jpeg(np.full((side, side, 3), 128, np.uint8), subsampling=0)
    frame, scan = sound.index(b"\xff\xc0"), sound.index(SCAN)
    head = bytearray(sound[: scan + 14])
    for number, (across, down) in enumerate(factors):
        head[frame + 11 + 3 * number] = across << 4 | down
    units = [-(-side // (8 * max(factor[axis] for factor in factors))) for axis in (0, 1)]
    # Of a block: no difference to the one before, and the end of the block, as the usual tables encode them.
    blocks = "".join(("001010" if number == 0 else "0000") * a * d for number, (a, d) in enumerate(factors))
    bits = blocks * units[0] * units[1]
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8))
    return bytes(head) + data.replace(b"\xff", b"\xff\0") + b"\xff\xd9"
