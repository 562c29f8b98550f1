"""One shard: faces copied from the parts, byte for byte, with their JSON beside them. Runs in a worker process."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from ethnoshard._files import read_json, whole_file, write_json
from ethnoshard._parallel import count
from ethnoshard._tar import TarFile
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import sample_key, samples_json
from ethnoshard.work import PartFaces, WorkFolder

_BUFFER = 2**18
_OPEN_PARTS = 16
"""Parts that are open at once: identities come in ascending order of parts, but for faces that others gave them."""
_GAP = 2**16
"""Bytes of a part that are read over rather than jumped."""


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
        return cls(**read_json(record.with_suffix(".json"))) if cls.is_there(record) else None

    @staticmethod
    def is_there(record: Path) -> bool:
        """Whether an earlier run finished the shard."""
        return record.with_suffix(".json").exists()


def write_shard(task: ShardTask) -> str:
    """Write a shard, then its record; returns its name. Whoever else writes it writes the same bytes."""
    with whole_file(task.path, shared=True, making=task.record.parent) as file:
        hashing = _Hashing(file)
        tar = TarFile(hashing)
        offsets = _copy(task, tar)
        end = tar.end
        tar.close()
        hashing.flush()
        record = {"bytes": hashing.bytes, "sha256": hashing.digest.hexdigest(), "end": end, "offsets": offsets}
    write_json(task.record.with_suffix(".json"), record, shared=True)
    return task.path.name


def _copy(task: ShardTask, tar: TarFile) -> list[int]:
    offsets: list[int] = []
    places = list(task.faces.select("part", "part_offset", "length").iter_rows())
    images = task.faces["source_image"].to_list()
    parts, begin = _Parts(task.work), 0
    try:
        for number, person in enumerate(task.identities.iter_rows(named=True), task.first):
            own = slice(begin, begin + person["faces"])
            offsets += _copy_identity(tar, person, number, parts.read(places[own]), images[own])
            count(person["faces"])
            begin = own.stop
    finally:
        parts.close()
    return offsets


def _copy_identity(
    tar: TarFile, person: Mapping[str, Any], number: int, jpegs: Sequence[memoryview], images: Sequence[str]
) -> list[int]:
    described = samples_json(
        identity=person["identity"], number=number, group=person["group"], confidence=person["confidence"]
    )
    members: list[tuple[str, bytes | memoryview]] = []
    for face, (jpeg, image) in enumerate(zip(jpegs, images, strict=True)):
        key = sample_key(number, face)
        members += ((f"{key}.jpg", jpeg), (f"{key}.json", described(image)))
    return tar.add_all(members)[::2]


class _Parts:
    """The work folder's parts, as many open as are read in turns."""

    def __init__(self, work: WorkFolder) -> None:
        self._work = work
        self._open: OrderedDict[int, PartFaces] = OrderedDict()

    def read(self, places: list[tuple[int, int, int]]) -> list[memoryview]:
        """JPEGs of one identity, by part, offset and length.

        An identity's own faces lie together in a part, those of one image in another order: one read fetches them all.
        Those that other identities gave lie elsewhere.
        """
        jpegs: dict[tuple[int, int, int], memoryview] = {}
        waiting: list[tuple[int, int, int]] = []
        end = 0
        for place in sorted(places):
            part, offset, length = place
            if waiting and (part != waiting[0][0] or offset - end > _GAP):
                jpegs |= self._span(waiting)
                waiting = []
            end = max(end, offset + length) if waiting else offset + length
            waiting.append(place)
        jpegs |= self._span(waiting)
        return [jpegs[place] for place in places]

    def _span(self, places: list[tuple[int, int, int]]) -> dict[tuple[int, int, int], memoryview]:
        """JPEGs of one part that lie beside each other, read at once."""
        part, start, _ = places[0]
        file = self._opened(part)
        end = max(offset + length for _, offset, length in places)
        span = memoryview(file.read(start, end - start))
        jpegs = {}
        for place in places:
            _, offset, length = place
            jpegs[place] = jpeg = span[offset - start : offset - start + length]
            if bytes(jpeg[:2]) != b"\xff\xd8":
                raise EthnoshardError(
                    f"{file.path} holds no JPEG at byte {offset:,}, where its table places a face; delete that part's "
                    f"two files and run the same `ethnoshard align` again"
                )
        return jpegs

    def _opened(self, part: int) -> PartFaces:
        if part not in self._open:
            if len(self._open) == _OPEN_PARTS:
                self._open.popitem(last=False)[1].close()
            self._open[part] = PartFaces(self._work.part_path(part))
        self._open.move_to_end(part)
        return self._open[part]

    def close(self) -> None:
        """Close the files."""
        for part in self._open.values():
            part.close()


class _Hashing:
    """A file that is hashed while it is written, in large pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._pending: list[bytes | memoryview] = []
        self._waiting = 0
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, content: bytes | memoryview) -> None:
        self._pending.append(content)
        self._waiting += len(content)
        if self._waiting >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        joined = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self.digest.update(joined)
        self._file.write(joined)
        self.bytes += self._waiting
        self._pending, self._waiting = [], 0
