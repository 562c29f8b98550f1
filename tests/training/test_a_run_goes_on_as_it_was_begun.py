"""``--resume --out RUN`` is enough; what contradicts the run is refused by name; longer runs equal long ones."""

import shlex
import shutil
import sys

import pytest
from small_runs import run

from ethnoshard import EthnoshardError
from ethnoshard.runs import RunFolder, read_metrics

CLOCK = ["seconds", "waiting"]
EVEN = {"schedule": "constant", "warm_up": 0.0}
TRAIN = [sys.executable, "-m", "ethnoshard", "train"]


def outcome(folder):
    folder = RunFolder(folder)
    return folder.weights_path.read_bytes(), read_metrics(folder.metrics_path).drop(CLOCK)


def test_epochs_and_some_more_are_the_epochs_of_a_longer_run(train):
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
def test_a_rate_that_follows_the_length_is_a_reason_and_the_way_out_works(train, settings):
    short = train(**settings)
    short.train()
    weights, metrics = outcome(short.run.path)
    with pytest.raises(EthnoshardError, match=r"epochs is 4, was 2: with schedule=.* learning rate follows") as refused:
        train(epochs=4, **settings).train(resume=True)
    assert f"--init {short.run.weights_path}" in str(refused.value)
    assert outcome(short.run.path)[0] == weights and metrics.equals(outcome(short.run.path)[1])
    assert train("next", epochs=1, init=str(short.run.weights_path)).train()["status"] == "finished"


def test_fewer_epochs_than_are_done_are_refused_with_their_number(train):
    train(epochs=2, **EVEN).train()
    with pytest.raises(EthnoshardError, match=r"epochs is 1, was 2, but 2 epochs are done already"):
        train(epochs=1, **EVEN).train(resume=True)


def test_resume_and_out_are_enough(small, tmp_path, command):
    place = shutil.copytree(small.path, tmp_path / "my faces")
    out = tmp_path / "a run"
    settings = {"epochs": 1, "margin": 0.25, **EVEN}
    line = command(small, out, **settings)
    line[line.index(str(small.path))] = str(place)
    assert run(line).returncode == 0
    resumed = run([*TRAIN, "--resume", "--out", str(out), "--epochs", "2"])
    assert resumed.returncode == 0, resumed.stderr
    assert run(command(small, tmp_path / "whole", **{**settings, "epochs": 2})).returncode == 0
    assert outcome(out)[0] == outcome(tmp_path / "whole")[0]
    other = run([*TRAIN, "--resume", "--out", str(out), "--set", "margin=0.3"])
    assert other.returncode == 1 and "margin is 0.3, was 0.25" in other.stderr
    place.rename(tmp_path / "elsewhere")
    lost = run([*TRAIN, "--resume", "--out", str(out)])
    assert lost.returncode == 1 and f"learned from {place}, which is not there" in lost.stderr
    # The advice, as it stands, with the dataset's place put in.
    advised = shlex.split(lost.stderr.strip().rpartition("say where it is now: ")[2])
    found = run([*TRAIN, str(tmp_path / "elsewhere"), *advised[3:]])
    assert advised[:3] == ["ethnoshard", "train", "DATASET"] and found.returncode == 0, found.stderr
    assert "nothing is left to do" in found.stderr


def test_without_a_run_the_dataset_is_asked_for(tmp_path):
    nothing = run([*TRAIN, "--resume", "--out", str(tmp_path / "none")])
    assert nothing.returncode == 1 and "name the DATASET to train on" in nothing.stderr


def test_what_it_was_evaluated_on_is_remembered(train, tmp_path):
    trainer = train(evaluated_on={"lfw": str(tmp_path / "lfw.work"), "pairs": str(tmp_path / "pairs.txt")})
    trainer.train()
    again = run([*TRAIN, "--resume", "--out", str(trainer.run.path)])
    assert again.returncode == 1 and str(tmp_path / "lfw.work") in again.stderr
