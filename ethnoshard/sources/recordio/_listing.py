"""A RecordIO set listed: which of its records are images, whose, how large; some thousand records at a time."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import Listing, Smell
from ethnoshard.sources.recordio._format import mapped, rec_file
from ethnoshard.sources.recordio._headers import facts_of
from ethnoshard.sources.recordio._images import FoundImages
from ethnoshard.sources.recordio._index import Numbers, blocks, cut_line, read_index, scan, walk
from ethnoshard.sources.recordio._people import people_of

HEADER_RECORD = "header record of the set, no image"
IDENTITY_RECORD = "identity record (a range of keys), no image"
LEFT_OUT = "record that the index leaves out"
LISTED_AGAIN = "line of the index whose key comes again (its last line counts)"


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
        found = FoundImages(buffer, rec, entries)
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


def _left_out(buffer: mmap.mmap, rec: Path, index: Path, found: FoundImages, ignored: Numbers) -> _LeftOut:
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
