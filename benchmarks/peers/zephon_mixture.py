"""zephon: a ``Dataset`` a group in a ``StaticMixtureWorkSource`` with the groups' shares as weights.

As documented: litdata's chunks, which it reads; chunks of its own as long as a batch, among which rounding is carried
forward; ``shuffle_block_size="global"``; ``map_transform`` decodes, in as many threads as there are workers; ``batch``.
It was made for text, so the pixels of a batch are stacked here, in the main process. From MDS shards shuffled so it was
ten times as slow.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from zephon import Pipeline
from zephon.io import Dataset
from zephon.work import MixtureSpec, StaticMixtureWorkSource

from benchmarks.peers._faces import DECODERS, Batch, shares
from ethnoshard.shards import FaceDataset

PACKAGE = "zephon"


class Faces:
    """The pipeline, an epoch at a time."""

    def __init__(self, shards: Path, weights: list[float], *, size: int, workers: int, decoder: str) -> None:
        """Read the chunks of each group."""
        self._shards, self._weights = shards, weights
        self._size, self._workers, self._decoder = size, workers, decoder
        self._epoch = 0

    def __iter__(self) -> Iterator[Batch]:
        """An epoch: until a group runs out."""
        groups = range(len(self._weights))
        source = StaticMixtureWorkSource(
            datasets=[Dataset.from_path(str(group), str(self._shards / str(group))) for group in groups],
            mixture=MixtureSpec({str(group): weight for group, weight in zip(groups, self._weights, strict=True)}),
            chunk_size=self._size,
            seed=self._epoch,
            shuffle_block_size="global",
            exhausted_policy="stop",
        )
        self._epoch += 1
        pipeline = (
            Pipeline(source)
            .map_transform(partial(_sample, decoder=self._decoder), parallelism=self._workers)
            .batch(microbatch_size=self._size)
            .options(runner="threads", max_workers=self._workers)
        )
        for batch in pipeline:
            samples = [record.payload for record in batch.records]
            numbers = ([sample[name] for sample in samples] for name in ("identity", "group", "face"))
            yield torch.stack([sample["pixels"] for sample in samples]), *map(torch.tensor, numbers)


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are."""
    weights = shares(FaceDataset.open(dataset_folder))
    return Faces(converted / "litdata", weights, size=people * images, workers=workers, decoder=decoder)


def _sample(sample: dict[str, Any], decoder: str) -> dict[str, Any]:
    return {
        "pixels": DECODERS[decoder](sample["jpeg"]),
        **{name: sample[name] for name in ("identity", "group", "face")},
    }
