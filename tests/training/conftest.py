"""Small datasets, and small trainings on them."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import simplejpeg
from small_runs import SMALL

from ethnoshard import FaceDataset
from ethnoshard.synthetic import draw_face
from ethnoshard.training import TrainingSettings, TripletTrainer
from tests.kit.datasets import write_dataset

SHAPE = [[6, 3, 4, 5, 9, 6, 4, 4, 6, 7, 5, 5], [4, 5, 3, 6], [4, 6, 5, 3, 4]]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """104 faces of 21 people in three groups. Not to be written to."""
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("small") / "dataset", SHAPE))


@pytest.fixture
def train(small: FaceDataset, tmp_path: Path) -> Callable[..., TripletTrainer]:
    """A trainer on it, its run in a folder of this test's."""

    def make(name: str = "run", dataset: FaceDataset = small, **settings: object) -> TripletTrainer:
        options = {
            key: settings.pop(key)
            for key in ("ranks", "evaluate", "evaluated_on", "watch", "remake")
            if key in settings
        }
        wanted = TrainingSettings().changed({**SMALL, **settings}, "test")
        return TripletTrainer(dataset, wanted, tmp_path / name, device="cpu", **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def drawn_people(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """Faces of 32 drawn people of two groups, 10 each, 64 pixels."""

    @cache
    def picture(identity: int, face: int) -> bytes:
        return bytes(simplejpeg.encode_jpeg(draw_face(0, identity, face, group=identity // 16, size=64), quality=95))

    folder = tmp_path_factory.mktemp("drawn") / "dataset"
    return FaceDataset.open(write_dataset(folder, [[10] * 16, [10] * 16], picture=picture, side=64))


@pytest.fixture
def command() -> Callable[..., list[str]]:
    """The command line of a small training, as a user types it."""

    def make(dataset: FaceDataset, out: Path, *more: str, **settings: object) -> list[str]:
        sets = [f"--set={name}={value}" for name, value in {**SMALL, **settings}.items()]
        config = out.parent / "defaults.toml"
        config.touch()
        line = [sys.executable, "-m", "ethnoshard", "train", str(dataset.path), "--out", str(out)]
        return [*line, "--config", str(config), "--device", "cpu", *sets, *more]

    return make
