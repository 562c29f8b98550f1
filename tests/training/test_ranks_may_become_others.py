"""Machines come and go: a run goes on with more or fewer processes, at the very next batch, and says so."""

import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from small_runs import KILLED_AT, SMALL, run

from ethnoshard import FaceDataset
from ethnoshard.runs import RunFolder, RunRecord, delivery_of, encounters_of, read_batches, read_metrics, training_of
from ethnoshard.training import TrainingSettings, TripletTrainer
from ethnoshard.training._course import Course, state_of_steps
from ethnoshard.training._loader import loader_of
from ethnoshard.training._machine import Ranks

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
def test_while_the_ranks_stay_steps_and_epochs_are_those_of_their_number(ranks: int) -> None:
    course = Course(epochs=3, epoch_batches=17, ranks=ranks)
    length = -(-17 // ranks)
    for step in range(3 * length):
        assert (course.step, course.epoch, course.scheduled) == (step, step // length, step)
        assert course.began == step // length * length
        assert (course.steps, course.scheduled_steps, course.finished) == (3 * length, 3 * length, False)
        expected = state_of_steps(step, ranks=ranks, epoch_batches=17, images=12 * ranks)
        assert course.state_dict() == expected
        course = course.after_step(12 * ranks)
    assert course.finished and course.step == course.steps == 3 * length


def test_with_other_ranks_an_epoch_has_as_many_batches() -> None:
    course = Course(epochs=2, epoch_batches=10, ranks=3).after_step(3).after_step(3)
    fewer = Course(epochs=2, epoch_batches=10, ranks=1).gone_on(course.state_dict())
    # 6 batches are done of 20, which was 2 of 8 steps: then 4, and 10, and the rate goes by 20 steps.
    assert (fewer.steps, fewer.scheduled, fewer.scheduled_steps) == (2 + 4 + 10, 6, 20)
    assert fewer.change_since(course.state_dict()) == {
        "step": 2, "epochs": 0.6, "ranks": 1, "ranks_before": 3, "steps_an_epoch": 10,
    }  # fmt: skip
    more = Course(epochs=2, epoch_batches=10, ranks=4).gone_on(fewer.after_step(1).state_dict())
    assert (more.steps, more.scheduled) == (3 + 1 + 3, 7 / 4)
    assert more.after_step(4).state_dict() | {"images": 0} == {
        "ranks": 4, "step": 4, "epoch": 1, "batches": 0, "began": 4, "images": 0,
    }  # fmt: skip


def test_killed_in_mid_epoch_it_goes_on_with_other_ranks_at_the_very_next_batch(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    ranks, settings = [2, 1, 3], {"epochs": 6, "checkpoint_steps": 2, "target": "natural"}
    line = command(small, tmp_path / "run", "--resume", **settings)
    for number, size in enumerate(ranks):
        script = tmp_path / f"{number}.py"
        last = number == len(ranks) - 1
        # Each time at an odd step: what came after the checkpoint before it is taken again, by others.
        script.write_text("from ethnoshard.cli import main\nmain()" if last else KILLED_AT.format(5 + 6 * number))
        done = run([*TORCHRUN, "--nproc-per-node", str(size), str(script), *line[3:]])
        assert (done.returncode == 0) == last, done.stderr
    assert f"it goes on with the very batch that comes next, but a step learns from {ranks[-1]} " in done.stderr
    as_promised(small, tmp_path / "run", ranks, settings)


def as_promised(dataset: FaceDataset, folder: Path, ranks: list[int], settings: dict[str, object]) -> None:
    """The batches are those of the plan, one after the other, whoever took them; the record says who did."""
    record = RunRecord.of_json(RunFolder(folder).record(), "run.json")
    assert record.status == "finished"
    assert [record.rank_changes[0].ranks_before, *(change.ranks for change in record.rank_changes)] == ranks
    loader = loader_of(dataset, TrainingSettings().changed({**SMALL, **settings}, "test"), Ranks())
    rows = read_batches(folder / "batches.parquet")
    assert rows is not None
    steps = rows["step"].unique(maintain_order=True).to_numpy()
    assert steps.tolist() == list(range(1, len(steps) + 1))
    taken = record.ranks_at(steps)
    assert set(taken) == set(ranks)
    # What each batch of the plan has of each group, epoch after epoch of the loader.
    epoch, at = 0, 0
    for step, size in zip(steps, taken, strict=True):
        own = rows.filter(pl.col("step") == step)
        batches = [loader.plan.epoch(epoch).batch((at + rank) % loader.plan.batches) for rank in range(size)]
        groups = np.concatenate([loader.plan.identities.group[np.unique(batch.identities)] for batch in batches])
        assert own["people"].to_list() == np.bincount(groups, minlength=len(own)).tolist()
        assert own["loader_epoch"].to_list() == [epoch] * len(own)
        at += size
        if at >= loader.plan.batches:
            epoch, at = epoch + 1, 0
    metrics = read_metrics(folder / "metrics.parquet")
    assert metrics["images"].to_list() == (np.cumsum(taken) * 12).tolist()
    training = training_of("run", record, metrics).table["epochs"].to_numpy()
    assert training[-1] == pytest.approx(6) and (np.diff(training) > 0).all()
    delivery = delivery_of("run", record, rows)
    assert delivery.farthest <= 1 + max(ranks) + 1e-9, "a step that ends an epoch may have some batches once more"
    assert sum(group.people for group in encounters_of(record, rows)) == pytest.approx(4)


def test_a_run_of_before_goes_on_with_other_ranks(
    small: FaceDataset, tmp_path: Path, train: Callable[..., TripletTrainer], command: Callable[..., list[str]]
) -> None:
    """Checkpoints once held no course, only the step; the ranks stood in ``run.json``."""
    train("run", epochs=1, schedule="constant", warm_up=0.0).train()
    folder = tmp_path / "run"
    path = max((folder / "checkpoints").glob("*.pt"))
    content = torch.load(path, weights_only=True)
    del content["course"], content["record"]["rank_changes"]
    for old in (folder / "checkpoints").glob("*.pt"):
        old.unlink()
    buffer = io.BytesIO()
    torch.save(content, buffer)
    digest = hashlib.sha256(buffer.getbuffer()).hexdigest()[:16]
    path.with_name(f"step-{content['step']:09d}-{digest}.pt").write_bytes(buffer.getbuffer())
    record = json.loads((folder / "run.json").read_text())
    record.pop("rank_changes", None)
    (folder / "run.json").write_text(json.dumps(record))
    line = command(small, folder, "--resume", epochs=2, schedule="constant", warm_up=0.0)
    alone = run([*TORCHRUN, "--nproc-per-node", "2", *line[1:]])
    assert alone.returncode == 0, alone.stderr
    assert "1 process trained it, now 2: it goes on with the very batch that comes next" in alone.stderr
    changed = json.loads((folder / "run.json").read_text())
    assert changed["rank_changes"][0]["step"] == content["step"] and changed["ranks"] == 2
    metrics = read_metrics(folder / "metrics.parquet")
    assert metrics["step"].to_list() == list(range(1, len(metrics) + 1))
