"""Faces enough to stream for seconds, out of the few that were carried."""

from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from benchmarks.gpu._checks import Emit, Setting, figure
from ethnoshard.shards import FaceDataset, open_shards
from tests.kit.datasets import write_dataset

_SHARES = (0.845, 0.113, 0.026, 0.016)
"""Of CASIA's groups; the rarest gets two people at least."""


def faces(setting: Setting, emit: Emit) -> None:
    """Make the dataset that is streamed: as many files, offsets and batches as a real one, few different pixels."""
    people, images = (12, 8) if setting.small else (900, 40)
    carried = FaceDataset.open(setting.faces)
    jpegs = carried_jpegs(carried)
    sizes = [[images] * max(2, round(share * people)) for share in _SHARES]
    write_dataset(setting.large, sizes, shard_bytes=32 << 20, picture=picked(jpegs, images), side=carried.image_size)
    made = FaceDataset.open(setting.large)
    emit(figure("faces carried", len(jpegs), ""))
    emit(figure("faces to stream", made.manifest.faces, ""))
    emit(figure("their shards", made.manifest.bytes / 2**20, "MiB"))
    emit(figure("pictures to align", sum(1 for _ in setting.pictures.glob("*/*.jpg")), ""))


def carried_jpegs(dataset: FaceDataset) -> list[bytes]:
    """The JPEGs of a dataset, in its order."""
    shards, table = open_shards(dataset), dataset.faces()
    homes = dataset.identities["shard"].to_list()
    rows = table.select("identity", "offset", "length").iter_rows()
    try:
        return [shards.read(homes[identity], offset, length) for identity, offset, length in rows]
    finally:
        shards.close()


def picked(jpegs: list[bytes], images: int) -> Callable[[int, int], bytes]:
    """A picture of ``write_dataset``: one of the JPEGs."""
    return lambda identity, face: jpegs[(identity * images + face) % len(jpegs)]


def copied_pictures(setting: Setting, folder: Path, number: int) -> Path:
    """A folder of identity folders with so many pictures: those carried, again and again, as other people."""
    carried = sorted(setting.pictures.glob("*/*.jpg"))
    for copy, path in enumerate(islice(cycle(carried), number)):
        home = folder / f"{copy // len(carried):03d}-{path.parent.name}"
        home.mkdir(parents=True, exist_ok=True)
        (home / path.name).write_bytes(path.read_bytes())
    return folder
