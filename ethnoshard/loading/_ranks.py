"""Which batches are this process's: its rank among those that train, and its part among a ``DataLoader``'s workers."""

import ctypes
import multiprocessing
import os
import warnings

from torch import distributed
from torch.utils.data import get_worker_info

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError

_LAUNCHERS = {"WORLD_SIZE": "torchrun", "SLURM_STEP_NUM_TASKS": "srun", "OMPI_COMM_WORLD_SIZE": "mpirun"}
"""Where launchers say how many processes they started. Not SLURM_NTASKS: a batch script has it, too, alone."""

_warned: set[str] = set()
"""What this process was warned of: once is enough."""


class Rank:
    """Which of how many processes that train together this one is.

    Attributes:
        is_fixed: whether rank and world size were given, rather than left to torch's process group.
    """

    def __init__(self, rank: int | None, world_size: int | None) -> None:
        """Take both as given, or neither: then they are those of the process group.

        Raises:
            EthnoshardError: only one is given, or they don't go together.
        """
        if (rank is None) != (world_size is None):
            one = f"world_size={world_size}" if rank is None else f"rank={rank}"
            raise EthnoshardError(
                f"rank and world_size go together, but only {one} was given: give both, or neither, and they are those "
                f"of torch.distributed's process group"
            )
        self.is_fixed = rank is not None
        self._known = (0, 1)
        self._used: tuple[int, int] | None = None
        if rank is not None and world_size is not None:
            if check_whole("rank", rank, 0) >= check_whole("world_size", world_size, 1):
                raise EthnoshardError(f"rank must be below world_size, which is {world_size}, got {rank}")
            self._known = rank, world_size

    def current(self) -> tuple[int, int]:
        """Rank and world size at the moment; what a process group said stays when it ends."""
        group = process_group()
        if group is not None and not self.is_fixed:
            self._known = group
        return self._known

    def settled(self) -> tuple[int, int]:
        """Rank and world size for an iteration that begins.

        Warns, once a process, where several processes had, or are likely to get, the same batches.
        """
        rank, size = self.current()
        group = process_group()
        started = _started()
        if self.is_fixed and group is not None and group != (rank, size):
            _warn(
                "other",
                f"the loader was given rank={rank}, world_size={size}, but torch.distributed's process group has rank "
                f"{group[0]} of {group[1]}: what was given counts. Leave both out to have the group's, unless it is "
                f"meant, as where several processes share a model",
            )
        elif self._used not in (None, (rank, size)):
            _warn(
                "late",
                f"batches were handed out before torch.distributed's process group was there, the same ones in every "
                f"process; from now on this is rank {rank} of {size}. Begin with init_process_group() before the first "
                f"batch, or pass rank= and world_size=",
            )
        elif not self.is_fixed and group is None and size == 1 and started is not None:
            _warn(
                "alone",
                f"{started[0]}={started[1]} in the environment says that {_LAUNCHERS[started[0]]} started {started[1]} "
                f"processes, but there is no process group of torch.distributed, and the loader was given no rank: "
                f"every process will get the same batches. Begin with torch.distributed.init_process_group() (or what "
                f"does it for you) before the first batch, or pass rank= and world_size=; rank=0, world_size=1 if it "
                f"is meant",
            )
        return rank, size

    def note_use(self) -> None:
        """A batch was handed out."""
        self._used = self._known

    def __getstate__(self) -> dict[str, object]:
        """For a process that has handed out nothing yet."""
        self.current()
        return {**self.__dict__, "_used": None}


def process_group() -> tuple[int, int] | None:
    """Rank and size of torch's process group, if there is one."""
    if not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_rank(), distributed.get_world_size()


def processes_started() -> int:
    """How many processes a launcher started, as far as the environment says; else 1."""
    started = _started()
    return started[1] if started else 1


def _started() -> tuple[str, int] | None:
    for name in _LAUNCHERS:
        text = os.environ.get(name, "")
        if text.isdecimal() and int(text) > 1:
            return name, int(text)
    return None


def _warn(kind: str, text: str) -> None:
    if kind not in _warned:
        _warned.add(kind)
        warnings.warn(text, stacklevel=5)


def in_worker() -> bool:
    """Whether this process is a worker of a ``DataLoader``."""
    return get_worker_info() is not None


def share(rank: Rank, *, made_here: bool) -> tuple[int, int]:
    """Number of the worker, and of how many, among whom a rank's batches are shared; (0, 1) outside of workers.

    Args:
        rank: of the loader.
        made_here: whether the loader was made in the worker. If rank and world size were given to it there, they may
            count the workers: as many times the processes. Then they say all.
    """
    info = get_worker_info()
    if info is None:
        return 0, 1
    _, size = rank.current()
    if made_here and rank.is_fixed and size % info.num_workers == 0 and size != processes_started():
        return 0, 1
    return info.id, info.num_workers


class WorkerEpochs:
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

    def note(self, epoch: int) -> None:
        """A worker has begun an epoch."""
        self._next.value = max(self._next.value, epoch + 1)

    def forget(self) -> None:
        """The process goes on from elsewhere."""
        self._next.value = -1
