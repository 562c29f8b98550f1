"""Memory of batches, used again once nobody looks at them."""

import threading
import weakref

import numpy as np
import numpy.typing as npt
import torch


class Buffers:
    """Hands out uint8 tensors of one shape.

    Fresh memory costs a page fault for every 4 KiB, a tenth of the time of a batch; so a tensor's memory is taken back
    when the last view of it is gone, and not before, however long a user keeps it.
    """

    def __init__(self, shape: tuple[int, ...], *, pinned: bool) -> None:
        """Give tensors of ``shape``; ``pinned`` ones come from torch, which has a cache of its own."""
        self._shape, self._pinned = shape, pinned
        self._free: list[npt.NDArray[np.uint8]] = []
        self._lock = threading.Lock()

    def take(self) -> torch.Tensor:
        """A tensor of any content."""
        if self._pinned:
            return torch.empty(self._shape, dtype=torch.uint8, pin_memory=True)
        with self._lock:
            memory = self._free.pop() if self._free else np.empty(self._shape, np.uint8)
        # torch holds on to this view as long as to the tensor; the memory itself outlives both.
        view = memory.view()
        weakref.finalize(view, self._free.append, memory).atexit = False
        return torch.from_numpy(view)
