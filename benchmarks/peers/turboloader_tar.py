"""turboloader: its ``DataLoader`` on one tar of JPEGs, the default fast path of its documentation.

As documented: ``output_format="pytorch"`` with a fixed ``image_size``, ``shuffle=True`` with ``set_epoch``; a pool of
C++ threads, one a core, decodes into one array a batch, which is float32: there is no other on this path. Labels follow
from ``meta["indices"]``, places in the tar. It knows no groups and no identities: the mix is what chance gives.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
import turboloader

from benchmarks.peers._faces import Batch, numbers_of_faces
from ethnoshard.shards import FaceDataset

PACKAGE = "turboloader"


class Faces:
    """The loader with the numbers of who comes."""

    def __init__(self, dataset: FaceDataset, tar: Path, *, size: int, workers: int) -> None:
        """Read the tar of all faces, in the dataset's order."""
        self._identities, self._groups = numbers_of_faces(dataset)
        self._loader = turboloader.DataLoader(
            str(tar),
            batch_size=size,
            num_workers=workers,
            image_size=dataset.image_size,
            output_format="pytorch",
            shuffle=True,
            drop_last=True,
        )
        self._epoch = 0

    def __iter__(self) -> Iterator[Batch]:
        """An epoch."""
        self._loader.set_epoch(self._epoch)
        self._epoch += 1
        for images, meta in self._loader:
            faces = torch.as_tensor(meta["indices"], dtype=torch.int64)
            yield torch.from_numpy(images), self._identities[faces], self._groups[faces], faces


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are; it has one decoder."""
    return Faces(FaceDataset.open(dataset_folder), converted / "faces.tar", size=people * images, workers=workers)
