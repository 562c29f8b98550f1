"""Where the records of a RecordIO set lie: by its ``.idx``, or by a walk from the first to the last."""

import mmap
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.recordio._format import BrokenRecordError, let_go, next_record

Numbers = NDArray[np.integer]

_TEXT_AT_ONCE = 1 << 20
"""Bytes of an index that are read in one go."""
_RECORDS_AT_ONCE = 4096
"""Records after which a walk lets go of what it read: of larger ones every page of the file is mapped until then."""


class Entries(NamedTuple):
    """The records that an index lists, or a walk found.

    Attributes:
        keys: of the records, (records,).
        offsets: in bytes, (records,), in order.
        again: keys that the index lists again, once for each further time; their last place is in ``offsets``.
        ignored: their earlier places.
        ended: whether the index ends with the end of a line.
    """

    keys: Numbers
    offsets: Numbers
    again: Numbers
    ignored: Numbers
    ended: bool = True


def scan(buffer: mmap.mmap, path: Path) -> Entries:
    """Walk the records from first to last; their keys are their positions.

    Raises:
        EthnoshardError: the last record is cut, or one is damaged.
    """
    offsets, broken = walk(buffer, [(0, len(buffer))])
    if broken is not None:
        raise EthnoshardError(
            f"{path}: record {len(offsets)}, at byte {broken.offset}, is cut short or damaged "
            f"({broken.error}); the {len(offsets)} records before it are whole. Fetch it again"
        ) from broken.error
    none = np.zeros(0, np.int64)
    return Entries(narrow(np.arange(len(offsets))), offsets, none, none)


class Broken(NamedTuple):
    """What ended a walk: the bytes that were walked, where the record begins that is not whole, and why it isn't."""

    span: tuple[int, int]
    offset: int
    error: BrokenRecordError


def walk(buffer: mmap.mmap, spans: Iterable[tuple[int, int]]) -> tuple[Numbers, Broken | None]:
    """Offsets of the whole records in some spans of bytes, each from its first byte up to its last."""
    found, some, broken = list[Numbers](), array("q"), None
    for span in spans:
        offset, stop = span
        while offset < stop:
            try:
                after = next_record(buffer, offset)
                if after > stop:
                    raise BrokenRecordError(f"the record at byte {offset} runs beyond byte {stop}")
            except BrokenRecordError as error:
                broken = Broken(span, offset, error)
                break
            some.append(offset)
            offset = after
            if len(some) == _RECORDS_AT_ONCE:
                found.append(np.array(some, np.int64))
                some = array("q")
                let_go(buffer)
        if broken is not None:
            break
    return np.concatenate([*found, np.array(some, np.int64)]), broken


def read_index(path: Path) -> Entries:
    r"""Read an ``.idx`` file, lines of ``key\toffset``.

    Of a key that comes several times the last place counts, as for Apache MXNet's reader.

    Raises:
        EthnoshardError: it is not such a file, its last line is cut, or it lists nothing.
    """
    try:
        with path.open("rb") as file:
            lines = _Lines(path, most=os.fstat(file.fileno()).st_size // len("0 0\n") + 1)
            rest = b""
            while block := file.read(_TEXT_AT_ONCE):
                text, newline, rest = (rest + block).rpartition(b"\n")
                lines.read(text + newline)
                if len(rest) > _TEXT_AT_ONCE:
                    raise _no_index(path, "one of its lines has more than a million characters")
            lines.read(rest)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    keys, offsets = lines.columns()
    if not len(keys):
        raise EthnoshardError(f"{path} lists no records; fetch it again")
    return _in_order(path, keys, offsets, ended=not rest.strip())


class _Lines:
    """Keys and offsets of the lines of an index, in arrays that are cut to their length at the end.

    Memory that nothing was written to is not taken. Many arrays joined at the end would be held twice.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._keys: Numbers = np.empty(most, np.int32)
        self._offsets = np.empty(most, np.int64)
        self._number = 0

    def read(self, text: bytes) -> None:
        """Take some whole lines.

        Raises:
            EthnoshardError: they are not of an index.
        """
        if not text.strip():  # numpy would read a 0
            return
        other = text.translate(None, b"0123456789 \t\r\n")
        if other:
            raise _no_index(self._path, f"it holds {other[:20]!r}")
        numbers = np.fromstring(text, np.int64, sep=" ")
        if numbers.max() == np.iinfo(np.int64).max:  # where numpy stops, whatever the digits
            raise _no_index(self._path, "it holds a number beyond any file's end")
        if len(numbers) % 2:
            raise EthnoshardError(
                f"{self._path} is not an index of lines 'key<tab>offset', or its last line is cut; fetch it again"
            )
        keys = numbers[::2]
        if keys.max() >= 1 << 31:
            self._keys = self._keys.astype(np.int64)
        here = slice(self._number, self._number + len(keys))
        self._keys[here], self._offsets[here] = keys, numbers[1::2]
        self._number += len(keys)

    def columns(self) -> tuple[Numbers, Numbers]:
        """Keys and offsets, in the file's order."""
        for column in (self._keys, self._offsets):
            column.resize(self._number, refcheck=False)
        return self._keys, self._offsets


def _no_index(path: Path, why: str) -> EthnoshardError:
    return EthnoshardError(f"{path} is not an index of lines 'key<tab>offset' ({why}); fetch it again")


def cut_line(path: Path, why: str) -> EthnoshardError:
    """A line that was cut inside its number often names another place at which a record begins."""
    return EthnoshardError(f"{path}: its last line is cut, it seems: it has no end and {why}; fetch it again")


def _in_order(path: Path, keys: Numbers, offsets: Numbers, *, ended: bool) -> Entries:
    again: Numbers = np.zeros(0, np.int64)
    ignored = again
    earlier = _replaced(keys)
    if len(earlier):
        again, ignored = keys[earlier].astype(np.int64), offsets[earlier]
        kept = np.ones(len(keys), bool)
        kept[earlier] = False
        keys, offsets = keys[kept], offsets[kept]
    sort_by((keys, offsets), 1)
    if not ended and (offsets[1:] == offsets[:-1]).any():
        raise cut_line(path, "names the place of another")
    return Entries(keys, offsets, again, ignored, ended)


def _replaced(keys: Numbers) -> Numbers:
    """Places of the keys that come again later."""
    if (keys[1:] > keys[:-1]).all():
        return np.zeros(0, np.int64)
    if not _fits(keys):
        order = np.argsort(keys, kind="stable")
        return np.sort(order[:-1][keys[order[1:]] == keys[order[:-1]]])
    pairs = _sorted_with_places(keys)
    return np.sort(pairs[:-2:2][pairs[3::2] == pairs[1:-2:2]].astype(np.int64))


def sort_by(columns: Sequence[Numbers], column: int) -> None:
    """Sort columns by one of them, in place and 4 bytes at a time; where it is equal they stay as they are."""
    values = columns[column]
    if (values[1:] >= values[:-1]).all():
        return
    order = stable_order(values)
    moved = np.empty(len(values), np.uint32)
    for each in columns:
        parts = each.view(np.uint32).reshape(len(each), -1)
        for part in range(parts.shape[1]):
            for some in blocks(len(each)):
                moved[some] = parts[order[some], part]
            parts[:, part] = moved


def stable_order(values: Numbers) -> Numbers:
    """Places of the values from the least to the greatest, of equal ones in the order in which they stand."""
    if not _fits(values):
        return np.argsort(values, kind="stable")
    pairs = _sorted_with_places(values)
    for some in blocks(len(values)):
        pairs[some] = pairs[2 * some.start : 2 * some.stop : 2]
    pairs.resize(len(values), refcheck=False)
    return pairs


def blocks(number: int) -> Iterator[slice]:
    """So many places a few at a time: numpy takes 8 bytes for each index that it looks up."""
    for start in range(0, number, _RECORDS_AT_ONCE):
        yield slice(start, min(number, start + _RECORDS_AT_ONCE))


def _fits(values: Numbers) -> bool:
    """Whether a value and its place have room in 8 bytes."""
    return len(values) < 1 << 32 and (not len(values) or int(values.max()) - int(values.min()) < 1 << 32)


def _sorted_with_places(values: Numbers) -> NDArray[np.uint32]:
    """Place and value less the least, one after the other, (2 * values,).

    The two are sorted in place as one number: half of the memory that argsort takes.
    """
    pairs = np.empty(2 * len(values), "<u4")
    least = int(values.min()) if len(values) else 0
    for some in blocks(len(values)):
        pairs[2 * some.start : 2 * some.stop : 2] = np.arange(some.start, some.stop)
        pairs[2 * some.start + 1 : 2 * some.stop : 2] = values[some].astype(np.int64) - least
    pairs.view("<u8").sort()
    return pairs


def narrow(numbers: Numbers) -> Numbers:
    """The same numbers in 4 bytes each where they fit."""
    if len(numbers) and (numbers.min() < -(1 << 31) or numbers.max() >= 1 << 31):
        return numbers.copy()
    return numbers.astype(np.int32)
