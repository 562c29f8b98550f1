"""Is a dataset folder what its manifest says? Everything is read again, the shards by WebDataset's own reader."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._progress import SILENT, Progress
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._face_index import FaceIndex
from ethnoshard.shards._verify_index import index_faults
from ethnoshard.shards._verify_shard import ShardTask, check_shard


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The outcome of verifying.

    Attributes:
        shards: shards read.
        samples: samples read.
        decoded: JPEGs decoded.
        faults: what is wrong, a text for each; empty if all is well.
    """

    shards: int
    samples: int
    decoded: int
    faults: list[str]


def verify(
    path: str | Path,
    *,
    decode: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> Verification:
    """Check every checksum, every tar by WebDataset's own reader, every row of the index, if wanted every JPEG.

    Call it from a script only under ``if __name__ == "__main__":``, because it starts processes.

    Args:
        path: the dataset folder, or as a string its URL. Each shard is then fetched into the cache, as the loader does.
        decode: decode every JPEG as well.
        workers: processes; one a core by default.
        executor: what reads the shards; by default processes of this machine.
        progress: told how many faces there are, and how many are done.

    Raises:
        EthnoshardError: the folder is not a dataset, so that there is nothing to check.
    """
    workers = check_workers(workers)
    dataset = FaceDataset.open(path)
    faces = dataset.face_index()
    faults = list(index_faults(dataset, faces))
    if faults:
        # With an index that can't be trusted every face would be a fault.
        return Verification(shards=0, samples=0, decoded=0, faults=faults)
    progress.begun(dataset.manifest.faces, 0)
    tasks, shards = _tasks(dataset, faces, decode), len(dataset.manifest.shards)
    check = executor or in_processes
    outcomes = sorted(
        check(check_shard, tasks, workers=min(workers, shards), progress=progress),
        key=lambda outcome: outcome.shard,
    )
    return Verification(
        shards=len(outcomes),
        samples=sum(outcome.samples for outcome in outcomes),
        decoded=sum(outcome.decoded for outcome in outcomes),
        faults=[fault for outcome in outcomes for fault in outcome.faults],
    )


def _tasks(dataset: FaceDataset, index: FaceIndex, decode: bool) -> Iterator[ShardTask]:
    """A task for each shard, of no more than it needs: identities are in the order of the shards."""
    manifest, identities = dataset.manifest, dataset.identities
    ends = np.cumsum(np.bincount(identities["shard"].to_numpy(), minlength=len(manifest.shards))).tolist()
    first_face = np.concatenate([[0], np.cumsum(identities["faces"].to_numpy(), dtype=np.int64)])
    bare = replace(dataset, identities=identities.clear())
    for number, (start, stop) in enumerate(itertools.pairwise([0, *ends])):
        alone = replace(bare, manifest=replace(manifest, shards=[manifest.shards[number]]))
        # The cache of a remote dataset is bounded by the sizes of all of its shards.
        of, shard = (alone, 0) if dataset.url is None else (bare, number)
        yield ShardTask(
            number=number,
            dataset=of,
            shard=shard,
            first=start,
            identities=identities[start:stop],
            faces=range(int(first_face[start]), int(first_face[stop])),
            index=index,
            decode=decode,
        )
