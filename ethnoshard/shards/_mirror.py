"""The local mirror of a remote dataset: its manifest and tables, in a folder of the cache."""

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from ethnoshard._cache_folder import cache_folder
from ethnoshard._files import TEMPORARY, sha256_of
from ethnoshard._lock import locked
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._fetch import Patience, RemoteFolder
from ethnoshard.shards._format import MANIFEST, SHARDS

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
    storage_options: Mapping[str, Any]
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def of(cls, url: str, cache: str | Path | None, storage_options: Mapping[str, Any]) -> "Mirror":
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


def check_names(url: str, shards: list[dict[str, Any]]) -> None:
    """Make sure that each shard's name is one of a file in the folder of shards: the mirror writes where it says.

    Raises:
        EthnoshardError: a name leads elsewhere, is not plain, or is there twice.
    """
    seen = set()
    for shard in shards:
        name = shard["name"]
        path = PurePosixPath(name)
        plain = path.parts == (SHARDS, path.name) and str(path) == name and "\\" not in name and "\0" not in name
        if not plain or path.name.startswith(".") or path.name.endswith((".lock", TEMPORARY)) or name in seen:
            raise EthnoshardError(f"{url} names a shard {name!r}, which ethnoshard never wrote; pack the dataset again")
        seen.add(name)
