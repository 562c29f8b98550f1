"""The one rule for JPEGs of aligned faces: a fault that costs no pixel is passed over, any other makes the face bad.

libjpeg decodes on after most faults and warns, of the first one only. simplejpeg raises at every warning; told not to
be strict it is silent about those in the picture's data, and still raises at those in the header. So it is strict here,
and a warning that leaves every block decoded (jerror.h of libjpeg-turbo lists all there are) leads to a second look, at
a copy without its cause, to see whether a worse one follows. A JPEG has no checksum: a flipped bit of the data may give
no warning at all, or one of spare bytes. A dataset's own checksums are there for that.

Needs numpy and simplejpeg only, because decoding processes load this file alone.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import simplejpeg

Pixels = npt.NDArray[np.uint8]

MOST_PIXELS = 4096 * 4096
"""More than any aligned face has; a damaged header can ask for 4 billion."""

_SPARE = re.compile(r"(\d+) extraneous bytes before marker 0x(..)")
_AT_THE_END = "before marker 0xd9"
_PATCHES = (
    ("unknown JFIF revision number", re.compile(rb"(JFIF\0).", re.DOTALL), b"\\g<1>\x01"),
    # It is taken for 1 in a picture of three components.
    ("Unknown Adobe color transform code", re.compile(rb"(\xff\xee..Adobe.{6}).", re.DOTALL), b"\\g<1>\x01"),
    ("bad ICC marker", re.compile(rb"ICC_PROFILE\0"), rb"ICC_profile\0"),
    # Which coefficients a scan holds: all of them, where there is no progression.
    (
        "Invalid SOS parameters for sequential JPEG",
        re.compile(rb"(\xff\xda\0(?:\x08\x01.{2}|\x0a\x02.{4}|\x0c\x03.{6}|\x0e\x04.{8})).{3}", re.DOTALL),
        b"\\g<1>\x00\x3f\x00",
    ),
)
"""Harmless warnings, and how their causes are removed."""
_LOST = (
    "premature end of data segment",
    "Premature end of JPEG file",
    "bad Huffman code",
    "bad arithmetic code",
    "instead of RST",
    "Inconsistent progression sequence",
)
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_AFTER_DATA = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
_START_OF_SCAN, _END = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class LostPixelsError(ValueError):
    """Part of the picture's data is missing, or makes no sense."""


def decode_jpeg(jpeg: "bytes | memoryview", colors: str = "RGB", buffer: Pixels | None = None) -> Pixels:
    """Decode the JPEG of an aligned face.

    Grey and CMYK become RGB. Pixels are those of Pillow and torchvision: equal for RGB and grey, within 2 for CMYK.

    Args:
        jpeg: the file's bytes.
        colors: "RGB" or "BGR".
        buffer: where the pixels go; without one, new memory.

    Returns:
        (H, W, 3) uint8.

    Raises:
        LostPixelsError: it is damaged, and some of its pixels are not known.
        ValueError: it is no JPEG, of a kind that libjpeg-turbo doesn't decode, or larger than the buffer or any face.
    """
    if buffer is None and _pixels(jpeg) > MOST_PIXELS:
        raise ValueError(f"it says that it has {_pixels(jpeg):,} pixels, more than any aligned face")
    try:
        return _strictly(jpeg, colors, buffer)
    except ValueError as error:
        fault = str(error)
    return _second_look(bytes(jpeg), fault, colors, buffer)


def _strictly(jpeg: "bytes | memoryview", colors: str, buffer: Pixels | None) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colors, buffer=buffer)
    return pixels


def _second_look(jpeg: bytes, fault: str, colors: str, buffer: Pixels | None) -> Pixels:
    """The pixels, if after a harmless fault there are only harmless ones."""
    while True:
        if _SPARE.search(fault) and _AT_THE_END in fault:
            # The first fault is at the end of all, so it is the only one.
            pixels: Pixels = simplejpeg.decode_jpeg(jpeg, colors, buffer=buffer, strict=False)
            return pixels
        worst = fault
        for copy in _without(fault, jpeg):
            try:
                return _strictly(copy, colors, buffer)
            except ValueError as error:
                found = str(error)
            if _harmless(found) and found != fault:
                jpeg, fault = copy, found
                break
            if worst == fault:
                worst = found
        else:
            lost = _SPARE.search(worst) or any(text in worst for text in _LOST)
            raise LostPixelsError(worst) if lost else ValueError(worst)


def _harmless(fault: str) -> bool:
    return bool(_SPARE.search(fault)) or any(text in fault for text, *_ in _PATCHES)


def _without(fault: str, jpeg: bytes) -> Iterator[bytes]:
    """Copies of a JPEG without a harmless fault; of several the first that has no lost pixels is the right one."""
    for text, cause, instead in _PATCHES:
        if text in fault:
            yield cause.sub(instead, jpeg)
    spare = _SPARE.search(fault)
    if spare is None:
        return
    segments = list(_segments(jpeg))
    tidy = jpeg[:2] + b"".join(jpeg[begin:end] for _, begin, _, end in segments)
    if len(tidy) < max((end for *_, end in segments), default=2):
        yield tidy
        return
    # Only libjpeg knows where in a scan's data the spare bytes before a marker begin. Of the markers of this kind the
    # first one is meant before which so many bytes can be spared.
    marker = re.compile(re.escape(b"\xff" + bytes.fromhex(spare[2])))
    for kind, _, content, end in segments:
        if kind == _START_OF_SCAN:
            data = content + int.from_bytes(jpeg[content : content + 2])
            for found in marker.finditer(jpeg, data, end + 2):
                yield jpeg[: max(data, found.start() - int(spare[1]))] + jpeg[found.start() :]


def _segments(jpeg: "bytes | memoryview") -> Iterator[tuple[int, int, int, int]]:
    """Of each segment its marker, where it begins, its content begins, and it ends; a scan's data belongs to it.

    They are found as libjpeg finds them: whatever stands before a marker is passed over.
    """
    place = 2
    while found := _MARKER.search(jpeg, place):
        marker, content = found[1][0], found.end()
        alone = marker == 0x01 or 0xD0 <= marker <= _END
        place = content if alone else content + int.from_bytes(jpeg[content : content + 2])
        if marker == _START_OF_SCAN:
            after = _AFTER_DATA.search(jpeg, place)
            place = after.start() if after else len(jpeg)
        yield marker, found.start(), content, place
        if marker == _END:
            return


def _pixels(jpeg: "bytes | memoryview") -> int:
    """How many the header says that there are; 0 where it doesn't."""
    for marker, _, content, _ in _segments(jpeg):
        if marker in _FRAMES:
            return int.from_bytes(jpeg[content + 3 : content + 5]) * int.from_bytes(jpeg[content + 5 : content + 7])
    return 0
