"""``--resume --out RUN`` is enough; what contradicts the run is refused by name; longer runs equal long ones."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from ethnoshard import EthnoshardError, FaceDataset
from ethnoshard.cli._main import app
from ethnoshard.runs import RunFolder, read_metrics
from ethnoshard.training import TripletTrainer

CLOCK = ["seconds", "waiting"]
EVEN = {"schedule": "constant", "warm_up": 0.0}


def typed(*words: object) -> Result:
    """``ethnoshard train`` with these words, in this process."""
    return CliRunner().invoke(app, ["train", *map(str, words)])


def outcome(folder: Path) -> tuple[bytes, pl.DataFrame]:
    own = RunFolder(folder)
    return own.weights_path.read_bytes(), read_metrics(own.metrics_path).drop(CLOCK)


def test_epochs_and_some_more_are_the_epochs_of_a_longer_run(train: Callable[..., TripletTrainer]) -> None:
    whole = train("whole", epochs=4, **EVEN)
    whole.train()
    train("grown", epochs=2, **EVEN).train()
    assert RunFolder(whole.run.path.with_name("grown")).record()["status"] == "finished"
    grown = train("grown", epochs=4, **EVEN)
    record = grown.train(resume=True)
    assert (record["steps"], record["settings"]["epochs"], record["progress"]["epoch"]) == (whole.steps, 4, 4)
    (weights, metrics), (expected, measured) = outcome(grown.run.path), outcome(whole.run.path)
    assert weights == expected
    assert metrics.equals(measured)


@pytest.mark.parametrize("settings", [{}, {"schedule": "constant", "warm_up": 0.2}, {"schedule": "step"}])
def test_a_rate_that_follows_the_length_is_a_reason_and_the_way_out_works(
    train: Callable[..., TripletTrainer], settings: dict[str, object]
) -> None:
    short = train(**settings)
    short.train()
    weights, metrics = outcome(short.run.path)
    with pytest.raises(EthnoshardError, match=r"epochs is 4, was 2: with schedule=.* learning rate follows") as refused:
        train(epochs=4, **settings).train(resume=True)
    assert f"--init {short.run.weights_path}" in str(refused.value)
    assert outcome(short.run.path)[0] == weights and metrics.equals(outcome(short.run.path)[1])
    assert train("next", epochs=1, init=str(short.run.weights_path)).train()["status"] == "finished"


def test_fewer_epochs_than_are_done_are_refused_with_their_number(train: Callable[..., TripletTrainer]) -> None:
    train(epochs=2, **EVEN).train()
    with pytest.raises(EthnoshardError, match=r"epochs is 1, was 2, but 2 epochs are done already"):
        train(epochs=1, **EVEN).train(resume=True)


def test_resume_and_out_are_enough(small: FaceDataset, train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    place = shutil.copytree(small.path, tmp_path / "my faces")
    settings = {"margin": 0.25, **EVEN}
    out = train("a run", dataset=FaceDataset.open(place), epochs=1, **settings)
    out.train()
    resumed = typed("--resume", "--out", out.run.path, "--epochs", 2)
    assert resumed.exception is None
    whole = train("whole", epochs=2, **settings)
    whole.train()
    assert outcome(out.run.path)[0] == outcome(whole.run.path)[0]
    other = typed("--resume", "--out", out.run.path, "--set", "margin=0.3")
    assert "margin is 0.3, was 0.25" in str(other.exception)
    place.rename(tmp_path / "elsewhere")
    lost = typed("--resume", "--out", out.run.path)
    assert f"learned from {place}, which is not there" in str(lost.exception)
    # The advice, as it stands, with the dataset's place put in.
    advised = shlex.split(str(lost.exception).rpartition("say where it is now: ")[2])
    assert advised[:3] == ["ethnoshard", "train", "DATASET"]
    found = typed(tmp_path / "elsewhere", *advised[3:])
    assert found.exception is None and "nothing is left to do" in found.stderr


def test_without_a_run_the_dataset_is_asked_for(tmp_path: Path) -> None:
    assert "name the DATASET to train on" in str(typed("--resume", "--out", tmp_path / "none").exception)


def test_what_it_was_evaluated_on_is_remembered(train: Callable[..., TripletTrainer], tmp_path: Path) -> None:
    trainer = train(evaluated_on={"lfw": str(tmp_path / "lfw.work"), "pairs": str(tmp_path / "pairs.txt")}, epochs=1)
    trainer.train()
    again = typed("--resume", "--out", trainer.run.path)
    assert f"evaluated on {tmp_path / 'lfw.work'}, which is not there" in str(again.exception)
    assert "say where it is now by --lfw" in str(again.exception)
