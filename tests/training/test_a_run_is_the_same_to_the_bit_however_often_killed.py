import re
import signal
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from small_runs import KILLED_AT, run

from ethnoshard import FaceDataset
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import RunFolder, list_runs, read_batches, read_metrics
from ethnoshard.training import FaceEmbedder, TripletTrainer, read_checkpoint

CLOCK = ["seconds", "waiting"]


def outcome(folder: Path) -> tuple[bytes, pl.DataFrame]:
    own = RunFolder(folder)
    return own.weights_path.read_bytes(), read_metrics(own.metrics_path).drop(CLOCK)


def test_two_runs_of_a_seed_are_equal(train: Callable[..., TripletTrainer]) -> None:
    one, other = train("one"), train("other", num_workers=0)
    one.train()
    other.train()
    weights, metrics = outcome(one.run.path)
    again, measured = outcome(other.run.path)
    assert weights == again
    assert metrics.equals(measured)
    assert len(metrics) == one.steps == 2 * one.steps_an_epoch
    assert metrics["images"][-1] == one.steps * 12


def test_killed_and_resumed(small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]]) -> None:
    settings = {"epochs": 12, "mining": "sandberg", "checkpoint_steps": 7}
    whole = run(command(small, tmp_path / "whole", **settings))
    assert whole.returncode == 0, whole.stderr
    killed = tmp_path / "killed"
    # In the middle of an epoch, between two checkpoints; and right after one.
    for at in (10, 28):
        line = command(small, killed, "--resume", **settings, num_workers=at % 2)
        dying = run([line[0], "-c", KILLED_AT.format(at), *line[3:]])
        assert dying.returncode == -signal.SIGKILL, dying.stderr
        assert not RunFolder(killed).weights_path.exists()
        assert list_runs(killed)[0].status == "interrupted"
    last = run(command(small, killed, "--resume", **settings))
    assert last.returncode == 0, last.stderr
    weights, metrics = outcome(killed)
    expected, measured = outcome(tmp_path / "whole")
    assert weights == expected
    assert metrics.equals(measured)
    assert list_runs(killed)[0].status == "finished"
    report = killed / "reports" / "lfw"
    assert f"next: ethnoshard evaluate {killed} --lfw WORK --pairs pairs.txt --out {report}\n" in last.stdout
    assert f"next: ethnoshard dashboard {tmp_path}\n" in last.stdout
    batches = [read_batches(folder / "batches.parquet") for folder in (killed, tmp_path / "whole")]
    assert batches[0].equals(batches[1])
    assert RunFolder(killed).record()["coverage"] == RunFolder(tmp_path / "whole").record()["coverage"]
    # What was kept: the newest two checkpoints, and nothing half-written.
    kept = sorted(path.name for path in (killed / "checkpoints").iterdir())
    assert len(kept) == 2
    assert all(re.fullmatch(r"step-\d{9}-[0-9a-f]{16}\.pt", name) for name in kept)
    # The names end in a digest of the content.
    assert kept == sorted(path.name for path in (tmp_path / "whole" / "checkpoints").iterdir())


def test_the_checkpoint_before_is_used_when_the_newest_was_cut_short(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]], train: Callable[..., TripletTrainer]
) -> None:
    train("whole", checkpoint_steps=3).train()
    half = train("half", checkpoint_steps=3, evaluate=_Stop(after=1))
    with pytest.raises(KeyboardInterrupt):
        half.train()
    paths = sorted(half.run.checkpoints.glob("*.pt"))
    assert len(paths) == 2
    content = paths[-1].read_bytes()
    paths[-1].write_bytes(content[: len(content) // 2])
    resumed = run(command(small, half.run.path, "--resume", checkpoint_steps=3))
    assert resumed.returncode == 0, resumed.stderr
    assert f"{paths[-1]} is damaged or was cut short" in resumed.stderr
    assert "the one before is used" in resumed.stderr
    assert outcome(half.run.path)[0] == outcome(tmp_path / "whole")[0]


def test_a_flipped_bit_in_a_checkpoint_is_found(train: Callable[..., TripletTrainer]) -> None:
    trainer = train()
    trainer.train()
    path = max(trainer.run.checkpoints.glob("*.pt"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match="is damaged"):
        read_checkpoint(path)


class _Stop:
    """An evaluation that Ctrl-C falls into."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, embedder: FaceEmbedder) -> dict[str, float]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return {}


def test_another_setting_or_dataset_is_refused_by_name(
    train: Callable[..., TripletTrainer], drawn_people: FaceDataset
) -> None:
    train().train()
    with pytest.raises(EthnoshardError, match=r"holds a run already; pass --resume"):
        train().train()
    with pytest.raises(EthnoshardError, match=r"margin is 0\.3, was 0\.2"):
        train(margin=0.3).train(resume=True)
    with pytest.raises(EthnoshardError, match=r"dataset\.fingerprint is '.*', was '"):
        train(dataset=drawn_people).train(resume=True)


def test_rows_after_the_checkpoint_are_those_of_the_resumed_run(train: Callable[..., TripletTrainer]) -> None:
    """A run whose last checkpoint is older than its metrics goes on without a row twice or missing."""
    trainer = train("a", checkpoint_steps=4)
    trainer.train()
    for path in sorted(trainer.run.checkpoints.glob("*.pt"))[1:]:
        path.unlink()
    before = read_metrics(trainer.run.metrics_path)
    train("a", checkpoint_steps=4).train(resume=True)
    after = read_metrics(trainer.run.metrics_path)
    assert after["step"].to_list() == list(range(1, trainer.steps + 1))
    assert after.drop(CLOCK).equals(before.drop(CLOCK))
    assert after.select(pl.col("learning_rate").is_null().sum()).item() == 0
