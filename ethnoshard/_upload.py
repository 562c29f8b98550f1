"""Files put behind a URL: whole, checked by what the store answers, and tried again where that can help.

S3, Google Cloud Storage and their like show an object once all of it has come, and have no rename; so each file goes
straight to its final name, and the one that says that all are there comes last.
"""

import functools
import hashlib
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fsspec import AbstractFileSystem
from fsspec.callbacks import Callback

from ethnoshard._files import TEMPORARY
from ethnoshard._upload_sums import PART, Sums, agreement
from ethnoshard._urls import (
    PIECE,
    TICK,
    AttemptError,
    Patience,
    file_system,
    open_stream,
    printable_url,
    reason_of,
    trouble,
    url_below,
)
from ethnoshard.errors import EthnoshardError

Made = TypeVar("Made")

PATIENCE = Patience(stall_seconds=180)
"""A part counts when all of it is there, and so does a file of less than two parts: 180 s are 90 kB/s at least."""

_IN_PARTS: Mapping[str, Mapping[str, int]] = {
    # One part at a time, so that a part is all that is waited for: several shards go up beside one another.
    "s3": {"chunksize": PART, "max_concurrency": 1},
    "gs": {"chunksize": PART},
}
"""How back-ends are told of the size of a part; others have their own."""

_READ_ONLY = ("http", "https", "github", "zip", "tar", "data")

now = time.monotonic
"""The clock that a stall is measured by."""


@dataclass(frozen=True, kw_only=True)
class UploadFolder:
    """A folder behind a URL that is written to. It may be sent to another process, which connects itself.

    Attributes:
        url: of the folder. Not shown, as the options: they may hold secrets.
        options: for fsspec.
        patience: when an upload is given up.
    """

    url: str = field(repr=False)
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    patience: Patience = PATIENCE

    def __post_init__(self) -> None:
        """Refuse what can't be written to."""
        protocol = self.url.partition("://")[0].lower()
        if "::" in protocol or protocol in _READ_ONLY:
            raise EthnoshardError(
                f"{printable_url(self.url)} can only be read; give the URL of a store, such as s3:// or gs://, or a "
                f"folder of this machine"
            )

    def __getstate__(self) -> dict[str, object]:
        """Without the connection."""
        return {"url": self.url, "options": self.options, "patience": self.patience}

    def url_of(self, name: str = "") -> str:
        """URL of a file, or of the folder itself, a password in it left out."""
        return url_below(self.url, name)

    @property
    def of_this_process(self) -> bool:
        """Whether no other process sees what is written."""
        return "memory" in self._protocols

    def files(self) -> dict[str, Mapping[str, object]]:
        """What the store says of each file at any depth, by its name below the folder; none where there is no folder.

        Raises:
            EthnoshardError: it may not be listed, or not in all the attempts.
        """

        def listed(heard: Callable[[], None]) -> dict[str, Mapping[str, object]]:
            system, root = self._opened
            system.invalidate_cache()
            try:
                return dict(system.find(root, detail=True))
            except FileNotFoundError:
                return {}

        root = f"{self._opened[1].rstrip('/')}/"
        found = self._tried("listed", "", listed)
        # The console of S3 makes an object that ends in a slash where it is asked to make a folder.
        return {
            name.removeprefix(root): known
            for name, known in found.items()
            if name.startswith(root) and not name.endswith("/") and known.get("type") != "directory"
        }

    def read(self, name: str) -> bytes | None:
        """All of a small file; None if there is none.

        Raises:
            EthnoshardError: it may not be read, or not in all the attempts.
        """

        def content(heard: Callable[[], None]) -> bytes | None:
            system, _ = self._opened
            system.invalidate_cache()
            try:
                return bytes(system.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

        return self._tried("read", name, content)

    def put(self, path: Path, name: str, sums: Sums | None = None) -> None:
        """Put a file there; afterwards it is there with the very same bytes.

        Args:
            path: the file, which nobody changes meanwhile.
            name: what it is called below the folder.
            sums: those of its bytes, if known.

        Raises:
            EthnoshardError: it may not be written, or could not be in all the attempts.
        """
        known = sums or Sums.of(path)

        def put(heard: Callable[[], None]) -> None:
            system, _ = self._opened
            options = next((given for kind, given in _IN_PARTS.items() if kind in self._protocols), {})
            system.put_file(
                str(path), self._path(name), callback=Callback(hooks={"heard": lambda *_, **__: heard()}), **options
            )
            heard()
            system.invalidate_cache()
            if not self._holds(name, known, system.info(self._path(name)), heard):
                system.rm_file(self._path(name))  # should no attempt go well, nobody finds other bytes by this name
                raise AttemptError("what is stored there are other bytes than were sent (size or checksum)")

        self._tried("written", name, put)

    def put_bytes(self, content: bytes, name: str) -> None:
        """Put a small file there that is none yet; see :meth:`put`.

        Raises:
            EthnoshardError: it may not be written, or could not be in all the attempts.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "content"
            path.write_bytes(content)
            self.put(path, name)

    def holds(self, name: str, sums: Sums, known: Mapping[str, object]) -> bool:
        """Whether a file has these bytes, by what the store says of it; if that says too little, the file is read.

        Args:
            name: of a file that is there.
            sums: those of the bytes.
            known: what :meth:`files` says of it.

        Raises:
            EthnoshardError: it may not be read, or not in all the attempts.
        """
        return self._tried("read", name, functools.partial(self._holds, name, sums, known))

    def sha256(self, name: str) -> str:
        """Hex SHA-256 of a file, which is read for it.

        Raises:
            EthnoshardError: it is not there, may not be read, or not in all the attempts.
        """
        return self._tried("read", name, functools.partial(self._sha256, name, None))

    def remove(self, name: str) -> None:
        """Take a file away; one that isn't there is fine.

        Raises:
            EthnoshardError: that is not allowed, or could not be done in all the attempts.
        """

        def gone(heard: Callable[[], None]) -> None:
            system, _ = self._opened
            try:
                system.rm_file(self._path(name))
            except FileNotFoundError:
                return

        self._tried("deleted", name, gone)

    def _holds(self, name: str, sums: Sums, known: Mapping[str, object], heard: Callable[[], None]) -> bool:
        agrees = agreement(sums, known)
        return self._sha256(name, sums.bytes, heard) == sums.sha256 if agrees is None else agrees

    def _sha256(self, name: str, size: int | None, heard: Callable[[], None]) -> str:
        digest = hashlib.sha256()
        with open_stream(self._opened[0], self._path(name), size) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                heard()
        return digest.hexdigest()

    def _path(self, name: str) -> str:
        return f"{self._opened[1].rstrip('/')}/{name}"

    @functools.cached_property
    def _opened(self) -> tuple[AbstractFileSystem, str]:
        # Fsspec's own instance for these options: a process puts many shards there, over the same connections.
        return file_system(self.url, self.options, self.patience.stall_seconds, own=False)

    @property
    def _protocols(self) -> tuple[str, ...]:
        protocol = self._opened[0].protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _tried(self, done: str, name: str, do: Callable[[Callable[[], None]], Made]) -> Made:
        """Do something until it is done, or can't be."""
        _ = self._opened  # fsspec has an instance for each thread, and each attempt has a thread of its own
        attempt = 1
        while True:
            try:
                return self._watched(done, name, do)
            except AttemptError as error:
                if attempt == self.patience.attempts:
                    raise EthnoshardError(
                        f"{self.url_of(name)} could not be {done} in {attempt} attempts; the last one: {error}. Check "
                        f"the connection and the server, then run the same command again: what is there is kept"
                    ) from error
            time.sleep(self.patience.wait(attempt))
            attempt += 1

    def _watched(self, done: str, name: str, do: Callable[[Callable[[], None]], Made]) -> Made:
        """Do something in a thread of its own, which is left to itself if it stalls: no back-end can be interrupted.

        What it may do after all is what the next attempt does, too: the same bytes under the same name.
        """
        outcome: queue.Queue[tuple[Made] | Exception] = queue.Queue(1)
        last = now()

        def heard() -> None:
            nonlocal last
            last = now()

        def work() -> None:
            try:
                outcome.put((do(heard),))
            except Exception as error:  # noqa: BLE001 - each back-end has errors of its own; raised by whoever waits
                outcome.put(error)

        threading.Thread(target=work, name=f"upload {name}", daemon=True).start()
        while True:
            try:
                came = outcome.get(timeout=TICK)
            except queue.Empty:
                if now() - last >= self.patience.stall_seconds:
                    raise AttemptError(f"nothing moved for {self.patience.stall_seconds:g} seconds") from None
                continue
            if isinstance(came, Exception):
                raise self._understood(came, done, name) from came
            return came[0]

    def _understood(self, error: Exception, done: str, name: str) -> Exception:
        """The error to raise for a back-end's own."""
        if isinstance(error, AttemptError | EthnoshardError):
            return error
        url, reason = self.url_of(name), reason_of(error, self.url)
        match trouble(error):
            case "missing":
                return EthnoshardError(
                    f"{url} can't be {done}: there is no such bucket or folder ({reason}); check the URL, or make it "
                    f"first"
                )
            case "forbidden":
                return EthnoshardError(
                    f"{url} may not be {done} ({reason}); check the credentials, and that they allow to list, read, "
                    f"write and delete there (in Python storage_options may have others)"
                )
            case "refused":
                return EthnoshardError(
                    f"{url} can't be {done}: {reason}; check the URL (and in Python the storage_options)"
                )
            case "passing":
                return AttemptError(reason)


def upload_place(url: str, options: Mapping[str, object] | None = None) -> tuple[UploadFolder, str]:
    """The folder that a file goes to, and the file's name in it."""
    folder, _, name = url.rpartition("/")
    return UploadFolder(url=f"{folder}/", options=dict(options or {})), name


def check_file(url: str, options: Mapping[str, object] | None = None) -> None:
    """Try whether a file may be written, before it is computed: a small one beside it comes and goes.

    Raises:
        EthnoshardError: it may not.
    """
    target, name = upload_place(url, options)
    target.put_bytes(b"on its way", f"{name}{TEMPORARY}")
    target.remove(f"{name}{TEMPORARY}")
