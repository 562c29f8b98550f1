"""``--resume --out RUN`` is enough; what contradicts the run is refused by name; longer runs equal long ones."""

import json
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


def test_a_run_on_record_by_old_words_goes_on(train: Callable[..., TripletTrainer]) -> None:
    whole = train("whole", target="A=0.5,B=0.5", epochs=2, **EVEN)
    whole.train()
    begun = train("begun", target="A=0.5,B=0.5", epochs=1, **EVEN)
    begun.train()
    path = begun.run.record_path
    record = json.loads(path.read_text())
    assert record["arm"] == record["settings"]["arm"] == "A=0.5,B=0.5" and "target" not in record["settings"]
    # As it was typed then; and "within" was taken where nobody had look-alikes.
    record["settings"] |= {"arm": "B=.5, A=.5", "within": "any"}
    path.write_text(json.dumps(record))
    train("begun", target="A=0.5,B=0.5", epochs=2, **EVEN).train(resume=True)
    assert outcome(begun.run.path)[0] == outcome(whole.run.path)[0]
    with pytest.raises(EthnoshardError, match=r"target is 'natural', was 'A=0\.5,B=0\.5'"):
        train("begun", epochs=2, **EVEN).train(resume=True)


def test_the_old_word_arm_is_taken_with_one_line_of_warning(small: FaceDataset, tmp_path: Path) -> None:
    given = (
        small.path,
        "--out",
        tmp_path / "run",
        "--config",
        "smoke",
        "--device",
        "cpu",
        "--set",
        "crop=40",
        "--dry-run",
    )
    new, old, by_set = (typed(*given, *more) for more in (("--target", "base"), ("--arm", "base"), ("--set=arm=base",)))
    assert new.exit_code == 0 and new.stderr == "" and 'target = "base"' in new.stdout
    assert old.stdout == by_set.stdout == new.stdout
    assert old.stderr == "warning: --arm is the old word for --target, and will go; write --target instead\n"
    assert by_set.stderr == "warning: --set sets arm, the old word for target; write target instead\n"


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
