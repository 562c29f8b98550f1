"""Machines that come and go in training: ``python -m benchmarks.elastic [--rounds N]``

Two agents of torchrun, each with one process, as on two machines. Of "lost", one of them dies in mid-epoch with all
that runs there and does not come back; of "joins", one begins alone and the other comes later. The run has to be
finished, and its batches those of the plan, one after the other, whoever took them.
"""

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks._table import print_table
from ethnoshard import FaceDataset
from ethnoshard.runs import RunFolder, RunRecord, read_batches
from ethnoshard.training import TrainingSettings
from ethnoshard.training._loader import loader_of
from ethnoshard.training._machine import Ranks
from tests.kit.datasets import write_dataset

SETTINGS = {
    "backbone": "mobilefacenet", "embedding": 16, "side": 32, "crop": 40, "people_per_batch": 4,
    "images_per_person": 3, "epochs": 40, "num_workers": 1, "precision": "float32", "learning_rate": 0.003,
    "checkpoint_steps": 3, "target": "natural",
}  # fmt: skip
SHAPE = [[6, 3, 4, 5, 9, 6, 4, 4, 6, 7, 5, 5], [4, 5, 3, 6], [4, 6, 5, 3, 4]]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
"""Without the latter a machine that joins waits in vain (torch 2.14), and all end."""
PATIENCE = 900.0
"""Seconds after which what should have happened never will."""


class Machine:
    """An agent of torchrun with one process. The first one has the meeting point, and so may not be lost."""

    def __init__(self, line: list[str], port: int, log: Path, *, host: bool) -> None:
        """Begin."""
        agent = [
            sys.executable, "-m", "torch.distributed.run", "--nnodes", "1:2", "--nproc-per-node", "1",
            "--max-restarts", "9", "--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{port}", "--rdzv-id", "t",
            "--rdzv-conf", f"is_host={int(host)},last_call_timeout=1", "-m", "ethnoshard", *line,
        ]  # fmt: skip
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(agent, stdout=out, stderr=out, env=ENVIRONMENT)

    def lost(self) -> None:
        """The power goes. Processes of torchrun have sessions of their own, so they are looked for by their parent."""
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                os.kill(int(path.parent.name), signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def ended(self) -> None:
        """Wait for its end."""
        if self.process.wait(PATIENCE):
            raise SystemExit(f"an agent ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def steps_done(folder: Path) -> int:
    """Steps up to the newest checkpoint."""
    run = RunFolder(folder)
    return int(str(run.record()["progress"]["step"])) if run.exists() else 0  # type: ignore[index]


def other_batches(dataset: FaceDataset, folder: Path, record: RunRecord) -> int:
    """Steps whose batches are not those that come next in the plan."""
    loader = loader_of(dataset, TrainingSettings().changed(SETTINGS, "benchmark"), Ranks())
    plan, rows = loader.plan, read_batches(folder / "batches.parquet")
    assert rows is not None
    steps = rows["step"].unique(maintain_order=True).to_numpy()
    wrong, epoch, at = abs(len(steps) - int(steps[-1])), 0, 0
    for step, size in zip(steps, record.ranks_at(steps), strict=True):
        own = rows.filter(pl.col("step") == step)
        batches = [plan.epoch(epoch).batch((at + rank) % plan.batches) for rank in range(size)]
        groups = np.concatenate([plan.identities.group[np.unique(batch.identities)] for batch in batches])
        wrong += own["people"].to_list() != np.bincount(groups, minlength=len(own)).tolist()
        at += size
        if at >= plan.batches:
            epoch, at = epoch + 1, 0
    return wrong


def one_round(dataset: FaceDataset, folder: Path, *, joins: bool, chance: random.Random) -> list[object]:
    """A row: what happened, steps, ranks, seconds until it went on, steps that were taken again, wrong batches."""
    sets = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    line = ["train", str(dataset.path), "--out", str(folder / "run"), "--resume", "--device", "cpu", *sets]
    port, wanted = free_port(), chance.randint(9, 60)
    machines = [Machine(line, port, folder / f"{at}.log", host=not at) for at in range(1 if joins else 2)]
    end = time.monotonic() + PATIENCE
    while steps_done(folder / "run") < wanted and time.monotonic() < end:
        time.sleep(0.02)
    before, began = steps_done(folder / "run"), time.monotonic()
    if joins:
        machines.append(Machine(line, port, folder / "joins.log", host=False))
    else:
        machines.pop().lost()
    while steps_done(folder / "run") <= before and time.monotonic() < end:
        time.sleep(0.02)
    waited = time.monotonic() - began
    for machine in machines:
        machine.ended()
    record = RunRecord.of_json(RunFolder(folder / "run").record(), "run.json")
    changes = record.rank_changes
    ranks = [*(change.ranks_before for change in changes[:1]), *(change.ranks for change in changes)]
    return [
        "joins" if joins else "lost",
        record.progress.step,
        " -> ".join(map(str, ranks)),
        ", ".join(str(change.step) for change in changes),
        "" if joins else f"{waited:.0f}",
        other_batches(dataset, folder / "run", record),
    ]


def main() -> None:
    """Lose and add machines, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of each kind")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        dataset = FaceDataset.open(write_dataset(Path(name) / "dataset", SHAPE))
        for number in range(2 * arguments.rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            rows.append(one_round(dataset, folder, joins=bool(number % 2), chance=random.Random(number)))
            print(rows[-1], flush=True)
    head = ["a machine", "steps", "processes", "from step", "went on after, s", "steps with other batches"]
    print_table(head, rows)


if __name__ == "__main__":
    main()
