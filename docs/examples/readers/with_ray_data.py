"""Ray Data reads the shards: ``python docs/examples/readers/with_ray_data.py DATASET``.

``file_extensions`` keeps it from taking every file of the folder for a tar. By default it decodes JPEGs to arrays of
shape (height, width, 3), uint8, and ``write_webdataset`` then encodes them anew: give both ``decoder=None`` or
``encoder=None`` to pass bytes through.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import ray.data
from _summary import Sample, main


def stored(folder: str) -> Iterator[Sample]:
    """In no promised order: files are read by several tasks."""
    return _samples(ray.data.read_webdataset(_shards(folder), file_extensions=["tar"], decoder=None))


def shuffled(folder: str) -> Iterator[Sample]:
    """All faces mixed, which takes memory for all of them."""
    faces = ray.data.read_webdataset(_shards(folder), file_extensions=["tar"], decoder=None)
    return _samples(faces.random_shuffle(seed=0))


def _shards(folder: str) -> str:
    return str(Path(folder, "shards").resolve())


def _samples(faces: ray.data.Dataset) -> Iterator[Sample]:
    rows: Iterable[dict[str, bytes]] = faces.iter_rows()
    for row in rows:
        yield str(row["__key__"]), row["jpg"], json.loads(row["json"])


if __name__ == "__main__":
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False)
    main(stored, shuffled)
