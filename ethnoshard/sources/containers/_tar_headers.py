"""Headers of a tar as nearly all writers make them, read several times as quickly as by the standard library.

A set of WebDataset has two members or more an image, each mostly with a header of its own for the time alone.
Whatever is otherwise than expected here is left to ``tarfile``.
"""

import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

_BLOCK = 512
_REGULAR, _FOLDER, _EXTENDED, _LONG_NAME = (b"0", b"\0"), b"5", b"x", b"L"
_LARGEST_EXTENDED = 2**16
_IDLE = (b"mtime", b"atime", b"ctime", b"uid", b"gid", b"uname", b"gname", b"comment")
"""What an extended header may say that changes nothing of a member's name, place or size."""


class Member(NamedTuple):
    """What a tar holds, but folders.

    Attributes:
        name: path, undecodable bytes as surrogates.
        offset: where its data begin.
        size: of them, bytes.
        reason: why it is no file that can be read; None where it is.
    """

    name: str
    offset: int
    size: int
    reason: str | None = None


def plain_members(file: IO[bytes]) -> Iterator[Member | int]:
    """Files of a tar from its beginning, as long as the headers are plain.

    Yields:
        Each member; at last the offset at which something else begins: the end mark, or what ``tarfile`` is to read
        from there on.
    """
    offset, name, begin = 0, None, 0
    while True:
        if name is None:
            begin = offset
        file.seek(offset)
        block = file.read(_BLOCK)
        size = _size(block)
        if size is None:
            break
        kind, data = block[156:157], offset + _BLOCK
        if kind in (_EXTENDED, _LONG_NAME) and name is None and size <= _LARGEST_EXTENDED:
            content = file.read(size)
            name = _extended_name(content) if kind == _EXTENDED else _long_name(content)
            if name is None or len(content) < size:
                break
        elif kind in _REGULAR or kind == _FOLDER:
            full = name or _name(block)
            if kind != _FOLDER and not (kind == b"\0" and full.endswith("/")):
                yield Member(full, data, size)
            name = None
        else:
            break
        offset = data + size + -size % _BLOCK
    yield begin


def _size(block: bytes) -> int | None:
    """Bytes of the data behind a header; None where it isn't a plain one."""
    if len(block) < _BLOCK:
        return None
    checksum, size = block[148:156].strip(b" \0"), block[124:136].strip(b" \0")
    if not (checksum.isdigit() and size.isdigit()):
        return None
    try:
        # The checksum is of the block with blanks in its own place.
        if _sum(block) - sum(block[148:156]) + 8 * 32 != int(checksum, 8):
            return None
        return int(size, 8)
    except ValueError:
        return None


def _sum(block: bytes) -> int:
    """Of all bytes: the low half of Adler's checksum is one more, below 65,521, which 256 bytes can't reach."""
    return (zlib.adler32(block[:256]) & 0xFFFF) + (zlib.adler32(block[256:]) & 0xFFFF) - 2


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0]
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "surrogateescape")


def _long_name(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _extended_name(content: bytes) -> str | None:
    """The name that an extended header gives, "" where it gives none; None where it says more, or is odd."""
    name, start = "", 0
    while start < len(content):
        length, blank, _ = content[start : start + 20].partition(b" ")
        if not blank or not length.isdigit():
            return None
        record = content[start + len(length) + 1 : start + int(length)]
        key, sign, value = record.partition(b"=")
        if not sign or not record.endswith(b"\n"):
            return None
        if key == b"path":
            try:
                name = value[:-1].decode()
            except UnicodeDecodeError:
                return None
        elif key not in _IDLE:
            return None
        start += int(length)
    return name
