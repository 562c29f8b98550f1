"""Memory of batches."""

import math

import torch

from ethnoshard._memory import Pool


class Buffers:
    """Hands out uint8 tensors of one shape, whose memory is used again once the last view of it is gone."""

    def __init__(self, shape: tuple[int, ...], *, pinned: bool) -> None:
        """Give tensors of ``shape``; ``pinned`` ones come from torch, which has a cache of its own."""
        self._shape, self._pinned = shape, pinned
        self._pool = Pool()

    def take(self) -> torch.Tensor:
        """A tensor of any content."""
        if self._pinned:
            return torch.empty(self._shape, dtype=torch.uint8, pin_memory=True)
        # torch holds on to the array as long as to the tensor or any view of it.
        return torch.from_numpy(self._pool.take(math.prod(self._shape))).view(self._shape)
