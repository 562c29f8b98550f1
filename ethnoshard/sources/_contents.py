"""What the images of a source hold, so that other photographs of the same names and sizes are told."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ethnoshard._known_digests import KnownDigests
from ethnoshard._stamp import Stamp
from ethnoshard.errors import UnreadableImageError
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._source import Source

_AT_ONCE = 4096
"""Images after which what was read is kept, should somebody interrupt."""
_MANY = 10_000
"""Images that are not read without a word."""


def image_digests(
    source: Source,
    known: KnownDigests,
    refs: Sequence[ImageRef] | None = None,
    log: Callable[[str], None] | None = None,
) -> list[bytes | None]:
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
    found: list[bytes | None] = []
    for start in range(0, len(refs), _AT_ONCE):
        some = _Some(source, refs[start : start + _AT_ONCE])
        before = known.known([key for key in some.keys if key is not None])
        digests = [None if key is None else before.get(key) for key in some.keys]
        unknown = [place for place, digest in enumerate(digests) if digest is None]
        if log is not None and not start and len(refs) >= _MANY and 2 * len(unknown) > len(digests):
            log(f"reading {len(refs):,} images of {source.path}, to know them by their content; the next time is quick")
        if unknown:
            some.read(digests, unknown)
            known.keep(some.sure(digests, unknown))
        found += digests
    return found


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

    def read(self, digests: list[bytes | None], places: Sequence[int]) -> None:
        """Fill in the digests of some places; what can't be read stays None."""
        with self._source.open() as reader:
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
