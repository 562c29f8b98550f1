"""Datasets of any shape without photographs: each face is a pattern that says whose it is and which."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import simplejpeg

from ethnoshard._files import sha256_of, write_json, write_table
from ethnoshard._tar import TarFile
from ethnoshard.alignment import AlignSettings
from ethnoshard.shards import PackSettings
from ethnoshard.shards._format import (
    FACES,
    FACES_SCHEMA,
    FORMAT,
    IDENTITIES,
    IDENTITIES_SCHEMA,
    MANIFEST,
    fingerprint,
    sample_json,
    sample_key,
)
from ethnoshard.shards._manifest import ShardEntry

SIDE = 48
_BITS, _BLOCK = 36, 8
_FACE_BITS = 16

Picture = Callable[[int, int], bytes]


def pattern(identity: int, face: int) -> npt.NDArray[np.uint8]:
    """Pixels, shape (48, 48, 3), whose 36 black or white squares are the bits of both numbers."""
    value = identity << _FACE_BITS | face
    bits = np.array([value >> bit & 1 for bit in range(_BITS)], np.uint8).reshape(6, 6) * 255
    return np.ascontiguousarray(np.repeat(np.kron(bits, np.ones((_BLOCK, _BLOCK), np.uint8))[..., None], 3, axis=2))


@lru_cache(maxsize=100_000)
def pattern_jpeg(identity: int, face: int) -> bytes:
    """The pattern as a JPEG that loses none of the squares."""
    return bytes(simplejpeg.encode_jpeg(pattern(identity, face), quality=90))


def said_by(images: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Identity and face of each pattern, from pixels of shape (n, 3, 48, 48)."""
    middle = images[:, 1, _BLOCK // 2 :: _BLOCK, _BLOCK // 2 :: _BLOCK].reshape(len(images), -1) > 127
    values = [sum(1 << bit for bit in np.flatnonzero(row).tolist()) for row in middle]
    return [(value >> _FACE_BITS, value & ((1 << _FACE_BITS) - 1)) for value in values]


def write_dataset(
    folder: Path,
    faces: Sequence[Sequence[int]],
    *,
    shard_bytes: int = 1 << 20,
    picture: Picture = pattern_jpeg,
    side: int = SIDE,
) -> Path:
    """Write a dataset folder: ``faces[g][i]`` is how many faces identity i of group g has; groups are called A, B ...

    Args:
        folder: where it goes.
        faces: for each group, for each of its identities, how many faces.
        shard_bytes: a shard ends after the identity that reaches this.
        picture: the JPEG of a face, by the identity's number and the face's.
        side: side of the pictures, pixels.
    """
    (folder / "shards").mkdir(parents=True)
    people: dict[str, list[object]] = {name: [] for name in IDENTITIES_SCHEMA}
    rows: dict[str, list[object]] = {name: [] for name in FACES_SCHEMA}
    shards: list[dict[str, object]] = []
    identity = 0
    for letter, sizes in zip("ABCDEFGHIJ", faces, strict=False):
        waiting, number = list(sizes), 0
        while waiting:
            name = f"shards/{letter.lower()}-{number:06d}.tar"
            first, count = identity, 0
            with (folder / name).open("wb") as file:
                tar = TarFile(file)
                while waiting and tar.end < shard_bytes:
                    size, begin = waiting.pop(0), tar.end
                    for face in range(size):
                        key, jpeg = sample_key(identity, face), picture(identity, face)
                        rows["offset"].append(tar.add(f"{key}.jpg", jpeg))
                        about = sample_json(
                            identity=f"p{identity}", number=identity, group=letter, confidence=None, source_image=key
                        )
                        tar.add(f"{key}.json", about)
                        rows["identity"].append(identity)
                        rows["length"].append(len(jpeg))
                        rows["source_image"].append(key)
                        rows["probability"].append(None)
                    row = (f"p{identity}", letter, None, len(shards), begin, tar.end - begin, size)
                    for column, value in zip(people.values(), row, strict=True):
                        column.append(value)
                    identity, count = identity + 1, count + size
                tar.close()
            shards.append(
                {
                    "name": name,
                    "group": letter,
                    "bytes": (folder / name).stat().st_size,
                    "identities": identity - first,
                    "faces": count,
                    "sha256": sha256_of(folder / name),
                }
            )
            number += 1
    return _described(folder, pl.DataFrame(people, IDENTITIES_SCHEMA), pl.DataFrame(rows, FACES_SCHEMA), shards, side)


def _described(
    folder: Path, identities: pl.DataFrame, faces: pl.DataFrame, shards: list[dict[str, Any]], side: int
) -> Path:
    write_table(folder / IDENTITIES, identities)
    write_table(folder / FACES, faces)
    names = identities["group"].unique(maintain_order=True).to_list()
    groups = []
    for name in names:
        own = identities.filter(pl.col("group") == name)
        mine = [shard for shard in shards if shard["group"] == name]
        size = sum(shard["bytes"] for shard in mine)
        groups.append(
            {"name": name, "identities": len(own), "faces": own["faces"].sum(), "shards": len(mine), "bytes": size}
        )
    manifest = {
        "format": FORMAT,
        "fingerprint": fingerprint(names, side, [ShardEntry(**shard) for shard in shards], identities, faces),
        "plan": "made",
        "image_size": side,
        "groups": groups,
        "identities": len(identities),
        "faces": len(faces),
        "bytes": sum(group["bytes"] for group in groups),
        "left_out": {},
        "align": {
            "source": {
                "name": "made",
                "kind": "folder",
                "digest": "",
                "images": len(faces),
                "identities": len(identities),
            },
            "settings": asdict(AlignSettings(size=side, aligned=True)),
            "device": "cpu",
            "versions": {},
        },
        "label": {"sources": ["made"]},
        "pack": asdict(PackSettings()),
        "index": {name: sha256_of(folder / name) for name in (IDENTITIES, FACES)},
        "shards": shards,
    }
    write_json(folder / MANIFEST, manifest)
    return folder
