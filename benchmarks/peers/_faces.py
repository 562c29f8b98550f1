"""What the peers share: decoding one face, the groups' shares, and the shape of a batch."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import simplejpeg
import torch
from PIL import Image

from ethnoshard.shards import FaceDataset

Batch = Sequence[Any]
"""Images, uint8 (B, H, W, 3); then B numbers each of identities, groups and faces, all counted as the dataset does."""


def with_pillow(jpeg: bytes) -> torch.Tensor:
    """The pixels of a face, uint8 (H, W, 3), as most people decode it."""
    with Image.open(io.BytesIO(jpeg)) as image:
        # np.array, not np.asarray: torch warns of an array that it may not write to.
        return torch.from_numpy(np.array(image.convert("RGB")))


def with_simplejpeg(jpeg: bytes) -> torch.Tensor:
    """The pixels of a face, uint8 (H, W, 3), by libjpeg-turbo without Pillow around it."""
    return torch.from_numpy(simplejpeg.decode_jpeg(jpeg, colorspace="RGB"))


DECODERS: dict[str, Callable[[bytes], torch.Tensor]] = {"pillow": with_pillow, "simplejpeg": with_simplejpeg}


def shares(dataset: FaceDataset) -> list[float]:
    """Each group's share of the faces, the quota that every peer is asked for."""
    return [group.faces / dataset.manifest.faces for group in dataset.manifest.groups]


def groups_of_identities(dataset: FaceDataset) -> list[int]:
    """Number of the group of each identity."""
    numbers = {name: number for number, name in enumerate(dataset.groups)}
    return [numbers[name] for name in dataset.identities["group"]]


def numbers_of_faces(dataset: FaceDataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Identity and group of each face, (N,) int64 both; a face's number is its row in the table of faces."""
    identities = torch.from_numpy(dataset.faces()["identity"].to_numpy().astype(np.int64))
    return identities, torch.tensor(groups_of_identities(dataset))[identities]


def first_faces(dataset: FaceDataset) -> list[int]:
    """Number of the first face of each identity; a face's number is its row in the table of faces."""
    counts: pl.Series = dataset.identities["faces"].cast(pl.Int64)
    return (counts.cum_sum() - counts).to_list()
