"""The listing of a source, and the way from its kind to a reader."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._folder import FolderReader
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef, SourceReader
from ethnoshard.sources._recordio import RecordIOReader
from ethnoshard.sources._tar import TarReader
from ethnoshard.sources._tar_gz import TarGzReader
from ethnoshard.sources._zip import ZipReader

_READERS: dict[str, Callable[[Path, int], SourceReader]] = {
    "folder": FolderReader,
    "tar": TarReader,
    "tar.gz": TarGzReader,
    "zip": ZipReader,
    "recordio": RecordIOReader,
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a place holds; keeps no file open, so it can be sent to another process.

    Attributes:
        path: the folder or archive, as given.
        kind: ``folder``, ``tar``, ``tar.gz``, ``zip`` or ``recordio``.
        refs: every image of an identity, identities contiguous. Folders and archives: by identity, then name,
            in code points. RecordIO: by label, then key, as numbers.
        skipped: reason -> display names of the entries that are no image of an identity.
        image_size: side of the square images in pixels where RecordIO's ``property`` states it, else None.
        max_file_bytes: readers refuse an image file larger than this.
    """

    path: Path
    kind: str
    refs: list[ImageRef]
    skipped: dict[str, list[str]]
    image_size: int | None
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES

    def digest(self) -> str:
        """Hex SHA-256 over identity, name and size of every ref, in order; the container plays no part.

        A listing has no more. Other photographs may have the same: see :func:`~ethnoshard.sources.image_digests`.
        """
        digest = hashlib.sha256()
        for ref in self.refs:
            digest.update(json.dumps([ref.identity, ref.name, ref.size]).encode() + b"\n")
        return digest.hexdigest()

    def open(self) -> SourceReader:
        """Return a new reader of these refs.

        Raises:
            EthnoshardError: the source is gone or can't be opened any more.
        """
        return open_reader(self.kind, self.path, max_file_bytes=self.max_file_bytes)


def open_reader(kind: str, path: str | Path, *, max_file_bytes: int = DEFAULT_MAX_FILE_BYTES) -> SourceReader:
    """Open a source that was listed before, perhaps in another process, without listing it again.

    Args:
        kind: the :attr:`Source.kind` of the listing.
        path: the :attr:`Source.path` of the listing.
        max_file_bytes: an image file larger than this is refused unread.

    Raises:
        EthnoshardError: the source is gone or can't be opened any more.
        KeyError: no such kind.
    """
    reader = _READERS[kind]
    try:
        return reader(Path(path), max_file_bytes)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be opened: {error.strerror or error}") from error
