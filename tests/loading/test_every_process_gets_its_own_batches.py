"""Rank and world size come from the process group unless they are given; where neither says, there is a warning."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.loading import _ranks

OPTIONS: dict[str, Any] = {"people_per_batch": 9, "images_per_person": 4, "num_workers": 0}
LAUNCHERS = ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No launcher, and nothing warned of yet."""
    monkeypatch.setattr(_ranks, "_warned", set())
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def first(loader: StratifiedLoader) -> list[int]:
    return list(next(iter(loader)).faces.tolist())


@pytest.mark.parametrize("name", LAUNCHERS)
def test_several_processes_without_a_group_are_warned_of_once(
    made: FaceDataset, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "2")
    monkeypatch.setenv("RANK", "1")
    loader = StratifiedLoader(made, **OPTIONS)
    with pytest.warns(UserWarning, match=f"{name}=2 .* every process will get the same batches"):
        assert first(loader) == first(StratifiedLoader(made, rank=0, world_size=1, **OPTIONS))
    # Warnings are errors in these tests: there is no second one.
    first(loader)
    first(StratifiedLoader(made, **OPTIONS))


@pytest.mark.parametrize("value", ["1", "", "many"])
def test_one_process_is_not_warned_of(made: FaceDataset, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", value)
    first(StratifiedLoader(made, **OPTIONS))


def test_what_is_given_counts_whatever_the_environment_says(made: FaceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    everything = [batch.faces.tolist() for batch in StratifiedLoader(made, rank=0, world_size=1, **OPTIONS)]
    loader = StratifiedLoader(made, rank=2, world_size=3, **OPTIONS)
    assert (loader.rank, loader.world_size) == (2, 3)
    assert first(loader) == everything[2]


@pytest.mark.parametrize("given", [{"rank": 1}, {"world_size": 2}])
def test_one_of_the_two_alone_is_refused(made: FaceDataset, given: dict[str, int]) -> None:
    ((name, value),) = given.items()
    with pytest.raises(EthnoshardError, match=f"go together, but only {name}={value} was given"):
        StratifiedLoader(made, **OPTIONS, **given)


@pytest.mark.parametrize(("rank", "size"), [(2, 2), (-1, 2), (0, 0), (True, 2), ("0", 1)])
def test_a_rank_that_cannot_be_is_refused(made: FaceDataset, rank: Any, size: Any) -> None:
    with pytest.raises(EthnoshardError, match=r"rank must be|world_size must be"):
        StratifiedLoader(made, rank=rank, world_size=size, **OPTIONS)


SCRIPT = """
import copy, json, pickle, sys, warnings
from torch import distributed
from ethnoshard import FaceDataset, StratifiedLoader
options = json.loads(sys.argv[2])
dataset = FaceDataset.open(sys.argv[1])
def loader(**more):
    return StratifiedLoader(dataset, **options, **more)
def faces(loader):
    return [batch.faces.tolist() for batch in loader]
said = {}
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as caught:
    early, peeked = loader(), loader()
    said["before"] = [early.rank, early.world_size]
    next(iter(peeked))
    distributed.init_process_group("gloo")
    said["after"] = [early.rank, early.world_size, len(early)]
    said["early"] = faces(early)
    said["made in the group"] = faces(loader())
    said["copied"] = faces(pickle.loads(pickle.dumps(loader())))
    said["no warning but of the peek"] = [str(each.message) for each in caught]
    said["peeked"] = faces(peeked)
    said["given"] = faces(loader(rank=0, world_size=1))
    faces(loader(rank=distributed.get_rank(), world_size=2))
    said["warnings"] = [str(each.message) for each in caught]
    distributed.destroy_process_group()
    said["group is gone"] = faces(early)
with open(f"{sys.argv[3]}-{said['after'][0]}.json", "w") as file:
    json.dump(said, file)
"""


def test_a_group_that_begins_after_the_loader_was_made_counts(made: FaceDataset, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    launched = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    run = subprocess.run(
        [*launched, tmp_path / "script.py", made.path, json.dumps(OPTIONS), tmp_path / "said"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert run.returncode == 0, run.stderr
    alone = StratifiedLoader(made, rank=0, world_size=1, **OPTIONS)
    epochs = [[batch.faces.tolist() for batch in alone] for _ in range(2)]
    steps = -(-len(alone) // 2)
    # Odd, so that the last step of the second rank is the epoch's first batch, cut anew.
    assert len(alone) % 2
    for rank in range(2):
        said = json.loads((tmp_path / f"said-{rank}.json").read_text())
        assert said["before"] == [0, 1]
        assert said["after"] == [rank, 2, steps]
        for how in ("early", "made in the group", "copied"):
            assert len(said[how]) == steps
            assert said[how][: len(epochs[0][rank::2])] == epochs[0][rank::2]
        assert said["peeked"][: len(epochs[1][rank::2])] == epochs[1][rank::2]
        assert said["group is gone"][: len(epochs[1][rank::2])] == epochs[1][rank::2]
        assert said["given"] == epochs[0]
        (alone_warned,) = said["no warning but of the peek"]
        assert "WORLD_SIZE=2" in alone_warned
        assert len(said["warnings"]) == 3
        assert f"from now on this is rank {rank} of 2" in said["warnings"][1]
        assert (
            f"given rank=0, world_size=1, but torch.distributed's process group has rank {rank} of 2"
            in (said["warnings"][2])
        )
