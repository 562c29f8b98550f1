"""Folders, tars and zips of many images that have a name and no byte: what a listing sees of photographs, quickly made.

25 images a person, called as LFW's are. In archives people, and the images of each, come in an order of their own, as
``tar`` takes them from a disk.
"""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard._tar import BLOCK, member_header

OF_ONE = 25
_AT_ONCE = 100_000
_PERSON, _FILE = "p{:08d}", "p{:08d}_{:04d}.jpg"
_NAME = np.dtype(
    [("p", "S1"), ("person", "S8"), ("/p", "S2"), ("again", "S8"), ("_", "S1"), ("image", "S4"), (".jpg", "S4")]
)
"""The bytes of a name, piece by piece."""


def make_folder(path: Path, images: int) -> None:
    """Folders of empty files."""
    for first in range(0, images, OF_ONE):
        person = path / _PERSON.format(first // OF_ONE)
        person.mkdir(parents=True)
        for image in range(min(OF_ONE, images - first)):
            os.close(os.open(person / _FILE.format(first // OF_ONE, image), os.O_CREAT | os.O_WRONLY))


def make_tar(path: Path, images: int) -> None:
    """Headers alone, each the bytes of a first one but for the name and the checksum."""
    first = np.frombuffer(member_header(_example(), 0), np.uint8)
    # The checksum itself counts as blanks.
    rest = int(first[_NAME.itemsize : 148].sum()) + 8 * ord(" ") + int(first[156:].sum())
    with path.open("wb") as file:
        for names in _names(images):
            block = np.tile(first, (len(names), 1))
            letters = names.view(np.uint8).reshape(len(names), -1)
            block[:, : _NAME.itemsize] = letters
            block[:, 148:154] = _digits(letters.sum(1, dtype=np.int64) + rest, 6, base=8)
            file.write(block.tobytes())
        file.write(bytes(2 * BLOCK))


def make_zip(path: Path, images: int) -> None:
    """Local headers, then the central directory, with an end for more entries than 16 bits count."""
    length = _NAME.itemsize
    head = np.frombuffer(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, length, 0), np.uint8)
    fields = (b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, length, 0, 0, 0, 0, 0o100644 << 16)
    entry = np.frombuffer(struct.pack("<4s4B4H3L5HL", *fields), np.uint8)
    with path.open("wb") as file:
        for names in _names(images):
            file.write(_rows(head, None, names).tobytes())
        begin, offset = file.tell(), 0
        for names in _names(images):
            offsets = np.arange(offset, offset + len(names), dtype="<u4") * np.uint32(len(head) + length)
            file.write(_rows(entry, offsets, names).tobytes())
            offset += len(names)
        end = file.tell()
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, images, images, end - begin, begin))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))


CONTAINERS: dict[str, Callable[[Path, int], None]] = {"folder": make_folder, "tar": make_tar, "zip": make_zip}


def _example() -> str:
    return f"{_PERSON}/{_FILE}".format(0, 0, 0)


def _names(images: int) -> Iterator[NDArray[np.void]]:
    """The bytes of some names at a time, people and the images of each in an order of their own."""
    draw = np.random.default_rng(0)
    people = draw.permutation(-(-images // OF_ONE))
    for start in range(0, len(people), _AT_ONCE // OF_ONE):
        some = people[start : start + _AT_ONCE // OF_ONE]
        image = draw.permuted(np.tile(np.arange(OF_ONE), (len(some), 1)), axis=1).ravel()
        person = np.repeat(some, OF_ONE)
        there = person * OF_ONE + image < images
        names = np.zeros(int(there.sum()), _NAME)
        for constant in ("p", "/p", "_", ".jpg"):
            names[constant] = constant
        names["person"] = names["again"] = _digits(person[there], 8).view("S8").ravel()
        names["image"] = _digits(image[there], 4).view("S4").ravel()
        yield names


def _rows(head: NDArray[np.uint8], offsets: NDArray[np.uint32] | None, names: NDArray[np.void]) -> NDArray[np.uint8]:
    parts = [np.tile(head, (len(names), 1)), names.view(np.uint8).reshape(len(names), -1)]
    if offsets is not None:
        parts.insert(1, offsets.view(np.uint8).reshape(len(names), -1))
    return np.concatenate(parts, axis=1)


def _digits(numbers: NDArray[np.int64], count: int, base: int = 10) -> NDArray[np.uint8]:
    """The digits of each number, as ASCII, (numbers, count)."""
    powers = base ** np.arange(count - 1, -1, -1)
    return np.ascontiguousarray((numbers[:, None] // powers % base + ord("0")).astype(np.uint8))
