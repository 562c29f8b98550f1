"""What the headers of records say, some thousand at once: labels, sizes, and whether a record begins there at all."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.recordio._format import (
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
from ethnoshard.sources.recordio._index import Numbers
from ethnoshard.sources.recordio._labels import FurtherLabels


class HeaderFacts(NamedTuple):
    """What the headers of some records say, each of shape (records,)."""

    labels: NDArray[np.float32]
    flags: Numbers
    sizes: Numbers  # bytes of the encoded image
    ends: Numbers
    several: dict[int, tuple[float, ...]]  # all labels of a record in pieces, by its place

    def structural(self) -> NDArray[np.bool_]:
        """Which of them are the set's own."""
        own: NDArray[np.bool_] = (self.flags == 2) & (self.sizes == 0)
        return own


def facts_of(buffer: mmap.mmap, offsets: Numbers, rec: Path) -> HeaderFacts:
    """Gather what the headers say, all at once for whole records, one by one for the rare split ones.

    A size below 0 is that of a record which is shorter than its header says.

    Raises:
        EthnoshardError: a record in pieces is damaged.
    """
    word = _words(buffer, offsets // 4 + 1).astype(np.int64)
    lengths = word & (1 << LENGTH_BITS) - 1
    ends = offsets + PIECE_HEADER.size + lengths + -lengths % 4
    whole = word >> LENGTH_BITS == WHOLE

    header = offsets // 4 + 2
    long_enough = lengths >= IMAGE_HEADER.size
    flags = np.where(long_enough, _words(buffer, np.where(long_enough, header, 0)), 0).astype(np.int64)
    sizes = lengths - IMAGE_HEADER.size - 4 * flags
    # The label stands in the header, or after it where there are several.
    place = np.where(flags > 0, header + IMAGE_HEADER.size // 4, header + 1)
    labels = _words(buffer, np.where(whole & (sizes >= 0), place, 0)).view("<f4")

    several = {}
    for i in np.flatnonzero(~whole).tolist():
        offset = int(offsets[i])
        try:
            several[i], image = split_image(read_record(buffer, offset))
            _, ends[i] = pieces(buffer, offset)
        except BrokenRecordError as error:
            raise EthnoshardError(f"{rec}: the record at byte {offset} is damaged ({error}); fetch it again") from error
        labels[i], sizes[i] = several[i][0], len(image)
        flags[i] = len(several[i]) if len(several[i]) > 1 else 0
    return HeaderFacts(labels, flags, sizes, ends, several)


def further_labels(
    buffer: mmap.mmap, offsets: Numbers, facts: HeaderFacts, image: NDArray[np.bool_]
) -> Iterator[tuple[int, Numbers, NDArray[np.float32]]]:
    """Number of a label from 2, places of the images that have so many, what it is for each of them."""
    most = int(facts.flags[image].max(initial=0))
    for number in range(2, min(most, FurtherLabels.MOST) + 1):
        places = np.flatnonzero(image & (facts.flags >= number))
        in_pieces = np.array([place in facts.several for place in places.tolist()], bool) if facts.several else None
        at = (offsets[places] + PIECE_HEADER.size + IMAGE_HEADER.size) // 4 + number - 1
        if in_pieces is not None:
            at[in_pieces] = 0
        values = _words(buffer, at).view("<f4")
        if in_pieces is not None:
            values[in_pieces] = [facts.several[place][number - 1] for place in places[in_pieces].tolist()]
        yield number, places, values


def _words(buffer: mmap.mmap, at: Numbers) -> NDArray[np.uint32]:
    """Copy the 4-byte words at these positions; a view of the buffer that lives on would keep it open."""
    words: NDArray[np.uint32] = np.frombuffer(buffer, dtype="<u4", count=len(buffer) // 4)[at]
    return words


class RecordPlaces:
    """Counts places where no record begins, and records that run beyond the end."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._beyond = self._astray = 0

    @property
    def right(self) -> bool:
        """Whether none was wrong so far."""
        return not self._beyond and not self._astray

    def look(self, buffer: mmap.mmap, offsets: Numbers) -> None:
        """Look at some of them."""
        inside = offsets + PIECE_HEADER.size <= self._end
        offsets = offsets[inside]
        magic, word = _words(buffer, offsets // 4), _words(buffer, offsets // 4 + 1).astype(np.int64)
        part, length = word >> LENGTH_BITS, word & (1 << LENGTH_BITS) - 1
        begins = (magic == MAGIC) & (offsets % 4 == 0) & ((part == WHOLE) | (part == FIRST))
        data_end = offsets + PIECE_HEADER.size + length + -length % 4
        self._beyond += int((~inside).sum() + (begins & (data_end > self._end)).sum())
        self._astray += int((~begins).sum())

    def refuse(self, rec: Path, number: int) -> None:
        """Stop where some were wrong.

        Raises:
            EthnoshardError: some were.
        """
        if self._beyond:
            raise EthnoshardError(
                f"{rec} is cut short: {self._beyond} of {number} records lie beyond its end at byte {self._end}; "
                f"fetch it again"
            )
        if self._astray:
            raise EthnoshardError(
                f"{rec}: at {self._astray} of {number} places that its index names no record begins; fetch both again"
            )
