"""insightface RecordIO: ``train.rec`` with an optional ``train.idx`` and ``property``."""

import mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large
from ethnoshard.sources._recordio_format import (
    FIRST,
    IMAGE_HEADER,
    LENGTH_BITS,
    MAGIC,
    PIECE_HEADER,
    WHOLE,
    BrokenRecordError,
    pieces,
    read_record,
    split_image,
)
from ethnoshard.sources._recordio_index import Integers, read_image_size, read_index, scan

HEADER_RECORD = "header record of the set, no image"
IDENTITY_RECORD = "identity record (a range of keys), no image"


class RecordListing(NamedTuple):
    """The parts of a :class:`~ethnoshard.sources.Source` that a RecordIO set states."""

    refs: list[ImageRef]
    skipped: dict[str, list[str]]
    image_size: int | None


class _Facts(NamedTuple):
    """A value per record, each of shape (records,)."""

    labels: npt.NDArray[np.float32]
    flags: Integers
    sizes: Integers  # bytes of the encoded image
    ends: Integers


def list_recordio(path: Path) -> RecordListing:
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
    return RecordListing(refs, skipped, image_size)


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
