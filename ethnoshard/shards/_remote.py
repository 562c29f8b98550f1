"""Reading shards that are behind a URL, by way of a cache on the local disk."""

import contextlib
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from functools import partial

from ethnoshard._files import sha256_of
from ethnoshard._urls import Patience, printable_url
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._cache import BoundedFolder
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._fetch import FetchStoppedError, RemoteFolder
from ethnoshard.shards._read import LocalShards, ReadCounts

_OPEN = 64
"""Shards kept open at a time."""

_THREADS = 4
"""Shards fetched ahead at a time."""

_MIB = 2**20


class RemoteShards:
    """Shards of a dataset opened by its URL: each is fetched whole into the mirror, checked, and read from there.

    Processes of one machine that open the same URL with the same cache share what is fetched: one fetches a shard,
    the others wait for it. Make it in the process that reads; a forked child can't use its parent's.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        *,
        limit_mib: int = 8192,
        attempts: int = 5,
        stall_seconds: float = 30,
        first_wait: float = 0.5,
    ) -> None:
        """Read the shards of ``dataset``; nothing is fetched yet.

        Args:
            dataset: opened by its URL.
            limit_mib: MiB of shards that the mirror holds at most; the least recently used are deleted.
            attempts: how often a shard is tried, see :class:`Patience` for this and the following.
            stall_seconds: seconds without a byte after which a transfer is abandoned.
            first_wait: seconds before the second attempt.

        Raises:
            EthnoshardError: the dataset is a local folder, or the limit is smaller than its largest shard.
        """
        if dataset.url is None:
            raise EthnoshardError(f"{dataset.path} is a local folder; only a dataset opened by its URL is fetched")
        self._dataset = dataset
        self._shards = dataset.manifest.shards
        self._paths = [dataset.shard_path(shard) for shard in range(len(self._shards))]
        self._names = [path.name for path in self._paths]
        sizes = {name: shard.bytes for name, shard in zip(self._names, self._shards, strict=True)}
        self._limit = limit_mib * _MIB
        largest = max(sizes.values(), default=0)
        if self._limit < largest:
            raise EthnoshardError(
                f"the cache may hold {limit_mib:,} MiB, but the largest shard of {printable_url(dataset.url)} has "
                f"{largest / _MIB:,.1f} MiB: limit_mib must be {-(-largest // _MIB):,} or more"
            )
        self._numbers = {name: number for number, name in enumerate(self._names)}
        patience = Patience(attempts=attempts, stall_seconds=stall_seconds, first_wait=first_wait)
        self._remote = RemoteFolder(dataset.url, dataset.storage_options, patience)
        folder = self._paths[0].parent if self._paths else dataset.path
        self._cache = BoundedFolder(folder, self._limit, sizes, self._let_go)
        self._process = os.getpid()
        self._guard = threading.Condition()
        self._open: OrderedDict[int, LocalShards] = OrderedDict()
        self._sound: set[int] = set()
        self._wanted: frozenset[str] = frozenset()
        self._ahead: deque[int] = deque()
        self._threads: list[threading.Thread] = []
        self._last = (-1, 0)
        self.counts = ReadCounts()

    def read(self, shard: int, offset: int, length: int, into: memoryview | None = None) -> memoryview:
        """See :class:`~ethnoshard.shards.ShardReader`; fetches the shard if the mirror lacks it.

        Raises:
            EthnoshardError: the shard can't be fetched, the local disk is full, or the reader was closed.
        """
        self._check_usable()
        name = self._names[shard]
        with self._cache.using(name):
            content = self._read(shard, offset, length, into)
            self._cache.touch(name)
        with self._guard:
            self.counts.reads += 1
            self.counts.seeks += self._last != (shard, offset)
            self.counts.size += length
            self._last = (shard, offset + length)
        return content

    @contextlib.contextmanager
    def held(self, shard: int) -> Iterator[None]:
        """Within it shard number ``shard`` is a whole file in the mirror, which this process does not delete.

        Raises:
            EthnoshardError: it can't be fetched as it was packed, the local disk is full, or the reader was closed.
        """
        self._check_usable()
        name = self._names[shard]
        with self._cache.using(name):
            self._ensure(shard, urgent=True)
            self._cache.touch(name)
            yield

    def will_need(self, shards: Iterable[int]) -> None:
        """Fetch shards in the background, as many of the first ones as the cache may hold.

        Args:
            shards: all that will be read in the near future, soonest first. A later call replaces the list: what was
                asked for and has not begun is not fetched. None of the list is deleted to fetch another of it in the
                background, and a read deletes them last. What fails here is tried again, and said, by ``read``.
        """
        self._check_usable()
        room, wanted = self._limit, []
        for shard in dict.fromkeys(shards):
            room -= self._shards[shard].bytes
            if room < 0:
                break
            wanted.append(shard)
        with self._guard:
            self._wanted = frozenset(self._names[shard] for shard in wanted)
            self._ahead = deque(wanted)
            self._guard.notify_all()
            while len(self._threads) < min(_THREADS, len(wanted)):
                thread = threading.Thread(target=self._fetch_ahead, name="fetch ahead", daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Stop fetching and let go of what is open; the mirror stays. Reading afterwards is an error."""
        with self._guard:
            self._remote.closing.set()
            self._guard.notify_all()
        for thread in self._threads:
            thread.join()
        with self._guard:
            while self._open:
                self._open.popitem()[1].close()

    def _read(self, shard: int, offset: int, length: int, into: memoryview | None) -> memoryview:
        for last in (False, False, True):
            reader = self._reader(shard)
            try:
                return reader.read(shard, offset, length, into)
            except EthnoshardError:
                # Deleted by another process before it was open, or damaged since: have it checked, fetched, anew.
                self._close(shard)
                with self._guard:
                    self._sound.discard(shard)
                if last:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _reader(self, shard: int) -> LocalShards:
        with self._guard:
            if shard in self._open:
                self._open.move_to_end(shard)
                return self._open[shard]
        self._ensure(shard, urgent=True)
        with self._guard:
            # A reader for each shard: that of a shard to be deleted is closed by itself.
            reader = self._open.setdefault(shard, LocalShards(self._dataset))
            surplus = list(self._open)[: max(0, len(self._open) - _OPEN)]
        for other in surplus:
            self._cache.if_idle(self._names[other], partial(self._close, other))
        return reader

    def _ensure(self, shard: int, *, urgent: bool) -> None:
        """Have the shard in the mirror, whole and sound."""
        if self._is_sound(shard):
            return
        name = self._names[shard]
        with self._cache.lock(name, self._check_usable):
            if self._is_sound(shard):  # whoever held the lock has fetched it
                return
            self._cache.discard(name)
            self._remote.fetch(
                self._shards[shard].name,
                self._paths[shard],
                size=self._shards[shard].bytes,
                sha256=self._shards[shard].sha256,
                before=partial(self._make_room, name, urgent=urgent),
            )
            with self._guard:
                self._sound.add(shard)

    def _is_sound(self, shard: int) -> bool:
        """Is it there, of the right size, and of the right checksum? The latter is asked once by each process."""
        path = self._paths[shard]
        try:
            if path.stat().st_size != self._shards[shard].bytes:
                return False
            if shard not in self._sound and sha256_of(path) != self._shards[shard].sha256:
                return False
        except OSError:
            return False
        with self._guard:
            self._sound.add(shard)
        return True

    def _make_room(self, name: str, *, urgent: bool) -> None:
        while not self._cache.reserve(name, self._wanted, urgent=urgent):
            if not urgent:
                raise _NoRoomError(name)
            # All the room is taken by files that are fetched or read this moment.
            self._remote.closing.wait(0.02)
            self._check_usable()

    def _fetch_ahead(self) -> None:
        while True:
            with self._guard:
                self._guard.wait_for(lambda: self._ahead or self._remote.closing.is_set())
                if self._remote.closing.is_set():
                    return
                shard = self._ahead.popleft()
            try:
                self._ensure(shard, urgent=False)
            except _NoRoomError:
                # What is in the way is fetched or read this moment; the shard's lock is free for a read meanwhile.
                self._remote.closing.wait(0.1)
                with self._guard:
                    if self._names[shard] in self._wanted and shard not in self._ahead:
                        self._ahead.appendleft(shard)
            except EthnoshardError:
                continue  # the read that needs the shard meets it again, and raises it

    def _let_go(self, name: str) -> None:
        if name in self._numbers:
            self._close(self._numbers[name])

    def _close(self, shard: int) -> None:
        with self._guard:
            reader = self._open.pop(shard, None)
        if reader is not None:
            reader.close()

    def _check_usable(self) -> None:
        if self._remote.closing.is_set():
            raise FetchStoppedError(f"the reader of {printable_url(str(self._dataset.url))} was closed")
        if os.getpid() != self._process:
            raise RuntimeError("RemoteShards was made in another process: make it in the one that reads")


class _NoRoomError(Exception):
    """Nothing may be deleted for a shard that is fetched ahead."""
