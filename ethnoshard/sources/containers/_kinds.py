"""What lies at a path, told by content, not by name; and what a folder or archive holds."""

import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.containers._folder import list_folder
from ethnoshard.sources.containers._inventory import Inventory
from ethnoshard.sources.containers._parquet import PARQUET_MAGIC
from ethnoshard.sources.containers._refusals import refuse_form, refuse_piece
from ethnoshard.sources.containers._tar import begins_tar, list_tar, list_tar_gz
from ethnoshard.sources.containers._zip import list_zip
from ethnoshard.sources.recordio._format import MAGIC_BYTES

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
    PARQUET_MAGIC: "parquet",
}

_WANTED = (
    "a folder of identity folders, a .tar, .tar.gz or .zip of one, WebDataset shards, Parquet with images, or "
    "insightface RecordIO"
)


def inventory_of(path: Path) -> tuple[str, Inventory]:
    """Kind of a folder or archive, and what it holds, before anyone asks which folder is an identity.

    Raises:
        EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
    """
    kind = kind_of(path)
    if kind not in _LISTERS:
        raise EthnoshardError(f"{path} is {kind}, where images have no names; give a folder or an archive")
    try:
        return kind, _LISTERS[kind](path)
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error


def kind_of(path: Path) -> str:
    """Which of the forms is at a path: a key of ``Place``'s readers.

    Raises:
        EthnoshardError: none of them, or it can't be read.
    """
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
    refuse_piece(path)
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    refuse_form(path, start)
    if begins_tar(start):
        return "tar"
    raise EthnoshardError(
        f"{path} is not {_WANTED} (its first bytes are {start[:16]!r}); if it was downloaded, look whether "
        f"it is the page of an error, and fetch it again"
    )
