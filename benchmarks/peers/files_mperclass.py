"""JPEG files in a folder an identity, ``ImageFolder``, and pytorch-metric-learning's ``MPerClassSampler``.

As documented: ``labels=dataset.targets``, ``m`` images an identity, the batch size said, and an epoch as long as the
dataset (``length_before_new_iter``). It knows identities but no groups: the mix is whatever the drawn people give.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytorch_metric_learning.samplers import MPerClassSampler
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

from benchmarks.peers._faces import DECODERS, Batch, groups_of_identities
from ethnoshard.shards import FaceDataset

PACKAGE = "pytorch-metric-learning"


class Faces(ImageFolder):
    """Faces with their numbers, which are the names of folders and files."""

    def __init__(self, folder: Path, groups: list[int], decoder: str) -> None:
        """Read the faces below ``folder``; ``groups`` has the group of each identity."""
        super().__init__(str(folder))
        self._groups, self._decode = groups, DECODERS[decoder]

    def __getitem__(self, at: int) -> tuple[Any, int, int, int]:
        """A face and its numbers."""
        path, label = self.samples[at]
        identity = int(self.classes[label])
        jpeg = Path(path)
        return self._decode(jpeg.read_bytes()), identity, self._groups[identity], int(jpeg.stem)


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of ``people`` identities, ``images`` of each; one that has fewer is drawn with replacement."""
    size = people * images
    faces = Faces(converted / "files", groups_of_identities(FaceDataset.open(dataset_folder)), decoder)
    sampler = MPerClassSampler(faces.targets, m=images, batch_size=size, length_before_new_iter=len(faces))
    return DataLoader(
        faces,
        batch_size=size,
        sampler=sampler,
        num_workers=workers,
        drop_last=True,
        persistent_workers=workers > 0,
    )
