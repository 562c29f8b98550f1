"""DALI reads the shards, here without a GPU: ``python docs/examples/readers/with_dali.py DATASET``.

``fn.decoders.image(jpegs)`` decodes. ``num_shards`` cuts the row of all samples into pieces, so ranks get groups.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _summary import Sample, main
from nvidia.dali import fn, pipeline_def

BATCH = 16


def stored(folder: str) -> Iterator[Sample]:
    """Shard by shard, so group by group."""
    return _samples(folder, random_shuffle=False)


def shuffled(folder: str) -> Iterator[Sample]:
    """In a buffer of samples, filled from the front: groups are mixed no further than it reaches."""
    return _samples(folder, random_shuffle=True)


def _samples(folder: str, *, random_shuffle: bool) -> Iterator[Sample]:
    shards = sorted(str(path) for path in Path(folder, "shards").glob("*.tar"))

    @pipeline_def(batch_size=BATCH, num_threads=1, device_id=None)
    def pipeline() -> object:
        jpegs, texts = fn.readers.webdataset(
            paths=shards,
            ext=["jpg", "json"],
            missing_component_behavior="error",
            random_shuffle=random_shuffle,
            initial_fill=1000,
            name="faces",
        )
        return jpegs, texts

    reading = pipeline()
    reading.build()
    left = reading.reader_meta("faces")["epoch_size"]
    while left > 0:
        jpegs, texts = reading.run()
        for jpeg, text in list(zip(jpegs, texts, strict=True))[:left]:
            yield _key(jpeg), np.asarray(jpeg).tobytes(), json.loads(np.asarray(text).tobytes())
        left -= BATCH


def _key(jpeg: object) -> str:
    """DALI gives no key, but says where a sample is from: ``SHARD.tar:OFFSET:KEY.jpg``."""
    return str(jpeg.source_info()).rpartition(":")[2].removesuffix(".jpg")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(stored, shuffled)
