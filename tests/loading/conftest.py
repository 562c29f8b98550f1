"""Datasets whose faces say who they are, so that a loader's pixels can be checked."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ethnoshard import FaceDataset
from tests.kit.datasets import write_dataset

SIZES = random.Random(0)
SHAPE = [
    [SIZES.randint(1, 40) for _ in range(40)],
    [SIZES.randint(1, 9) for _ in range(20)],
    [3] * 15,
    [5, 60, 2, 2, 9, 4],
]
"""Faces of each identity of the groups A to D."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """About 1,100 faces of 81 identities in four groups and many shards. Not to be written to."""
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("made") / "dataset", SHAPE, shard_bytes=60_000))


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., FaceDataset]:
    """The same for a test that breaks it, or of another shape."""

    def make(shape: list[list[int]] = SHAPE, shard_bytes: int = 60_000) -> FaceDataset:
        return FaceDataset.open(write_dataset(tmp_path / "own", shape, shard_bytes=shard_bytes))

    return make
