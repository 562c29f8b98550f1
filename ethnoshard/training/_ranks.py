"""Several processes that train together, as torchrun starts them."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


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
        """Of all ranks."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def from_first(self, value: Any) -> Any:
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
