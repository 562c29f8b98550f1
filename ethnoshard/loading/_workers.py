"""A loader inside the worker processes of torch's ``DataLoader``: who gives which batches, and of which epoch."""

import ctypes
import multiprocessing
import os

from torch.utils.data import get_worker_info

from ethnoshard.loading._place import Place, processes_started


def in_worker() -> bool:
    """Whether this process is a worker of a ``DataLoader``."""
    return get_worker_info() is not None


def share(place: Place, *, made_here: bool) -> tuple[int, int]:
    """Number of the worker, and of how many, among whom a rank's batches are shared; (0, 1) outside of workers.

    Args:
        place: of the loader.
        made_here: whether the loader was made in the worker. If rank and world size were given to it there, they may
            count the workers: as many times the processes. Then they say all.
    """
    info = get_worker_info()
    if info is None:
        return 0, 1
    _, size = place.now()
    if made_here and place.given and size % info.num_workers == 0 and size != processes_started():
        return 0, 1
    return info.id, info.num_workers


class BegunEpochs:
    """How far workers got, for those that the same process starts after them: a number in memory that they share."""

    def __init__(self) -> None:
        """Nothing was begun."""
        self._owner = os.getpid()
        self._next = multiprocessing.RawValue(ctypes.c_longlong, -1)

    @property
    def own(self) -> bool:
        """Whether it is of this process, rather than of the one that started it."""
        return self._owner == os.getpid()

    @property
    def next(self) -> int | None:
        """The epoch after the last that workers began, if they began one."""
        return self._next.value if self._next.value >= 0 else None

    def begun(self, epoch: int) -> None:
        """A worker has begun an epoch."""
        self._next.value = max(self._next.value, epoch + 1)

    def forget(self) -> None:
        """The process goes on from elsewhere."""
        self._next.value = -1
