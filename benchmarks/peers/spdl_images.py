"""spdl: a pipeline of threads over files, as its documentation has it for images.

As documented: ``DistributedRandomSampler`` as the source, ``aggregate`` before ``pipe``, so that a task is a batch,
``spdl.io.load_image_batch`` in as many threads as there are workers, and ``to_torch``. It decodes with FFmpeg, whose
libraries have to be on the machine (``apt install libavdevice59 libavfilter8`` on Debian 12). A task may be any
function: with ``simplejpeg`` it is our decoder's. It knows no groups and no identities.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import spdl.io
import torch
from spdl.pipeline import PipelineBuilder
from spdl.source import DistributedRandomSampler

from benchmarks.peers._faces import DECODERS, Batch, numbers_of_faces
from ethnoshard.shards import FaceDataset

PACKAGE = "spdl"


class Faces:
    """The pipeline with the numbers of who comes."""

    def __init__(self, dataset: FaceDataset, files: Path, *, size: int, workers: int, decoder: str) -> None:
        """Read the files of all faces, whose names are their numbers."""
        self._identities, self._groups = numbers_of_faces(dataset)
        paths = sorted(files.glob("*/*.jpg"), key=lambda path: int(path.stem))
        self._paths = list(map(str, paths))
        self._side, self._size, self._workers = dataset.image_size, size, workers
        self._sampler = DistributedRandomSampler(len(paths), rank=0, world_size=1)
        self._epoch = 0
        self._load = self._by_ffmpeg if decoder == "own" else self._one_by_one
        self._decode = DECODERS.get(decoder)

    def _one_by_one(self, faces: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        assert self._decode is not None, "FFmpeg takes whole batches"
        return torch.stack([self._decode(Path(self._paths[face]).read_bytes()) for face in faces]), torch.tensor(faces)

    def _by_ffmpeg(self, faces: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        buffer = spdl.io.load_image_batch(
            [self._paths[face] for face in faces], width=self._side, height=self._side, pix_fmt="rgb24"
        )
        return spdl.io.to_torch(buffer), torch.tensor(faces)

    def __iter__(self) -> Iterator[Batch]:
        """An epoch."""
        self._sampler.shuffle(self._epoch)
        self._epoch += 1
        pipeline = (
            PipelineBuilder()
            .add_source(self._sampler)
            .aggregate(self._size, drop_last=True)
            .pipe(self._load, concurrency=self._workers)
            .add_sink(3)
            .build(num_threads=self._workers)
        )
        with pipeline.auto_stop():
            for images, faces in pipeline:
                yield images, self._identities[faces], self._groups[faces], faces


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are."""
    dataset = FaceDataset.open(dataset_folder)
    return Faces(dataset, converted / "files", size=people * images, workers=workers, decoder=decoder)
