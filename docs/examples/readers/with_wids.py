"""wids reads any face by its number: ``python docs/examples/readers/with_wids.py DATASET [CACHE]``.

It copies every shard into its cache, local ones too, which here is a folder that goes away again.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import wids
from _summary import Sample, main


def opened(folder: str, cache: str) -> wids.ShardListDataset:
    """All faces; the manifest has the lengths that wids needs to be told."""
    shards = json.loads(Path(folder, "dataset.json").read_text())["shards"]
    listed = [{"url": f"{Path(folder).resolve()}/{shard['name']}", "nsamples": shard["faces"]} for shard in shards]
    return wids.ShardListDataset(listed, cache_dir=cache, transformations=[])


def stored(folder: str) -> Iterator[Sample]:
    """By number: group by group, as the dataset is."""
    with tempfile.TemporaryDirectory() as cache:
        faces = opened(folder, cache)
        for number in range(len(faces)):
            yield _sample(faces[number])
        faces.close()


def shuffled(folder: str) -> Iterator[Sample]:
    """In any order that a sampler of torch gives; this one mixes all faces, so it reads all over the disk."""
    with tempfile.TemporaryDirectory() as cache:
        faces = opened(folder, cache)
        for number in np.random.default_rng(0).permutation(len(faces)).tolist():
            yield _sample(faces[number])
        faces.close()


def _sample(sample: dict[str, object]) -> Sample:
    jpeg, said = sample[".jpg"], sample[".json"]  # files in memory
    return str(sample["__key__"]), jpeg.read(), json.load(said)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(stored, shuffled)
