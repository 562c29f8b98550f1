"""Small whole files of every kind that is read, to be damaged."""

import io
import json
import pickle
import tarfile
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import simplejpeg

from ethnoshard.sources import (
    RecordWriter,
)

PEOPLE, IMAGES, SIDE = 6, 3, 32


@lru_cache
def face(number: int) -> bytes:
    """A small JPEG of noise."""
    pixels = np.random.default_rng(number).integers(0, 256, (SIDE // 8, SIDE // 8, 3), np.uint8)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(np.kron(pixels, np.ones((8, 8, 1), np.uint8)))))


def photographs() -> dict[str, bytes]:
    """Names and bytes of images of a few people."""
    return {f"p{place // IMAGES}/{place % IMAGES}.jpg": face(place) for place in range(PEOPLE * IMAGES)}


def text_file(name: str, content: str, folder: Path) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def tar_file(name: str, mode: str, folder: Path) -> None:
    with tarfile.open(folder / name, mode) as archive:
        for path, data in photographs().items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def zip_file(name: str, folder: Path) -> None:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in photographs().items():
            archive.writestr(path, data)


def recordio(folder: Path, *, index: bool = True) -> None:
    images, number = list(photographs().values()), PEOPLE * IMAGES
    with (folder / "train.rec").open("wb") as records, (folder / "train.idx").open("wb") as lines:
        writer = RecordWriter(records, lines)
        writer.numbers(0, number + 1, number + 1 + PEOPLE)
        for place, image in enumerate(images):
            writer.image(place + 1, place // IMAGES, image)
        for person in range(PEOPLE):
            writer.numbers(number + 1 + person, 1 + person * IMAGES, 1 + (person + 1) * IMAGES)
    (folder / "property").write_text(f"{PEOPLE},{SIDE},{SIDE}\n")
    if not index:
        (folder / "train.idx").unlink()


def parquet_images(name: str, folder: Path) -> None:
    rows = [
        {"image": {"bytes": data, "path": path.rpartition("/")[2]}, "label": path.partition("/")[0], "race": "A"}
        for path, data in photographs().items()
    ]
    pl.DataFrame(rows).write_parquet(folder / name, row_group_size=5)


def shard_file(name: str, mode: str, folder: Path) -> None:
    with tarfile.open(folder / name, mode) as archive:
        for path, data in photographs().items():
            key = path.partition(".")[0].replace("/", "-")
            about = json.dumps({"identity": path.partition("/")[0], "group": "A", "source_image": path}).encode()
            for end, content in ((".jpg", data), (".json", about), (".cls", path[1:2].encode())):
                member = tarfile.TarInfo(key + end)
                member.size, member.mtime = len(content), 1.5
                archive.addfile(member, io.BytesIO(content))


def bin_file(name: str, answers: object, folder: Path) -> None:
    images = [face(place % 24) for place in range(24)]
    (folder / name).write_bytes(pickle.dumps((images, answers), 4))


def parquet_pairs(name: str, folder: Path) -> None:
    images = [{"bytes": face(place), "path": f"{place}.jpg"} for place in range(24)]
    label = [place % 2 for place in range(12)]
    pl.DataFrame({"label": label, "image1": images[::2], "image2": images[1::2]}).write_parquet(folder / name)


def cfp(folder: Path) -> None:
    images = [f"{n + 1} ../Data/Images/{n // 4 + 1:03d}/frontal/{n % 4 + 1:02d}.jpg" for n in range(16)]
    text_file("Protocol/Pair_list_F.txt", "\n".join(images), folder)
    text_file("Protocol/Split/FF/01/same.txt", "1,2\n5,6\n9,10\n", folder)
    text_file("Protocol/Split/FF/01/diff.txt", "1,5\n5,9\n9,13\n", folder)


def utkface(name: str, folder: Path) -> None:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for n in range(12):
            archive.writestr(f"UTKFace/{20 + n}_{n % 2}_{n % 5}_2017010917420{n:04d}.jpg.chip.jpg", face(n))


def fairface(folder: Path) -> None:
    races = ("White", "Black", "Indian", "East Asian", "Latino_Hispanic")
    rows = ["file,age,gender,race,service_test"]
    for n in range(10):
        path = folder / "val" / f"{n + 1}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(face(n))
        rows.append(f"val/{n + 1}.jpg,{3 * n}-{3 * n + 2},{('Male', 'Female')[n % 2]},{races[n % 5]},True")
    text_file("fairface_label_val.csv", "\n".join(rows) + "\n", folder)
