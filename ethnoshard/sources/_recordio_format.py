"""The RecordIO container and the image header in it, from the published format.

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
