"""What the images of a source hold, so that other photographs of the same names and sizes are told."""

import contextlib
import hashlib
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ethnoshard._known_digests import KnownDigests
from ethnoshard._stamp import Stamp
from ethnoshard.errors import UnreadableImageError
from ethnoshard.sources._place import Place
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._refs import listing_columns
from ethnoshard.sources._source import Source

_AT_ONCE = 4096
"""Images after which what was read is kept, should somebody interrupt."""
_MANY = 10_000
"""Images that are not read without a word."""


class Digests(Sequence[bytes | None]):
    """SHA-256 of many images, 33 bytes each; None of one that can't be read."""

    def __init__(self, digests: NDArray[np.uint8], read: NDArray[np.bool_]) -> None:
        """Keep the digests, (images, 32), and which images could be read, (images,)."""
        self._digests, self._read = digests, read

    @classmethod
    def none(cls, number: int) -> "Digests":
        """Of so many images, none of which was read so far."""
        return cls(np.zeros((number, hashlib.sha256().digest_size), np.uint8), np.zeros(number, bool))

    def put(self, start: int, digests: Sequence[bytes | None]) -> None:
        """Put digests in the places from ``start`` on."""
        read = np.array([digest is not None for digest in digests], bool)
        here = slice(start, start + len(digests))
        joined = b"".join(digest for digest in digests if digest is not None)
        self._digests[here][read] = np.frombuffer(joined, np.uint8).reshape(-1, self._digests.shape[1])
        self._read[here] = read

    def __len__(self) -> int:
        """Number of images."""
        return len(self._read)

    @overload
    def __getitem__(self, place: int) -> bytes | None: ...
    @overload
    def __getitem__(self, place: slice) -> "Digests": ...
    def __getitem__(self, place: int | slice) -> "bytes | Digests | None":
        """Of an image, or of some of them."""
        if isinstance(place, slice):
            return Digests(self._digests[place], self._read[place])
        return self._digests[place].tobytes() if self._read[place] else None

    def __eq__(self, other: object) -> bool:
        """Whether these are the same digests in the same order, in whatever sequence."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list


def image_digests(
    source: Source,
    known: KnownDigests,
    refs: Sequence[ImageRef] | None = None,
    log: Callable[[str], None] | None = None,
) -> Digests:
    """SHA-256 of each encoded image file, 32 bytes, whatever it lies in.

    An image is read only if ``known`` has nothing of its file as it looks now: of a folder the image's own file, of an
    archive the archive.

    Args:
        source: where they are.
        known: what was read before.
        refs: some of the source's; all by default.
        log: told when there are many to read, which may take minutes.

    Returns:
        In the order of ``refs``; None for an image that can't be read.

    Raises:
        EthnoshardError: the source is gone or can't be opened any more.
    """
    refs = source.refs if refs is None else refs
    found, start = Digests.none(len(refs)), 0
    pieces = (refs[begin : begin + _AT_ONCE] for begin in range(0, len(refs), _AT_ONCE))
    for digests in digests_in_pieces(source, known, pieces, len(refs), log):
        found.put(start, digests)
        start += len(digests)
    return found


def digests_in_pieces(
    source: Source,
    known: KnownDigests,
    pieces: Iterable[Sequence[ImageRef]],
    images: int,
    log: Callable[[str], None] | None = None,
) -> Iterator[list[bytes | None]]:
    """As :func:`image_digests`, piece by piece; what was read is kept after each.

    Args:
        source: where they are.
        known: what was read before.
        pieces: some of the source's images at a time.
        images: in all of them.
        log: told when there are many to read, which may take minutes.

    Raises:
        EthnoshardError: the source is gone or can't be opened any more.
    """
    with contextlib.ExitStack() as until_all_are_read:
        reader: SourceReader | None = None
        for number, refs in enumerate(pieces):
            some = _Some(source, refs)
            before = known.known([key for key in some.keys if key is not None])
            digests = [None if key is None else before.get(key) for key in some.keys]
            unknown = [place for place, digest in enumerate(digests) if digest is None]
            if log is not None and not number and images >= _MANY and 2 * len(unknown) > len(digests):
                log(
                    f"reading {images:,} images of {source.path}, to know them by their content; the next time is quick"
                )
            if unknown:
                reader = reader or until_all_are_read.enter_context(source.open())
                some.read(reader, digests, unknown)
                known.keep(some.sure(digests, unknown))
            yield digests


def place_key(source: Source) -> str | None:
    """Hex digest of how the files of a source look now, and of all that was listed of its images.

    Under the same key they hold the same photographs. None where an image is a file of its own, of which there are too
    many to look at, where a file is gone, or where one was changed so lately that a further change might not show.
    Whichever machine looks at a shared file system, the key is the same.
    """
    files = source.place.files()
    look = None if files is None else _look_of(files)
    if look is None:
        return None
    whole = hashlib.sha256(look)
    for columns in listing_columns(source.refs):
        whole.update(columns)
    return whole.hexdigest()


def look_of_images(place: Place, refs: Sequence[ImageRef]) -> str | None:
    """Hex digest of how the files of some images look now, on whichever machine; None as of :func:`place_key`."""
    files = dict.fromkeys(place.file_of(ref).path for ref in refs)
    look = _look_of(files)
    return None if look is None else hashlib.sha256(look).hexdigest()


def _look_of(files: Iterable[str | Path]) -> bytes | None:
    """How files look; without the number of the file system, which each machine gives as it likes."""
    stamps = [_stamp(file) for file in files]
    if not stamps or not all(stamp is not None and stamp.settled() for stamp in stamps):
        return None
    return b"".join(stamp._replace(device=0).key() for stamp in stamps if stamp is not None)


def contents_digest(refs: Iterable[ImageRef], digests: Iterable[bytes | None]) -> str:
    """Hex SHA-256 over identity, name, bytes and content of every image, in order; the container plays no part."""
    whole = hashlib.sha256()
    for ref, digest in zip(refs, digests, strict=True):
        content = None if digest is None else digest.hex()
        whole.update(json.dumps([ref.identity, ref.name, ref.size, content]).encode() + b"\n")
    return whole.hexdigest()


class _Some:
    """A few of the images, as their files look now."""

    def __init__(self, source: Source, refs: Sequence[ImageRef]) -> None:
        self._source, self._refs = source, refs
        self._stamps = self._look()
        # Asked before anything is read: a change after that shows.
        self._settled = {stamp for stamp in set(self._stamps) if stamp is not None and stamp.settled()}
        self.keys = [
            None if stamp is None else stamp.key(ref.locator, ref.size)
            for ref, stamp in zip(refs, self._stamps, strict=True)
        ]

    def read(self, reader: SourceReader, digests: list[bytes | None], places: Sequence[int]) -> None:
        """Fill in the digests of some places; what can't be read stays None."""
        for place in places:
            try:
                digests[place] = hashlib.sha256(reader.read(self._refs[place])).digest()
            except UnreadableImageError:
                continue

    def sure(self, digests: Sequence[bytes | None], places: Sequence[int]) -> dict[bytes, bytes]:
        """Digests by key, where the file would look otherwise by now if it was changed after it was looked at."""
        found = {}
        for place in places:
            key, digest, stamp = self.keys[place], digests[place], self._stamps[place]
            if key is not None and digest is not None and stamp in self._settled:
                found[key] = digest
        return found

    def _look(self) -> list[Stamp | None]:
        """None where there is no file to look at, or it isn't the one that was listed: the reader will say so."""
        place, limit = self._source.place, self._source.place.max_file_bytes
        looked_at: dict[str, Stamp | None] = {}
        stamps: list[Stamp | None] = []
        for ref in self._refs:
            file = place.file_of(ref)
            if file.path not in looked_at:
                looked_at[file.path] = _stamp(file.path)
            stamp = looked_at[file.path]
            other = file.alone and stamp is not None and stamp.size != ref.size
            stamps.append(None if other or ref.size > limit else stamp)
        return stamps


def _stamp(path: str | Path) -> Stamp | None:
    try:
        return Stamp.of(path)
    except OSError:
        return None
