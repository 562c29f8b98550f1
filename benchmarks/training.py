"""A step of ours beside a plain loop: ``python -m benchmarks.training DATASET [--config small] [--steps 20]``.

Ours is ``TripletTrainer``, from the shards to the optimizer, with its metrics, TensorBoard and checkpoints. The plain
loop has the same network and optimizer on batches that are in memory already, cropped and mirrored, and mines
semi-hard triplets with pytorch-metric-learning. They take turns, each turn in a process of its own, since how C's
allocator has memory from the system, which ours sets, is a matter of the whole process; and what one turn left of the
heap changed the next one's page faults. *Memory kept* is the plain loop with ours's setting of that. Medians of steps.

With ``--processor-time`` a step's time is what the process had of the processor, torch being given one thread: what can
be measured where other guests have the cores. Ours's decoding processes are not in it.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import TripletMarginMiner

from benchmarks._table import keep, print_table
from ethnoshard import FaceDataset
from ethnoshard.training import FaceEmbedder, Ranks, TrainingWatch, TripletTrainer, loader_of, read_settings
from ethnoshard.training._machine import keep_freed_memory

Clock = Callable[[], float]

WARMING = 3
"""Steps of each turn that don't count."""


class Enough(Exception):  # noqa: N818 - it ends a turn, and is no error
    """Ends a turn of the trainer."""


def ours(dataset: FaceDataset, settings: Any, steps: int, clock: Clock) -> tuple[list[float], float]:
    """Seconds of each step of the trainer, and the share of its time that it waited for data."""
    rows: list[dict[str, Any]] = []

    def stepped(row: dict[str, Any]) -> None:
        rows.append({**row, "at": clock()})
        if len(rows) == steps + WARMING:
            raise Enough

    with tempfile.TemporaryDirectory() as folder:
        trainer = TripletTrainer(dataset, settings, Path(folder) / "run", watch=TrainingWatch(stepped=stepped))
        with contextlib.suppress(Enough):
            trainer.train()
    # From the end of a step to the end of the next, so that what lies between two steps counts.
    ends = [row["at"] for row in rows[WARMING - 1 :]]
    waiting = sum(row["waiting"] for row in rows[WARMING:]) / sum(row["seconds"] for row in rows[WARMING:])
    return [later - earlier for earlier, later in itertools.pairwise(ends)], waiting


def plain(dataset: FaceDataset, settings: Any, steps: int, clock: Clock) -> list[float]:
    """Seconds of each step of a plain loop."""
    loader = loader_of(dataset, settings, Ranks())
    batches = [batch for batch, _ in zip(loader, range(4), strict=False)]
    loader.close()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    embedder = FaceEmbedder(settings.backbone, embedding=settings.embedding, side=settings.side or None).to(device)
    embedder.train()
    optimizer = torch.optim.AdamW(embedder.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    distance = LpDistance(power=2)
    miner = TripletMarginMiner(settings.margin, "semihard", distance=distance)
    loss_of = TripletMarginLoss(settings.margin, distance=distance)
    ends = []
    for step in range(steps + WARMING):
        batch = batches[step % len(batches)]
        embeddings = embedder(batch.images.to(device))
        identities = batch.identities.to(device)
        loss = loss_of(embeddings, identities, miner(embeddings, identities))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        ends.append(clock())
    counted = ends[WARMING - 1 :]
    return [later - earlier for earlier, later in itertools.pairwise(counted)]


def turn(name: str, dataset: Path, config: str, steps: int, processor_time: bool) -> tuple[list[float], float]:
    """Seconds of each step of a contestant, and the share of them that it waited for data."""
    clock = time.process_time if processor_time else time.perf_counter
    if processor_time:
        torch.set_num_threads(1)
    faces, settings = FaceDataset.open(dataset), read_settings(config)
    if name == "ours":
        return ours(faces, settings, steps, clock)
    with keep_freed_memory() if name == "memory kept" else contextlib.nullcontext():
        return plain(faces, settings, steps, clock), 0.0


def in_its_process(*arguments: Any) -> tuple[list[float], float]:
    """A turn in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        return executor.submit(turn, *arguments).result()


def main() -> None:
    """Take turns, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--config", default="small")
    parser.add_argument("--steps", type=int, default=20, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor-time", action="store_true", help="of one thread, instead of the clock")
    arguments = parser.parse_args()
    settings = read_settings(arguments.config)
    medians: dict[str, list[float]] = {"plain": [], "memory kept": [], "ours": []}
    waiting = []
    for number in range(arguments.rounds):
        for name, of in medians.items():
            each, waited = in_its_process(
                name, arguments.dataset, arguments.config, arguments.steps, arguments.processor_time
            )
            of.append(statistics.median(each))
            if name == "ours":
                waiting.append(waited)
        shown = ", ".join(f"{name} {of[-1]:.3f} s" for name, of in medians.items())
        print(f"round {number + 1}: {shown} a step", flush=True)
    ratios = {
        name: [mine / theirs for mine, theirs in zip(medians["ours"], of, strict=True)] for name, of in medians.items()
    }
    images = settings.people_per_batch * settings.images_per_person
    print_table(
        [arguments.config, "s a step, least", "median", "most", "images/s", "ours / this"],
        [
            [
                name, f"{min(of):.3f}", f"{statistics.median(of):.3f}", f"{max(of):.3f}",
                f"{images / statistics.median(of):,.0f}", f"{statistics.median(ratios[name]):.2f}",
            ]
            for name, of in medians.items()
        ],
    )  # fmt: skip
    print(f"waiting for data: {statistics.median(waiting):.1%} of ours's time")
    keep(
        f"training-{arguments.config}" + ("-processor-time" if arguments.processor_time else ""),
        {
            "ratios": ratios["plain"], "ours": medians["ours"], "plain": medians["plain"],
            "ratios_memory_kept": ratios["memory kept"], "plain_memory_kept": medians["memory kept"],
            "waiting": waiting,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
