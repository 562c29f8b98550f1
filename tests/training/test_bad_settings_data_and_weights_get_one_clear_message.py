import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import run

from ethnoshard import FaceDataset
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder, list_runs
from ethnoshard.training import (
    FaceEmbedder,
    TrainingSettings,
    TripletTrainer,
    configurations,
    load_embedder,
    read_settings,
)
from tests.kit.datasets import write_dataset


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rat": 0.1}, "sets 'learning_rat', which there is not; 'learning_rate' comes nearest"),
        ({"epochs": "three"}, "sets epochs to 'three', but it is a whole number"),
        ({"epochs": True}, "sets epochs to True, but it is a whole number"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"margin": 0}, "margin must be above 0, got 0"),
        ({"margin": float("nan")}, "margin must be above 0, got nan"),
        ({"mining": "hardest"}, "mining must be one of semihard, sandberg, batch-hard, all, got 'hardest'"),
        ({"target": "fair"}, "target must be one of base, natural, .*, weighted, or shares such as .*, got 'fair'"),
        ({"backbone": "resnet"}, "backbone must be one of inception_resnet_v1, mobilefacenet, got 'resnet'"),
        ({"milestones": [0.5, 2.0]}, "milestones must be shares of the run"),
        ({"target": "A=x"}, "train.toml: shares are like asian=0.5,white=0.5, .*; 'A=x' in the target is not"),
        ({"target": "natural", "arm": "base"}, "sets target twice: by its old word 'arm' as well"),
        ({"within": "any"}, "within=any .* hard=0 of the cells come in one, so it would do nothing: name the table"),
        ({"flip": 1}, "flip to 1, but it is true or false"),
    ],
)
def test_a_setting(values: dict[str, object], message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        TrainingSettings().changed(values, "train.toml")


def test_a_file_of_settings(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text("epochs = \n")
    with pytest.raises(EthnoshardError, match=r"train\.toml is not TOML: .*line 1"):
        read_settings(str(path))
    with pytest.raises(EthnoshardError, match="smal is not a file that can be read, nor one of casia, small, smoke"):
        read_settings("smal")


def test_the_ready_made_ones_are_sound() -> None:
    assert configurations() == ["casia", "small", "smoke"]
    for name in configurations():
        settings = read_settings(name)
        FaceEmbedder(settings.backbone, embedding=settings.embedding, side=settings.side or None)


def test_a_dry_run_prints_the_settings_as_a_file_and_does_nothing(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    done = run(command(small, tmp_path / "run", "--dry-run", "--target", "A=0.5,B=0.5", milestones="[0.25]"))
    assert done.returncode == 0, done.stderr
    assert "steps of 12 images" in done.stdout
    (tmp_path / "again.toml").write_text(done.stdout)
    settings = read_settings(str(tmp_path / "again.toml"))
    assert (str(settings.target), settings.milestones, settings.learning_rate) == ("A=0.5,B=0.5", (0.25,), 0.003)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"people_per_batch": 22}, "22"),
        ({"crop": 64}, "crop is 64 pixels, but the dataset's faces have 48"),
        ({"side": 40}, "mobilefacenet takes faces of at least 32 pixels, in multiples of 16; not of 40"),
        ({"target": "D=1"}, "'?D'?"),
        ({"precision": "float16"}, "precision=float16 needs a GPU"),
        ({"init": "vggface2"}, "vggface2 are weights of inception_resnet_v1; mobilefacenet can't start from them"),
        ({"init": "nowhere.pt"}, "nowhere.pt is not there"),
    ],
)
def test_a_setting_that_does_not_fit_the_dataset(
    train: Callable[..., TripletTrainer], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(EthnoshardError, match=message):
        train(**settings).train()


def test_one_person_only(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    alone = FaceDataset.open(write_dataset(tmp_path / "alone", [[8]]))
    with pytest.raises(EthnoshardError, match="a triplet needs two people; the dataset holds one identity"):
        train(dataset=alone)


def test_weights_that_are_not_numbers(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    state = FaceEmbedder("mobilefacenet", embedding=16, side=32).state_dict()
    name = next(name for name in state if name.endswith("weight"))  # of a convolution
    state[name][0, 0, 0] = float("nan")
    torch.save(state, tmp_path / "broken.pt")
    with pytest.raises(EthnoshardError, match=r"broken\.pt holds 3 weights that are not finite"):
        train(init=str(tmp_path / "broken.pt"))


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut"])
def test_weights_that_are_none(train: Callable[..., TripletTrainer], tmp_path: Path, content: bytes) -> None:
    for name in ("weights.pt", "weights.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EthnoshardError, match=f"{name} holds no weights that can be read"):
            train(init=str(tmp_path / name))


def test_weights_of_another_network(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(EthnoshardError, match=r"other\.pt is of another network: 0 of the \d+ tensors"):
        train(init=str(tmp_path / "other.pt"))


def test_weights_that_run_code_are_not_run(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    class Run:
        def __reduce__(self) -> tuple[Any, ...]:
            return subprocess.run, (["touch", str(tmp_path / "ran")],)

    torch.save(Run(), tmp_path / "evil.pt")
    with pytest.raises(EthnoshardError, match="holds no weights that can be read"):
        train(init=str(tmp_path / "evil.pt"))
    assert not (tmp_path / "ran").exists()


def test_without_a_network_a_download_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    import facenet_pytorch

    def fail(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(facenet_pytorch, "InceptionResnetV1", fail)
    from ethnoshard.training import start_from

    monkeypatch.undo()
    embedder = FaceEmbedder("inception_resnet_v1")
    monkeypatch.setattr(facenet_pytorch, "InceptionResnetV1", fail)
    with pytest.raises(EthnoshardError, match=r"vggface2 could not be downloaded \(Network is unreachable\)"):
        start_from(embedder, "vggface2")


def test_a_loss_that_is_not_a_number_stops_with_the_batchs_identities(train: Callable[..., TripletTrainer]) -> None:
    trainer = train(learning_rate=1e30, optimizer="sgd", warm_up=0.0)
    with pytest.raises(
        EthnoshardError, match=r"loss of step \d+ is not a number; its batch holds the identities \d+, "
    ):
        trainer.train()
    assert list_runs(trainer.run.path)[0].status == "failed"


def test_a_folder_that_holds_something_else(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(EthnoshardError, match="holds files but no run; give a new or empty folder"):
        train().train()
    assert [path.name for path in (tmp_path / "run").glob("*.*") if path.name != ".lock"] == ["thesis.txt"]


def test_the_command_says_it_in_a_line(small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]]) -> None:
    done = run(command(small, tmp_path / "run", people_per_batch=500))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    pairs = run(command(small, tmp_path / "run", "--lfw", str(tmp_path)))
    assert "--lfw and --pairs go together" in pairs.stderr


def test_a_file_that_says_nothing_of_its_network(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(EthnoshardError, match="does not say which network it is of"):
        load_embedder(tmp_path / "x.safetensors")


def test_runs_that_are_broken_are_listed_with_the_reason(
    train: Callable[..., TripletTrainer], tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    train("good").train()
    for name, content in {"cut": "{", "later": '{"format": 99}', "empty": '{"format": 1}'}.items():
        RunFolder(tmp_path / name).path.mkdir()
        (tmp_path / name / "run.json").write_text(content)
    done = cli("runs", "list", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "good" in done.stdout
    assert "finished" in done.stdout
    said = " ".join(done.stderr.split())
    for reason in ("cut: ", "is not JSON", "is of format 99", "arm is missing"):
        assert reason in said
    assert np.count_nonzero([run.status == "broken" for run in list_runs(tmp_path)]) == 3
