"""Photographs in the forms of model hubs, written by the libraries that write them there."""

import io
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl
import webdataset
from containers import Photos


def parquet_rows(photos: Photos) -> pl.DataFrame:
    """``image`` as ``datasets`` has it, and the folder as ``label``."""
    rows = [
        {"image": {"bytes": data, "path": name.rpartition("/")[2]}, "label": name.rpartition("/")[0]}
        for name, data in photos.items()
    ]
    image = pl.Struct({"bytes": pl.Binary, "path": pl.String})
    return pl.DataFrame(rows, {"image": image, "label": pl.String})


def write_class_parquet(photos: Photos, where: Path) -> Path:
    """By ``datasets``, with numbers of classes whose names are in the schema's metadata alone."""
    from datasets import ClassLabel, Dataset, Features, Image

    people = sorted({name.rpartition("/")[0] for name in photos}, reverse=True)
    columns = {
        "image": [{"bytes": data, "path": name.rpartition("/")[2]} for name, data in photos.items()],
        "label": [people.index(name.rpartition("/")[0]) for name in photos],
    }
    Dataset.from_dict(columns, features=Features({"image": Image(), "label": ClassLabel(names=people)})).to_parquet(
        where
    )
    return where


def write_shards(
    samples: Sequence[Mapping[str, object]], where: Path, number: int = 1, end: str = ".tar"
) -> list[Path]:
    """By ``webdataset``: samples in turn to each of a number of shards."""
    where.mkdir(exist_ok=True)
    paths = [where / f"shard-{shard:04d}{end}" for shard in range(number)]
    for shard, path in enumerate(paths):
        with webdataset.TarWriter(str(path)) as writer:
            for sample in itertools.islice(samples, shard, None, number):
                writer.write(dict(sample))
    return paths


def class_samples(photos: Photos, classes: Sequence[str]) -> list[dict[str, object]]:
    """``jpg`` and ``cls``, the number of the person; the key is the file's name, which others have too."""
    samples = []
    for name, data in photos.items():
        person, _, file = name.rpartition("/")
        samples.append({"__key__": file.partition(".")[0], "jpg": data, "cls": classes.index(person)})
    return samples


def json_samples(photos: Photos, groups: Mapping[str, str]) -> list[dict[str, object]]:
    """``jpg`` and ``json``, which has the person and the group."""
    samples = []
    for number, (name, data) in enumerate(photos.items()):
        person = name.rpartition("/")[0]
        samples.append(
            {
                "__key__": f"{number:06d}",
                "jpg": data,
                "json": {"person_id": person, "race": groups.get(person), "n": number},
            }
        )
    return samples


def tar_bytes(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar of members as they come, one name perhaps several times."""
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def json_bytes(**content: object) -> bytes:
    return json.dumps(content).encode()
