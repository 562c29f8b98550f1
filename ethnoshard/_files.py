"""Files that are either whole under their final name or not there at all."""

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl

from ethnoshard._forked import check_polars
from ethnoshard.errors import EthnoshardError

TEMPORARY = ".writing"
"""How the name of a file in the making ends. A later run may delete such a file: nobody else refers to it."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing bytes under a temporary name beside it; rename once all is on the disk.

    After a crash at any moment ``path`` is either what it was before or complete. The rename itself is flushed
    too, so that a record written later (which says that the file exists) can't outlive the file.

    Raises:
        EthnoshardError: the disk is full, or the folder can't be written.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise disk_error(error, path) from error
        raise


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to be filled, which takes the place of ``folder`` at the end, or goes.

    Raises:
        EthnoshardError: the disk is full, or the place can't be written.
    """
    folder = folder.resolve()
    fresh, old = (folder.with_name(f"{folder.name}.{os.getpid()}{end}") for end in (TEMPORARY, ".old"))
    make_folder(fresh)
    try:
        yield fresh
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        flush_folder(folder.parent)
    except OSError as error:
        raise disk_error(error, folder) from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def flush_folder(folder: Path) -> None:
    """Make the renames done in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents; an existing one is fine.

    Raises:
        EthnoshardError: a file is in the way, or the place can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as indented JSON, keys in the order given."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with whole_file(path) as file:
        # The bytes of a path that are not UTF-8 become \udcXX, which JSON reads back as they were.
        file.write(text.encode(errors="backslashreplace"))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of ours.

    Raises:
        EthnoshardError: it is not there, or it is not JSON, or not an object.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise EthnoshardError(f"{path} is not there") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EthnoshardError(f"{path} is not JSON ({error}); it was not written by ethnoshard") from error
    except OSError as error:
        raise EthnoshardError(f"{path} can't be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise EthnoshardError(f"{path} holds no JSON object; it was not written by ethnoshard")
    return content


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write ``table`` as Parquet. Polars itself would not say of an error that it is one of the file system."""
    check_polars(f"writing {path}")
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    with whole_file(path) as file:
        file.write(buffer.getbuffer())


def read_table(path: Path) -> pl.DataFrame:
    """Read a Parquet file. Polars itself would take brackets and stars in the path for a pattern.

    Raises:
        EthnoshardError: this process was forked from one that had used polars.
        OSError: it is not there, or can't be read.
        polars.exceptions.PolarsError: it is damaged.
    """
    check_polars(f"reading {path}")
    with path.open("rb") as file:
        return table_in(file)


def table_in(file: IO[bytes]) -> pl.DataFrame:
    """Read the content of a Parquet file.

    Raises:
        polars.exceptions.PolarsError: it is damaged.
    """
    try:
        return pl.read_parquet(file)
    except pl.exceptions.PanicException as error:
        # Of some damage polars says nothing better, and what it raises then is no Exception.
        raise pl.exceptions.ComputeError("its pages are not those that its footer describes") from error


def shown(path: Path) -> str:
    """The last component of a path as text that can be stored, bytes that are not UTF-8 replaced."""
    return os.fsencode(path.name).decode(errors="replace")


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_unfinished(folder: Path) -> None:
    """Delete what a killed run left half-written in ``folder``."""
    for path in folder.glob(f"*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def disk_error(error: OSError, path: Path) -> EthnoshardError:
    """One clear message for an error of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EthnoshardError(
            f"the disk is full: {path} could not be written and was removed; nothing finished is lost. "
            f"Free some space, then run the same command again (train with --resume)"
        )
    return EthnoshardError(f"{path} could not be written: {error.strerror or error}")
