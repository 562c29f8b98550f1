"""webdataset reads the shards as they are: ``python docs/examples/readers/with_webdataset.py DATASET``."""

import json
from collections.abc import Iterator
from pathlib import Path

import webdataset
from _summary import Sample, main


def stored(folder: str) -> Iterator[Sample]:
    """Shard by shard, so group by group."""
    shards = sorted(str(path) for path in Path(folder, "shards").glob("*.tar"))
    return _samples(webdataset.WebDataset(shards, shardshuffle=False))


def shuffled(folder: str) -> Iterator[Sample]:
    """A pipeline for each group, mixed at random by their shares; ``shuffle`` alone mixes what its buffer holds."""
    manifest = json.loads(Path(folder, "dataset.json").read_text())
    pipelines = []
    for group in manifest["groups"]:
        shards = [f"{folder}/{shard['name']}" for shard in manifest["shards"] if shard["group"] == group["name"]]
        pipelines.append(webdataset.WebDataset(shards, shardshuffle=False).shuffle(1000))
    shares = [group["faces"] / manifest["faces"] for group in manifest["groups"]]
    return _samples(webdataset.RandomMix(pipelines, probs=shares, longest=True))


def _samples(pipeline: object) -> Iterator[Sample]:
    for sample in pipeline:  # type: ignore[attr-defined]
        yield sample["__key__"], sample["jpg"], json.loads(sample["json"])


if __name__ == "__main__":
    main(stored, shuffled)
