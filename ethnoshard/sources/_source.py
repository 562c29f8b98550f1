"""From a path that the user gives to a listing, and from its kind to a reader."""

import hashlib
import json
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._folder import FolderReader, list_folder
from ethnoshard.sources._inventory import Inventory, arrange
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef, SourceReader
from ethnoshard.sources._recordio import MAGIC_BYTES, RecordIOReader, list_recordio
from ethnoshard.sources._tar import TarGzReader, TarReader, begins_tar, list_tar, list_tar_gz
from ethnoshard.sources._zip import ZipReader, list_zip

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


_LISTERS: dict[str, Callable[[Path], Inventory]] = {
    "folder": list_folder,
    "tar": list_tar,
    "tar.gz": list_tar_gz,
    "zip": list_zip,
}

_MAGIC = {
    b"\x1f\x8b": "tar.gz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    MAGIC_BYTES: "recordio",
}

_WITHOUT_RANDOM_ACCESS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
}

_WANTED = "a folder of identity folders, a .tar, .tar.gz or .zip of one, or insightface RecordIO"


def open_source(path: str | Path, *, max_file_bytes: int = DEFAULT_MAX_FILE_BYTES) -> Source:
    """List the photographs at ``path``, whatever it is; archives are told by content, not by name.

    ===========================================  ============
    what is at ``path``                          kind
    ===========================================  ============
    a folder that holds ``train.rec``            ``recordio``
    any other folder                             ``folder``
    a file of RecordIO (``.rec``)                ``recordio``
    a plain tar                                  ``tar``
    a gzip-compressed tar                        ``tar.gz``
    a zip                                        ``zip``
    ===========================================  ============

    The same photographs in a folder, tar, tar.gz or zip give the same identities, names, sizes and order.

    Args:
        path: the folder or file.
        max_file_bytes: an image file larger than this stays in the listing, but reading it fails.

    Raises:
        EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
        ValueError: ``max_file_bytes`` is not positive.
    """
    if max_file_bytes < 1:
        raise ValueError(f"max_file_bytes must be at least 1, not {max_file_bytes}")
    path = Path(path)
    kind = _kind_of(path)
    if kind == "recordio":
        try:
            refs, skipped, image_size = list_recordio(path)
        except OSError as error:
            raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    else:
        _, inventory = inventory_of(path)
        refs, skipped, image_size = arrange(inventory, path), inventory.skipped, None
    return Source(
        path=path,
        kind=kind,
        refs=refs,
        skipped=skipped,
        image_size=image_size,
        max_file_bytes=max_file_bytes,
    )


def inventory_of(path: Path) -> tuple[str, Inventory]:
    """Kind of a folder or archive, and what it holds, before anyone asks which folder is an identity.

    Raises:
        EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
    """
    kind = _kind_of(path)
    if kind not in _LISTERS:
        raise EthnoshardError(f"{path} is {kind}, where images have no names; give a folder or an archive")
    try:
        return kind, _LISTERS[kind](path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error


def _kind_of(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "recordio" if (path / "train.rec").is_file() else "folder"
        if not stat.S_ISREG(mode):
            raise EthnoshardError(f"{path} is neither a folder nor a file; give {_WANTED}")
        with path.open("rb") as file:
            start = file.read(tarfile.BLOCKSIZE)
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} does not exist; check the spelling. Give {_WANTED}") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    return _kind_of_file(path, start)


def _kind_of_file(path: Path, start: bytes) -> str:
    if not start:
        raise EthnoshardError(f"{path} is an empty file; fetch it again")
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    for magic, name in _WITHOUT_RANDOM_ACCESS.items():
        if start.startswith(magic):
            raise EthnoshardError(
                f"{path} is compressed by {name}, which can't be read from the middle; unpack it and give "
                f"the folder, or pack it again as .tar or .zip"
            )
    if begins_tar(start):
        return "tar"
    raise EthnoshardError(
        f"{path} is not {_WANTED} (its first bytes are {start[:16]!r}); if it was downloaded, look whether "
        f"it is the page of an error, and fetch it again"
    )
