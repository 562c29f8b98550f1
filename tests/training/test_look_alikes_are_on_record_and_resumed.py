"""A run uses one table of look-alikes at a time, makes its own where asked, and is the same to the bit if killed."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_runs import KILLED_AT, run

from ethnoshard import EthnoshardError, FaceDataset, LookAlikes
from ethnoshard.lookalikes import make_look_alikes
from ethnoshard.runs import RunFolder, read_metrics
from ethnoshard.training import TripletTrainer

CLOCK = ["seconds", "waiting"]
HARD = {"together": 2, "hard": 1.0, "refresh": 1, "epochs": 4, "checkpoint_steps": 3}


@pytest.fixture
def table(small: FaceDataset, tmp_path: Path) -> Callable[..., LookAlikes]:
    """Of the small dataset, by embeddings that are chance."""

    def make(name: str = "near", seed: int = 0, dataset: FaceDataset = small) -> LookAlikes:
        faces = dataset.identities["faces"].to_numpy()
        vectors = np.random.default_rng(seed).normal(size=(int(faces.sum()), 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        owners = np.repeat(np.arange(len(faces)), faces)
        return make_look_alikes(
            tmp_path / name, dataset=dataset, vectors=vectors, owners=owners, model_facts={"name": "chance"}
        )

    return make


def test_tables_are_made_as_often_as_asked_and_killed_and_resumed_the_run_is_the_same(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    whole = run(command(small, tmp_path / "whole", **HARD))
    assert whole.returncode == 0, whole.stderr
    record = RunFolder(tmp_path / "whole").record()
    steps = record["steps_an_epoch"]
    # In the middle of an epoch with a table of its own, right after a checkpoint, and before the next table is made.
    for at in (steps + 2, 2 * steps, 3 * steps):
        line = command(small, tmp_path / "killed", "--resume", **HARD)
        dying = run([line[0], "-c", KILLED_AT.format(at), *line[3:]])
        assert dying.returncode == -signal.SIGKILL, dying.stderr
    last = run(command(small, tmp_path / "killed", "--resume", **HARD))
    assert last.returncode == 0, last.stderr
    killed = RunFolder(tmp_path / "killed")
    assert killed.weights_path.read_bytes() == RunFolder(tmp_path / "whole").weights_path.read_bytes()
    metrics, expected = (read_metrics(RunFolder(tmp_path / name).metrics_path) for name in ("killed", "whole"))
    assert metrics.drop(CLOCK).equals(expected.drop(CLOCK))
    used, again = record["look_alikes"], killed.record()["look_alikes"]
    assert [(each["epoch"], each["digest"]) for each in used] == [(each["epoch"], each["digest"]) for each in again]
    # At first nobody resembles anybody, then there is a table for each epoch of the loader.
    assert [each["epoch"] for each in used] == [0, 1, 2, 3]
    assert len({each["digest"] for each in used}) == 4
    for each in used[1:]:
        assert LookAlikes.open(each["path"]).digest == each["digest"]


def test_a_run_begins_with_the_table_that_is_named_and_goes_on_with_no_other(
    small: FaceDataset, train: Callable[..., TripletTrainer], table: Callable[..., LookAlikes]
) -> None:
    near = table()
    begun = train(epochs=2, hard=0.5, look_alikes=str(near.path))
    record = begun.train()
    assert record["look_alikes"] == [{"epoch": 0, "loader_epoch": 0, "digest": near.digest, "path": str(near.path)}]
    assert begun.loader.state_dict()["look_alikes"] == near.digest
    other = table("other", seed=1)
    with pytest.raises(EthnoshardError, match=r"the run uses the table of look-alikes .* name the one"):
        train(epochs=2, hard=0.5, look_alikes=str(other.path)).train(resume=True)


def test_the_same_table_in_another_place_is_the_same(
    small: FaceDataset, train: Callable[..., TripletTrainer], table: Callable[..., LookAlikes], tmp_path: Path
) -> None:
    near = table()
    train(epochs=1, hard=0.5, look_alikes=str(near.path), schedule="constant", warm_up=0.0).train()
    moved = near.path.rename(tmp_path / "elsewhere")
    more = train(epochs=2, hard=0.5, look_alikes=str(moved), schedule="constant", warm_up=0.0)
    assert more.train(resume=True)["status"] == "finished"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hard": 0.5}, r"name the table of them, look_alikes=FOLDER .* or let the training make its own"),
        ({"refresh": 2}, r"refresh=2 makes tables of look-alikes, but hard=0 of the cells use them"),
        ({"hard": 0.5, "refresh": 2}, r"refresh=2, but nothing was given that makes a table"),
        ({"hard": 0.5, "look_alikes": "nowhere"}, r"nowhere is not there; .ethnoshard look-alikes. makes one"),
        ({"together": 5}, r"together=5 people of a group don't fit"),
    ],
)
def test_what_makes_no_sense_is_said_before_training(
    train: Callable[..., TripletTrainer], settings: dict[str, object], said: str
) -> None:
    with pytest.raises(EthnoshardError, match=said):
        train(**settings)


def test_a_table_of_another_dataset_is_refused(
    small: FaceDataset, train: Callable[..., TripletTrainer], table: Callable[..., LookAlikes], tmp_path: Path
) -> None:
    from tests.kit.datasets import write_dataset

    other = FaceDataset.open(write_dataset(tmp_path / "another", [[4] * 9, [4] * 9]))
    with pytest.raises(EthnoshardError, match=r"the numbers stand for other people"):
        train(dataset=other, hard=0.5, look_alikes=str(table().path))


def test_the_command_line_takes_them(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]], table: Callable[..., LookAlikes]
) -> None:
    near = table()
    done = run(command(small, tmp_path / "run", "--look-alikes", str(near.path), "--together", "2"))
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
    assert (settings["hard"], settings["together"], settings["refresh"]) == (0.5, 2, 0)
