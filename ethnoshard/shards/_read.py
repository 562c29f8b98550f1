"""Reading pieces of shards, wherever the shards are."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ethnoshard._memory import Pool
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._dataset import FaceDataset

_OPEN = 64
"""Shards kept open at a time."""

_KEPT = 16 * 2**20
"""Bytes of memory kept for the next reads."""


@dataclass
class ReadCounts:
    """What was asked of the shards.

    Attributes:
        reads: pieces read, each in one go.
        seeks: reads that did not begin where the one before had ended.
        size: bytes read.
    """

    reads: int = 0
    seeks: int = 0
    size: int = 0


class ShardReader(Protocol):
    """Gives pieces of shards; may be asked from several threads."""

    @property
    def counts(self) -> ReadCounts:
        """What was read so far."""

    def read(self, shard: int, offset: int, length: int, into: memoryview | None = None) -> memoryview:
        """``length`` bytes of shard number ``shard`` from ``offset``, in ``into``, or in memory of their own.

        Raises:
            EthnoshardError: the shard is gone, can't be read, or is no longer the one that was packed.
        """

    def will_need(self, shards: Iterable[int]) -> None:
        """Shards that will be read soon, soonest first; where they are far away, they are fetched meanwhile."""

    def close(self) -> None:
        """Let go of what is open."""


class LocalShards:
    """Shards that are files."""

    def __init__(self, dataset: FaceDataset, path: Callable[[int], Path] | None = None) -> None:
        """Read the shards of ``dataset``; ``path`` says where shard number n is, if not in the dataset's folder."""
        self._dataset = dataset
        self._path = path or dataset.shard_path
        self._open: OrderedDict[int, tuple[int, os.stat_result]] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = Pool(_KEPT)
        self._last = (-1, 0)
        self.counts = ReadCounts()

    def read(self, shard: int, offset: int, length: int, into: memoryview | None = None) -> memoryview:
        """See :class:`ShardReader`."""
        packed = self._dataset.manifest.shards[shard].bytes
        if not 0 <= offset <= offset + length <= packed:
            raise EthnoshardError(
                f"{self._path(shard)} has {packed:,} bytes, but the index places something at {offset:,} to "
                f"{offset + length:,}; the index is damaged: verify the dataset, or pack it again"
            )
        content = self._pool.take(length).data if into is None else into
        with self._lock:
            descriptor, opened = self._descriptor(shard)
            self.counts.reads += 1
            self.counts.seeks += self._last != (shard, offset)
            self.counts.size += length
            self._last = (shard, offset + length)
            # Under the lock: another thread may close the descriptor that has waited longest.
            try:
                read = _pread(descriptor, content, offset)
                now = os.fstat(descriptor)
            except OSError as error:
                raise EthnoshardError(f"{self._path(shard)} can't be read: {error.strerror or error}") from error
        if read < length or (now.st_mtime_ns, now.st_size) != (opened.st_mtime_ns, opened.st_size):
            raise EthnoshardError(
                f"{self._path(shard)} was changed while it was read; verify or pack the dataset again, then go on"
            )
        return content

    def will_need(self, shards: Iterable[int]) -> None:
        """See :class:`ShardReader`; they are here already."""

    def close(self) -> None:
        """See :class:`ShardReader`."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1][0])

    def _descriptor(self, shard: int) -> tuple[int, os.stat_result]:
        if shard in self._open:
            self._open.move_to_end(shard)
            return self._open[shard]
        path = self._path(shard)
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            opened = os.fstat(descriptor)
        except FileNotFoundError as error:
            raise EthnoshardError(f"{path} is gone; pack the dataset again, it needs all its shards") from error
        except OSError as error:
            raise EthnoshardError(f"{path} can't be read: {error.strerror or error}") from error
        packed = self._dataset.manifest.shards[shard].bytes
        if opened.st_size != packed:
            os.close(descriptor)
            raise EthnoshardError(f"{path} has {opened.st_size:,} bytes, but {packed:,} were packed; pack it again")
        if len(self._open) >= _OPEN:
            os.close(self._open.popitem(last=False)[1][0])
        self._open[shard] = descriptor, opened
        return self._open[shard]


class ShardsInMemory:
    """All shards read whole, each when it is first asked for, and kept."""

    def __init__(self, shards: ShardReader, dataset: FaceDataset) -> None:
        """Keep in memory what ``shards`` gives."""
        self._shards = shards
        self._sizes = [shard.bytes for shard in dataset.manifest.shards]
        self._kept: dict[int, memoryview] = {}
        self._lock = threading.Lock()

    @property
    def counts(self) -> ReadCounts:
        """What was read of the shards themselves."""
        return self._shards.counts

    def read(self, shard: int, offset: int, length: int, into: memoryview | None = None) -> memoryview:
        """See :class:`ShardReader`."""
        with self._lock:
            if shard not in self._kept:
                self._kept[shard] = self._shards.read(shard, 0, self._sizes[shard])
        content = self._kept[shard][offset : offset + length]
        if into is None:
            return content
        into[:] = content
        return into

    def will_need(self, shards: Iterable[int]) -> None:
        """See :class:`ShardReader`."""
        with self._lock:
            missing = [shard for shard in shards if shard not in self._kept]
        self._shards.will_need(missing)

    def close(self) -> None:
        """See :class:`ShardReader`."""
        self._shards.close()


def _pread(descriptor: int, into: memoryview, offset: int) -> int:
    """Fill ``into``, in one piece but for what the system cuts; returns how many bytes there were."""
    done = 0
    while done < len(into):
        more = os.preadv(descriptor, [into[done:]], offset + done)
        if not more:
            break
        done += more
    return done
