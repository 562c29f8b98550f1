"""The central directory of a zip as nearly all writers make it, without an object an entry, which takes a kilobyte.

Whatever is otherwise than expected here is left to ``zipfile``, which reads it or says what is the matter with it.
"""

import os
import struct
import zipfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

_END, _END64, _LOCATOR64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4sxBBxHH4x3L3H4x2L")
_EXTRA = struct.Struct("<2H")
_LONGEST_COMMENT = 1 << 16
_NEWEST = 63
"""Version of the format, times ten, up to which ``zipfile`` reads it."""
_ELSEWHERE, _NUMBERS64 = 0xFFFFFFFF, 1
"""In the place of a number that stands in an extra field, and the kind of that field."""
_UTF8_FLAG = 0x800
_AT_ONCE, _FEW_AT_ONCE = 1 << 20, 1 << 13
_PLACE_EVERY = 32
"""Entries from one whose place is kept to the next."""


class OddZipError(Exception):
    """The directory is one that ``zipfile`` is to read."""


class Entry(NamedTuple):
    """What the directory says of a member.

    Attributes:
        name: as its bytes are.
        flags: of the format, bit by bit.
        system: that made it, as the format numbers them.
        method: of compression, as the format numbers them.
        attributes: as the system has them.
        compressed: bytes in the file.
        size: bytes of the member.
        offset: of its header in the file.
        crc: checksum of the member.
        length: bytes of the entry itself.
    """

    name: bytes
    flags: int
    system: int
    method: int
    attributes: int
    compressed: int
    size: int
    offset: int
    crc: int
    length: int


class ZipDirectory:
    """Walks the entries, and finds them again: keeps the place of one in some dozens, and the file open."""

    def __init__(self, path: Path) -> None:
        """Find the directory.

        Raises:
            OddZipError: ``zipfile`` is to find it.
            OSError: the file can't be read.
        """
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._places = array("q")
        self._count = self.outside = 0
        try:
            self._start, self._end, self._before = _bounds(self._descriptor)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        """Number of the entries that were walked."""
        return self._count

    def walk(self) -> Iterator[Entry]:
        """All entries, once; afterwards ``outside`` is how many members lie outside the file.

        Raises:
            OddZipError: ``zipfile`` is to read them.
            OSError: the file can't be read.
        """
        place, compressed = self._start, 0
        for entry in self._entries_from(place, _AT_ONCE):
            if self._count % _PLACE_EVERY == 0:
                self._places.append(place)
            place += entry.length
            self._count += 1
            self.outside += not 0 <= entry.offset <= self._start - entry.compressed
            compressed += entry.compressed
            yield entry
        # Members that overlap are a way to make few bytes many; newer versions of zipfile refuse to read such.
        if compressed > self._start:
            raise OddZipError

    def info(self, index: int) -> zipfile.ZipInfo:
        """An entry that was walked, with what ``zipfile`` needs to read the member.

        Raises:
            OddZipError: the file is not the one that it was.
            OSError: the file can't be read.
        """
        place = self._places[index // _PLACE_EVERY]
        for number, entry in enumerate(self._entries_from(place, _FEW_AT_ONCE)):
            if number == index % _PLACE_EVERY:
                return _info(entry)
        raise OddZipError

    def close(self) -> None:
        """Let go of the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        """Return the directory itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _entries_from(self, place: int, at_once: int) -> Iterator[Entry]:
        while place < self._end:
            block, at = os.pread(self._descriptor, min(at_once, self._end - place), place), 0
            while (entry := _entry(block, at, self._before)) is not None:
                yield entry
                at += entry.length
            if not at and place + at_once >= self._end:
                raise OddZipError
            place += at
            at_once *= 1 if at else 2  # an entry may be longer than a block


def _entry(block: bytes, at: int, before: int) -> Entry | None:
    """The entry at a place of a block; None where the block ends before it does."""
    begin = at + _ENTRY.size
    if len(block) < begin:
        return None
    magic, system, version, flags, method, crc, compressed, size, *more = _ENTRY.unpack_from(block, at)
    of_name, of_extra, of_comment, attributes, offset = more
    if magic != b"PK\x01\x02" or version > _NEWEST:
        raise OddZipError
    length = _ENTRY.size + of_name + of_extra + of_comment
    if len(block) < at + length:
        return None
    name = block[begin : begin + of_name]
    if flags & _UTF8_FLAG and not name.isascii():
        try:
            name.decode()
        except UnicodeDecodeError as error:
            raise OddZipError from error
    if of_extra:
        extra = block[begin + of_name : begin + of_name + of_extra]
        size, compressed, offset = _numbers(extra, size, compressed, offset)
    return Entry(name, flags, system, method, attributes, compressed, size, offset + before, crc, length)


def _numbers(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Size, compressed size and offset, where an extra field may have those that don't fit into 32 bits."""
    at = 0
    while len(extra) >= at + _EXTRA.size:
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if at + length > len(extra):
            raise OddZipError
        if kind == _NUMBERS64:
            wanted = [number == _ELSEWHERE for number in (size, compressed, offset)]
            if length < 8 * sum(wanted):
                raise OddZipError
            found = iter(struct.unpack_from(f"<{sum(wanted)}Q", extra, at))
            size, compressed, offset = (
                next(found) if elsewhere else number
                for elsewhere, number in zip(wanted, (size, compressed, offset), strict=True)
            )
        at += length
    return size, compressed, offset


def _bounds(descriptor: int) -> tuple[int, int, int]:
    """Where the directory begins and ends, and how many bytes lie before what it calls the first of the file."""
    file_size = os.fstat(descriptor).st_size
    place = file_size - _END.size
    end = os.pread(descriptor, _END.size, max(0, place))
    if not end.startswith(b"PK\x05\x06") or end[-2:] != b"\0\0":
        first = max(0, place - _LONGEST_COMMENT)
        tail = os.pread(descriptor, file_size - first, first)
        found = tail.rfind(b"PK\x05\x06")
        place, end = first + found, tail[found : found + _END.size]
        if found < 0:
            raise OddZipError
    if len(end) < _END.size:
        raise OddZipError
    *_, length, offset, _ = _END.unpack(end)
    stop = place
    locator = os.pread(descriptor, _LOCATOR64.size, max(0, place - _LOCATOR64.size))
    if locator.startswith(b"PK\x06\x07"):
        _, disk, _, disks = _LOCATOR64.unpack(locator)
        place -= _LOCATOR64.size + _END64.size
        end64 = os.pread(descriptor, _END64.size, max(0, place))
        if disk or disks > 1 or len(end64) < _END64.size or not end64.startswith(b"PK\x06\x06"):
            raise OddZipError
        *_, length, offset = _END64.unpack(end64)
        stop = place
    start = stop - length
    if start < 0:
        raise OddZipError
    return start, stop, start - offset


def _info(entry: Entry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.name.decode("utf-8" if entry.flags & _UTF8_FLAG else "cp437"))
    info.flag_bits, info.compress_type, info.create_system = entry.flags, entry.method, entry.system
    info.CRC, info.compress_size, info.file_size = entry.crc, entry.compressed, entry.size
    info.header_offset = entry.offset
    return info
