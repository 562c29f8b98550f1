"""Datasets for tables of look-alikes."""

import pytest

from ethnoshard import FaceDataset
from tests.kit.datasets import write_dataset

SHAPE = [[6] * 40, [4] * 15, [3] * 5]
"""Faces of each identity of the groups A to C."""


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """60 identities. Not to be written to."""
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("people") / "dataset", SHAPE))


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """As many other identities."""
    shape = [[7] * 40, [4] * 15, [3] * 5]
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("others") / "dataset", shape))
