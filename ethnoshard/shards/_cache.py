"""A folder of fetched files that never grows beyond a limit, and that several processes may share."""

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import filelock

from ethnoshard._files import TEMPORARY, disk_error, make_folder

_LOCK = ".lock"
_POLL = 0.02
"""Seconds between two looks at a lock that somebody else holds."""

_TOUCH = 1_000_000_000
"""Nanoseconds within which a file's time of use is not written to the disk again."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    name: str
    size: int
    used: int


class BoundedFolder:
    """Files of known sizes, at most ``limit`` bytes of them, the least recently used deleted first.

    What is on the disk says all: a whole file counts its size, a file in the making (its temporary name) the size
    that it will have. The lock of a file is held by whoever fetches it, and the system lets go of it when that process
    dies: a temporary file whose lock is free belongs to nobody. The time of last use is the file's access time; its
    time of modification stays, since readers tell by it that a file was changed.
    """

    def __init__(self, folder: Path, limit: int, sizes: Mapping[str, int], let_go: Callable[[str], None]) -> None:
        """Keep the files in ``folder``.

        Args:
            folder: made if it is not there.
            limit: bytes.
            sizes: bytes of each file by its name.
            let_go: called with the name of a file before it is deleted, so that its space really becomes free.
        """
        make_folder(folder)
        self._folder = folder
        self._limit = limit
        self._sizes = sizes
        self._let_go = let_go
        self._users: Counter[str] = Counter()
        self._guard = threading.RLock()
        self._used: dict[str, int] = {}

    @contextlib.contextmanager
    def using(self, name: str) -> Iterator[None]:
        """Within it this process does not delete the file. Another process may: what is open stays readable."""
        with self._guard:
            self._users[name] += 1
        try:
            yield
        finally:
            with self._guard:
                self._users[name] -= 1
                self._users += Counter()  # drops the zeros

    def if_idle(self, name: str, action: Callable[[], None]) -> bool:
        """Do something with a file if nobody in this process uses it, nor begins to meanwhile; was it done?"""
        with self._guard:
            if self._users[name]:
                return False
            action()
            return True

    @contextlib.contextmanager
    def lock(self, name: str, tick: Callable[[], None]) -> Iterator[None]:
        """Within it this thread is the only one, of all processes, that makes the file.

        Args:
            name: of the file.
            tick: called again and again while somebody else holds the lock; may raise to stop the waiting.
        """
        lock = self._filelock(name)
        while True:
            with self._explained(name):
                try:
                    lock.acquire(timeout=0.2, poll_interval=_POLL)
                    break
                except filelock.Timeout:
                    pass
            tick()
        try:
            yield
        finally:
            lock.release()

    def touch(self, name: str) -> None:
        """The file is used now."""
        now = time.time_ns()
        if now - self._used.get(name, 0) > _TOUCH:
            # Another process may just have deleted it.
            with contextlib.suppress(OSError):
                path = self._folder / name
                os.utime(path, ns=(now, path.stat().st_mtime_ns))
        self._used[name] = now

    def discard(self, name: str) -> None:
        """Delete a file that is not what it should be; it need not be there."""
        with self._explained(name):
            (self._folder / name).unlink(missing_ok=True)

    def reserve(self, name: str, spare: Collection[str], *, urgent: bool) -> bool:
        """Make room for a file whose lock this thread holds, and reserve it by an empty temporary file.

        Args:
            name: of the file.
            spare: names of files that are deleted last.
            urgent: delete even those.

        Returns:
            False if there is not enough to delete now.
        """
        size = self._sizes[name]
        with self._explained(name), self._filelock("").acquire(poll_interval=_POLL):
            entries, pending = self._entries(name)
            excess = pending + sum(entry.size for entry in entries) + size - self._limit
            doomed = []
            for entry in sorted(entries, key=lambda entry: (entry.name in spare, entry.used)):
                if excess > 0 and (urgent or entry.name not in spare) and not self._users[entry.name]:
                    doomed.append(entry.name)
                    excess -= entry.size
            if excess > 0:
                return False
            # Nothing was deleted in vain so far; what a thread has begun to use since the list was made stays.
            if not all(self.if_idle(name, partial(self._delete, name)) for name in doomed):
                return False
            (self._folder / f"{name}{TEMPORARY}").touch()
            return True

    def _delete(self, name: str) -> None:
        self._let_go(name)
        (self._folder / name).unlink(missing_ok=True)
        self._used.pop(name, None)

    def _entries(self, own: str) -> tuple[list[_Entry], int]:
        """The whole files, and the bytes that files in the making will have, ``own`` not counted.

        Those in the making are listed first: one that becomes whole meanwhile is then in both lists, not in none.
        """
        pending = {}
        for name, seen in self._listed():
            whole = name.removesuffix(TEMPORARY)
            if whole not in (name, own) and not self._remove_if_orphaned(whole):
                pending[whole] = self._sizes.get(whole, seen.st_size if seen else 0)
        entries = []
        for name, seen in self._listed():
            if seen and not name.endswith(TEMPORARY) and name not in pending:
                # What the dataset no longer has goes first.
                used = max(seen.st_atime_ns, self._used.get(name, 0)) if name in self._sizes else 0
                entries.append(_Entry(name=name, size=seen.st_size, used=used))
        return entries, sum(pending.values())

    def _listed(self) -> Iterator[tuple[str, os.stat_result | None]]:
        for found in list(os.scandir(self._folder)):
            if found.name.endswith(_LOCK) or not found.is_file(follow_symlinks=False):
                continue
            try:
                yield found.name, found.stat(follow_symlinks=False)
            except FileNotFoundError:  # renamed or deleted since
                yield found.name, None

    def _remove_if_orphaned(self, name: str) -> bool:
        """Delete a temporary file whose maker was killed. Whoever makes one anew needs the folder's lock first."""
        lock = self._filelock(name)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        try:
            (self._folder / f"{name}{TEMPORARY}").unlink(missing_ok=True)
        finally:
            lock.release()
        return True

    def _filelock(self, name: str) -> filelock.FileLock:
        return filelock.FileLock(self._folder / f"{name}{_LOCK}")

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """One clear message for what the local file system refuses."""
        try:
            yield
        except filelock.Timeout:
            raise
        except OSError as error:
            raise disk_error(error, self._folder / name) from error
