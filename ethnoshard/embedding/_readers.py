"""What reads the faces of a place, or its photographs: small, so that a piece of it goes to other machines as it is."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding._model import Points
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards import FaceDataset, open_shards
from ethnoshard.sources import ImageRef, Place
from ethnoshard.work import PartFaces, WorkFolder

Read = TypeVar("Read", covariant=True)

_AT_ONCE = 4096
"""Places that are numbers of Python's at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Photograph:
    """A source image and where the face in it is.

    Attributes:
        data: the file's bytes.
        landmarks: (5, 2) x and y in pixels of the upright image.
        max_pixels: refuse to decode more.
    """

    data: bytes
    landmarks: Points
    max_pixels: int


class Reader(Protocol[Read]):
    """Reads in order when it is called; a slice of it reads some. It holds places, no pixels, and no file is open."""

    def __call__(self) -> Iterator[Read]:
        """Read them."""

    def __getitem__(self, some: slice) -> "Reader[Read]":
        """What reads some of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PartJpegs:
    """Faces of a work folder's parts; ``places`` are part, offset and length of each, (N, 3), parts ascending."""

    folder: WorkFolder
    places: NDArray[np.int64]

    def __call__(self) -> Iterator[bytes]:
        """JPEGs.

        Raises:
            EthnoshardError: a part is gone or was cut short.
        """
        opened: PartFaces | None = None
        number = -1
        try:
            for part, offset, length in _in_python(self.places):
                if opened is None or part != number:
                    if opened is not None:
                        opened.close()
                    opened, number = PartFaces(self.folder.part_path(part)), part
                yield opened.read(offset, length)
        finally:
            if opened is not None:
                opened.close()

    def __getitem__(self, some: slice) -> "PartJpegs":
        """Some of them."""
        return replace(self, places=self.places[some])


@dataclass(frozen=True, kw_only=True, eq=False)
class DatasetJpegs:
    """Faces of a dataset, by its folder or URL; ``places`` are shard, offset and length of each, (N, 3)."""

    path: str
    fingerprint: str
    places: NDArray[np.int64]

    def __call__(self) -> Iterator[bytes]:
        """JPEGs.

        Raises:
            EthnoshardError: a shard is gone or can't be fetched, or the dataset is another one by now.
        """
        shards = open_shards(_dataset(self.path, self.fingerprint))
        try:
            for shard, offset, length in _in_python(self.places):
                yield bytes(shards.read(shard, offset, length))
        finally:
            shards.close()

    def __getitem__(self, some: slice) -> "DatasetJpegs":
        """Some of them."""
        return replace(self, places=self.places[some])


def _in_python(rows: NDArray[np.int64]) -> Iterator[list[int]]:
    """Rows as lists of Python's numbers, of which few are there at a time."""
    for start in range(0, len(rows), _AT_ONCE):
        yield from rows[start : start + _AT_ONCE].tolist()


@functools.lru_cache(maxsize=1)
def _dataset(path: str, fingerprint: str) -> FaceDataset:
    """A dataset that is opened once in a process, however many pieces of it are read there."""
    dataset = FaceDataset.open(path)
    if dataset.fingerprint != fingerprint:
        raise EthnoshardError(f"{path} is another dataset by now: {dataset.fingerprint}, not {fingerprint}; begin anew")
    return dataset


@dataclass(frozen=True, kw_only=True)
class ImagesThere:
    """Images that are in memory."""

    images: Sequence[bytes]

    def __call__(self) -> Iterator[bytes]:
        """Them."""
        return iter(self.images)

    def __getitem__(self, some: slice) -> "ImagesThere":
        """Some of them."""
        return replace(self, images=self.images[some])


@dataclass(frozen=True, kw_only=True, eq=False)
class Photographs:
    """Source images with the landmarks of a face in each: (N, 10), x, y, x, y ... in pixels."""

    place: Place
    refs: Sequence[ImageRef]
    points: NDArray[np.float32]
    max_pixels: int

    def __call__(self) -> Iterator[Photograph]:
        """Read them.

        Raises:
            EthnoshardError: one can't be read any more.
        """
        with self.place.open() as reader:
            for ref, flat in zip(self.refs, self.points, strict=True):
                try:
                    data = reader.read(ref)
                except UnreadableImageError as error:
                    raise EthnoshardError(
                        f"{self.place.path}: {ref.name} could be read when it was aligned, but can't now ({error})"
                    ) from error
                landmarks = flat.astype(np.float64).reshape(5, 2)
                yield Photograph(data=data, landmarks=landmarks, max_pixels=self.max_pixels)

    def __getitem__(self, some: slice) -> "Photographs":
        """Some of them."""
        return replace(self, refs=self.refs[some], points=self.points[some])
