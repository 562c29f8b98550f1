"""One shard: faces copied from the parts, byte for byte, with their JSON beside them. Runs in a worker process."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ethnoshard._files import disk_error, read_json, whole_file, write_json
from ethnoshard._parallel import count
from ethnoshard._tar import TarFile
from ethnoshard._upload_sums import Summing, Sums
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
        md5: hex, and
        md5_of_parts: see :class:`~ethnoshard._upload_sums.Sums`; "" of a shard that isn't to be uploaded.
    """

    bytes: int
    sha256: str
    end: int
    offsets: list[int]
    md5: str = ""
    md5_of_parts: str = ""

    @property
    def sums(self) -> Sums:
        """Those of a shard that is to be uploaded."""
        return Sums(bytes=self.bytes, sha256=self.sha256, md5=self.md5, md5_of_parts=self.md5_of_parts)

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
        digest = hashlib.sha256()
        size, end, offsets = _write(task, file.write, digest)
        record = {"bytes": size, "sha256": digest.hexdigest(), "end": end, "offsets": offsets}
    write_json(task.record.with_suffix(".json"), record, shared=True)
    return task.path.name


def measure_shard(task: ShardTask) -> str:
    """Write the record of a shard without the shard; returns its name."""
    summing = Summing()
    _, end, offsets = _write(task, _forget, summing)
    record = {**asdict(summing.sums()), "end": end, "offsets": offsets}
    write_json(task.record.with_suffix(".json"), record, shared=True)
    return task.path.name


def copy_shard(task: ShardTask, path: Path) -> Sums:
    """Write a shard to a file that is needed for a while, and nothing that says that it is there; returns its sums.

    Raises:
        EthnoshardError: the disk is full, or can't be written.
    """
    summing = Summing()
    try:
        with path.open("wb") as file:
            _write(task, file.write, summing)
    except OSError as error:
        raise disk_error(error, path) from error
    return summing.sums()


def _forget(content: bytes | memoryview) -> None:
    """Where a shard's bytes go that is measured only."""


def _write(
    task: ShardTask, write: Callable[[bytes | memoryview], object], digest: "hashlib._Hash | Summing"
) -> tuple[int, int, list[int]]:
    """Write a shard somewhere; its size, where its last sample ends, and the place of each JPEG."""
    hashing = _Hashing(write, digest)
    tar = TarFile(hashing)
    offsets = _copy(task, tar)
    end = tar.end
    tar.close()
    hashing.flush()
    return hashing.bytes, end, offsets


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
    """Where a file is hashed while it is written, in large pieces."""

    def __init__(self, write: Callable[[bytes | memoryview], object], digest: "hashlib._Hash | Summing") -> None:
        self._write = write
        self._pending: list[bytes | memoryview] = []
        self._waiting = 0
        self._digest = digest
        self.bytes = 0

    def write(self, content: bytes | memoryview) -> None:
        self._pending.append(content)
        self._waiting += len(content)
        if self._waiting >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        joined = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._digest.update(joined)
        self._write(joined)
        self.bytes += self._waiting
        self._pending, self._waiting = [], 0
