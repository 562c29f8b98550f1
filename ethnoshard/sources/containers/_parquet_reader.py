"""Reads single images out of a Parquet file."""

from pathlib import Path

import polars as pl

from ethnoshard._files import lazy_table
from ethnoshard._forked import check_polars
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, locator_number, refuse_large

POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises over a damaged file; the second is no ``Exception``."""

_ROW_BITS = 40
_BLOCK_BYTES = 8 * 2**20
_MOST_ROWS = 4096
_BLOCKS_KEPT = 2
NEAR = 64
"""Rows between two images that are asked for one after the other, up to which the file is taken for one in order."""


def locator_of(column: int, row: int) -> int:
    """What finds an image: its row, and above 40 bits the number of its column."""
    return column << _ROW_BITS | row


def said_by(error: BaseException) -> str:
    """What an error of polars says, in its first line."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def scanned(path: Path) -> pl.LazyFrame:
    """The file, whatever signs of a pattern its name has."""
    return lazy_table(path)


class ParquetReader(SourceReader):
    """Reads images by their rows.

    A file can be read from the beginning of a row group only: an image costs about a millisecond where these have 100
    images, as ``datasets`` writes them, and about half a second where one has a gigabyte. So where images are asked
    for in about the file's order, as those of a file that is sorted by person are, 8 MiB are read at once and kept.
    Images of a file that was shuffled are read one by one.
    """

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        check_polars("reading Parquet")
        self._path, self._max_file_bytes = path, max_file_bytes
        try:
            self._columns = list(scanned(path).collect_schema().items())
            rows = int(scanned(path).select(pl.len()).collect().item())
        except pl.exceptions.PolarsError as error:
            raise EthnoshardError(f"{path} can't be opened: {said_by(error)}") from error
        mean = path.stat().st_size / max(1, rows)
        self._block = int(min(_MOST_ROWS, max(1, _BLOCK_BYTES / max(1, mean))))
        self._kept: dict[tuple[int, int], list[bytes | None]] = {}
        self._last = (-1, -1)

    def read(self, ref: ImageRef) -> bytes:
        """Return the encoded image of the row.

        Raises:
            UnreadableImageError: over the size limit, or the row is no longer what was listed.
        """
        refuse_large(ref, self._max_file_bytes)
        column, row = locator_number(ref) >> _ROW_BITS, locator_number(ref) & (1 << _ROW_BITS) - 1
        before, self._last = self._last, (column, row)
        place = (column, row // self._block)
        if place not in self._kept and (before[0] != column or abs(row - before[1]) > NEAR):
            found = self._rows(column, row, 1)
            image = found[0] if found else None
        else:
            block = self._kept.pop(place, None)
            if block is None:
                block = self._rows(column, place[1] * self._block, self._block)
                if len(self._kept) == _BLOCKS_KEPT:
                    del self._kept[next(iter(self._kept))]
            self._kept[place] = block  # the latest used last
            image = block[row % self._block] if row % self._block < len(block) else None
        if image is None or len(image) != ref.size:
            there = "no image" if image is None else f"{len(image)} bytes"
            raise UnreadableImageError(f"the row holds {there}, not the {ref.size} bytes that were listed")
        return image

    def _rows(self, column: int, start: int, number: int) -> list[bytes | None]:
        if column >= len(self._columns):
            raise UnreadableImageError("the file has changed since it was listed")
        name, kind = self._columns[column]
        data = pl.col(name) if kind == pl.Binary else pl.col(name).struct.field("bytes")
        try:
            rows = scanned(self._path).slice(start, number).select(data.alias("image")).collect()
        except POLARS_ERRORS as error:
            raise UnreadableImageError(f"the file can't be read: {said_by(error)}") from error
        found: list[bytes | None] = rows["image"].to_list()
        return found

    def close(self) -> None:
        """Let go of what is kept; no file is open between two images."""
        self._kept.clear()
