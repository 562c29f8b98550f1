"""Memory used again once nobody looks at it: fresh memory costs a page fault for every 4 KiB."""

import threading
import weakref
from collections import defaultdict

import numpy as np
import numpy.typing as npt


class Pool:
    """Hands out bytes to be written, and takes them back when the last view of them is gone, and not before."""

    def __init__(self, most: int) -> None:
        """Keep at most ``most`` bytes that nobody uses."""
        self._most = most
        self._free: defaultdict[int, list[npt.NDArray[np.uint8]]] = defaultdict(list)
        self._kept = 0
        self._lock = threading.RLock()

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        """An array of ``size`` bytes of any content, shape (size,)."""
        # Few different sizes, so that what is given back fits what is asked for next.
        room = max(4096, 1 << (size - 1).bit_length()) if size > 1 else 4096
        with self._lock:
            free = self._free[room]
            if free:
                memory = free.pop()
                self._kept -= room
            else:
                memory = np.empty(room, np.uint8)
        view = memory[:size]
        weakref.finalize(view, self._give_back, memory).atexit = False
        return view

    def _give_back(self, memory: npt.NDArray[np.uint8]) -> None:
        # Called wherever the last view goes, perhaps inside ``take`` of the same thread.
        with self._lock:
            if self._kept + memory.size <= self._most:
                self._free[memory.size].append(memory)
                self._kept += memory.size
