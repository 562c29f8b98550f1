"""Refs that are made when they are asked for, and what walks the refs of any source."""

import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ethnoshard.sources._reader import ImageRef

_AT_ONCE = 4096
"""Refs whose text is made in one go."""


class LazyRefs(Sequence[ImageRef], ABC):
    """The refs of a source with millions of images, which keeps less of each than a ref takes.

    A slice is lazy too, and what is pickled of it is its own images alone.
    """

    __slots__ = ()

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """See :func:`listing_lines`."""

    @abstractmethod
    def columns(self) -> Iterator[bytes]:
        """See :func:`listing_columns`."""

    @abstractmethod
    def total_bytes(self) -> int:
        """See :func:`total_bytes`."""

    @abstractmethod
    def starts(self) -> NDArray[np.int64]:
        """See :func:`identity_starts`."""


def listing_lines(refs: Sequence[ImageRef]) -> Iterator[bytes]:
    """Identity, name and size of every image as a JSON list and a newline, many of them at once."""
    if isinstance(refs, LazyRefs):
        yield from refs.lines()
        return
    for start in range(0, len(refs), _AT_ONCE):
        some = refs[start : start + _AT_ONCE]
        yield "".join(f"{json.dumps([ref.identity, ref.name, ref.size])}\n" for ref in some).encode()


def listing_columns(refs: Sequence[ImageRef]) -> Iterator[bytes]:
    """All that is kept of the images, in whatever form: the same bytes are of the same refs, locators included.

    Of refs that are lazy it is quicker to have than their lines, which follow from it.
    """
    if isinstance(refs, LazyRefs):
        yield from refs.columns()
        return
    for start in range(0, len(refs), _AT_ONCE):
        yield "".join(f"{json.dumps(ref)}\n" for ref in refs[start : start + _AT_ONCE]).encode()


def total_bytes(refs: Sequence[ImageRef]) -> int:
    """Of all encoded images."""
    return refs.total_bytes() if isinstance(refs, LazyRefs) else sum(ref.size for ref in refs)


def identity_starts(refs: Sequence[ImageRef]) -> NDArray[np.int64]:
    """Places at which an identity begins, (identities,): identities are contiguous, so that this also counts them."""
    if isinstance(refs, LazyRefs):
        return refs.starts()
    places = itertools.accumulate((len(list(images)) for _, images in itertools.groupby(refs, _identity)), initial=0)
    return np.fromiter(places, np.int64)[:-1]


def _identity(ref: ImageRef) -> str:
    return ref.identity
