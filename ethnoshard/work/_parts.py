"""A part: a few hundred images' worth of aligned faces, the unit of parallel work and of resuming after a crash.

Which of an image's faces stands for it follows from the boxes alone, so that any reader of a part can tell.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import whole_file, write_table
from ethnoshard._tar import TarFile
from ethnoshard.errors import EthnoshardError


def prominence(
    boxes: NDArray[np.float32], height: float | NDArray[np.integer], width: float | NDArray[np.integer]
) -> NDArray[np.float64]:
    """Area of each box, less twice its centre's squared distance from the image's centre, in square pixels.

    Kalinga 2020, appendix A (after Sandberg's FaceNet): of several faces the one with most of it is kept.

    Args:
        boxes: (N, 4) left, top, right, bottom, pixels.
        height: height of the image, or (N,) of each box's image, pixels.
        width: width of the image, or (N,) of each box's image, pixels.

    Returns:
        (N,).
    """
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    offset = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.stack([width, height], -1) / 2
    values: NDArray[np.float64] = area - 2.0 * (offset**2).sum(1)
    return values


def chosen_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of parts with the face that aligning with ``faces="one"`` keeps before all others of its image.

    Args:
        rows: columns of ``PART_SCHEMA`` at least, in source order: the faces of an image one after another, numbered
            from 0 in ``face``.
    """
    first = np.flatnonzero(rows["face"].to_numpy() == 0)
    end = np.append(first[1:], len(rows))
    order = np.arange(len(rows))
    for start, stop in zip(first[end - first > 1], end[end - first > 1], strict=True):
        faces = rows[int(start) : int(stop)]
        boxes = np.array(faces["box"].to_list(), np.float32)
        best = start + int(np.argmax(prominence(boxes, faces["height"].to_numpy(), faces["width"].to_numpy())))
        order[start : best + 1] = [best, *range(start, best)]
    return rows[order] if len(first) < len(rows) else rows


STATUSES = ("aligned", "no_face", "unreadable", "too_small")
"""What can become of an image."""

PART_SCHEMA = pl.Schema(
    [
        ("identity", pl.String()),
        ("image", pl.String()),
        ("face", pl.Int16()),
        ("status", pl.Enum(STATUSES)),
        ("reason", pl.String()),
        ("width", pl.Int32()),
        ("height", pl.Int32()),
        ("box", pl.List(pl.Float32)),
        ("landmarks", pl.List(pl.Float32)),
        ("probability", pl.Float32()),
        ("faces_found", pl.Int32()),
        ("sha256", pl.Binary()),
        ("offset", pl.Int64()),
        ("length", pl.Int32()),
    ]
)
"""Columns of a part's table.

``face`` counts the faces kept of one image from 0; ``reason`` says why there is none, or what was done instead;
``width`` and ``height`` are the source image's, upright, in pixels; ``box`` is left, top, right, bottom before the
margin, ``landmarks`` ten numbers x, y, x, y ... in source pixels; ``sha256`` is that of the source image's file, 32
bytes, null where it could not be read and everywhere in tables of format 1; ``offset`` and ``length`` place the JPEG in
the part's tar, in bytes.
"""


@dataclass(frozen=True, kw_only=True)
class FaceRow:
    """One row of a part's table, with the face's JPEG where there is one. See ``PART_SCHEMA`` for the columns."""

    identity: str
    image: str
    status: str
    jpeg: bytes | None = None
    face: int = 0
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    box: list[float] | None = None
    landmarks: list[float] | None = None
    probability: float | None = None
    faces_found: int | None = None
    sha256: bytes | None = None


class _ThereAlready(Exception):  # noqa: N818 - no error
    """Somebody else made the part meanwhile."""


def write_part(tar_path: Path, rows: Iterable[FaceRow]) -> bool:
    """Write a part: first the tar, then the table that says that it exists.

    Others may write the same part at the same moment, on other machines too: whoever comes second writes the same
    bytes, or leaves the part that is there.

    Returns:
        Whether the part is this call's; otherwise somebody else's was there first.

    Raises:
        EthnoshardError: the disk is full or can't be written.
    """
    records: list[dict[str, object]] = []
    table = tar_path.with_suffix(".parquet")
    try:
        _write_tar(tar_path, rows, records, table)
    except _ThereAlready:
        return False
    write_table(table, pl.DataFrame(records, schema=PART_SCHEMA), shared=True)
    return True


def _write_tar(tar_path: Path, rows: Iterable[FaceRow], records: list[dict[str, object]], table: Path) -> None:
    with whole_file(tar_path, shared=True) as file:
        tar = TarFile(file)
        for number, row in enumerate(rows):
            record = {name: getattr(row, name) for name in PART_SCHEMA if name not in ("offset", "length")}
            offset = tar.add(f"{number:06d}.jpg", row.jpeg) if row.jpeg is not None else None
            length = len(row.jpeg) if row.jpeg is not None else None
            records.append({**record, "offset": offset, "length": length})
        tar.close()
        if table.exists():
            raise _ThereAlready


class PartFaces:
    """Reads faces out of a part's tar."""

    def __init__(self, tar_path: Path) -> None:
        """Open the part.

        Raises:
            EthnoshardError: it is not there.
        """
        self.path = tar_path
        try:
            self._file = tar_path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise EthnoshardError(
                f"{tar_path} is gone though its table is there; delete {tar_path.with_suffix('.parquet')} and run "
                f"align again"
            ) from error

    def read(self, offset: int, length: int) -> bytes:
        """Read ``length`` bytes from ``offset``.

        Raises:
            EthnoshardError: the file is shorter than its table says.
        """
        # Asked first: a length that is none would be set aside in memory.
        inside = 0 <= offset <= offset + length <= os.fstat(self._file.fileno()).st_size
        content = os.pread(self._file.fileno(), length, offset) if inside else b""
        if not inside or len(content) != length:
            raise EthnoshardError(
                f"{self.path} has no bytes {offset:,} to {offset + length:,}, where its table places a face; delete it "
                f"and {self.path.with_suffix('.parquet').name} beside it and run align again"
            )
        return content

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "PartFaces":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()
