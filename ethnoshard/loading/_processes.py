"""Decoding processes, seen from the one that trains.

Threads alone would do, since libjpeg-turbo runs without the interpreter's lock; but each face needs the lock for a
moment, waits for it while another thread has it, and a core that waits wakes up late: a fifth of the speed. A process
has a lock of its own, and doesn't get in the way of a training that is busy in Python.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import _decoding_process as other_side
from ethnoshard.loading._decode import Views
from ethnoshard.loading._jpegs import Jpegs
from ethnoshard.loading._shared_memory import SharedMemory


class DecodingProcess:
    """A process that decodes into shared memory. It ends when this object is closed, or this process ends, however."""

    def __init__(self, image_size: int, size: int) -> None:
        """Start it; that takes some tenths of a second, in which :attr:`ready` is false."""
        ours, theirs = socket.socketpair()
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

    def begin(self, jpegs: Jpegs, views: Views, pixels: SharedMemory, rows: range) -> None:
        """Have it decode rows of a batch into ``pixels``, after what it was given before.

        Raises:
            EthnoshardError: the process was killed.
        """
        addresses, memories = jpegs.addresses(rows)
        memories[pixels.number] = pixels
        new = [memory for number, memory in memories.items() if number not in self._known]
        self._known.update(memories)
        head = [len(rows), pixels.number, rows.start, len(new)]
        for memory in new:
            head += [memory.number, memory.size]
        table = np.concatenate([addresses, views[rows.start : rows.stop]], axis=1)
        try:
            self._connection.sendall(np.array(head, np.int64).tobytes() + table.tobytes())
            for memory in new:
                socket.send_fds(self._connection, [b"m"], [memory.descriptor])
        except ConnectionError as error:
            raise self._gone() from error

    def end(self) -> list[tuple[int, str]]:
        """Wait for the rows that were begun first.

        Returns:
            Those that failed, and why.

        Raises:
            EthnoshardError: the process was killed.
        """
        length = int.from_bytes(self._receive(8), sys.byteorder)
        failed: list[tuple[int, str]] = json.loads(self._receive(length)) if length else []
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
