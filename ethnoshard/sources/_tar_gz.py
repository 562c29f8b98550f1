"""Gzip-compressed tar archives, read in place."""

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import IO, cast

import indexed_gzip

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._inventory import Inventory
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large
from ethnoshard.sources._tar import begins_tar, list_members, whole

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
    # The large buffer lets the check of the end mark step back without inflating everything again.
    with gzip.open(path, "rb") as stream, io.BufferedReader(cast(io.RawIOBase, stream), _BLOCK) as file:
        try:
            start = file.read(tarfile.BLOCKSIZE)
            if not begins_tar(start):
                raise EthnoshardError(
                    f"{path} is gzip-compressed, but what is inside is not a tar; unpack it and give what comes out"
                )
            file.seek(0)
            return list_members(path, file)
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
