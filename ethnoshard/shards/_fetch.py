"""Files behind a URL: opened by fsspec, fetched whole and checked, the tables of a dataset mirrored in the cache.

Fetching is tried again where that can help; otherwise it is one clear error.
"""

import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from fsspec import AbstractFileSystem

from ethnoshard._cache_folder import cache_folder
from ethnoshard._files import TEMPORARY, sha256_of, whole_file
from ethnoshard._lock import locked
from ethnoshard._urls import (
    PIECE,
    TICK,
    AttemptError,
    Patience,
    file_system,
    open_stream,
    reason_of,
    trouble,
    url_below,
)
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import MANIFEST, SHARDS

now = time.monotonic
"""The clock that a stall is measured by."""


def understood(error: Exception, folder: str, name: str) -> Exception:
    """The error to raise for a back-end's own about a file: an ``AttemptError`` where a further attempt may help.

    Args:
        error: the back-end's.
        folder: URL of the file's folder.
        name: of the file.
    """
    reason, url = reason_of(error, folder), url_below(folder, name)
    match trouble(error):
        case "missing":
            return EthnoshardError(
                f"{url} is not there ({reason}); check the URL, and that the whole dataset was uploaded"
            )
        case "forbidden":
            return EthnoshardError(
                f"{url} may not be read ({reason}); check the credentials (in Python storage_options may have others)"
            )
        case "refused":
            return EthnoshardError(
                f"{url} can't be fetched: {reason}; check the URL (and in Python the storage_options)"
            )
        case "passing":
            return AttemptError(reason)


class FetchStoppedError(EthnoshardError):
    """Somebody closed the folder while a file was fetched."""


class RemoteFolder:
    """The folder behind an fsspec URL. May be asked from several threads, in the process that made it."""

    def __init__(self, url: str, options: Mapping[str, object], patience: Patience) -> None:
        """Say where the folder is; nothing is connected yet. ``options`` go to fsspec."""
        self._url = url
        self._options = options
        self._patience = patience
        self._lock = threading.Lock()
        self._system: tuple[AbstractFileSystem, str] | None = None
        self.closing = threading.Event()

    def url_of(self, name: str) -> str:
        """URL of a file, a password in it left out."""
        return url_below(self._url, name)

    def fetch(
        self,
        name: str,
        path: Path,
        *,
        size: int | None = None,
        sha256: str | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Fetch a file to ``path``, which afterwards is complete or what it was before.

        Args:
            name: of the file, below the folder.
            path: where it goes.
            size: its bytes, if known; another length is an attempt that failed.
            sha256: hex, if known; other bytes are an attempt that failed.
            before: called ahead of each attempt.

        Raises:
            EthnoshardError: it is not there, may not be read, or could not be fetched in all the attempts; or the
                local disk is full. The message names the URL.
            FetchStoppedError: ``closing`` was set meanwhile.
        """
        attempt = 1
        while True:
            before()
            try:
                self._attempt(name, path, size, sha256)
                return
            except AttemptError as error:
                if attempt == self._patience.attempts:
                    raise EthnoshardError(
                        f"{self.url_of(name)} could not be fetched in {attempt} attempts; the last one: {error}. "
                        "Check the connection and the server, then run the same command again (train with --resume): "
                        "what was fetched is kept"
                    ) from error
            if self.closing.wait(self._patience.wait(attempt)):
                raise FetchStoppedError(f"{self.url_of(name)} was not fetched: the reader was closed")
            attempt += 1

    def _attempt(self, name: str, path: Path, size: int | None, sha256: str | None) -> None:
        digest, arrived = hashlib.sha256(), 0
        with whole_file(path) as file, contextlib.closing(self._pieces(name, size)) as pieces:
            for piece in pieces:
                digest.update(piece)
                arrived += len(piece)
                if size is not None and arrived > size:
                    raise AttemptError(f"more than the {size:,} bytes that were packed came")
                file.write(piece)
            if size is not None and arrived < size:
                raise AttemptError(f"it ended after {arrived:,} of {size:,} bytes")
            if sha256 is not None and digest.hexdigest() != sha256:
                raise AttemptError(
                    f"the {arrived:,} bytes that came have another checksum (sha256) than the manifest says"
                )

    def _pieces(self, name: str, size: int | None) -> Generator[bytes, None, None]:
        """The file's bytes as they come. The transfer has a thread of its own: no back-end can be interrupted."""
        arrivals: queue.Queue[bytes | Exception | None] = queue.Queue(1)
        abandoned = threading.Event()

        def deliver(item: bytes | Exception | None) -> None:
            while not abandoned.is_set():
                with contextlib.suppress(queue.Full):
                    arrivals.put(item, timeout=TICK)
                    return

        def transfer() -> None:
            try:
                with self._open(name, size) as file:
                    while not abandoned.is_set() and (piece := file.read(PIECE)):
                        deliver(piece)
            except Exception as error:  # noqa: BLE001 - each back-end has errors of its own; raised by whoever waits
                deliver(error)
            else:
                deliver(None)

        threading.Thread(target=transfer, name=f"fetch {name}", daemon=True).start()
        try:
            while (item := self._next(arrivals, name)) is not None:
                if isinstance(item, EthnoshardError):
                    raise item
                if isinstance(item, Exception):
                    raise understood(item, self._url, name) from item
                yield item
        finally:
            abandoned.set()

    def _next(self, arrivals: "queue.Queue[bytes | Exception | None]", name: str) -> bytes | Exception | None:
        patience = self._patience.stall_seconds
        deadline = now() + patience
        while True:
            if self.closing.is_set():
                raise FetchStoppedError(f"{self.url_of(name)} was not fetched: the reader was closed")
            try:
                return arrivals.get(timeout=min(TICK, patience))
            except queue.Empty:
                if now() >= deadline:
                    raise AttemptError(f"nothing came for {patience:g} seconds") from None

    def _open(self, name: str, size: int | None) -> IO[bytes]:
        with self._lock:
            if self._system is None:
                self._system = file_system(self._url, self._options, self._patience.stall_seconds)
            system, root = self._system
        return open_stream(system, f"{root.rstrip('/')}/{name}", size)


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Where a remote dataset is, and where its files come to lie.

    Attributes:
        url: of the dataset's folder.
        folder: the local folder.
        storage_options: for fsspec.
        patience: when fetching gives up.
    """

    url: str
    folder: Path
    storage_options: Mapping[str, object]
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, url: str, cache: str | Path | None, storage_options: Mapping[str, object]) -> "Mirror":
        """The mirror of ``url`` in a cache; nothing is fetched yet."""
        name = hashlib.sha256(url.encode()).hexdigest()[:20]
        return cls(url=url, folder=cache_folder(cache) / name, storage_options=storage_options)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Within it no other process renews the mirror."""
        with locked(self.folder):
            yield

    def fetch_manifest(self) -> None:
        """Fetch ``dataset.json``, whatever is in the mirror."""
        self._remote.fetch(MANIFEST, self.folder / MANIFEST)

    def fetch_table(self, name: str, sha256: str) -> None:
        """Fetch a table unless the mirror has the one of this checksum (hex)."""
        path = self.folder / name
        if not path.is_file() or sha256_of(path) != sha256:
            self._remote.fetch(name, path, sha256=sha256)

    @cached_property
    def _remote(self) -> RemoteFolder:
        return RemoteFolder(self.url, self.storage_options, self.patience)


def check_names(url: str, names: list[str]) -> None:
    """Make sure that each shard's name is one of a file in the folder of shards: the mirror writes where it says.

    Raises:
        EthnoshardError: a name leads elsewhere, is not plain, or is there twice.
    """
    seen = set()
    for name in names:
        path = PurePosixPath(name)
        plain = path.parts == (SHARDS, path.name) and str(path) == name and "\\" not in name and "\0" not in name
        if not plain or path.name.startswith(".") or path.name.endswith((".lock", TEMPORARY)) or name in seen:
            raise EthnoshardError(f"{url} names a shard {name!r}, which ethnoshard never wrote; pack the dataset again")
        seen.add(name)
