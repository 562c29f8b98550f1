"""Hugging Face's datasets reads the folder: ``python docs/examples/readers/with_datasets.py DATASET``.

The head of the dataset's README.md tells it where samples are and of which types. A dataset that was packed without
one needs ``load_dataset("webdataset", data_files="DATASET/shards/*.tar", ...)``.
"""

import tempfile
from collections.abc import Iterable, Iterator

import datasets
from _summary import Sample, main


def stored(folder: str) -> Iterator[Sample]:
    """Not streaming: everything is copied into Arrow files in a cache, here one that goes away again."""
    with tempfile.TemporaryDirectory() as cache:
        faces = datasets.load_dataset(folder, split="train", cache_dir=cache)
        yield from _samples(faces.cast_column("jpg", datasets.Image(decode=False)))


def shuffled(folder: str) -> Iterator[Sample]:
    """Streaming, in a buffer of samples; each of them is a PIL image unless it is asked for as it is."""
    faces = datasets.load_dataset(folder, split="train", streaming=True)
    return _samples(faces.cast_column("jpg", datasets.Image(decode=False)).shuffle(seed=0, buffer_size=1000))


def _samples(faces: Iterable[dict[str, dict[str, bytes]]]) -> Iterator[Sample]:
    for sample in faces:
        yield str(sample["__key__"]), sample["jpg"]["bytes"], dict(sample["json"])


if __name__ == "__main__":
    main(stored, shuffled)
