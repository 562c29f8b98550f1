"""The file of a RecordIO set, ``train.rec``, from the published format: its records, and the images in them.

A record is one piece, or several where its data hold the magic word at a multiple of 4 bytes (which would
mislead a reader that looks for the next record); joining the pieces puts the word back between them. A piece,
little-endian:

=============  =============================================================
bytes          content
=============  =============================================================
4              the magic word, 0xced7230a
4              upper 3 bits: 0 whole, 1 first, 2 middle, 3 last; lower 29: length
length         data
0 to 3         zeros up to a multiple of 4
=============  =============================================================

The data of an image record are ``IRHeader`` (uint32 flag, float32 label, uint64 id, uint64 id2), then
``flag`` float32 labels, then the encoded image.

Sources: dmlc-core ``include/dmlc/recordio.h``; Apache MXNet ``python/mxnet/recordio.py``.
"""

import mmap
import struct
from pathlib import Path

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
LENGTH_BITS = 29
WHOLE, FIRST, MIDDLE, LAST = range(4)

PIECE_HEADER = struct.Struct("<II")
IMAGE_HEADER = struct.Struct("<IfQQ")


class BrokenRecordError(Exception):
    """A record is not what the format says; its text says how."""


def pieces(buffer: mmap.mmap | bytes, offset: int) -> tuple[list[tuple[int, int]], int]:
    """Find the pieces of the record at byte ``offset``.

    Returns:
        (start, length) of the data of each piece, and the offset at which the next record begins.

    Raises:
        BrokenRecordError: no record begins there, or it runs beyond the end.
    """
    found: list[tuple[int, int]] = []
    while True:
        if offset + PIECE_HEADER.size > len(buffer):
            raise BrokenRecordError(f"the file ends at byte {len(buffer)}, inside the record")
        magic, word = PIECE_HEADER.unpack_from(buffer, offset)
        part, length = word >> LENGTH_BITS, word & (1 << LENGTH_BITS) - 1
        if magic != MAGIC or part not in ((MIDDLE, LAST) if found else (WHOLE, FIRST)):
            raise BrokenRecordError(f"no {'further piece' if found else 'record'} begins at byte {offset}")
        start = offset + PIECE_HEADER.size
        offset = start + length + -length % 4
        if offset > len(buffer):
            raise BrokenRecordError(f"the file ends at byte {len(buffer)}, inside the record")
        found.append((start, length))
        if part in (WHOLE, LAST):
            return found, offset


def next_record(buffer: mmap.mmap | bytes, offset: int) -> int:
    """The offset at which the record after that at byte ``offset`` begins.

    Raises:
        BrokenRecordError: no record begins there, or it runs beyond the end.
    """
    if offset + PIECE_HEADER.size <= len(buffer):
        magic, word = PIECE_HEADER.unpack_from(buffer, offset)
        after = offset + PIECE_HEADER.size + word + -word % 4  # of a whole record the word is its length
        if magic == MAGIC and word >> LENGTH_BITS == WHOLE and after <= len(buffer):
            return int(after)
    return pieces(buffer, offset)[1]


def read_record(buffer: mmap.mmap | bytes, offset: int) -> bytes:
    """Return the data of the record at byte ``offset``, pieces joined.

    Raises:
        BrokenRecordError: no record begins there, or it runs beyond the end.
    """
    return MAGIC_BYTES.join(buffer[start : start + length] for start, length in pieces(buffer, offset)[0])


def split_image(record: bytes) -> tuple[tuple[float, ...], bytes]:
    """Split the data of a record into its labels and its encoded image.

    Raises:
        BrokenRecordError: it is shorter than its header says.
    """
    if len(record) < IMAGE_HEADER.size:
        raise BrokenRecordError(f"the record has {len(record)} bytes, fewer than its header")
    flag, label, _, _ = IMAGE_HEADER.unpack_from(record)
    start = IMAGE_HEADER.size + 4 * flag
    if start > len(record):
        raise BrokenRecordError(f"the record has {len(record)} bytes, fewer than its {flag} labels take")
    labels = struct.unpack_from(f"<{flag}f", record, IMAGE_HEADER.size) if flag else (label,)
    return labels, record[start:]


def rec_file(path: Path) -> Path:
    """The file of the records, of it or of the folder that holds it."""
    return path / "train.rec" if path.is_dir() else path


def mapped(rec: Path) -> mmap.mmap:
    """Map the file of the records.

    Raises:
        EthnoshardError: it can't be read, or is empty.
    """
    try:
        with rec.open("rb") as file:
            if not rec.stat().st_size:
                raise EthnoshardError(f"{rec} is an empty file; fetch it again")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise EthnoshardError(f"{rec} can't be read: {error.strerror}") from error


def let_go(buffer: mmap.mmap) -> None:
    """Let the system take back the pages that were touched: a walk through a large file is to take no memory."""
    if hasattr(mmap, "MADV_DONTNEED"):
        buffer.madvise(mmap.MADV_DONTNEED)


class RecordIOReader(SourceReader):
    """Reads images of a RecordIO set by the offset of their record."""

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        self._buffer = mapped(rec_file(path))
        self._max_file_bytes = max_file_bytes

    def read(self, ref: ImageRef) -> bytes:
        """Return the encoded image of the record, without its labels.

        Raises:
            UnreadableImageError: over the size limit, or the record is no longer what was listed.
        """
        refuse_large(ref, self._max_file_bytes)
        try:
            _, image = split_image(read_record(self._buffer, locator_number(ref)))
        except BrokenRecordError as error:
            raise UnreadableImageError(str(error)) from error
        if len(image) != ref.size:
            raise UnreadableImageError(f"the record holds {len(image)} bytes, not the {ref.size} that were listed")
        return image

    def close(self) -> None:
        """Unmap the file; a second time does nothing."""
        self._buffer.close()
