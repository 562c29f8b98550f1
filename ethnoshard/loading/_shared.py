"""Memory that decoding processes write to and the training looks at, used again once nobody does."""

import itertools
import mmap
import os
import tempfile
import threading
import weakref

import numpy as np
import torch


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
