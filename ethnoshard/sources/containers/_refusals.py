"""Forms that can't be read in place: what each is, and the one command that turns it into one that can."""

import re
import shlex
import struct
from collections.abc import Iterable
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.containers._inventory import Inventory
from ethnoshard.sources.containers._zip import ENCRYPTED

_COMPRESSED = {
    b"BZh": ("bzip2", "mkdir {folder} && tar -xjf {file} -C {folder}"),
    b"\xfd7zXZ\x00": ("xz", "mkdir {folder} && tar -xJf {file} -C {folder}"),
    b"\x28\xb5\x2f\xfd": ("Zstandard", "mkdir {folder} && zstd -dc {file} | tar -xf - -C {folder}"),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x {file} -o{folder}"),
    b"Rar!\x1a\x07": ("RAR", "unrar x {file} {folder}/"),
}
_WHOLE = {b"\x1f\x8b", b"PK\x03\x04", *_COMPRESSED}

_PIECE_OF_ARCHIVE = re.compile(
    r"(?P<whole>.+\.(?:zip|7z|rar|tar|tgz|tbz2?|txz|gz|bz2|xz))(?P<mark>\.part|\.(?=\d\d|a))"
    r"(?P<piece>\d*|a[a-z]{1,2})",
    re.IGNORECASE,
)
_PIECE_OF_ZIP = re.compile(r"(?P<stem>.+)\.z\d\d", re.IGNORECASE)
_PIECE = re.compile(r"(?P<stem>.+[._-])(?P<piece>\d{2,3}|[a-z]{2})")

_TFRECORDS, _LMDBS = ("tfrecord", "tfrecords"), ("mdb", "lmdb")
_OTHER_FORMS = (*_TFRECORDS, *_LMDBS, "7z", "rar", "bz2", "xz", "zst", "tbz2", "txz")
_START = 512

_LMDB_MAGIC = struct.pack("<I", 0xBEEFC0DE)
_LMDB_PLACE = 16
"""Behind the head of the first page (LMDB's ``mdb.c``: ``MDB_meta`` in a page of ``PAGEHDRSZ`` 16)."""
_CRC_MASK = 0xA282EAD8
"""Of a TFRecord, as TensorFlow's ``python_io`` guide gives it."""

_CONVERTED = (
    'docs/datasets.md, "LMDB and TFRecord", has the eight lines of Python that write the images as identity folders'
)


def refuse_piece(path: Path) -> None:
    """Refuse a piece of an archive that was cut into several files.

    Raises:
        EthnoshardError: the file is one, by its name; the message has the command that joins them.
    """
    advice = _join(path.name, path.parent)
    if advice is not None:
        raise EthnoshardError(f"{path} is a piece of an archive. {advice}")
    if path.suffix.lower() == ".zip" and any(path.with_suffix(end).exists() for end in (".z01", ".Z01")):
        raise EthnoshardError(f"{path} is the last piece of an archive. {_join_zip(path.stem)}")


def refuse_form(path: Path, start: bytes) -> None:
    """Refuse a file whose content shows a form that can't be read in place.

    Args:
        path: the file.
        start: its first 512 bytes, or all it has.

    Raises:
        EthnoshardError: it is of such a form; the message has what to do.
    """
    for magic, (name, unpack) in _COMPRESSED.items():
        if start.startswith(magic):
            run = unpack.format(file=shlex.quote(path.name), folder="FOLDER")
            raise EthnoshardError(
                f"{path} is compressed by {name}, which can't be read from the middle; unpack it and give "
                f"the folder ({run}), or pack it again as .tar or .zip"
            )
    if start[_LMDB_PLACE:].startswith(_LMDB_MAGIC):
        raise EthnoshardError(f"{path} is an LMDB database, which isn't read here. {_CONVERTED}")
    if _is_tfrecord(start):
        raise EthnoshardError(f"{path} is a TFRecord file, which isn't read here. {_CONVERTED}")


def refuse_content(path: Path, inventory: Inventory, *, archive: bool) -> None:
    """Refuse a folder or archive without an image, if what it holds shows what to do.

    Args:
        path: of the folder or archive.
        inventory: what it holds.
        archive: whether it is an archive, in which nothing but images can be read.

    Raises:
        EthnoshardError: it holds something of the kind; the message has its name and what to do.
    """
    names = [name for listed in inventory.skipped.values() for name in listed]
    encrypted = inventory.skipped.get(ENCRYPTED)
    if encrypted:
        raise EthnoshardError(
            f"{path}: its {len(encrypted):,} images are encrypted. Unpack it with the password that came with the "
            f"licence, and give the folder: unzip -P PASSWORD {shlex.quote(path.name)} -d FOLDER (or, if unzip can't: "
            f"7z x -pPASSWORD -oFOLDER {shlex.quote(path.name)})"
        )
    for name in names:
        advice = None if archive else _join(name.rpartition("/")[2], (path / name).parent)
        if advice is not None:
            raise EthnoshardError(f"{path} holds no image, but pieces of an archive, as {name}. {advice}")
    if archive:
        inside = [
            name for name in names if _ends(name, ("rec", "parquet", "tar", "tgz", "gz", "zip", "7z", "rar", "mdb"))
        ]
        if inside:
            raise EthnoshardError(
                f"{path} holds no image, but {_first(inside)}, which can't be read inside an archive; unpack "
                f"{path.name} and give the folder"
            )
        return
    for name in names:
        if _ends(name, _OTHER_FORMS):
            refuse_form(path / name, _start_of(path / name))
            form = "a TFRecord file" if _ends(name, _TFRECORDS) else "an LMDB database" if _ends(name, _LMDBS) else None
            if form is not None:
                raise EthnoshardError(f"{path} holds no image, but {name}, {form}, which isn't read here. {_CONVERTED}")


def _join(name: str, folder: Path) -> str | None:
    """How to make one file of the pieces of which ``name`` is one; None where it isn't."""
    if found := _PIECE_OF_ARCHIVE.fullmatch(name):
        whole, mark = shlex.quote(found["whole"]), found["mark"]
        end = "" if found["piece"] else ", if all pieces are there; else it is a download that didn't end"
        return f"Join all pieces and give the whole: cat {whole}{mark}* > {whole}{end}"
    if found := _PIECE_OF_ZIP.fullmatch(name):
        return _join_zip(found["stem"])
    found = _PIECE.fullmatch(name)
    if found is None:
        return None
    first, second = (found["stem"] + piece for piece in _first_two(found["piece"]))
    # Numbered files are pieces if the first begins as an archive and the second doesn't.
    if not _begins_archive(folder / first) or _begins_archive(folder / second) is not False:
        return None
    return f"Join all pieces and give the whole: cat {shlex.quote(found['stem'])}* > {found['stem'].rstrip('._-')}.tar"


def _join_zip(stem: str) -> str:
    run = shlex.join(["zip", "-s", "0", f"{stem}.zip", "--out", f"{stem}-whole.zip"])
    return f"Join all pieces and give the whole: {run}"


def _first_two(piece: str) -> tuple[str, str]:
    """Names of the first two pieces, one of which is called ``piece``."""
    if piece.isdigit():
        return "0" * len(piece), "1".zfill(len(piece))
    return "a" * len(piece), "b".rjust(len(piece), "a")


def _start_of(path: Path) -> bytes:
    """The first 512 bytes; none where there is no such file."""
    try:
        with path.open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""


def _begins_archive(path: Path) -> bool | None:
    """Whether a file begins as an archive does; None where there is no such file."""
    start = _start_of(path)
    if not start:
        return None
    return any(start.startswith(magic) for magic in _WHOLE) or start[257:262] == b"ustar"


def _ends(name: str, extensions: Iterable[str]) -> bool:
    return any(name.lower().endswith(f".{extension}") for extension in extensions)


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"


def _is_tfrecord(start: bytes) -> bool:
    """Whether the first 8 bytes are a length, and the next 4 their masked CRC-32C."""
    if len(start) < 12:
        return False
    crc = _crc32c(start[:8])
    masked = ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF
    return start[8:12] == struct.pack("<I", masked)


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
