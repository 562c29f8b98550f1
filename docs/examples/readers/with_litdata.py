"""litdata reads a shard at a time, or converts all: ``python docs/examples/readers/with_litdata.py DATASET``.

``StreamingRawDataset`` is not for tars: it takes each for one item, and leaves an index in the folder that it reads.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import litdata
from _summary import Sample, main


def stored(folder: str) -> Iterator[Sample]:
    """Shard by shard, so group by group."""
    for shard in _shards(folder):
        for sample in litdata.iter_webdataset_tar(shard):
            yield sample["__key__"], sample["jpg"], json.loads(sample["json"])


def shuffled(folder: str) -> Iterator[Sample]:
    """Converted to litdata's own chunks, which hold one group as the shards do; it shuffles chunks, and within them."""
    with tempfile.TemporaryDirectory() as converted:
        litdata.optimize(
            fn=litdata.iter_webdataset_tar,
            inputs=_shards(folder),
            output_dir=converted,
            chunk_bytes="1MB",
            num_workers=1,
        )
        sample: dict[str, Any]
        for sample in litdata.StreamingDataset(converted, shuffle=True, seed=0):
            yield sample["__key__"], sample["jpg"], json.loads(sample["json"])


def _shards(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder, "shards").glob("*.tar"))


if __name__ == "__main__":
    main(stored, shuffled)
