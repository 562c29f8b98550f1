"""Tar archives, plain and compressed by gzip, read in place."""

import contextlib
import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import indexed_gzip

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large
from ethnoshard.sources.containers._inventory import LINK, SPECIAL, ArchiveInventory, Inventory
from ethnoshard.sources.containers._tar_headers import Member, plain_members

SPARSE = "sparse file inside an archive"

_CHUNK = 2**20
_LONGEST_PADDING = 2**20
"""Bytes of zeros that a writer may add after the end mark; GNU and BSD tar fill up to 10 KiB."""


def begins_tar(block: bytes) -> bool:
    """Tell whether the first 512 bytes of a file are those of a tar, perhaps an empty or damaged one."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        # A damaged header with the magic word, or an end mark: the listing says what is the matter.
        return block[257:262] == b"ustar" or block == bytes(tarfile.BLOCKSIZE)
    return True


def list_tar(path: Path) -> Inventory:
    """List a plain tar; locators are the byte offsets of the data in the file.

    Raises:
        EthnoshardError: the archive is cut short or damaged.
    """
    with path.open("rb") as file:
        return list_members(path, file)


def list_members(path: Path, file: IO[bytes]) -> Inventory:
    """List the tar that ``file`` reads from its beginning; ``path`` is for messages.

    Raises:
        EthnoshardError: the archive is cut short or damaged.
    """
    entries = ArchiveInventory()
    for member in members_of(path, file):
        entries.add(member.name, member.offset, member.size, member.reason)
    return entries.finish()


def members_of(path: Path, file: IO[bytes]) -> Iterator[Member]:
    """What a tar holds but folders; ``file`` may be read and moved meanwhile.

    Raises:
        EthnoshardError: the archive is cut short or damaged.
    """
    end = 0
    for member in plain_members(file):
        if isinstance(member, Member):
            yield member
        else:
            end = member
    file.seek(max(0, end - 1))
    if end and not file.read(1):
        raise EthnoshardError(f"{path} is cut short or damaged (unexpected end of data); fetch it again")
    try:
        with tarfile.TarFile(fileobj=file, encoding="utf-8", errors="surrogateescape") as archive:
            while (info := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # a kilobyte for every image
                if not info.isdir():
                    yield Member(info.name, info.offset_data, info.size, _reason(info))
            end = archive.offset  # where it found no further header
    # The others: numbers in headers that are none, or larger than any file or memory.
    except (tarfile.TarError, ValueError, OverflowError, MemoryError) as error:
        raise EthnoshardError(f"{path} is cut short or damaged ({error}); fetch it again") from error
    _check_end(path, file, end)


def _reason(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return LINK
    if member.issparse():
        return SPARSE
    return None if member.isreg() else SPECIAL


def _check_end(path: Path, file: IO[bytes], end: int) -> None:
    """Make sure that the listing stopped at the end mark: tarfile stops as quietly at damage and at a cut."""
    file.seek(end)
    block = file.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE:
        raise EthnoshardError(
            f"{path} is cut short: it ends at byte {end + len(block)} without the end mark of a tar archive; "
            f"fetch it again"
        )
    if any(block):
        raise EthnoshardError(f"{path} is damaged: no tar header at byte {end}; fetch it again")
    rest = 0
    while chunk := file.read(_CHUNK):
        rest += len(chunk)
        if rest > _LONGEST_PADDING or any(chunk):
            raise EthnoshardError(
                f"{path} goes on after the end mark at byte {end}: an unfinished download (fetch it again) "
                f"or archives joined end to end (extract them with tar --ignore-zeros and give the folder)"
            )


class TarReader(SourceReader):
    """Reads members of a plain tar by their offset."""

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._max_file_bytes = max_file_bytes

    def read(self, ref: ImageRef) -> bytes:
        """Return the bytes of the member.

        Raises:
            UnreadableImageError: over the size limit, the disk fails, or the archive has become shorter.
        """
        refuse_large(ref, self._max_file_bytes)
        try:
            data = os.pread(self._descriptor, ref.size, locator_number(ref))
        except OSError as error:
            raise UnreadableImageError(f"the archive can't be read: {error.strerror}") from error
        return whole(data, ref)

    def close(self) -> None:
        """Close the archive; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def whole(data: bytes, ref: ImageRef) -> bytes:
    """Return ``data`` where it is all of the member.

    Raises:
        UnreadableImageError: the archive ended before.
    """
    if len(data) != ref.size:
        raise UnreadableImageError(f"the archive holds {len(data)} of the file's {ref.size} bytes")
    return data


_BLOCK = 2**20
_BLOCKS_KEPT = 16
_POINT_EVERY = 2**20
_MOST_POINTS = 2048
"""Places in the stream that inflating can begin from; each costs 32 KiB of memory."""


def list_tar_gz(path: Path) -> Inventory:
    """List a gzip-compressed tar; locators are the byte offsets of the data in the uncompressed stream.

    Reads the whole stream, so that its checksums are checked, with the standard library's gzip: indexed_gzip
    takes a stream cut in the middle for a shorter one.

    Raises:
        EthnoshardError: the archive is cut short or damaged.
    """
    with opened_tar_gz(path) as file:
        return list_members(path, file)


@contextlib.contextmanager
def opened_tar_gz(path: Path) -> Iterator[IO[bytes]]:
    """The stream inside, from its beginning.

    Raises:
        EthnoshardError: there is no tar inside, or what is read inside the block is cut short or damaged.
    """
    # The large buffer lets the check of the end mark step back without inflating everything again.
    with gzip.open(path, "rb") as stream, io.BufferedReader(cast(io.RawIOBase, stream), _BLOCK) as file:
        try:
            start = file.read(tarfile.BLOCKSIZE)
            if not begins_tar(start):
                raise EthnoshardError(
                    f"{path} is gzip-compressed, but what is inside is not a tar; unpack it and give what comes out"
                )
            file.seek(0)
            yield file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise EthnoshardError(f"{path} is cut short or damaged ({error}); fetch it again") from error


class TarGzReader(SourceReader):
    """Reads members of a compressed tar: the first pass over a stretch inflates it, later jumps are quick.

    A jump inflates from the nearest point before it, about 1 MiB of the stream. Refs come by name, and archives
    often hold a folder's files together but in the order of the disk. So the blocks last inflated are kept: the
    images of one identity cost about one jump.
    """

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        spacing = max(_POINT_EVERY, path.stat().st_size // _MOST_POINTS)
        self._stream: IO[bytes] = indexed_gzip.IndexedGzipFile(str(path), spacing=spacing, drop_handles=False)
        self._blocks: dict[int, bytes] = {}
        self._max_file_bytes = max_file_bytes

    def read(self, ref: ImageRef) -> bytes:
        """Return the bytes of the member.

        Raises:
            UnreadableImageError: over the size limit, or the stream can't be inflated up to there any more.
        """
        refuse_large(ref, self._max_file_bytes)
        start = locator_number(ref)
        first, last = start // _BLOCK, (start + ref.size) // _BLOCK
        try:
            data = b"".join(self._block(number) for number in range(first, last + 1))
        except OSError as error:  # ZranError is one
            raise UnreadableImageError(f"the archive can't be read: {error.strerror or error}") from error
        return whole(data[start - first * _BLOCK :][: ref.size], ref)

    def _block(self, number: int) -> bytes:
        block = self._blocks.pop(number, None)
        if block is None:
            self._stream.seek(number * _BLOCK)
            block = self._stream.read(_BLOCK)
            if len(self._blocks) == _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
        self._blocks[number] = block  # the latest used last
        return block

    def close(self) -> None:
        """Close the archive; a second time does nothing."""
        self._stream.close()
        self._blocks.clear()
