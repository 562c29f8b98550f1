"""webdataset: a pipeline a group, mixed by ``RandomMix`` with the groups' shares as probabilities.

As documented: ``resampled=True``, in which every worker draws shards with replacement, since otherwise a worker without
a shard of some group raises; ``shuffle(1000)``; decoding and batching in the workers; ``WebLoader(batch_size=None)``,
cut to an epoch by ``with_epoch``. Left out is the second shuffle, of samples over the workers, which costs speed.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import webdataset as wds
from torch.utils.data import default_collate

from benchmarks.peers._faces import DECODERS, Batch, first_faces, shares
from ethnoshard.shards import FaceDataset

PACKAGE = "webdataset"


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are; webdataset reads the dataset's shards as they are."""
    dataset = FaceDataset.open(dataset_folder)
    size = people * images
    pipelines = [
        wds.WebDataset(
            [
                str(dataset.shard_path(number))
                for number, shard in enumerate(dataset.manifest.shards)
                if shard.group == group
            ],
            resampled=True,
            shardshuffle=False,
        ).shuffle(1000)
        for group in dataset.groups
    ]
    numbers = {name: number for number, name in enumerate(dataset.groups)}
    mixed = wds.DataPipeline(
        wds.RandomMix(pipelines, probs=shares(dataset)),
        wds.map(wds.autodecode.Decoder([wds.handle_extension("jpg", DECODERS[decoder])])),
        wds.map(partial(_sample, numbers=numbers, firsts=first_faces(dataset))),
        wds.batched(size, collation_fn=default_collate, partial=False),
    )
    loader = wds.WebLoader(mixed, batch_size=None, num_workers=workers, persistent_workers=workers > 0)
    return loader.with_epoch(dataset.manifest.faces // size)


def _sample(sample: dict[str, Any], numbers: dict[str, int], firsts: list[int]) -> tuple[Any, int, int, int]:
    about = sample["json"]
    identity = about["identity_number"]
    face = firsts[identity] + int(sample["__key__"].rpartition("-")[2])
    return sample["jpg"], identity, numbers[about["group"]], face
