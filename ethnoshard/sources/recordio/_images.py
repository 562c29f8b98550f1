"""The images among the records of a set: their labels and sizes, and the bytes that belong to no record."""

import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.recordio._format import let_go, read_record, split_image
from ethnoshard.sources.recordio._headers import HeaderFacts, RecordPlaces, facts_of, further_labels
from ethnoshard.sources.recordio._index import Entries, Numbers, blocks, sort_by
from ethnoshard.sources.recordio._labels import FurtherLabels
from ethnoshard.sources.recordio._refs import RecordRefs

_LABEL_LIMIT = 2.0**62


class FoundImages:
    """The images among the records of an index or a walk, in the order of their places in the file.

    Attributes:
        images: how many.
        structural: keys of the set's own records.
        promised: key after the last image, of the header record; None without one.
        gaps: bytes that belong to no record, from and to, some arrays of shape (gaps, 2).
        further: what labels after the first say.
    """

    def __init__(self, buffer: mmap.mmap, rec: Path, entries: Entries) -> None:
        """Gather the facts.

        Raises:
            EthnoshardError: a record is not where it should be, or is damaged, or a label is not an integer.
        """
        self._rec, self._keys, self._offsets = rec, entries.keys, entries.offsets
        number = len(self._keys)
        self._labels: Numbers = np.empty(number, np.int32)
        self._sizes: Numbers = np.empty(number, np.int32)
        self.images = 0
        self.structural: Numbers = np.zeros(0, np.int64)
        self.promised: float | None = None
        self.gaps: list[Numbers] = []
        self.further = FurtherLabels()
        self._wrong, self._first_wrong = 0, ""
        self._gather(buffer, number)
        if self._wrong:
            raise EthnoshardError(
                f"{rec}: {self._wrong} of {self.images} labels are not integers ({self._first_wrong}), so they don't "
                f"name identities; is this a set for recognition?"
            )

    def refs(self) -> RecordRefs:
        """The images by label, then key; these columns are sorted for it."""
        columns = [column[: self.images] for column in (self._labels, self._keys, self._offsets, self._sizes)]
        sort_by(columns, 1)
        sort_by(columns, 0)
        return RecordRefs(*columns)

    def _gather(self, buffer: mmap.mmap, number: int) -> None:
        places, broken, structural, end = RecordPlaces(len(buffer)), 0, list[Numbers](), 0
        for some in blocks(number):
            offsets, keys = self._offsets[some].copy(), self._keys[some].copy()
            places.look(buffer, offsets)
            if not places.right:
                continue
            facts = facts_of(buffer, offsets, self._rec)
            broken += int((facts.sizes < 0).sum())
            if broken:
                continue
            end = self._note_gaps(offsets, facts.ends, end)
            own = facts.structural()
            structural.append(keys[own].astype(np.int64))
            for at in np.flatnonzero(own & (keys == 0)):
                self.promised = split_image(read_record(buffer, int(offsets[at])))[0][0]
            self._keep(buffer, keys, offsets, facts, ~own)
            let_go(buffer)
        places.refuse(self._rec, number)
        if broken:
            raise EthnoshardError(
                f"{self._rec}: {broken} of {number} records are shorter than their headers say; fetch it again"
            )
        if end < len(buffer):
            self.gaps.append(np.array([[end, len(buffer)]]))
        self.structural = np.concatenate(structural)

    def _note_gaps(self, offsets: Numbers, ends: Numbers, end: int) -> int:
        """Note the bytes before each of these records that belong to none; return the end of the last."""
        before = np.concatenate([[end], ends[:-1]])
        between = np.flatnonzero(before < offsets)
        if len(between):
            self.gaps.append(np.stack((before[between], offsets[between]), 1))
        return int(ends[-1])

    def _keep(
        self, buffer: mmap.mmap, keys: Numbers, offsets: Numbers, facts: HeaderFacts, image: NDArray[np.bool_]
    ) -> None:
        """Put the images of a block behind those that were found, which are never more than were looked at."""
        floats, sizes = facts.labels[image], facts.sizes[image]
        right = np.isfinite(floats) & (np.abs(floats) < _LABEL_LIMIT)
        right[right] = floats[right] % 1 == 0
        if not right.all():
            at = int(np.argmin(right))
            self._first_wrong = self._first_wrong or f"record {keys[image][at]}: {floats[at]}"
            self._wrong += int((~right).sum())
            floats = np.where(right, floats, 0).astype(np.float32)
        labels = floats.astype(np.int64)
        if len(labels) and max(abs(int(labels.min())), int(labels.max())) >= 1 << 31:
            self._labels = self._labels.astype(np.int64)
        if len(sizes) and sizes.max() >= 1 << 31:
            self._sizes = self._sizes.astype(np.int64)
        here = slice(self.images, self.images + len(labels))
        self._labels[here], self._sizes[here] = labels, sizes
        self._keys[here], self._offsets[here] = keys[image], offsets[image]
        self.images += len(labels)
        if not self._wrong:
            self.further.longer += int((facts.flags[image] > FurtherLabels.MOST).sum())
            for number, places, values in further_labels(buffer, offsets, facts, image):
                self.further.add(number, facts.labels[places].astype(np.int64), values)
