"""Where embeddings are kept, by what decides them."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ethnoshard._cache_folder import cache_folder
from ethnoshard._files import make_folder
from ethnoshard.embedding._embeddings import Embeddings
from ethnoshard.errors import EthnoshardError

LIMIT = 4 * 2**30
"""Bytes of embeddings kept; those not used for longest go first."""


@dataclass(frozen=True)
class Cache:
    """The folder of the cache, as far as it holds ``embeddings/``, which is bounded; ``docs/caches.md`` has the rest.

    Attributes:
        path: the folder.
        limit: bytes of embeddings kept.
    """

    path: Path
    limit: int = LIMIT

    @classmethod
    def usual(cls) -> "Cache":
        """In the user's :func:`~ethnoshard._cache_folder.cache_folder`."""
        return cls(cache_folder())

    def get(self, key: str) -> Embeddings | None:
        """The embeddings kept under ``key``; None if there are none, or they are damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            found = Embeddings.load(path)
        except EthnoshardError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def put(self, key: str, embeddings: Embeddings) -> None:
        """Keep embeddings, and let go of those not used for longest.

        Raises:
            EthnoshardError: the disk is full or can't be written.
        """
        path = self._path(key)
        make_folder(path.parent)
        embeddings.save(path)
        kept = 0
        for file in sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns, reverse=True):
            kept += file.stat().st_size
            if kept > self.limit and file != path:
                file.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.path / "embeddings" / f"{key}.npz"
