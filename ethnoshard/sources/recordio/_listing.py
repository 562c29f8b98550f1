"""A RecordIO set listed: which of its records are images, whose, how large; some thousand records at a time."""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import Listing, Smell
from ethnoshard.sources.recordio._format import (
    FIRST,
    IMAGE_HEADER,
    LENGTH_BITS,
    MAGIC,
    PIECE_HEADER,
    WHOLE,
    BrokenRecordError,
    let_go,
    mapped,
    pieces,
    read_record,
    rec_file,
    split_image,
)
from ethnoshard.sources.recordio._index import Entries, Numbers, blocks, cut_line, read_index, scan, sort_by, walk
from ethnoshard.sources.recordio._labels import FurtherLabels
from ethnoshard.sources.recordio._people import people_of
from ethnoshard.sources.recordio._refs import RecordRefs

HEADER_RECORD = "header record of the set, no image"
IDENTITY_RECORD = "identity record (a range of keys), no image"
LEFT_OUT = "record that the index leaves out"
LISTED_AGAIN = "line of the index whose key comes again (its last line counts)"

_LABEL_LIMIT = 2.0**62


def list_recordio(path: Path) -> Listing:
    """List a folder with ``train.rec``, or a ``.rec`` file: by label, then by key.

    Records of two labels and no image are the set's own (ranges of keys) and go to ``skipped``, as do those that the
    index leaves out. Where the header record, key 0, states the number of images it is checked.

    Raises:
        EthnoshardError: the set is cut short or damaged, or a label is not an integer.
    """
    rec = rec_file(path)
    index = rec.with_suffix(".idx")
    image_size = read_image_size(rec.with_name("property"))
    with mapped(rec) as buffer:
        entries = read_index(index) if index.exists() else scan(buffer, rec)
        found = _Found(buffer, rec, entries)
        records, again, ignored, ended = len(entries.keys), entries.again, entries.ignored, entries.ended
        del entries  # its columns are those of what was found, which are sorted one after the other
        left_out = _left_out(buffer, rec, index, found, ignored)
        if left_out.tail and not ended:
            raise cut_line(index, f"the last {left_out.tail} of the records are not listed")
        _check_promise(found.promised, found.images + left_out.images, rec)
    if not found.images:
        raise EthnoshardError(f"{rec} holds {records} records but no image; fetch it again")
    refs = found.refs()
    people, remarks = people_of(refs.labels(), rec, found.further)
    structural = np.sort(found.structural)
    skipped = {
        HEADER_RECORD: Numbered("record {}", structural[structural == 0]),
        IDENTITY_RECORD: Numbered("record {}", structural[structural != 0]),
        LEFT_OUT: Numbered("record at byte {}", left_out.offsets),
        LISTED_AGAIN: Numbered("record {}", again),
    }
    return Listing(
        refs=refs,
        skipped={reason: names for reason, names in skipped.items() if len(names)},
        form="RecordIO",
        image_size=image_size,
        people=people,
        remarks=remarks,
        smells=left_out.smells,
    )


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


class Numbered(Sequence[str]):
    """Names that differ in a number: millions of them in a few bytes each."""

    def __init__(self, text: str, numbers: Numbers) -> None:
        """Put each number in the place of ``{}``."""
        self._text, self._numbers = text, numbers

    def __len__(self) -> int:
        """How many."""
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "Numbered": ...
    def __getitem__(self, place: int | slice) -> "str | Numbered":
        """One of them, or some."""
        if isinstance(place, slice):
            return Numbered(self._text, self._numbers[place])
        return self._text.format(self._numbers[place])

    def __eq__(self, other: object) -> bool:
        """Whether these are the same names in the same order, in whatever sequence."""
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list


class _Facts(NamedTuple):
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


class _Found:
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
        places, broken, structural, end = _Places(len(buffer)), 0, list[Numbers](), 0
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
        self, buffer: mmap.mmap, keys: Numbers, offsets: Numbers, facts: _Facts, image: NDArray[np.bool_]
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
            for number, places, values in _further_labels(buffer, offsets, facts, image):
                self.further.add(number, facts.labels[places].astype(np.int64), values)


def facts_of(buffer: mmap.mmap, offsets: Numbers, rec: Path) -> _Facts:
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
    return _Facts(labels, flags, sizes, ends, several)


def _further_labels(
    buffer: mmap.mmap, offsets: Numbers, facts: _Facts, image: NDArray[np.bool_]
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


class _Places:
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


@dataclass(frozen=True, kw_only=True)
class _LeftOut:
    """Records of the file that the index does not list.

    Attributes:
        offsets: of all, but for earlier places of a key.
        images: how many of them are images.
        tail: records after the last that is listed.
        smells: that the index may be cut short.
    """

    offsets: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    images: int = 0
    tail: int = 0
    smells: tuple[Smell, ...] = ()


def _left_out(buffer: mmap.mmap, rec: Path, index: Path, found: _Found, ignored: Numbers) -> _LeftOut:
    """Walk the bytes between the records that the index lists.

    Raises:
        EthnoshardError: they hold no whole records.
    """
    if not found.gaps:
        return _LeftOut()
    offsets, broken = walk(buffer, (tuple(gap) for gaps in found.gaps for gap in gaps.tolist()))
    if broken is not None:
        begin, stop = broken.span
        raise EthnoshardError(
            f"{index} lists {found.images + len(found.structural)} records, and none from byte {begin} to {stop} of "
            f"{rec}, where no whole records are ({broken.error}): they don't belong together, or one of them is cut "
            f"short. Fetch both again, or take the index away and the records will be read through from the first"
        ) from broken.error
    images = np.concatenate([~facts_of(buffer, offsets[some], rec).structural() for some in blocks(len(offsets))])
    last = found.gaps[-1][-1]
    tail = int((offsets >= last[0]).sum()) if last[1] == len(buffer) else 0
    lost = int(images[len(images) - tail :].sum())
    smells = [_cut_index(index, lost, found.images)] if lost > 1 and lost == images.sum() else []
    kept = ~np.isin(offsets, ignored)
    return _LeftOut(offsets=offsets[kept], images=int(images[kept].sum()), tail=tail, smells=tuple(smells))


def _cut_index(index: Path, lost: int, images: int) -> Smell:
    return Smell(
        what=f"{index.name} ends before the records do: it lists {images:,} images and leaves out the last {lost:,}",
        way_out="fetch the index again, or take it away and the records will be read through from the first",
    )


def _check_promise(first_identity_key: float | None, images: int, rec: Path) -> None:
    if first_identity_key is None:
        return
    # Keys are stored as float32, which holds integers exactly up to 2**24 only.
    tolerance = np.spacing(np.float32(first_identity_key)) if first_identity_key > 2**24 else 0
    if not abs(images - (first_identity_key - 1)) <= tolerance:
        raise EthnoshardError(
            f"{rec}: the header record promises {first_identity_key - 1:.0f} images, {images} are there; "
            f"fetch it and its index again"
        )
