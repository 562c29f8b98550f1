"""Writes RecordIO in the form that insightface's trainers read; ``_format`` has the format."""

import struct
from typing import IO

from ethnoshard.sources.recordio._format import (
    FIRST,
    IMAGE_HEADER,
    LAST,
    LENGTH_BITS,
    MAGIC,
    MAGIC_BYTES,
    MIDDLE,
    PIECE_HEADER,
    WHOLE,
)


class RecordWriter:
    """Records, one after the other, and the index that says where each begins."""

    def __init__(self, records: IO[bytes], index: IO[bytes]) -> None:
        """Write into ``train.rec`` and ``train.idx``, open and empty."""
        self._records = records
        self._index = index
        self._place = 0

    def image(self, key: int, label: int, image: bytes) -> None:
        """Write an encoded image of the person ``label``."""
        self._write(key, IMAGE_HEADER.pack(0, float(label), key, 0) + image)

    def numbers(self, key: int, first: int, second: int) -> None:
        """Write a record of two numbers and no image: a range of keys."""
        self._write(key, IMAGE_HEADER.pack(2, 0.0, key, 0) + struct.pack("<2f", first, second))

    def _write(self, key: int, data: bytes) -> None:
        self._index.write(f"{key}\t{self._place}\n".encode())
        cut = _cut(data)
        for number, piece in enumerate(cut):
            part = WHOLE if len(cut) == 1 else LAST if number == len(cut) - 1 else MIDDLE if number else FIRST
            header = PIECE_HEADER.pack(MAGIC, part << LENGTH_BITS | len(piece))
            self._place += self._records.write(header + piece + bytes(-len(piece) % 4))


def _cut(data: bytes) -> list[bytes]:
    """Pieces between the magic words that stand at multiples of 4 bytes, which are left out."""
    found, start, at = [], 0, data.find(MAGIC_BYTES)
    while at >= 0:
        if at % 4 == 0:
            found.append(data[start:at])
            start = at + 4
        at = data.find(MAGIC_BYTES, at + (4 if at % 4 == 0 else 1))
    return [*found, data[start:]]
