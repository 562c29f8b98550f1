"""ethnoshard's loader, measured as its peers are: ``target="natural"``, as many workers."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from benchmarks.peers._faces import Batch, first_faces
from ethnoshard import FaceDataset, StratifiedLoader

PACKAGE = "ethnoshard"


class Numbered:
    """The loader, with faces counted through the whole dataset as the peers' are."""

    def __init__(self, loader: StratifiedLoader) -> None:
        """Number the faces of ``loader``."""
        self._loader = loader
        self._first = torch.tensor(first_faces(loader.dataset))
        self.shares = _shares(loader)

    def __iter__(self) -> Iterator[Batch]:
        """The batches of an epoch."""
        for batch in self._loader:
            yield batch.images, batch.identities, batch.groups, self._first[batch.identities] + batch.faces


def _shares(loader: StratifiedLoader) -> list[float]:
    """The natural target: each group's share of the cells of those who take part."""
    given = {
        stratum.name: float(share)
        for stratum, share in zip(loader.plan.strata, loader.plan.phases[0].shares, strict=True)
    }
    return [given.get(name, 0.0) for name in loader.dataset.groups]


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of ``people`` identities, ``images`` of each; it needs no conversion, and has one decoder."""
    if decoder != "simplejpeg":
        raise ValueError(f"ethnoshard decodes with simplejpeg, not with {decoder}")
    dataset = FaceDataset.open(dataset_folder)
    return Numbered(StratifiedLoader(dataset, people_per_batch=people, images_per_person=images, num_workers=workers))
