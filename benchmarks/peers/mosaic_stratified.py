"""mosaicml-streaming: a ``Stream`` a group with its share as ``proportion``, ``batching_method="stratified"``.

As documented: the dataset is told the loader's batch size; ``shuffle=True`` with the default algorithm (py1e); a
subclass decodes in ``__getitem__``; their ``StreamingDataLoader``. Shards are local: nothing is downloaded or copied.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streaming import Stream, StreamingDataLoader, StreamingDataset

from benchmarks.peers._faces import DECODERS, Batch, shares
from ethnoshard.shards import FaceDataset

PACKAGE = "mosaicml-streaming"


class Faces(StreamingDataset):
    """Faces decoded as they are asked for."""

    def __init__(self, *, decoder: str, **settings: Any) -> None:
        """Decode with ``decoder``; the rest is the base class's."""
        super().__init__(**settings)
        self._decode = DECODERS[decoder]

    def __getitem__(self, at: int) -> tuple[Any, int, int, int]:
        """A face and its numbers."""
        sample = super().__getitem__(at)
        return self._decode(sample["jpeg"]), sample["identity"], sample["group"], sample["face"]


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are, of the same counts a group."""
    size = people * images
    faces = Faces(
        decoder=decoder,
        streams=[
            Stream(local=str(converted / "mds" / str(group)), proportion=share)
            for group, share in enumerate(shares(FaceDataset.open(dataset_folder)))
        ],
        batch_size=size,
        batching_method="stratified",
        shuffle=True,
    )
    return StreamingDataLoader(
        faces, batch_size=size, num_workers=workers, drop_last=True, persistent_workers=workers > 0
    )
