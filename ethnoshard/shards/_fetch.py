"""Fetching one file of a remote folder: whole and checked, tried again where that can help, or one clear error."""

import contextlib
import hashlib
import queue
import random
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethnoshard._checks import check_number
from ethnoshard._files import whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._backend import PIECE, AttemptError, file_system, open_stream, shown_url, understood

_LONGEST_WAIT = 60.0
"""Seconds between two attempts, at most."""

_TICK = 0.1
"""Seconds after which a waiting thread looks whether it should stop."""

now = time.monotonic
"""The clock that a stall is measured by."""

_JITTER = random.SystemRandom()  # Python's and numpy's generators belong to the training's seed


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When to give up.

    Attributes:
        attempts: how often a file is tried, the first time included.
        stall_seconds: a transfer from which nothing comes for so long is abandoned. Where the back-end fetches pieces
            of 4 MiB, a piece counts when it is complete.
        first_wait: seconds between the first attempt and the second; doubled each time, to a minute at most, and
            varied by half so that many readers don't come back together.
    """

    attempts: int = 5
    stall_seconds: float = 30
    first_wait: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_number("attempts", self.attempts, at_least=1)
        check_number("stall_seconds", self.stall_seconds, above=0)
        check_number("first_wait", self.first_wait, at_least=0)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``, the first being 1."""
        return min(self.first_wait * 2.0 ** (attempt - 1), _LONGEST_WAIT) * _JITTER.uniform(0.5, 1.5)


class FetchStoppedError(EthnoshardError):
    """Somebody closed the folder while a file was fetched."""


class RemoteFolder:
    """The folder behind an fsspec URL. May be asked from several threads, in the process that made it."""

    def __init__(self, url: str, options: Mapping[str, Any], patience: Patience) -> None:
        """Say where the folder is; nothing is connected yet. ``options`` go to fsspec."""
        self._url = url
        self._options = options
        self._patience = patience
        self._lock = threading.Lock()
        self._system: tuple[Any, str] | None = None
        self.closing = threading.Event()

    def url_of(self, name: str) -> str:
        """URL of a file, a password in it left out."""
        return shown_url(f"{self._url.rstrip('/')}/{name}")

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
                    arrivals.put(item, timeout=_TICK)
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
                    raise understood(item, self.url_of(name)) from item
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
                return arrivals.get(timeout=min(_TICK, patience))
            except queue.Empty:
                if now() >= deadline:
                    raise AttemptError(f"nothing came for {patience:g} seconds") from None

    def _open(self, name: str, size: int | None) -> Any:
        with self._lock:
            if self._system is None:
                self._system = file_system(self._url, self._options, self._patience.stall_seconds)
            system, root = self._system
        return open_stream(system, f"{root.rstrip('/')}/{name}", size)
