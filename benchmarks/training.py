"""A step of ours beside a plain loop: ``python -m benchmarks.training DATASET [--config small] [--steps 20]``.

Ours is ``TripletTrainer``, from the shards to the optimizer, with its metrics, TensorBoard and checkpoints. The plain
loop has the same network and optimizer on batches that are in memory already, cropped and mirrored, and mines
semi-hard triplets with pytorch-metric-learning. Both take turns in one process; medians of their steps.
"""

import argparse
import contextlib
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import TripletMarginMiner

from benchmarks._table import keep, print_table
from ethnoshard import FaceDataset
from ethnoshard.training import FaceEmbedder, Ranks, TrainingWatch, TripletTrainer, loader_of, read_settings

WARMING = 3
"""Steps of each turn that don't count."""


class Enough(Exception):  # noqa: N818 - it ends a turn, and is no error
    """Ends a turn of the trainer."""


def ours(dataset: FaceDataset, settings: Any, steps: int) -> tuple[list[float], list[float]]:
    """Seconds of each step of the trainer, and how long it waited for data in each."""
    rows: list[dict[str, Any]] = []

    def stepped(row: dict[str, Any]) -> None:
        rows.append({**row, "at": time.perf_counter()})
        if len(rows) == steps + WARMING:
            raise Enough

    with tempfile.TemporaryDirectory() as folder:
        trainer = TripletTrainer(dataset, settings, Path(folder) / "run", watch=TrainingWatch(stepped=stepped))
        with contextlib.suppress(Enough):
            trainer.train()
    # From the end of a step to the end of the next, so that what lies between two steps counts.
    ends = [row["at"] for row in rows[WARMING - 1 :]]
    waits = [row["waiting"] for row in rows[WARMING:]]
    return [later - earlier for earlier, later in itertools.pairwise(ends)], waits


def plain(dataset: FaceDataset, settings: Any, steps: int) -> list[float]:
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
        ends.append(time.perf_counter())
    counted = ends[WARMING - 1 :]
    return [later - earlier for earlier, later in itertools.pairwise(counted)]


def main() -> None:
    """Take turns, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--config", default="small")
    parser.add_argument("--steps", type=int, default=20, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    dataset, settings = FaceDataset.open(arguments.dataset), read_settings(arguments.config)
    ratios, steps, plains, waiting = [], [], [], []
    for number in range(arguments.rounds):
        loop = statistics.median(plain(dataset, settings, arguments.steps))
        each, waits = ours(dataset, settings, arguments.steps)
        step = statistics.median(each)
        ratios.append(step / loop)
        steps.append(step)
        plains.append(loop)
        waiting.append(sum(waits) / sum(each))
        print(f"round {number + 1}: plain loop {loop:.3f} s a step, ours {step:.3f} s", flush=True)
    images = settings.people_per_batch * settings.images_per_person
    print_table(
        ["", "plain loop, s a step", "ours, s a step", "ours / plain", "images/s", "waiting for data"],
        [
            [
                arguments.config, f"{statistics.median(plains):.3f}", f"{statistics.median(steps):.3f}",
                f"{statistics.median(ratios):.2f}", f"{images / statistics.median(steps):,.0f}",
                f"{statistics.median(waiting):.1%}",
            ]
        ],
    )  # fmt: skip
    keep(f"training-{arguments.config}", {"ratios": ratios, "ours": steps, "plain": plains, "waiting": waiting})


if __name__ == "__main__":
    main()
