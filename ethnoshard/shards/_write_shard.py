"""One shard: faces copied from the parts, byte for byte, with their JSON beside them. Runs in a worker process."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from ethnoshard._files import read_json, whole_file, write_json
from ethnoshard._parallel import count
from ethnoshard._tar import TarFile
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import sample_json, sample_key
from ethnoshard.work import PartFaces, WorkFolder

_BUFFER = 2**20


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """A shard to be written.

    Attributes:
        path: where it goes.
        record: where the record goes which says that it is there, without a suffix.
        work: the work folder.
        first: number of its first identity.
        identities: its rows of the layout's identities.
        faces: its rows of the layout's faces.
    """

    path: Path
    record: Path
    work: WorkFolder
    first: int
    identities: pl.DataFrame
    faces: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """A shard that is on disk.

    Attributes:
        bytes: its size.
        sha256: hex.
        end: where the last sample ends, in bytes; what follows is the tar's end mark.
        offsets: place of each face's JPEG, in the order of the task.
    """

    bytes: int
    sha256: str
    end: int
    offsets: list[int]

    @classmethod
    def read(cls, record: Path) -> "ShardRecord | None":
        """The record of a shard that an earlier run finished, or None."""
        path = record.with_suffix(".json")
        return cls(**read_json(path)) if path.exists() else None


def write_shard(task: ShardTask) -> str:
    """Write a shard, then its record; returns its name."""
    with whole_file(task.path) as file:
        hashing = _Hashing(file)
        tar = TarFile(hashing)
        offsets = _copy(task, tar)
        end = tar.end
        tar.close()
        hashing.flush()
        record = {"bytes": hashing.bytes, "sha256": hashing.digest.hexdigest(), "end": end, "offsets": offsets}
    write_json(task.record.with_suffix(".json"), record)
    return task.path.name


def _copy(task: ShardTask, tar: TarFile) -> list[int]:
    offsets: list[int] = []
    people = task.identities.rows(named=True)
    parts: dict[int, PartFaces] = {}
    try:
        for (number,), faces in task.faces.group_by("identity", maintain_order=True):
            person = people[int(number) - task.first]
            part = int(faces["part"][0])
            if part not in parts:
                # Parts come in ascending order, so that one open file is enough.
                for old in parts.values():
                    old.close()
                parts = {part: PartFaces(task.work.part_path(part))}
            offsets += _copy_identity(tar, person, int(number), faces, parts[part])
            count(len(faces))
    finally:
        for part_faces in parts.values():
            part_faces.close()
    return offsets


def _copy_identity(
    tar: TarFile, person: Mapping[str, Any], number: int, faces: pl.DataFrame, part: PartFaces
) -> list[int]:
    places, lengths = faces["part_offset"].to_list(), faces["length"].to_list()
    # An identity's faces lie together in the part, those of one image in another order: one read fetches them all.
    start = min(places)
    span = memoryview(part.read(start, max(map(sum, zip(places, lengths, strict=True))) - start))
    offsets = []
    for face, (place, length, image) in enumerate(zip(places, lengths, faces["source_image"], strict=True)):
        key = sample_key(number, face)
        jpeg = span[place - start : place - start + length]
        if bytes(jpeg[:2]) != b"\xff\xd8":
            raise EthnoshardError(
                f"{part.path} holds no JPEG at byte {place:,}, where its table places a face; delete that part's two "
                f"files and run the same `ethnoshard align` again"
            )
        offsets.append(tar.add(f"{key}.jpg", jpeg))
        described = sample_json(
            identity=person["identity"],
            number=number,
            group=person["group"],
            confidence=person["confidence"],
            source_image=image,
        )
        tar.add(f"{key}.json", described)
    return offsets


class _Hashing:
    """A file that is hashed while it is written, in large pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._pending = bytearray()
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, content: bytes | memoryview) -> None:
        self._pending += content
        if len(self._pending) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        self.digest.update(self._pending)
        self._file.write(self._pending)
        self.bytes += len(self._pending)
        self._pending = bytearray()
