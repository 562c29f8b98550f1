"""From a path that the user gives to a listing, and from its kind to a reader."""

import hashlib
import json
import stat
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._arrange import arrange, arrange_by_layout
from ethnoshard.sources._folder import list_folder
from ethnoshard.sources._inventory import Inventory
from ethnoshard.sources._layout import Layout
from ethnoshard.sources._listed_by import listed_by
from ethnoshard.sources._listing import Listing, People, Smell
from ethnoshard.sources._people_list import read_people_list
from ethnoshard.sources._place import Place
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef, SourceReader
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._recordio import MAGIC_BYTES, list_recordio
from ethnoshard.sources._tables_beside import contradicting_table
from ethnoshard.sources._tar import begins_tar, list_tar, list_tar_gz
from ethnoshard.sources._zip import list_zip


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What a place holds; keeps no file open.

    Attributes:
        place: where the images lie, and what reads them.
        listing: what is there.
        reading: what the user said of who is where.
    """

    place: Place
    listing: Listing
    reading: Reading = field(default_factory=Reading)

    @property
    def path(self) -> Path:
        """The folder or file, as given; of several the first."""
        return self.place.path

    @property
    def kind(self) -> str:
        """See :class:`~ethnoshard.sources.Place`."""
        return self.place.kind

    @property
    def refs(self) -> Sequence[ImageRef]:
        """Every image of an identity, identities contiguous.

        Folders and archives: by identity, then name, in code points. RecordIO: by label, then key, as numbers.
        """
        return self.listing.refs

    @property
    def skipped(self) -> dict[str, list[str]]:
        """Reason -> display names of the entries that are no image of an identity."""
        return self.listing.skipped

    @property
    def image_size(self) -> int | None:
        """Side of the square images in pixels where RecordIO's ``property`` states it."""
        return self.listing.image_size

    @property
    def form(self) -> str:
        """What the source was taken for, in words."""
        return self.listing.form

    @property
    def people(self) -> People | None:
        """What the form says of people; None where it says nothing."""
        return self.listing.people

    @property
    def smells(self) -> tuple[Smell, ...]:
        """What suggests that the form is another one."""
        return self.listing.smells

    def checked(self) -> "Source":
        """The source itself, if nothing suggests that it is not what it was taken for, or it was to be so as it is.

        Raises:
            EthnoshardError: something does; the message has what, the numbers and the way out.
        """
        if self.smells and not self.reading.as_it_is:
            told = "; ".join(f"{smell.what}. Way out: {smell.way_out}" for smell in self.smells)
            raise EthnoshardError(f"{self.path} was taken for {self.form}, which it hardly is: {told}")
        return self

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
        return self.place.open()


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


def open_source(
    path: str | Path, reading: Reading | None = None, *, max_file_bytes: int = DEFAULT_MAX_FILE_BYTES
) -> Source:
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
        reading: what the user says of who is where; by default the form itself says it.
        max_file_bytes: an image file larger than this stays in the listing, but reading it fails.

    Raises:
        EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
        ValueError: ``max_file_bytes`` is not positive.
    """
    if max_file_bytes < 1:
        raise ValueError(f"max_file_bytes must be at least 1, not {max_file_bytes}")
    path, reading = Path(path), reading or Reading()
    if reading.layout is not None and reading.table is not None:
        raise EthnoshardError("--layout and --list both say who is on which image; give one of them")
    kind = _kind_of(path)
    listing = _records(path, reading) if kind == "recordio" else _files(path, reading)
    return Source(place=Place(kind=kind, path=path, max_file_bytes=max_file_bytes), listing=listing, reading=reading)


def _records(path: Path, reading: Reading) -> Listing:
    if reading.layout is not None:
        raise EthnoshardError(f"{path} is RecordIO, whose images have no paths that --layout could read")
    try:
        listing = list_recordio(path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
    if reading.table is None:
        return listing
    table = read_people_list(reading.table, reading.columns)
    return replace(listed_by(table, listing.refs, path, skipped=listing.skipped), image_size=listing.image_size)


def _files(path: Path, reading: Reading) -> Listing:
    layout = None if reading.layout is None else Layout(reading.layout)
    table = None if reading.table is None else read_people_list(reading.table, reading.columns)
    _, inventory = inventory_of(path)
    if table is not None:
        return listed_by(table, inventory.images, path, skipped=inventory.skipped)
    if layout is not None:
        return arrange_by_layout(inventory, path, layout)
    listing = arrange(inventory, path)
    table_smell = None if reading.as_it_is else contradicting_table(path, listing)
    return listing if table_smell is None else replace(listing, smells=(*listing.smells, table_smell))


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
