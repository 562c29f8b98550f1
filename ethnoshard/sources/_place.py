"""Where the images of a source lie: small, so that it goes to other processes, each of which opens it for itself."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef, SourceReader
from ethnoshard.sources.containers._folder import FolderReader
from ethnoshard.sources.containers._parquet_reader import ParquetReader
from ethnoshard.sources.containers._tar import TarGzReader, TarReader
from ethnoshard.sources.containers._zip import ZipReader
from ethnoshard.sources.recordio._format import RecordIOReader, rec_file

_READERS: dict[str, Callable[[Path, int], SourceReader]] = {
    "folder": FolderReader,
    "tar": TarReader,
    "tar.gz": TarGzReader,
    "zip": ZipReader,
    "recordio": RecordIOReader,
    "parquet": ParquetReader,
}

SEVERAL = "several"
"""The kind of a place that is made of others."""


class FileOfImage(NamedTuple):
    """The file that an image lies in.

    Attributes:
        path: of the file.
        alone: whether the image is all of it.
    """

    path: str
    alone: bool


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder or file with images, or several of them.

    Attributes:
        kind: ``folder``, ``tar``, ``tar.gz``, ``zip``, ``recordio``, ``parquet`` or ``several``.
        path: the folder or file; of several the folder that holds them, or the first.
        members: the places that it is made of; empty unless it is several.
        max_file_bytes: an image file larger than this is refused unread.
    """

    kind: str
    path: Path
    members: tuple["Place", ...] = ()
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES

    def open(self) -> SourceReader:
        """Return a new reader of the images here.

        Raises:
            EthnoshardError: it is gone or can't be opened any more.
            KeyError: no such kind.
        """
        if self.kind == SEVERAL:
            return SeveralReader(self.members)
        reader = _READERS[self.kind]
        try:
            return reader(self.path, self.max_file_bytes)
        except OSError as error:
            raise EthnoshardError(f"{self.path} can't be opened: {error.strerror or error}") from error

    def files(self) -> tuple[Path, ...] | None:
        """The files that hold all of the images; None where many an image is a file of its own."""
        if self.kind == SEVERAL:
            files = [member.files() for member in self.members]
            return None if None in files else tuple(itertools.chain.from_iterable(filter(None, files)))
        if self.kind == "folder":
            return None
        return (rec_file(self.path) if self.kind == "recordio" else self.path,)

    def file_of(self, ref: ImageRef) -> "FileOfImage":
        """The file that an image lies in: once that looks otherwise, the image may be another one."""
        if self.kind == SEVERAL:
            member, inner = member_of(ref)
            return self.members[member].file_of(inner)
        if self.kind == "folder":
            return FileOfImage(f"{self.path.absolute()}/{ref.locator}", alone=True)
        return FileOfImage(str(rec_file(self.path) if self.kind == "recordio" else self.path), alone=False)


def member_of(ref: ImageRef) -> tuple[int, ImageRef]:
    """Number of the member that an image of several lies in, and the image as that member has it.

    Before the member's own locator stands ``<member>/``, and ``#`` where that is a number.
    """
    number, _, locator = str(ref.locator).partition("/")
    return int(number), ref._replace(locator=int(locator[1:]) if locator.startswith("#") else locator)


_MOST_OPEN = 64
"""Members that are kept open; a thousand archives are too many files for a process."""


class SeveralReader(SourceReader):
    """Reads images of several places; a member is opened when its first image is asked for."""

    def __init__(self, members: tuple[Place, ...]) -> None:
        self._members = members
        self._open: dict[int, SourceReader] = {}

    def read(self, ref: ImageRef) -> bytes:
        """Return the bytes of the image's file.

        Raises:
            UnreadableImageError: as the member's own reader.
            EthnoshardError: the member is gone or can't be opened any more.
        """
        number, inner = member_of(ref)
        reader = self._open.pop(number, None)
        if reader is None:
            if len(self._open) == _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            reader = self._members[number].open()
        self._open[number] = reader  # the latest used last
        return reader.read(inner)

    def close(self) -> None:
        """Close every member; a second time does nothing."""
        for reader in self._open.values():
            reader.close()
        self._open.clear()
