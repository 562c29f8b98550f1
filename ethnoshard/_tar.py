"""Plain tar, written so that every byte is decided by names and contents, and every content's place is known."""

import tarfile
from collections.abc import Iterable
from typing import Protocol

BLOCK = 512
"""Tar counts in blocks of this many bytes."""

_RECORD = 20 * BLOCK

_ZEROS = bytes(BLOCK)

_NAMELESS = tarfile.TarInfo("").tobuf(tarfile.USTAR_FORMAT)
"""What every header of ours begins from, as the standard library writes it: no name, no size, no owner, no time."""

_NAME_BYTES, _SIZE_DIGITS = 100, 11
_BEFORE_SIZE, _BEFORE_SUM, _REST = _NAMELESS[100:124], _NAMELESS[135:148], _NAMELESS[156:]
_LARGEST = 8**_SIZE_DIGITS
_SUM_OF_REST = sum(_BEFORE_SIZE) + sum(_BEFORE_SUM) + 8 * ord(" ") + sum(_REST)
"""Of all bytes but the name's and the size's; the checksum itself counts as blanks."""


class Sink(Protocol):
    """What a tar is written to."""

    def write(self, content: bytes | memoryview, /) -> object:
        """Append ``content``."""


def padded(length: int) -> int:
    """Bytes that ``length`` bytes of content take in a tar."""
    return -(-length // BLOCK) * BLOCK


def end_of_tar(samples: int) -> int:
    """Bytes of a tar whose members end after ``samples`` bytes: the end mark follows, filled up to a whole record."""
    return -(-(samples + 2 * BLOCK) // _RECORD) * _RECORD


def member_header(name: str, size: int) -> bytes:
    """The 512 bytes before a member's content, those that :mod:`tarfile` writes, in a twentieth of its time.

    Args:
        name: ASCII, at most 100 characters.
        size: of the content, bytes.
    """
    text = name.encode("ascii")
    if len(text) > _NAME_BYTES or not 0 <= size < _LARGEST:
        header = tarfile.TarInfo(name)
        header.size = size
        return header.tobuf(tarfile.USTAR_FORMAT)
    digits = b"%011o" % size
    checksum = b"%06o\0 " % (_SUM_OF_REST + sum(text) + sum(digits))
    return b"".join((text.ljust(_NAME_BYTES, b"\0"), _BEFORE_SIZE, digits, _BEFORE_SUM, checksum, _REST))


class TarFile:
    """Appends members to a file; no owner, no time, so that equal contents give equal bytes."""

    def __init__(self, file: Sink) -> None:
        """Write to ``file``, which is at its start."""
        self._file = file
        self.end = 0
        """Bytes written so far."""

    def add(self, name: str, content: bytes | memoryview) -> int:
        """Append a member and return the offset of its content in bytes.

        Args:
            name: ASCII, at most 100 characters.
            content: the bytes.
        """
        return self.add_all([(name, content)])[0]

    def add_all(self, members: Iterable[tuple[str, bytes | memoryview]]) -> list[int]:
        """Append members by name and content, in one write; the offset of each content in bytes."""
        pieces: list[bytes | memoryview] = []
        offsets, end = [], self.end
        for name, content in members:
            size = len(content)
            pieces += (member_header(name, size), content, _ZEROS[: -size % BLOCK])
            offsets.append(end + BLOCK)
            end += BLOCK + size + -size % BLOCK
        self._file.write(b"".join(pieces))
        self.end = end
        return offsets

    def close(self) -> None:
        """Write the end mark. The file itself stays open."""
        self._write(b"\0" * (end_of_tar(self.end) - self.end))

    def _write(self, content: bytes | memoryview) -> None:
        self._file.write(content)
        self.end += len(content)
