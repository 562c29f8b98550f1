"""The right reader for a dataset's shards."""

from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._read import LocalShards, ShardReader, ShardsInMemory
from ethnoshard.shards._remote import RemoteShards


def open_shards(dataset: FaceDataset, *, in_memory: bool = False, limit_mib: int = 8192) -> ShardReader:
    """A reader of the dataset's shards.

    Args:
        dataset: a folder's, or one opened by its URL.
        in_memory: keep each shard in memory once it was read.
        limit_mib: of a remote dataset, MiB of shards that are kept on disk at most.

    Raises:
        EthnoshardError: the limit is smaller than the largest shard of a remote dataset.
    """
    shards: ShardReader = LocalShards(dataset) if dataset.url is None else RemoteShards(dataset, limit_mib=limit_mib)
    return ShardsInMemory(shards, dataset) if in_memory else shards
