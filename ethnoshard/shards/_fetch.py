"""Files behind a URL: opened by fsspec, fetched whole and checked, the tables of a dataset mirrored in the cache.

Fetching is tried again where that can help; otherwise it is one clear error.
"""

import contextlib
import hashlib
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

import fsspec
from fsspec import AbstractFileSystem

from ethnoshard._cache_folder import cache_folder
from ethnoshard._checks import check_number
from ethnoshard._files import TEMPORARY, sha256_of, whole_file
from ethnoshard._lock import locked
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import MANIFEST, SHARDS

PIECE = 4 * 2**20
"""Bytes asked for at a time, where the back-end asks for pieces (S3 and its like); over HTTP they come as they come."""

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "http": "http", "https": "http"}

_HOPELESS = (ImportError, TypeError, ValueError, AttributeError, NotImplementedError)
"""What back-ends raise for a package that is missing and for settings that they don't take."""


class AttemptError(Exception):
    """This attempt failed; another may not. No OSError, so that nobody takes it for one of the local disk."""


def printable_url(url: str) -> str:
    """A URL without the user and the password that may stand in it."""
    return re.sub(r"://[^/@]*@", "://", url)


def file_system(url: str, options: Mapping[str, object], stall_seconds: float) -> tuple[AbstractFileSystem, str]:
    """fsspec's file system of a URL, and the folder in it.

    Raises:
        EthnoshardError: the package for it is not installed, or it doesn't take the options.
    """
    protocol = url.partition("://")[0].lower()
    try:
        if protocol in ("http", "https"):
            import aiohttp

            # aiohttp ends every request after five minutes, however well it goes: too early for a large shard. What was
            # abandoned shall end by itself some time.
            idle = 2 * stall_seconds
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
            of_user = options.get("client_kwargs")
            options = {
                **options,
                "client_kwargs": {"timeout": timeout, **(of_user if isinstance(of_user, Mapping) else {})},
            }
        # An instance of our own: a shared one may remember how long a file was when somebody listed the folder.
        system, root = fsspec.url_to_fs(url, **{**options, "skip_instance_cache": True})
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        remedy = f"pip install 'ethnoshard[{extra}]'" if extra else "install the package that fsspec asks for"
        raise EthnoshardError(
            f"{printable_url(url)} needs a package that is not installed ({error}): {remedy}"
        ) from error
    except (TypeError, ValueError, KeyError) as error:
        raise EthnoshardError(
            f"{printable_url(url)} can't be opened: {_reason(error)}; check the URL (and in Python the storage_options)"
        ) from error
    return system, str(root)


def open_stream(system: AbstractFileSystem, path: str, size: int | None) -> IO[bytes]:
    """Open a file for reading from its beginning to its end; ``size`` in bytes if it is known."""
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    options: dict[str, int | str]
    if "http" in protocols:
        # One request whose answer is read as it comes, which servers without ranges can do too. Without any size fsspec
        # asks for it first, and takes whatever goes wrong then for a file that is not there.
        options = {"block_size": 0, "size": size or 1}
    else:
        options = {"block_size": PIECE, "cache_type": "none"}
    stream: IO[bytes] = system.open(path, "rb", **options)
    return stream


def understood(error: Exception, url: str) -> Exception:
    """The error to raise for a back-end's own about ``url``: an ``AttemptError`` where a further attempt may help."""
    reason, status = _reason(error), _http_status(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return EthnoshardError(f"{url} is not there ({reason}); check the URL, and that the whole dataset was uploaded")
    if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
        return EthnoshardError(
            f"{url} may not be read ({reason}); check the credentials (in Python storage_options may have others)"
        )
    # 408: too slow; 409 and 412: changed meanwhile; 425 and 429: too early, too many.
    refused = status is not None and 400 <= status < 500 and status not in (408, 409, 412, 425, 429)
    if refused or isinstance(error, _HOPELESS):
        return EthnoshardError(f"{url} can't be fetched: {reason}; check the URL (and in Python the storage_options)")
    return AttemptError(reason)


def _reason(error: BaseException) -> str:
    """An error in a line. Some carry no text, some a page of HTML, some the URL with its password."""
    text = printable_url(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _http_status(error: BaseException) -> int | None:
    """The HTTP status that an error of aiohttp (``status``), gcsfs (``code``) or botocore (``response``) is about.

    s3fs raises an error of its own from botocore's. Other causes are not looked at: that of aiohttp for an answer which
    was cut has the code 400, too.
    """
    for seen in (error, error.__cause__):
        response = getattr(seen, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    # In this order: aiohttp's errors have a code as well, which warns when it is asked for.
    status = getattr(error, "status", None) or getattr(error, "code", None)
    return status if isinstance(status, int) and 100 <= status < 600 else None


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
        return printable_url(f"{self._url.rstrip('/')}/{name}")

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

    def _open(self, name: str, size: int | None) -> IO[bytes]:
        with self._lock:
            if self._system is None:
                self._system = file_system(self._url, self._options, self._patience.stall_seconds)
            system, root = self._system
        return open_stream(system, f"{root.rstrip('/')}/{name}", size)


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(::[A-Za-z0-9+.\-]+)*://")


def is_url(path: str | Path) -> bool:
    """Is it a URL, not a folder? ``Path`` would take one of the slashes away, so a ``Path`` is always a folder."""
    return isinstance(path, str) and _URL.match(path) is not None


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
