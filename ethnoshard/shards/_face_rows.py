"""What packing keeps of every face of a work folder: about 30 bytes and its image's name, in order of the source.

The tables of the parts have some hundred bytes a face in Python's hands, and a sort of them as much again; here they
are read one part at a time, and what is sorted is runs of faces of one identity, of which there are few.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._tar import BLOCK

FACES_LAID_OUT = pl.Schema(
    {
        "identity": pl.Int32,
        "part": pl.Int32,
        "part_offset": pl.Int64,
        "length": pl.Int32,
        "source_image": pl.String,
        "probability": pl.Float32,
    }
)
"""Columns of faces in the order of the dataset; ``identity`` is the row of the layout's identities."""

COLUMNS = ("part", "identity", "image", "probability", "offset", "length")
"""Columns of a work folder's tables that packing needs."""

RUNS = pl.Schema({"identity": pl.String, "first": pl.Int64, "faces": pl.Int32, "size": pl.Int64})
"""Columns of runs: neighbouring faces of one identity, the row of the first, their number, their bytes in a shard."""

_AT_ONCE = 1 << 16
"""Faces that are looked at together."""


class FaceRows:
    """Faces in order of the source, by columns."""

    def __init__(self, tables: Iterable[pl.DataFrame]) -> None:
        """Keep the rows that have a face.

        Args:
            tables: ``COLUMNS`` at least, one after the other; none of them is kept.
        """
        kept, runs, names, self._faces = list[_Numbers](), [pl.DataFrame(schema=RUNS)], bytearray(), 0
        for faces in _together(tables):
            if len(faces):
                runs.append(_runs(faces, self._faces))
                kept.append(_numbers(faces, len(names)))
                images = faces["image"].str.join("", ignore_nulls=True).item()
                names += images.encode()
                self._faces += len(faces)
        self.runs = pl.concat(runs)
        """In order of the source, columns of ``RUNS``."""
        self._names = names
        # A column at a time, so that no more than one is there twice.
        columns: list[list[NDArray[np.generic]]] = [list(column) for column in zip(*kept, strict=True)]
        del kept
        joined = []
        for column in columns:
            joined.append(np.concatenate(column))
            column.clear()
        self._numbers = _Numbers(*joined) if joined else _none()

    def __len__(self) -> int:
        """Number of faces."""
        return self._faces

    def table(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Columns of ``FACES_LAID_OUT`` but for the identity's.

        Args:
            rows: numbers of faces, (faces,).
        """
        part, offset, length, probability = (column[rows] for column in self._numbers[:4])
        return pl.DataFrame(
            {
                "part": part,
                "part_offset": offset,
                "length": length,
                "source_image": self.images(rows),
                "probability": pl.Series(probability, nan_to_null=True),
            }
        )

    def column(self, name: str, rows: NDArray[np.int64]) -> pl.Series:
        """One column of :meth:`table`."""
        if name == "source_image":
            return self.images(rows)
        place = ("part", "part_offset", "length", "probability").index(name)
        return pl.Series(name, self._numbers[place][rows], nan_to_null=name == "probability")

    def images(self, rows: NDArray[np.int64]) -> pl.Series:
        """Names of images."""
        ends = self._numbers.name_end[rows]
        begins = ends - self._numbers.name_bytes[rows]
        names = [self._names[begin:end].decode() for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
        return pl.Series("source_image", names, pl.String)


class OrderedFaces:
    """Faces in the order of a dataset: runs of rows in order of their identities' numbers."""

    def __init__(self, rows: FaceRows, runs: pl.DataFrame) -> None:
        """Keep what there is.

        Args:
            rows: all faces of the source.
            runs: columns of ``RUNS`` and ``number``, that of the identity, by which they are sorted; those of one
                identity in order of the source.
        """
        self._rows = rows
        self._first = runs["first"].to_numpy()
        self._ends = np.cumsum(runs["faces"].to_numpy(), dtype=np.int64)
        self._identity = runs["number"].cast(pl.Int32).to_numpy()

    def __len__(self) -> int:
        """Number of faces."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def table(self, start: int = 0, stop: int | None = None) -> pl.DataFrame:
        """Some of them, by default all, columns of ``FACES_LAID_OUT``."""
        rows, identity = self._places(start, len(self) if stop is None else stop)
        table = self._rows.table(rows).insert_column(0, pl.Series("identity", identity, pl.Int32))
        return table.select(pl.col(name).cast(kind) for name, kind in FACES_LAID_OUT.items())

    def column(self, name: str) -> Iterator[pl.Series]:
        """A column of ``FACES_LAID_OUT``, some faces at a time."""
        for start in range(0, len(self), _AT_ONCE):
            rows, identity = self._places(start, min(start + _AT_ONCE, len(self)))
            yield pl.Series("identity", identity) if name == "identity" else self._rows.column(name, rows)

    def _places(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Rows of the faces from one place to another, and the numbers of their identities, (faces,) each."""
        if start >= stop:
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        first, last = np.searchsorted(self._ends, [start, stop - 1], side="right").tolist()
        some = slice(first, last + 1)
        ends = np.minimum(self._ends[some], stop)
        begins = np.concatenate([[start], ends[:-1]])
        counts = ends - begins
        # Where a run is cut in front, its first rows are not asked for.
        row_after = self._first[some] + self._counts(some) - (self._ends[some] - ends)
        rows = np.arange(start, stop) + np.repeat(row_after - ends, counts)
        return rows, np.repeat(self._identity[some], counts)

    def _counts(self, some: slice) -> NDArray[np.int64]:
        """Faces of some runs."""
        before = self._ends[some.start - 1] if some.start else 0
        return np.diff(self._ends[some], prepend=before)


class _Numbers(NamedTuple):
    """Of faces, (faces,) each; the probability is NaN where there is none."""

    part: NDArray[np.int32]
    part_offset: NDArray[np.int64]
    length: NDArray[np.int32]
    probability: NDArray[np.float32]
    name_end: NDArray[np.int64]
    name_bytes: NDArray[np.uint32]


def _together(tables: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Rows that have a face, of several tables at a time: of small ones polars' calls would take most of the time."""
    waiting: list[pl.DataFrame] = []
    rows = 0
    for table in tables:
        waiting.append(table.select(COLUMNS))
        rows += len(table)
        if rows >= _AT_ONCE:
            yield pl.concat(waiting).drop_nulls("length")
            waiting, rows = [], 0
    if waiting:
        yield pl.concat(waiting).drop_nulls("length")


def _none() -> _Numbers:
    return _Numbers(
        np.zeros(0, np.int32),
        np.zeros(0, np.int64),
        np.zeros(0, np.int32),
        np.zeros(0, np.float32),
        np.zeros(0, np.int64),
        np.zeros(0, np.uint32),
    )


def _numbers(faces: pl.DataFrame, named: int) -> _Numbers:
    """The numbers of some faces, behind ``named`` bytes of names."""
    name_bytes = faces["image"].str.len_bytes().fill_null(0).to_numpy()
    return _Numbers(
        faces["part"].to_numpy(),
        # A face without a place is where no part has bytes, and is told of when it is read.
        faces["offset"].fill_null(-1).to_numpy(),
        faces["length"].to_numpy(),
        faces["probability"].fill_null(float("nan")).to_numpy(),
        named + np.cumsum(name_bytes, dtype=np.int64),
        name_bytes,
    )


def _runs(faces: pl.DataFrame, before: int) -> pl.DataFrame:
    """The runs of some faces that stand behind ``before`` others."""
    identity = faces["identity"]
    first = np.flatnonzero(identity.ne_missing(identity.shift(1)).to_numpy() | (np.arange(len(faces)) == 0))
    size = -(-faces["length"].to_numpy().astype(np.int64) // BLOCK) * BLOCK + 3 * BLOCK
    return pl.DataFrame(
        {
            "identity": identity.gather(first),
            "first": first + before,
            "faces": np.diff(first, append=len(faces)),
            "size": np.add.reduceat(size, first),
        }
    ).select(pl.col(name).cast(kind) for name, kind in RUNS.items())
