"""Memory that the training process shares with those that decode: JPEGs go in on one side, pixels on the other.

None of it has a name: it is a file without one, whose descriptor goes through a socket, and when the last process that
looks at it ends, however it ends, nothing is left behind.
"""

import bisect
import itertools
import mmap
import os
import tempfile
import weakref
from collections import deque
from typing import TypeAlias

import numpy as np

_CHUNK = 64 << 20
"""Bytes taken from the system at a time; its pages count from when they are written."""
_ROOM = 4096
"""Pieces begin at multiples of so many bytes."""


class SharedMemory:
    """Anonymous memory with a descriptor, which goes to another process through a socket and leaves nothing behind."""

    _numbers = itertools.count()

    def __init__(self, size: int) -> None:
        """Take ``size`` bytes. Not from /dev/shm, which containers keep small."""
        self.number = next(self._numbers)
        self.size = size
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("ethnoshard-batch", os.MFD_CLOEXEC)
        else:
            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())
        os.ftruncate(self.descriptor, size)
        self.content = np.frombuffer(mmap.mmap(self.descriptor, size), np.uint8)
        weakref.finalize(self, os.close, self.descriptor)


class Piece:
    """Bytes of a shard in shared memory, as long as this object lives.

    Attributes:
        memory: where they are.
        offset: where they begin in it, bytes.
        content: the bytes. A view of them is good no longer than the piece.
    """

    __slots__ = ("_place", "_returned", "content", "memory", "offset")

    def __init__(self, place: "Place", length: int, returned: "deque[Place]") -> None:
        """The first ``length`` bytes of a place, which is ``returned`` in the end."""
        self._place, self._returned = place, returned
        chunk, self.offset, _ = place
        self.memory = chunk.memory
        self.content = self.memory.content.data[self.offset : self.offset + length]

    def __del__(self) -> None:
        """Its place is free for another one."""
        # Wherever the last one who needs it lets go, perhaps within ``Pieces.take``: so without a lock.
        self._returned.append(self._place)


class Chunk:
    """Memory in which pieces lie; which stretches of it are free, the first ones being used first."""

    def __init__(self, size: int) -> None:
        """All of ``size`` bytes are free."""
        self.memory = SharedMemory(size)
        self._begins, self._lengths = [0], [size]

    def take(self, room: int) -> int | None:
        """The offset of the first stretch of so many bytes; None where there is none."""
        for index, length in enumerate(self._lengths):
            if length >= room:
                begin = self._begins[index]
                if length == room:
                    del self._begins[index], self._lengths[index]
                else:
                    self._begins[index], self._lengths[index] = begin + room, length - room
                return begin
        return None

    def free(self, begin: int, length: int) -> None:
        """Have a stretch back, and join it to its neighbours."""
        index = bisect.bisect(self._begins, begin)
        if index < len(self._begins) and self._begins[index] == begin + length:
            length += self._lengths[index]
            del self._begins[index], self._lengths[index]
        if index and self._begins[index - 1] + self._lengths[index - 1] == begin:
            self._lengths[index - 1] += length
        else:
            self._begins.insert(index, begin)
            self._lengths.insert(index, length)


Place: TypeAlias = tuple[Chunk, int, int]
"""Room for a piece: where, offset and length, bytes."""


class Pieces:
    """Memory for pieces of shards, used again as soon as nobody needs what is in it.

    It is about as large as the most that was held of the shards at a time. What is free is kept for the next pieces:
    a fresh page costs more than to fill it. A piece may have any size.
    """

    def __init__(self) -> None:
        """Nothing is taken yet."""
        self._returned: deque[Place] = deque()
        self._chunks: list[Chunk] = []

    def take(self, length: int) -> Piece:
        """A piece of ``length`` bytes of any content. To be called by one thread at a time."""
        while self._returned:
            chunk, offset, room = self._returned.popleft()
            chunk.free(offset, room)
        room = -(-max(length, 1) // _ROOM) * _ROOM
        for chunk in self._chunks:
            place = chunk.take(room)
            if place is not None:
                return Piece((chunk, place, room), length, self._returned)
        self._chunks.append(Chunk(max(room, _CHUNK)))
        return self.take(length)
