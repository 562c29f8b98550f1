"""By what it is told, without reading it, that a file is still the same."""

import hashlib
import os
import time
from pathlib import Path
from typing import NamedTuple

SETTLED = 2_000_000_000
"""Nanoseconds since a file's last change before which nothing is kept of it: changed again within the file system's
grain of time, up to two seconds, it would look the same. Git calls such entries racy."""


class Stamp(NamedTuple):
    """A file as the file system shows it.

    The time of status can't be set, so that a file written anew is told even where its other times were put back.

    Attributes:
        path: as given.
        device: number of the file system that it is on.
        inode: number of the file there.
        size: bytes.
        changed: when its content was changed, ns.
        status_changed: when anything about it was changed, ns.
    """

    path: str
    device: int
    inode: int
    size: int
    changed: int
    status_changed: int

    @classmethod
    def of(cls, path: str | Path) -> "Stamp":
        """Look at a file, following links.

        Raises:
            OSError: it is not there.
        """
        seen = os.stat(path)  # noqa: PTH116 - of half a million files, where Path takes three times as long
        return cls(str(path), seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)

    def settled(self) -> bool:
        """Whether any further change would show."""
        return time.time_ns() - max(self.changed, self.status_changed) >= SETTLED

    def key(self, *place: object) -> bytes:
        """16 bytes for the file, or for a place in it. They hold no name."""
        path = self.path if self.path.startswith("/") else str(Path(self.path).absolute())
        whole = repr((path, *self[1:], *place))
        return hashlib.blake2b(whole.encode(), digest_size=16).digest()
