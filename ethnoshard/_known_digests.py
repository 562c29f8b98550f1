"""Digests of files that were read before, so that knowing them by their content costs a look at the folder."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ethnoshard._cache_folder import cache_folder
from ethnoshard._files import sha256_of
from ethnoshard._stamp import Stamp

_FILE = "digests.sqlite"
_AT_ONCE = 500
"""Keys asked for in one statement."""
_PATIENCE = 20
"""Seconds that another process may keep the table busy."""


class KnownDigests:
    """SHA-256 by what a file looks like, in a table of the cache folder that several processes may use.

    It only saves reading: where the table can't be opened, is damaged or busy for long, nothing is known and nothing
    kept. Anybody may delete it.
    """

    def __init__(self, folder: Path) -> None:
        """Use the table in ``folder``; both are made when something is first kept."""
        self._folder = folder

    @classmethod
    def usual(cls) -> "KnownDigests":
        """Those in the user's cache folder."""
        return cls(cache_folder())

    def known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Digests of those keys that have one."""
        found: dict[bytes, bytes] = {}
        with self._forgiving():
            if not (self._folder / _FILE).exists():
                return found
            with self._table() as table:
                for start in range(0, len(keys), _AT_ONCE):
                    some = keys[start : start + _AT_ONCE]
                    marks = ",".join("?" * len(some))
                    found.update(table.execute(f"SELECT key, sha256 FROM digests WHERE key IN ({marks})", some))
        return found

    def keep(self, digests: Mapping[bytes, bytes]) -> None:
        """Remember digests by their keys."""
        if not digests:
            return
        with self._forgiving(), self._table() as table, table:
            table.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?)", digests.items())

    def of_files(self, paths: Iterable[Path]) -> list[str]:
        """Hex SHA-256 of whole files.

        Raises:
            OSError: one is not there, or can't be read.
        """
        stamps = [Stamp.of(path) for path in paths]
        known = self.known([stamp.key() for stamp in stamps])
        found, fresh = [], {}
        for stamp in stamps:
            digest = known.get(stamp.key())
            if digest is None:
                settled = stamp.settled()
                digest = bytes.fromhex(sha256_of(Path(stamp.path)))
                if settled:
                    fresh[stamp.key()] = digest
            found.append(digest.hex())
        self.keep(fresh)
        return found

    def _table(self) -> contextlib.closing[sqlite3.Connection]:
        """Opened, and made if it is not there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        table = sqlite3.connect(self._folder / _FILE, timeout=_PATIENCE)
        table.execute("CREATE TABLE IF NOT EXISTS digests (key BLOB PRIMARY KEY, sha256 BLOB) WITHOUT ROWID")
        return contextlib.closing(table)

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Whatever is wrong with the table ends the block quietly."""
        try:
            yield
        except (sqlite3.OperationalError, OSError):
            pass  # busy, or not to be written
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                (self._folder / _FILE).unlink()  # damaged
