"""What a training runs on: processes that train together, their devices, and memory kept from step to step."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from ethnoshard.errors import EthnoshardError

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of glibc's ``mallopt``."""
_USUAL = {_MMAP_MAX: 1 << 16, _TRIM_THRESHOLD: 1 << 26}
"""What glibc has by default, once it has seen large blocks."""
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1}
"""No block of its own for anything, and no end of the heap ever given back."""

Shared = TypeVar("Shared")


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        local: its number on this machine, which chooses its GPU.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def from_environment(cls) -> "Ranks":
        """As torchrun says in ``RANK``, ``WORLD_SIZE`` and ``LOCAL_RANK``; alone without it."""
        names = {"rank": "RANK", "size": "WORLD_SIZE", "local": "LOCAL_RANK"}
        defaults = {"rank": 0, "size": 1, "local": 0}
        return cls(**{field: int(os.environ.get(name, defaults[field])) for field, name in names.items()})

    @property
    def first(self) -> bool:
        """Whether this one writes, and talks."""
        return self.rank == 0

    @contextlib.contextmanager
    def joined(self, device: torch.device) -> Iterator[None]:
        """Be connected with the others while the block runs."""
        if self.size == 1 or dist.is_initialized():
            yield
            return
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        try:
            yield
        finally:
            dist.destroy_process_group()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all ranks."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def from_first(self, value: Shared) -> Shared:
        """What the first rank has."""
        if self.size == 1:
            return value
        holder = [value]
        dist.broadcast_object_list(holder, src=0)
        return holder[0]

    def gathered(self, values: Tensor) -> Tensor:
        """(B, ...) of each rank to (R * B, ...), rank by rank; without a gradient."""
        if self.size == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)


def device_of(name: str, ranks: Ranks) -> torch.device:
    """A device by torch's name; "auto" takes a GPU where there is one, each rank its own.

    Raises:
        EthnoshardError: there is no such device.
    """
    if name == "auto":
        name = f"cuda:{ranks.local}" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EthnoshardError(f"device must be auto, cpu, cuda, cuda:1 ..., got {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise EthnoshardError(f"device {name} needs a GPU that torch can use; there is none, so pass --device cpu")
    return device


@contextlib.contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Have C's allocator keep what is freed while the block runs; at its end it goes back to the system.

    Usually a block of 32 MiB or more is fresh memory each time, and smaller ones may be. A step of a network frees and
    asks for many of them, and each 4 KiB of fresh memory is a page fault, with zeros to be written: as the heap happens
    to lie nothing, or an eighth of a step's processor time. Only glibc has this; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallopt") and hasattr(library, "malloc_trim")):
        yield
        return
    for option, value in _KEEPING.items():
        library.mallopt(option, value)
    try:
        yield
    finally:
        for option, value in _USUAL.items():
            library.mallopt(option, value)
        library.malloc_trim(0)
