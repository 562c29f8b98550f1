"""DALI without a GPU: a pipeline of its threads over files, read through ``DALIGenericIterator``.

As documented: ``fn.readers.file`` with ``shuffle_after_epoch=True``, which shuffles all files anew each epoch,
``fn.decoders.image`` on the CPU, ``last_batch_policy=DROP``, ``auto_reset=True``. On tars it shuffles within a buffer
only, so that shards of one group each would hardly mix. A file's label is the face's number. It knows no groups.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.plugin.pytorch import DALIGenericIterator, LastBatchPolicy

from benchmarks.peers._faces import Batch, numbers_of_faces
from ethnoshard.shards import FaceDataset

PACKAGE = "nvidia-dali-cuda130"


@pipeline_def(device_id=None)
def _pipeline(paths: list[str]) -> Any:
    jpegs, faces = fn.readers.file(files=paths, labels=list(range(len(paths))), shuffle_after_epoch=True, name="faces")
    return fn.decoders.image(jpegs, device="cpu", output_type=types.RGB), faces


class Faces:
    """The iterator with the numbers of who comes."""

    def __init__(self, dataset: FaceDataset, files: Path, *, size: int, workers: int) -> None:
        """Read the files of all faces, whose names are their numbers."""
        self._identities, self._groups = numbers_of_faces(dataset)
        paths = list(map(str, sorted(files.glob("*/*.jpg"), key=lambda path: int(path.stem))))
        self._batches = DALIGenericIterator(
            [_pipeline(paths, batch_size=size, num_threads=workers)],
            ["images", "faces"],
            reader_name="faces",
            last_batch_policy=LastBatchPolicy.DROP,
            auto_reset=True,
        )

    def __iter__(self) -> Iterator[Batch]:
        """An epoch."""
        for (batch,) in self._batches:
            faces = batch["faces"].reshape(-1).to(torch.int64)
            yield batch["images"], self._identities[faces], self._groups[faces], faces


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are; it has one decoder."""
    return Faces(FaceDataset.open(dataset_folder), converted / "files", size=people * images, workers=workers)
