"""Zip archives, read in place."""

import contextlib
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large
from ethnoshard.sources.containers._inventory import LINK, SPECIAL, ArchiveInventory, Inventory
from ethnoshard.sources.containers._zip_directory import Entry, OddZipError, ZipDirectory

ENCRYPTED = "encrypted"
METHOD = "compressed by a method that can't be read here"

_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DOS, _UNIX = 0, 3  # the system that made an entry, as the format numbers them
_ENCRYPTED_FLAG, _UTF8_FLAG = 0x1, 0x800
_CHUNK = 2**16
_EMPTY = b"PK\x05\x06" + bytes(18)
"""A zip without a member."""


def list_zip(path: Path) -> Inventory:
    """List a zip by its central directory; locators are indices into it.

    Raises:
        EthnoshardError: there is no whole central directory, or it points outside the file.
    """
    try:
        with ZipDirectory(path) as directory:
            found = _entered(directory.walk())
            if not directory.outside:
                return found.finish()
    except OddZipError:
        pass
    with _opened(path) as archive:
        return _entered(map(_entry, archive.infolist())).finish()


def _entered(entries: Iterable[Entry]) -> ArchiveInventory:
    found = ArchiveInventory()
    for index, entry in enumerate(entries):
        name = _raw_name(entry)
        if not name.endswith("/"):
            found.add(name, index, entry.size, _reason(entry))
    return found


def _entry(info: zipfile.ZipInfo) -> Entry:
    return Entry(
        name=info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_FLAG else "cp437"),
        flags=info.flag_bits,
        system=info.create_system,
        method=info.compress_type,
        attributes=info.external_attr,
        compressed=info.compress_size,
        size=info.file_size,
        offset=info.header_offset,
        crc=info.CRC,
        length=0,
    )


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except UnicodeDecodeError as error:
        raise EthnoshardError(
            f"{path} says that its names are UTF-8, which {error.object!r} is not; pack it again as .tar or .zip"
        ) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise EthnoshardError(
            f"{path} has no readable central directory ({error}): it is cut short or damaged; fetch it again"
        ) from error
    infos = archive.infolist()
    end = archive.start_dir
    outside = sum(not 0 <= info.header_offset <= end - info.compress_size for info in infos)
    if outside:
        archive.close()
        raise EthnoshardError(
            f"{path} is damaged: {outside} of {len(infos)} entries lie outside the file; fetch it again"
        )
    return archive


def _raw_name(entry: Entry) -> str:
    """Return the name as its bytes say, with surrogates where they are not UTF-8.

    An entry without the UTF-8 flag is in code page 437 by the letter of the format, but in practice in
    whatever the writer's file names were in, most often UTF-8.
    """
    name = entry.name.decode("utf-8", "surrogateescape")
    if entry.system == _DOS and "/" not in name:
        name = name.replace("\\", "/")  # some Windows writers, against the format
    return name


def _reason(entry: Entry) -> str | None:
    if entry.flags & _ENCRYPTED_FLAG:
        return ENCRYPTED
    if entry.method not in _READABLE:
        return METHOD
    form = stat.S_IFMT(entry.attributes >> 16) if entry.system == _UNIX else 0
    if form == stat.S_IFLNK:
        return LINK
    return None if form in (0, stat.S_IFREG) else SPECIAL


class ZipReader(SourceReader):
    """Reads members of a zip; opening it walks the central directory, of which it keeps a few bits an entry."""

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        self._max_file_bytes = max_file_bytes
        self._directory: ZipDirectory | None = None
        self._file: IO[bytes] | None = None
        try:
            directory = ZipDirectory(path)
            with contextlib.ExitStack() as unless_it_is_odd:
                unless_it_is_odd.enter_context(directory)
                for _ in directory.walk():
                    pass
                if directory.outside:
                    raise OddZipError
                unless_it_is_odd.pop_all()
        except OddZipError:
            self._archive = _opened(path)
            return
        self._directory = directory
        # One that has read no directory, given the file: it is told of each member where that is.
        self._archive = zipfile.ZipFile(io.BytesIO(_EMPTY))
        self._archive.fp = self._file = path.open("rb")

    def read(self, ref: ImageRef) -> bytes:
        """Return the inflated bytes of the member, never more than its declared size.

        Raises:
            UnreadableImageError: over the size limit, or its data are damaged.
        """
        refuse_large(ref, self._max_file_bytes)
        info = self._info(locator_number(ref))
        if info is None or info.file_size != ref.size:
            raise UnreadableImageError("the archive has changed since it was listed")
        data = bytearray()
        try:
            with self._archive.open(info) as member:
                # zipfile stops at the declared size; small steps keep it from inflating far beyond.
                while chunk := member.read(_CHUNK):
                    data += chunk
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            NotImplementedError,
            UnicodeDecodeError,
        ) as error:
            raise UnreadableImageError(f"the entry is damaged: {error}") from error
        except OSError as error:
            raise UnreadableImageError(f"the archive can't be read: {error.strerror or error}") from error
        if len(data) != ref.size:
            raise UnreadableImageError(f"the archive holds {len(data)} of the file's {ref.size} bytes")
        return bytes(data)

    def close(self) -> None:
        """Close the archive; a second time does nothing."""
        self._archive.close()
        for opened in (self._directory, self._file):
            if opened is not None:
                opened.close()

    def _info(self, index: int) -> zipfile.ZipInfo | None:
        """None where there is no such member any more."""
        if self._directory is None:
            infos = self._archive.infolist()
            return infos[index] if index < len(infos) else None
        try:
            return self._directory.info(index) if index < len(self._directory) else None
        except OddZipError:
            return None
        except OSError as error:
            raise UnreadableImageError(f"the archive can't be read: {error.strerror or error}") from error
