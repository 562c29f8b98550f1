"""Messages advise to pack a damaged dataset again; that gives the bytes that it had, not "nothing to do"."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard.shards import PackSettings, pack

SETTINGS = PackSettings(shard_bytes=int(0.08 * 2**20))
pytestmark = pytest.mark.usefixtures("here")


def index_gone(dataset: Path) -> None:
    (dataset / "faces.parquet").unlink()


def index_of_another(dataset: Path) -> None:
    shutil.copy(dataset / "faces.parquet", dataset / "identities.parquet")


def shard_gone(dataset: Path) -> None:
    min((dataset / "shards").iterdir()).unlink()


def shard_short(dataset: Path) -> None:
    path = min((dataset / "shards").iterdir())
    path.write_bytes(path.read_bytes()[:-512])


def manifest_without_its_fingerprint(dataset: Path) -> None:
    manifest = json.loads((dataset / "dataset.json").read_text())
    del manifest["fingerprint"]
    (dataset / "dataset.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "damage", [index_gone, index_of_another, shard_gone, shard_short, manifest_without_its_fingerprint]
)
def test_it_has_its_bytes_again(
    damage: Callable[[Path], None],
    noise_work: Path,
    noise_dataset: Path,
    tmp_path: Path,
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    dataset = Path(shutil.copytree(noise_dataset, tmp_path / "dataset"))
    damage(dataset)
    report = pack(noise_work, dataset, SETTINGS, workers=1)
    assert report.written == len(report.manifest.shards)
    assert contents_of(dataset) == contents_of(noise_dataset)


def test_a_whole_one_is_left_alone(noise_work: Path, noise_dataset: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(noise_dataset, tmp_path / "dataset"))
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*")}
    assert pack(noise_work, dataset, SETTINGS, workers=1).written == 0
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob("*")} == before


def test_stopped_while_it_is_mended_it_is_unfinished_not_half_whole(
    noise_work: Path, noise_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Path(shutil.copytree(noise_dataset, tmp_path / "dataset"))
    shard_gone(dataset)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ethnoshard.shards._pack.in_processes", stopped)
        with pytest.raises(KeyboardInterrupt):
            pack(noise_work, dataset, SETTINGS, workers=1)
    with pytest.raises(EthnoshardError, match="is not finished: run the same `ethnoshard pack` again"):
        FaceDataset.open(dataset)
    pack(noise_work, dataset, SETTINGS, workers=1)
    assert FaceDataset.open(dataset).fingerprint == FaceDataset.open(noise_dataset).fingerprint
