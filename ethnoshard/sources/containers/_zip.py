"""Zip archives, read in place."""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large
from ethnoshard.sources.containers._inventory import LINK, SPECIAL, ArchiveInventory, Inventory

ENCRYPTED = "encrypted"
METHOD = "compressed by a method that can't be read here"

_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DOS, _UNIX = 0, 3  # the system that made an entry, as the format numbers them
_ENCRYPTED_FLAG, _UTF8_FLAG = 0x1, 0x800
_CHUNK = 2**16


def list_zip(path: Path) -> Inventory:
    """List a zip by its central directory; locators are indices into it.

    Raises:
        EthnoshardError: there is no whole central directory, or it points outside the file.
    """
    entries = ArchiveInventory()
    with _opened(path) as archive:
        for index, info in enumerate(archive.infolist()):
            name = _raw_name(info)
            if not name.endswith("/"):
                entries.add(name, index, info.file_size, _reason(info))
    return entries.finish()


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


def _raw_name(info: zipfile.ZipInfo) -> str:
    """Return the name as its bytes say, with surrogates where they are not UTF-8.

    An entry without the UTF-8 flag is in code page 437 by the letter of the format, but in practice in
    whatever the writer's file names were in, most often UTF-8.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        name = name.encode("cp437").decode("utf-8", "surrogateescape")
    if info.create_system == _DOS and "/" not in name:
        name = name.replace("\\", "/")  # some Windows writers, against the format
    return name


def _reason(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _ENCRYPTED_FLAG:
        return ENCRYPTED
    if info.compress_type not in _READABLE:
        return METHOD
    form = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
    if form == stat.S_IFLNK:
        return LINK
    return None if form in (0, stat.S_IFREG) else SPECIAL


class ZipReader(SourceReader):
    """Reads members of a zip; opening it reads the central directory, some hundred bytes an entry."""

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        self._archive = _opened(path)
        self._infos = self._archive.infolist()
        self._max_file_bytes = max_file_bytes

    def read(self, ref: ImageRef) -> bytes:
        """Return the inflated bytes of the member, never more than its declared size.

        Raises:
            UnreadableImageError: over the size limit, or its data are damaged.
        """
        refuse_large(ref, self._max_file_bytes)
        index = locator_number(ref)
        if index >= len(self._infos) or self._infos[index].file_size != ref.size:
            raise UnreadableImageError("the archive has changed since it was listed")
        data = bytearray()
        try:
            with self._archive.open(self._infos[index]) as member:
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
