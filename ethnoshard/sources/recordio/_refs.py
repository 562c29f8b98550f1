"""The images of a RecordIO set as columns of numbers, 20 bytes an image where keys and labels are below 2**31."""

from collections.abc import Iterator
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._refs import LazyRefs

_AT_ONCE = 4096
_LINE = '["%d", "%d/%08d.jpg", %d]\n'
"""Identity, name and size as a list of JSON; digits need no escape."""


class RecordRefs(LazyRefs):
    """Images by label, then key; an identity is a label, an image's name its label and key."""

    __slots__ = ("_keys", "_labels", "_offsets", "_sizes")

    def __init__(
        self,
        labels: NDArray[np.integer],
        keys: NDArray[np.integer],
        offsets: NDArray[np.integer],
        sizes: NDArray[np.integer],
    ) -> None:
        """Keep the columns, each of shape (images,).

        Args:
            labels: of the people, in order.
            keys: of the records, in order among those of one label.
            offsets: of the records, in bytes.
            sizes: of the encoded images, in bytes.
        """
        self._labels, self._keys, self._offsets, self._sizes = labels, keys, offsets, sizes

    def __len__(self) -> int:
        """Number of images."""
        return len(self._labels)

    @overload
    def __getitem__(self, place: int) -> ImageRef: ...
    @overload
    def __getitem__(self, place: slice) -> "RecordRefs": ...
    def __getitem__(self, place: int | slice) -> "ImageRef | RecordRefs":
        """An image, or some of them, which share these columns."""
        if isinstance(place, slice):
            return RecordRefs(self._labels[place], self._keys[place], self._offsets[place], self._sizes[place])
        label, key = int(self._labels[place]), int(self._keys[place])
        return _ref(label, key, int(self._offsets[place]), int(self._sizes[place]))

    def __iter__(self) -> Iterator[ImageRef]:
        """All of them; a few thousand are made at once."""
        for start in range(0, len(self), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            columns = (column[some].tolist() for column in (self._labels, self._keys, self._offsets, self._sizes))
            yield from map(_ref, *columns)

    def lines(self) -> Iterator[bytes]:
        """See :class:`LazyRefs`."""
        for start in range(0, len(self), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            labels = self._labels[some]
            numbers = np.column_stack((labels, labels, self._keys[some], self._sizes[some]))
            # One formatting of many numbers takes half the time of many formattings.
            yield ((_LINE * len(numbers)) % tuple(numbers.ravel().tolist())).encode()

    def columns(self) -> Iterator[bytes]:
        """See :class:`LazyRefs`."""
        yield _LINE.encode()
        for column in (self._labels, self._keys, self._offsets, self._sizes):
            for start in range(0, len(self), _AT_ONCE):
                yield column[start : start + _AT_ONCE].tobytes()

    def total_bytes(self) -> int:
        """See :class:`LazyRefs`."""
        return int(self._sizes.sum(dtype=np.int64))

    def starts(self) -> NDArray[np.int64]:
        """See :class:`LazyRefs`."""
        changes = np.flatnonzero(self._labels[1:] != self._labels[:-1]) + 1
        return np.concatenate([np.zeros(min(len(self), 1), np.int64), changes])

    def labels(self) -> NDArray[np.int64]:
        """The label of each identity, in order."""
        return self._labels[self.starts()].astype(np.int64)


def _ref(label: int, key: int, offset: int, size: int) -> ImageRef:
    return ImageRef(str(label), f"{label}/{key:08d}.jpg", offset, size)
