"""Pictures beside a report: a plain tar whose files are read by number, without unpacking it."""

import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ethnoshard._files import whole_file
from ethnoshard._tar import BLOCK, TarFile, padded
from ethnoshard.errors import EthnoshardError

MOST_PICTURES = 1_000_000
"""Beyond which their names would not be in order."""


def write_pictures(path: Path, jpegs: Sequence[bytes]) -> None:
    """Write ``000000.jpg``, ``000001.jpg`` ...; the same pictures give the same bytes.

    Args:
        path: of the tar.
        jpegs: at most ``MOST_PICTURES``.

    Raises:
        EthnoshardError: the disk is full or can't be written.
        ValueError: there are too many.
    """
    if len(jpegs) > MOST_PICTURES:
        raise ValueError(f"{len(jpegs):,} pictures are more than {MOST_PICTURES:,}")
    with whole_file(path) as file:
        tar = TarFile(file)
        for number, jpeg in enumerate(jpegs):
            tar.add(_name(number), jpeg)
        tar.close()


def picture_spans(path: Path) -> NDArray[np.int64]:
    """Offset and length in bytes of each picture, by its number; shape (P, 2).

    Raises:
        EthnoshardError: the file is not there, damaged, or not of ``write_pictures``.
    """
    spans: list[tuple[int, int]] = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while (header := file.read(BLOCK)) != bytes(BLOCK):
                member = tarfile.TarInfo.frombuf(header, "ascii", "strict")
                offset = file.tell()
                if member.name != _name(len(spans)) or not member.isreg() or not 0 <= member.size <= size - offset:
                    raise EthnoshardError(f"{path} is damaged after {len(spans):,} pictures; make the report again")
                spans.append((offset, member.size))
                file.seek(offset + padded(member.size))
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    # ValueError: a name that is not ASCII.
    except (tarfile.HeaderError, ValueError) as error:
        raise EthnoshardError(f"{path} is damaged after {len(spans):,} pictures; make the report again") from error
    return np.array(spans, np.int64).reshape(-1, 2)


def read_pictures(path: Path, spans: NDArray[np.int64], numbers: Iterable[int]) -> list[bytes]:
    """JPEGs by their numbers, in the order asked for.

    Args:
        path: of the tar.
        spans: (P, 2) as ``picture_spans`` gives them.
        numbers: 0 to P - 1; one may come again.

    Raises:
        EthnoshardError: there is no such picture, or the file can't be read.
    """
    wanted = list(numbers)
    wrong = [number for number in wanted if not 0 <= number < len(spans)]
    if wrong:
        raise EthnoshardError(f"{path} holds {len(spans):,} pictures, none of number {wrong[0]}; make the report again")
    try:
        with path.open("rb") as file:
            return [_read(path, file.fileno(), int(spans[number, 0]), int(spans[number, 1])) for number in wanted]
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error


def _read(path: Path, descriptor: int, offset: int, length: int) -> bytes:
    content = os.pread(descriptor, length, offset)
    if len(content) != length:
        raise EthnoshardError(f"{path} is cut short; make the report again")
    return content


def _name(number: int) -> str:
    return f"{number:06d}.jpg"
