"""Decoding processes, seen from the one that trains, and the memory that they write to.

Threads alone would do, since libjpeg-turbo runs without the interpreter's lock; but each face needs the lock for a
moment, waits for it while another thread has it, and a core that waits wakes up late: a fifth of the speed. A process
has a lock of its own, and doesn't get in the way of a training that is busy in Python.
"""

import contextlib
import itertools
import json
import mmap
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np
import torch

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import _decoding_process as other_side
from ethnoshard.loading._decode import View

_UNDER_WAY = 1 << 20
"""Bytes that the system may hold on their way to a process; it may allow less."""
_PIECES = 512
"""Buffers that one call of the system takes; it takes 1,024 on Linux."""


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


class Buffers:
    """Hands out uint8 tensors of one shape.

    Fresh memory costs a page fault for every 4 KiB, a tenth of the time of a batch; so a tensor's memory is taken back
    when the last view of it is gone, and not before, however long a user keeps it.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Give tensors of ``shape``."""
        self._shape = shape
        self._free: list[SharedMemory] = []
        self._lock = threading.RLock()

    def take(self) -> tuple[SharedMemory, torch.Tensor]:
        """Memory of any content, and the tensor that looks at it."""
        with self._lock:
            memory = self._free.pop() if self._free else SharedMemory(int(np.prod(self._shape)))
        view = memory.content.reshape(self._shape)
        # torch holds on to this array as long as to the tensor or any view of it.
        weakref.finalize(view, self._free.append, memory).atexit = False
        return memory, torch.from_numpy(view)

    def forked(self) -> None:
        """Use nothing again that was taken before a fork: the other side may look at it."""
        self._free = []


class DecodingProcess:
    """A process that decodes into shared memory. It ends when this object is closed, or this process ends, however."""

    def __init__(self, image_size: int, size: int) -> None:
        """Start it; that takes some tenths of a second, in which :attr:`ready` is false."""
        ours, theirs = socket.socketpair()
        # So that a whole slice fits, and the next one is there as soon as the process asks for it.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNDER_WAY)
        with theirs:
            script = Path(other_side.__file__)
            # -P: the folder of the script is not where modules are looked for.
            command = [sys.executable, "-P", str(script), str(theirs.fileno()), str(image_size), str(size)]
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # It multiplies no matrices, and starts in half the time without threads for it.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        self._connection = ours
        self._ready = False
        self._known: set[int] = set()

    @property
    def ready(self) -> bool:
        """Whether it can decode."""
        if not self._ready and select.select([self._connection], [], [], 0)[0]:
            self._ready = True
            self._receive(1)
        return self._ready

    def decode(
        self, jpegs: list[memoryview], views: list[View], memory: SharedMemory, first: int
    ) -> list[tuple[int, str]]:
        """Decode into the rows of ``memory`` from ``first`` on.

        Returns:
            The rows that failed, and why.

        Raises:
            EthnoshardError: the process was killed.
        """
        table = np.array([(len(jpeg), *view) for jpeg, view in zip(jpegs, views, strict=True)], np.int64)
        new = memory.number not in self._known
        self._known.add(memory.number)
        head = np.array([len(jpegs), table[:, 0].sum(), memory.number, memory.size, first, new], np.int64)
        try:
            self._send([head.data.cast("B"), table.data.cast("B"), *jpegs])
            if new:
                socket.send_fds(self._connection, [b"m"], [memory.descriptor])
        except ConnectionError as error:
            raise self._gone() from error
        failed: list[tuple[int, str]] = json.loads(self._receive(int.from_bytes(self._receive(8), sys.byteorder)))
        return failed

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._process.wait()

    def leave(self) -> None:
        """In a forked process: let go of the connection, which goes on in the parent."""
        self._connection.close()

    def stop(self) -> None:
        """Have whoever waits for an answer find out that there will be none."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, pieces: list[memoryview]) -> None:
        while pieces:
            sent = self._connection.sendmsg(pieces[:_PIECES])
            while pieces and sent >= len(pieces[0]):
                sent -= len(pieces.pop(0))
            if sent:
                pieces[0] = pieces[0][sent:]

    def _receive(self, length: int) -> bytes:
        content = bytearray(length)
        try:
            if other_side.receive(self._connection, memoryview(content)):
                return bytes(content)
        except ConnectionError as error:
            raise self._gone() from error
        raise self._gone()

    def _gone(self) -> EthnoshardError:
        return EthnoshardError(
            "a decoding process was killed, perhaps because the memory ran out; go on from the last state (train "
            "--resume), with fewer num_workers or with 0, which starts none (--workers of stream, --set num_workers=0 "
            "of train)"
        )
