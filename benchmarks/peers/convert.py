"""What each peer needs of a dataset: ``python -m benchmarks.peers.convert DATASET CONVERTED``.

======================  ==================================================================
``files/ID/FACE.jpg``   a file a face, in a folder an identity
``mds/GROUP/``          mosaicml-streaming's shards, of its default 64 MiB
``litdata/GROUP/``      litdata's chunks, of the 64 MB that its documentation uses
``faces.tar``           one tar of all JPEGs, for turboloader
======================  ==================================================================

Names are numbers, as the dataset counts. All keep the dataset's JPEG bytes and order. webdataset needs nothing.
"""

import argparse
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import litdata
import polars as pl
from streaming import MDSWriter

from benchmarks.peers._faces import groups_of_identities
from ethnoshard.shards import FaceDataset


def convert(dataset_folder: Path, out: Path) -> None:
    """Write what is not there yet.

    Raises:
        FileExistsError: ``out`` was converted from another dataset.
    """
    dataset = FaceDataset.open(dataset_folder)
    out.mkdir(parents=True, exist_ok=True)
    origin = out / "fingerprint"
    if origin.exists() and origin.read_text() != dataset.fingerprint:
        raise FileExistsError(
            f"{out} was converted from another dataset than {dataset_folder}; remove it or name another"
        )
    origin.write_text(dataset.fingerprint)
    _once(out / "files", lambda folder: _files(dataset, folder))
    _once(out / "faces.tar", lambda path: _tar(dataset, path))
    for group in range(len(dataset.groups)):
        _once(out / "mds" / str(group), lambda folder, group=group: _mds(dataset, group, folder))
        _once(out / "litdata" / str(group), lambda folder, group=group: _litdata(dataset, group, folder))


def _once(folder: Path, write: Callable[[Path], None]) -> None:
    if folder.exists():
        return
    begun = folder.with_name(f"{folder.name}.begun")
    if begun.is_file():
        begun.unlink()
    shutil.rmtree(begun, ignore_errors=True)
    begun.parent.mkdir(exist_ok=True)
    write(begun)
    begun.rename(folder)


def _faces(dataset: FaceDataset, group: int | None = None) -> Iterator[dict[str, Any]]:
    """The faces, of one group or all, in the dataset's order."""
    groups = groups_of_identities(dataset)
    shards = dataset.identities["shard"].to_list()
    table = dataset.faces().select(pl.int_range(pl.len()).alias("face"), "identity", "offset", "length")
    with ExitStack() as stack:
        descriptors: dict[int, int] = {}
        for face, identity, offset, length in table.iter_rows():
            if group not in (None, groups[identity]):
                continue
            shard = shards[identity]
            if shard not in descriptors:
                descriptors[shard] = os.open(dataset.shard_path(shard), os.O_RDONLY)
                stack.callback(os.close, descriptors[shard])
            jpeg = os.pread(descriptors[shard], length, offset)
            yield {"jpeg": jpeg, "identity": identity, "group": groups[identity], "face": face}


def _files(dataset: FaceDataset, folder: Path) -> None:
    folder.mkdir()
    for sample in _faces(dataset):
        path = folder / f"{sample['identity']:07d}" / f"{sample['face']:09d}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sample["jpeg"])


def _tar(dataset: FaceDataset, path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        for sample in _faces(dataset):
            entry = tarfile.TarInfo(f"{sample['face']:09d}.jpg")
            entry.size = len(sample["jpeg"])
            tar.addfile(entry, io.BytesIO(sample["jpeg"]))


def _mds(dataset: FaceDataset, group: int, folder: Path) -> None:
    columns = {"jpeg": "bytes", "identity": "int", "group": "int", "face": "int"}
    with MDSWriter(columns=columns, out=str(folder)) as writer:
        for sample in _faces(dataset, group):
            writer.write(sample)


def _litdata(dataset: FaceDataset, group: int, folder: Path) -> None:
    # litdata begins by deleting its caches, by default `chunks` and `data` in the temporary folder, whoever made
    # them. It gets folders of its own.
    with tempfile.TemporaryDirectory(dir=folder.parent) as caches:
        os.environ["DATA_OPTIMIZER_CACHE_FOLDER"] = f"{caches}/chunks"
        os.environ["DATA_OPTIMIZER_DATA_CACHE_FOLDER"] = f"{caches}/data"
        # One writer keeps the order. It is spawned, since polars may lock up in a forked process.
        litdata.optimize(
            fn=_Group(dataset.path),
            inputs=[group],
            output_dir=str(folder),
            chunk_bytes="64MB",
            num_workers=1,
            start_method="spawn",
            verbose=False,
        )


class _Group:
    """Gives the samples of a group, in the process of litdata's that writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, group: int) -> Iterator[dict[str, Any]]:
        yield from _faces(FaceDataset.open(self._folder), group)


def main() -> None:
    """Convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("converted", type=Path)
    arguments = parser.parse_args()
    convert(arguments.dataset, arguments.converted)


if __name__ == "__main__":
    main()
