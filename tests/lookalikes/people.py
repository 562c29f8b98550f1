"""Embeddings of people who are known to resemble each other, for made datasets."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ethnoshard.shards import FaceDataset

FACTS = {"name": "made", "digest": "0" * 64, "alignment": "crop", "normalise": "none"}


def directions(number: int, seed: int = 0, dimensions: int = 32) -> NDArray[np.float32]:
    """People who have nothing to do with each other, of length 1."""
    drawn = np.random.default_rng(seed).standard_normal((number, dimensions))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def faces_of(
    dataset: FaceDataset, same: Mapping[int, int] | None = None, *, noise: float = 0.05, common: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings of every face, and whose it is.

    Args:
        dataset: whose faces.
        same: identity -> another whose faces it has.
        noise: of a face about its person.
        common: what everybody shares, as a network that has collapsed sees people.
    """
    counts = dataset.identities["faces"].to_numpy()
    of = directions(len(counts))
    for one, other in (same or {}).items():
        of[one] = of[other]
    owners = np.repeat(np.arange(len(counts)), counts)
    drawn = np.random.default_rng(1).standard_normal((len(owners), of.shape[1]))
    vectors = of[owners] + noise * drawn + common
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), owners
