"""Files that are either whole under their final name or not there at all."""

import contextlib
import errno
import glob
import hashlib
import io
import itertools
import json
import os
import platform
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import polars as pl
from polars.io.plugins import register_io_source

from ethnoshard._forked import check_polars
from ethnoshard.errors import EthnoshardError

TEMPORARY = ".writing"
"""How the name of a file in the making ends. A later run may delete such a file: nobody else refers to it."""

_OWN = re.compile(rf"\.([0-9a-f]{{8}})-(\d+)-[0-9a-f]{{8}}{re.escape(TEMPORARY)}$")
"""Before that, where several machines write: a digest of the machine's name, the process, something random."""

_ROW_GROUP = 122_880
"""Rows of a group of Parquet that polars aims at where it isn't told otherwise (2.1)."""


@contextlib.contextmanager
def whole_file(
    path: Path, *, shared: bool = False, first: bool = False, making: Path | None = None
) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing bytes under a temporary name beside it; rename once all is on the disk.

    After a crash at any moment ``path`` is either what it was before or complete. The rename itself is flushed
    too, so that a record written later (which says that the file exists) can't outlive the file.

    Args:
        path: the final name.
        shared: whether other processes, on other machines too, may be writing the very same bytes to the same place:
            the temporary name is then this process's own. Where it was cleared away because all is finished, the file
            that the other one made stands.
        first: leave a file that is there by then as it is, as far as the file system has hard links.
        making: folder on the same file system for the temporary file, in place of that of ``path``. Once it is gone,
            nobody who is late puts anything in place any more.

    Raises:
        EthnoshardError: the disk is full, or the folder can't be written.
    """
    end = _own_end() if shared else TEMPORARY
    temporary = (making or path.parent) / f"{path.name}{end}"
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            if not (first and _linked(temporary, path)):
                temporary.replace(path)
        except FileNotFoundError:
            if not shared or not path.exists():
                raise
        flush_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise disk_error(error, path) from error
        raise


@contextlib.contextmanager
def passing_file(path: Path) -> Iterator[Path]:
    """A name beside ``path``, of this process's own, for a file that is needed for a while and is gone at the end.

    After ``kill -9`` it is still there, and :func:`remove_unfinished` takes it away.
    """
    own = path.with_name(f"{path.name}{_own_end()}")
    try:
        yield own
    finally:
        with contextlib.suppress(OSError):
            own.unlink(missing_ok=True)


def _own_end() -> str:
    """How the temporary name of a file ends that nobody else writes."""
    return f".{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}"


def _linked(temporary: Path, path: Path) -> bool:
    """Give a file its final name unless another has it; False where the file system can't do so in one step."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise
    except OSError:
        return False
    temporary.unlink(missing_ok=True)
    return True


def _machine() -> str:
    """8 hex digits for this machine, as far as its name goes."""
    return hashlib.blake2b(platform.node().encode(errors="replace"), digest_size=4).hexdigest()


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


def abandoned(folder: Path) -> list[Path]:
    """Folders that were to take the place of this one, of processes that are no more, as after ``kill -9``.

    They are not deleted: the disk may be shared with a machine on which such a process is at work.

    Args:
        folder: that is to be made.
    """
    folder = folder.resolve()
    found = []
    for path in folder.parent.glob(f"{glob.escape(folder.name)}.*{TEMPORARY}"):
        number = path.name.removeprefix(f"{folder.name}.").removesuffix(TEMPORARY)
        if number.isdecimal() and path.is_dir() and not _alive(int(number)):
            found.append(path)
    return sorted(found)


def _alive(process: int) -> bool:
    """Whether there is such a process on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


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


def write_json(path: Path, content: object, *, shared: bool = False, first: bool = False) -> None:
    """Write ``content`` as indented JSON, keys in the order given; the options are those of :func:`whole_file`."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with whole_file(path, shared=shared, first=first) as file:
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


def write_table(path: Path, table: pl.DataFrame, *, shared: bool = False) -> None:
    """Write ``table`` as Parquet; ``shared`` as of :func:`whole_file`.

    Polars itself would not say of an error that it is one of the file system.
    """
    check_polars(f"writing {path}")
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    with whole_file(path, shared=shared) as file:
        file.write(buffer.getbuffer())


def write_long_table(path: Path, rows: int, table: Callable[[int, int], pl.DataFrame]) -> None:
    """Write a table that is never there as a whole; its bytes are those that :func:`write_table` writes.

    Args:
        path: where it goes.
        rows: how many it has.
        table: its rows from one to before another, always of the same columns.
    """
    ends = _row_groups(rows)
    if len(ends) == 1:
        write_table(path, table(0, rows))
        return
    check_polars(f"writing {path}")

    def pieces(
        columns: list[str] | None, predicate: pl.Expr | None, most: int | None, at_once: int | None
    ) -> Iterator[pl.DataFrame]:
        for start, stop in itertools.pairwise([0, *ends]):
            piece = table(start, stop)
            yield piece if columns is None else piece.select(columns)

    with whole_file(path) as file:
        sink = _Sink(file)
        try:
            register_io_source(pieces, schema=table(0, 0).schema).sink_parquet(sink)  # type: ignore[call-overload]
        except Exception:
            if sink.error is not None:
                raise sink.error from None
            raise


def _row_groups(rows: int) -> list[int]:
    """Ends of the groups that polars cuts a table into which it has as a whole: even ones, near to what it aims at."""
    fewest = max(1, rows // _ROW_GROUP)
    groups = min((fewest, fewest + 1), key=lambda number: abs(rows // number - _ROW_GROUP))
    size, more = divmod(rows, groups)
    return [size * number + min(number, more) for number in range(1, groups + 1)]


class _Sink(io.RawIOBase):
    """A file for polars, which of an error of the file system would say no more than that there was one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise


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


@contextlib.contextmanager
def scanned_table(path: Path) -> Iterator[pl.LazyFrame]:
    """A Parquet file of ours of which parts are to be read, whatever signs of a pattern its name has.

    Raises:
        EthnoshardError: it is not there or damaged, or this process was forked from one that had used polars.
    """
    check_polars(f"reading {path}")
    if not path.is_file():
        raise EthnoshardError(f"{path} is missing; pack the dataset again")
    try:
        yield lazy_table(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise EthnoshardError(f"{path} is damaged: {error}") from error


def lazy_table(path: Path) -> pl.LazyFrame:
    """A Parquet file of which parts are to be read; of a name that is no text, which polars can't open, all is read."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return pl.scan_parquet(path.read_bytes())
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


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


def remove_unfinished(folder: Path, *, finished: bool = False) -> None:
    """Delete what a killed run left half-written in ``folder``.

    Args:
        folder: not looked into any deeper.
        finished: whether all that could be written here is there, so that what others are still writing is no loss.
            Otherwise what bears the mark of a process stays, unless the process was on this machine and is no more.
    """
    for path in folder.glob(f"*{TEMPORARY}"):
        if finished or not _may_be_written(path.name):
            path.unlink(missing_ok=True)


def _may_be_written(name: str) -> bool:
    """Whether a process that is alive, as far as can be told from here, writes a file of this temporary name."""
    own = _OWN.search(name)
    if own is None:
        return False
    machine, process = own[1], int(own[2])
    if machine != _machine():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def disk_error(error: OSError, path: Path) -> EthnoshardError:
    """One clear message for an error of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EthnoshardError(
            f"the disk is full: {path} could not be written and was removed; nothing finished is lost. "
            f"Free some space, then run the same command again (train with --resume)"
        )
    return EthnoshardError(f"{path} could not be written: {error.strerror or error}")
