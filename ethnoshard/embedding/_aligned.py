"""Aligned faces of a work folder, by the name of their image; further ones of an image by name and number."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.alignment import decode_face, decode_image
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.work import PartFaces, WorkFolder

_KEPT = ("part", "identity", "image", "face", "status", "landmarks", "sha256", "offset", "length")


def face_keys(images: Sequence[str]) -> list[str]:
    """A key for each face.

    Args:
        images: the name of each face's image.

    Returns:
        The name for an image's first face, then ``name#2``, ``name#3`` and so on.
    """
    seen: Counter[str] = Counter()
    keys = []
    for name in images:
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return keys


def are_further(keys: Sequence[str]) -> list[bool]:
    """Which of the keys are of further faces of an image that has a key too."""
    known = set(keys)

    def is_further(key: str) -> bool:
        name, _, number = key.rpartition("#")
        return number.isdecimal() and name in known

    return [is_further(key) for key in keys]


class AlignedFaces:
    """The faces of a finished work folder, found by key.

    A face's key is the name of its image, ``identity/image.jpg``. Of an image with several faces (``--faces all``) that
    is the one which ``--faces one`` keeps; the others are ``identity/image.jpg#2`` and so on.

    Attributes:
        folder: the work folder.
        record: its ``align.json``.
        image_size: side of the faces, pixels.
        table: a row a face, or an image without one, ``part``, ``key`` and columns of ``PART_SCHEMA`` but those that
            only tell of a detection.
    """

    def __init__(self, path: Path) -> None:
        """Read the tables.

        Raises:
            EthnoshardError: it is not a work folder, or its alignment is not finished.
        """
        self.folder = WorkFolder(path)
        self.record = self.folder.finished()
        self.image_size = self.record.settings.size
        rows = self.folder.faces(self.record.parts, _KEPT)
        key = rows["image"].alias("key")
        if rows["face"].max():
            key = pl.Series("key", face_keys(rows["image"].to_list()), pl.String)
        self.table = rows.with_columns(key)

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        return dict(zip(self.with_face("key")["key"].to_list(), self.places().tolist(), strict=True))

    def __contains__(self, key: object) -> bool:
        """Whether there is a face of a key."""
        return key in self._places

    def __len__(self) -> int:
        """Faces."""
        return len(self._places)

    def keys(self) -> Iterable[str]:
        """Keys of the faces, in source order."""
        return self._places.keys()

    def with_face(self, *columns: str) -> pl.DataFrame:
        """Columns of the table, rows of faces alone; as few as are needed, for each is a copy."""
        return self.table.select("status", *columns).filter(pl.col("status") == "aligned").drop("status")

    def places(self) -> NDArray[np.int64]:
        """Part, offset and length of each face, (N, 3), in source order."""
        return self.with_face("part", "offset", "length").cast(pl.Int64).to_numpy()

    def jpegs(self, keys: Iterable[str]) -> Iterator[bytes]:
        """JPEGs of some faces, in their order.

        Raises:
            KeyError: one has no face.
            EthnoshardError: a part is gone or was cut short.
        """
        opened: dict[int, PartFaces] = {}
        try:
            for key in keys:
                part, offset, length = self._places[key]
                if part not in opened:
                    opened[part] = PartFaces(self.folder.part_path(part))
                yield opened[part].read(offset, length)
        finally:
            for file in opened.values():
                file.close()


def decoded(face: bytes) -> NDArray[np.uint8]:
    """An aligned face to (H, W, 3) uint8 RGB: a JPEG as the loader decodes it, other formats as photographs are.

    Raises:
        EthnoshardError: it can't be decoded, or lacks pixels.
    """
    try:
        if face.startswith(b"\xff\xd8"):
            return decode_face(face)
        return decode_image(face, max_pixels=20_000_000)
    except UnreadableImageError as error:
        raise EthnoshardError(
            f"an aligned face can't be decoded ({error}). In a dataset, `ethnoshard verify --decode` says which. Align "
            "the images again, into a new work folder: it counts those that lack pixels as unreadable, and has no face "
            "of them"
        ) from error
