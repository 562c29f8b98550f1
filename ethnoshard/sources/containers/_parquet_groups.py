"""How large the row groups of a Parquet file are: from its footer, which polars doesn't show.

The footer is Thrift's compact protocol: ``parquet.thrift`` of the format's specification says that field 4 of the
file's metadata is the list of row groups, and field 2 of each the bytes of its columns, before compression.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

_TAIL = 8
_ROW_GROUPS, _TOTAL_BYTES = 4, 2
_MOST_FOOTER = 2**28
_MOST_BITS = 63
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)


def largest_row_group(path: Path) -> int:
    """Bytes of the largest row group; 0 where the footer can't be read in this way.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
        if len(tail) < _TAIL or tail[4:] != b"PAR1":
            return 0
        length = struct.unpack("<I", tail[:4])[0]
        if length > min(size - _TAIL, _MOST_FOOTER):
            return 0
        file.seek(size - _TAIL - length)
        footer = _Compact(file.read(length))
    try:
        return max(footer.row_groups(), default=0)
    except (IndexError, RecursionError):
        return 0


class _Compact:
    """Walks through structures of the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def row_groups(self) -> list[int]:
        """Bytes of each row group, of the metadata that begin here.

        Raises:
            IndexError: the data end before.
        """
        for field, kind in self._fields():
            if field == _ROW_GROUPS and kind == _LIST:
                number, _ = self._list_head()
                return [self._total_bytes() for _ in range(number)]
            self._skip(kind)
        return []

    def _total_bytes(self) -> int:
        found = 0
        for field, kind in self._fields():
            if field == _TOTAL_BYTES and kind == _I64:
                number = self._number()
                found = number >> 1 ^ -(number & 1)
            else:
                self._skip(kind)
        return found

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Number and kind of each field; its value is read or skipped before the next."""
        field = 0
        while (head := self._byte()) != _STOP:
            if head >> 4:
                field += head >> 4
            else:
                number = self._number()
                field = number >> 1 ^ -(number & 1)
            yield field, head & 15

    def _skip(self, kind: int) -> None:
        if kind in (_I16, _I32, _I64):
            self._number()
        elif kind == _BYTE:
            self._byte()
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BINARY:
            length = self._number()
            self._at += length
        elif kind in (_LIST, _SET):
            number, inner = self._list_head()
            for _ in range(number):
                self._skip_element(inner)
        elif kind == _MAP:
            number = self._number()
            kinds = self._byte() if number else 0
            for _ in range(number):
                self._skip_element(kinds >> 4)
                self._skip_element(kinds & 15)
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._skip(inner)
        elif kind not in (_TRUE, _FALSE):
            raise IndexError(kind)

    def _skip_element(self, kind: int) -> None:
        if kind in (_TRUE, _FALSE):
            self._byte()  # in a list a truth value has a byte of its own; as a field it has none
        else:
            self._skip(kind)

    def _list_head(self) -> tuple[int, int]:
        head = self._byte()
        return (self._number() if head >> 4 == 15 else head >> 4), head & 15

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > _MOST_BITS:
                raise IndexError(shift)
        return value | byte << shift

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte
