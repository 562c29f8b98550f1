"""Plain tar, written so that every byte is decided by names and contents, and every content's place is known."""

import tarfile
from typing import Protocol

BLOCK = 512
"""Tar counts in blocks of this many bytes."""

_RECORD = 20 * BLOCK


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
        header = tarfile.TarInfo(name)
        header.size = len(content)
        self._write(header.tobuf(tarfile.USTAR_FORMAT))
        offset = self.end
        self._write(content)
        self._write(b"\0" * (padded(len(content)) - len(content)))
        return offset

    def close(self) -> None:
        """Write the end mark. The file itself stays open."""
        self._write(b"\0" * (end_of_tar(self.end) - self.end))

    def _write(self, content: bytes | memoryview) -> None:
        self._file.write(content)
        self.end += len(content)
