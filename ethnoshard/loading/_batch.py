"""What the loader hands out."""

from typing import Any, NamedTuple, TypeAlias

import torch


class Batch(NamedTuple):
    """P identities with K faces each, rows of an identity together.

    Attributes:
        images: faces, shape (P * K, 3, height, width), uint8, channels last in memory; or what ``transform`` made of
            them.
        identities: numbers of the identities, shape (P * K,), int64: rows of ``dataset.identities``, the same in every
            epoch and on every rank.
        groups: numbers of the groups, shape (P * K,), int8: indices into ``dataset.groups``.
        faces: numbers of the faces within their identities, shape (P * K,), int32.
    """

    images: torch.Tensor | Any
    identities: torch.Tensor
    groups: torch.Tensor
    faces: torch.Tensor


Delivery: TypeAlias = Batch | tuple[object, torch.Tensor]
"""What a loader hands out: a batch, or with ``output="tuple"`` images and identities alone."""
