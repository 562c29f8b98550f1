"""insightface RecordIO: ``train.rec`` with an optional ``train.idx`` and ``property``, from the published format.

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
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._listing import Listing
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


Integers = npt.NDArray[np.int64]


def scan(buffer: mmap.mmap, path: Path) -> tuple[Integers, Integers]:
    """Walk the records from first to last; their keys are their positions.

    Returns:
        keys and byte offsets, both of shape (records,).

    Raises:
        EthnoshardError: the last record is cut, or one is damaged.
    """
    offsets: list[int] = []
    offset = 0
    while offset < len(buffer):
        offsets.append(offset)
        try:
            _, offset = pieces(buffer, offset)
        except BrokenRecordError as error:
            raise EthnoshardError(
                f"{path}: record {len(offsets) - 1}, at byte {offsets[-1]}, is cut short or damaged "
                f"({error}); the {len(offsets) - 1} records before it are whole. Fetch it again"
            ) from error
    return np.arange(len(offsets), dtype=np.int64), np.array(offsets, dtype=np.int64)


def read_index(path: Path) -> tuple[Integers, Integers]:
    r"""Read an ``.idx`` file, lines of ``key\toffset``.

    Returns:
        keys and byte offsets, both of shape (records,), in the file's order.

    Raises:
        EthnoshardError: it is not such a file, or has a key twice.
    """
    try:
        numbers = np.array([int(word) for word in path.read_bytes().split()], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise EthnoshardError(f"{path} is not an index of lines 'key<tab>offset' ({error}); fetch it again") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    if len(numbers) % 2 or (numbers < 0).any():
        raise EthnoshardError(
            f"{path} is not an index of lines 'key<tab>offset', or its last line is cut; fetch it again"
        )
    keys, offsets = numbers[::2], numbers[1::2]
    repeated = len(keys) - len(np.unique(keys))
    if repeated:
        raise EthnoshardError(f"{path} lists {repeated} of {len(keys)} keys more than once; fetch it again")
    return keys, offsets


def read_image_size(path: Path) -> int | None:
    """Read the side of the square images, in pixels, from a ``property`` file (``classes,112,112``).

    Returns:
        the side, or None where there is no such file.

    Raises:
        EthnoshardError: it is not such a file, or the images are not square.
    """
    try:
        line = path.read_bytes().decode("ascii", "replace").partition("\n")[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    try:
        _, height, width = (int(word) for word in line.split(","))
    except ValueError as error:
        raise EthnoshardError(
            f"{path} should begin with 'classes,height,width', not {line!r}; mend it or take it away"
        ) from error
    if height != width or height < 1:
        raise EthnoshardError(f"{path} says that images are {height} x {width} pixels; only square ones can be used")
    return height


HEADER_RECORD = "header record of the set, no image"
IDENTITY_RECORD = "identity record (a range of keys), no image"


class _Facts(NamedTuple):
    """A value per record, each of shape (records,)."""

    labels: npt.NDArray[np.float32]
    flags: Integers
    sizes: Integers  # bytes of the encoded image
    ends: Integers


def list_recordio(path: Path) -> Listing:
    """List a folder with ``train.rec``, or a ``.rec`` file: by label, then by key.

    Records of two labels and no image are the set's own (ranges of keys) and go to ``skipped``. Where the
    header record, key 0, states the number of images it is checked.

    Raises:
        EthnoshardError: the set is cut short or damaged, or a label is not an integer.
    """
    rec = rec_file(path)
    index = rec.with_suffix(".idx")
    image_size = read_image_size(rec.with_name("property"))
    with _mapped(rec) as buffer:
        keys, offsets = read_index(index) if index.exists() else scan(buffer, rec)
        if not len(keys):
            raise EthnoshardError(f"{index} lists no records; fetch it again")
        _check_places(buffer, offsets, rec)
        facts = _facts(buffer, offsets, rec)
        if facts.ends.max() != len(buffer):
            raise EthnoshardError(
                f"{index} lists {len(keys)} records up to byte {facts.ends.max()}, but {rec} has "
                f"{len(buffer)} bytes: they don't belong together or the index is cut short. Fetch both "
                f"again, or take the index away and the records will be read through from the first"
            )
        structural = (facts.flags == 2) & (facts.sizes == 0)
        for at in np.flatnonzero(structural & (keys == 0)):
            labels, _ = split_image(read_record(buffer, int(offsets[at])))
            _check_count(int((~structural).sum()), labels[0], rec)
    skipped: dict[str, list[str]] = {}
    for key in np.sort(keys[structural]).tolist():
        skipped.setdefault(IDENTITY_RECORD if key else HEADER_RECORD, []).append(f"record {key}")
    images = ~structural
    keys, offsets = keys[images], offsets[images]
    refs = _refs(_whole_labels(facts.labels[images], keys, rec), keys, offsets, facts.sizes[images])
    if not refs:
        raise EthnoshardError(f"{rec} holds {len(images)} records but no image; fetch it again")
    return Listing(refs=refs, skipped=skipped, form="RecordIO", image_size=image_size)


def rec_file(path: Path) -> Path:
    """The file of the records, of it or of the folder that holds it."""
    return path / "train.rec" if path.is_dir() else path


def _mapped(rec: Path) -> mmap.mmap:
    try:
        with rec.open("rb") as file:
            if not rec.stat().st_size:
                raise EthnoshardError(f"{rec} is an empty file; fetch it again")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise EthnoshardError(f"{rec} can't be read: {error.strerror}") from error


def _words(buffer: mmap.mmap, at: Integers) -> npt.NDArray[np.uint32]:
    """Copy the 4-byte words at these positions; a view of the buffer that lives on would keep it open."""
    words: npt.NDArray[np.uint32] = np.frombuffer(buffer, dtype="<u4", count=len(buffer) // 4)[at]
    return words


def _check_places(buffer: mmap.mmap, offsets: Integers, rec: Path) -> None:
    """Make sure that a record begins at every offset and that none runs beyond the end."""
    end = len(buffer)
    inside = offsets + PIECE_HEADER.size <= end
    aligned = offsets[inside] // 4
    magic, word = _words(buffer, aligned), _words(buffer, aligned + 1).astype(np.int64)
    part, length = word >> LENGTH_BITS, word & (1 << LENGTH_BITS) - 1
    begins = (magic == MAGIC) & (offsets[inside] % 4 == 0) & ((part == WHOLE) | (part == FIRST))
    data_end = offsets[inside] + PIECE_HEADER.size + length + -length % 4
    beyond = int((~inside).sum() + (begins & (data_end > end)).sum())
    if beyond:
        raise EthnoshardError(
            f"{rec} is cut short: {beyond} of {len(offsets)} records lie beyond its end at byte {end}; fetch it again"
        )
    astray = int((~begins).sum())
    if astray:
        raise EthnoshardError(
            f"{rec}: at {astray} of {len(offsets)} places that its index names no record begins; fetch both again"
        )


def _facts(buffer: mmap.mmap, offsets: Integers, rec: Path) -> _Facts:
    """Gather what the headers say, all at once for whole records, one by one for the rare split ones."""
    word = _words(buffer, offsets // 4 + 1).astype(np.int64)
    lengths = word & (1 << LENGTH_BITS) - 1
    ends = offsets + PIECE_HEADER.size + lengths + -lengths % 4
    whole = word >> LENGTH_BITS == WHOLE

    header = offsets // 4 + 2
    long_enough = lengths >= IMAGE_HEADER.size
    flags = np.where(long_enough, _words(buffer, np.where(long_enough, header, 0)), 0).astype(np.int64)
    sizes = lengths - IMAGE_HEADER.size - 4 * flags
    broken = whole & (sizes < 0)
    if broken.any():
        raise EthnoshardError(
            f"{rec}: {int(broken.sum())} of {len(offsets)} records are shorter than their headers say; fetch it again"
        )
    # The label stands in the header, or after it where there are several.
    place = np.where(whole, np.where(flags > 0, header + IMAGE_HEADER.size // 4, header + 1), 0)
    labels = _words(buffer, place).view("<f4")

    for i in np.flatnonzero(~whole).tolist():
        offset = int(offsets[i])
        try:
            several, image = split_image(read_record(buffer, offset))
            _, ends[i] = pieces(buffer, offset)
        except BrokenRecordError as error:
            raise EthnoshardError(f"{rec}: the record at byte {offset} is damaged ({error}); fetch it again") from error
        labels[i], sizes[i] = several[0], len(image)
        flags[i] = len(several) if len(several) > 1 else 0
    return _Facts(labels, flags, sizes, ends)


def _check_count(images: int, first_identity_key: float, rec: Path) -> None:
    # Keys are stored as float32, which holds integers exactly up to 2**24 only.
    tolerance = np.spacing(np.float32(first_identity_key)) if first_identity_key > 2**24 else 0
    if not abs(images - (first_identity_key - 1)) <= tolerance:
        raise EthnoshardError(
            f"{rec}: the header record promises {first_identity_key - 1:.0f} images, {images} are there; "
            f"fetch it and its index again"
        )


def _whole_labels(labels: npt.NDArray[np.float32], keys: Integers, rec: Path) -> Integers:
    wrong = ~np.isfinite(labels)
    wrong[~wrong] = labels[~wrong] % 1 != 0
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise EthnoshardError(
            f"{rec}: {int(wrong.sum())} of {len(labels)} labels are not integers (record {keys[i]}: "
            f"{labels[i]}), so they don't name identities; is this a set for recognition?"
        )
    return labels.astype(np.int64)


def _refs(labels: Integers, keys: Integers, offsets: Integers, sizes: Integers) -> list[ImageRef]:
    order = np.lexsort((keys, labels))
    columns = (column[order].tolist() for column in (labels, keys, offsets, sizes))
    return [
        ImageRef(str(label), f"{label}/{key:08d}.jpg", offset, size)
        for label, key, offset, size in zip(*columns, strict=True)
    ]


class RecordIOReader(SourceReader):
    """Reads images of a RecordIO set by the offset of their record."""

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        self._buffer = _mapped(rec_file(path))
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
