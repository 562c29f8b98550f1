"""litdata: a ``StreamingDataset`` a group in a ``CombinedStreamingDataset`` with the groups' shares as weights.

As documented: ``iterate_over_all=False``, which weights require; ``batching_method="stratified"``, its default;
``shuffle=True``; decoding by ``transform``; their ``StreamingDataLoader``. Local chunks are read in place.

Workers don't persist: one that does is never told the next epoch, and would shuffle a group that did not run out just
as before. An epoch ends, in each worker, when a group runs out there.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from litdata import CombinedStreamingDataset, StreamingDataLoader, StreamingDataset

from benchmarks.peers._faces import DECODERS, Batch, shares
from ethnoshard.shards import FaceDataset

PACKAGE = "litdata"


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of people x images faces, whoever they are; the last of each worker may have fewer."""
    weights = shares(FaceDataset.open(dataset_folder))
    combined = CombinedStreamingDataset(
        [
            StreamingDataset(
                str(converted / "litdata" / str(group)), shuffle=True, transform=partial(_sample, decoder=decoder)
            )
            for group in range(len(weights))
        ],
        weights=weights,
        iterate_over_all=False,
        batching_method="stratified",
    )
    return StreamingDataLoader(combined, batch_size=people * images, num_workers=workers)


def _sample(sample: dict[str, Any], decoder: str) -> tuple[Any, int, int, int]:
    return DECODERS[decoder](sample["jpeg"]), sample["identity"], sample["group"], sample["face"]
