"""Megatron-Energon reads the folder once it is prepared: ``python docs/examples/readers/with_energon.py DATASET``.

    energon prepare --non-interactive --split-ratio 1,0,0 --sample-type CrudeWebdataset DATASET

writes an index beside the shards, in ``.nv-meta``; here that is done in a folder of its own. A ratio like 8,1,1 gives
whole shards to each part, so the last group alone is what one validates on.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _summary import Sample, main
from megatron.energon import (
    Cooker,
    DefaultTaskEncoder,
    WorkerConfig,
    basic_sample_keys,
    edataclass,
    get_loader,
    get_train_dataset,
    stateless,
)
from megatron.energon import Sample as EnergonSample


@edataclass
class Face(EnergonSample):
    """A sample with the files of the shard, as bytes."""

    jpg: bytes
    json: bytes


@stateless
def face(sample: dict[str, Any]) -> Face:
    """Take the files over."""
    return Face(**basic_sample_keys(sample), jpg=sample["jpg"], json=sample["json"])


class Faces(DefaultTaskEncoder[Any, Any, Any, Any]):
    """Decodes nothing: the bytes are to be compared."""

    decoder = None
    cookers = (Cooker(face),)


def stored(folder: str) -> Iterator[Sample]:
    """In the order of a single worker that shuffles only which shard, or piece of one, comes next."""
    return _samples(folder, None)


def shuffled(folder: str) -> Iterator[Sample]:
    """In a buffer of samples."""
    return _samples(folder, 1000)


def _samples(folder: str, buffer: int | None) -> Iterator[Sample]:
    with tempfile.TemporaryDirectory() as place:
        Path(place, "shards").symlink_to(Path(folder, "shards").resolve())
        energon = Path(sys.executable).with_name("energon")
        how = ["--non-interactive", "--split-ratio", "1,0,0", "--sample-type", "CrudeWebdataset"]
        subprocess.run([energon, "prepare", *how, place], check=True, stdout=subprocess.DEVNULL)
        faces = get_train_dataset(
            place,
            worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0),
            batch_size=None,
            shuffle_buffer_size=buffer,
            max_samples_per_sequence=None,
            repeat=False,
            task_encoder=Faces(),
        )
        for sample in get_loader(faces):
            yield sample.__key__.rpartition("/")[2], sample.jpg, json.loads(sample.json)


if __name__ == "__main__":
    main(stored, shuffled)
