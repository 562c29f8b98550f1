"""Memory of batches: tensors whose content decoding processes write."""

import threading
import weakref

import numpy as np
import torch

from ethnoshard.loading._shared_memory import SharedMemory


class Buffers:
    """Hands out uint8 tensors of one shape.

    Fresh memory costs a page fault for every 4 KiB, a tenth of the time of a batch; so a tensor's memory is taken back
    when the last view of it is gone, and not before, however long a user keeps it.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Give tensors of ``shape``."""
        self._shape, self._size = shape, int(np.prod(shape))
        self._free: list[SharedMemory] = []
        self._lock = threading.RLock()

    def take(self) -> tuple[SharedMemory, torch.Tensor]:
        """Memory of any content, and the tensor that looks at it."""
        with self._lock:
            memory = self._free.pop() if self._free else SharedMemory(self._size)
        view = memory.content.reshape(self._shape)
        # torch holds on to this array as long as to the tensor or any view of it.
        weakref.finalize(view, self._free.append, memory).atexit = False
        return memory, torch.from_numpy(view)

    def forked(self) -> None:
        """Use nothing again that was taken before a fork: the other side may look at it."""
        self._free = []
