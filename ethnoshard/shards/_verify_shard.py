"""One shard: its checksum, its spans and its samples, as WebDataset reads them. Runs in a worker process."""

import contextlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import polars as pl

from ethnoshard._files import sha256_of
from ethnoshard._parallel import count
from ethnoshard._tar import BLOCK, end_of_tar
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._face_index import FaceIndex
from ethnoshard.shards._format import sample_key
from ethnoshard.shards._remote import RemoteShards

MOST_FAULTS = 20
"""Faults named of one shard; more are counted."""


@dataclass(frozen=True, kw_only=True)
class ShardTask:
    """A shard to be checked, by one process.

    Attributes:
        number: of the shard.
        dataset: without its identities; of a local one with this shard alone in the manifest.
        shard: its place in that manifest.
        first: number of its first identity.
        identities: its rows of the table of identities.
        faces: its rows of the table of faces.
        index: reads them.
        decode: whether every JPEG is decoded.
    """

    number: int
    dataset: FaceDataset
    shard: int
    first: int
    identities: pl.DataFrame
    faces: range
    index: FaceIndex
    decode: bool


@dataclass(frozen=True, kw_only=True)
class ShardOutcome:
    """What came of it; see ``Verification``."""

    shard: int
    samples: int
    decoded: int
    faults: list[str]


def check_shard(task: ShardTask) -> ShardOutcome:
    """Check one shard, in a worker process; one that can't be fetched as it was packed is a fault."""
    if task.dataset.url is None:
        return _check_file(task)
    name = task.dataset.manifest.shards[task.shard].name
    try:
        with contextlib.closing(RemoteShards(task.dataset)) as shards, shards.held(task.shard):
            return _check_file(task)
    except EthnoshardError as error:
        return ShardOutcome(shard=task.number, samples=0, decoded=0, faults=[f"{name}: {error}"])


def _check_file(task: ShardTask) -> ShardOutcome:
    entry, path = task.dataset.manifest.shards[task.shard], task.dataset.shard_path(task.shard)
    faults = _Faults(entry.name)
    samples = decoded = 0
    if not path.is_file():
        faults.add("is missing")
    elif path.stat().st_size != entry.bytes:
        faults.add(f"has {path.stat().st_size:,} bytes, the manifest says {entry.bytes:,}")
    elif sha256_of(path) != entry.sha256:
        faults.add("its bytes are not those that the manifest vouches for (sha256 differs)")
    _check_spans(task, faults)
    if path.is_file():
        samples, decoded = _check_samples(task, path, faults)
    return ShardOutcome(shard=task.number, samples=samples, decoded=decoded, faults=faults.texts())


def _check_spans(task: ShardTask, faults: "_Faults") -> None:
    """An identity's span holds its samples and nothing else: one begins where the one before ends."""
    end = 0
    for name, offset, length in task.identities.select("identity", "offset", "length").iter_rows():
        if offset != end:
            faults.add(f"the span of {name!r} begins at byte {offset:,}, not at {end:,} where the one before it ends")
        end = offset + length
    # After the last there is the tar's end mark only: two blocks, filled up to a record.
    size = task.dataset.manifest.shards[task.shard].bytes
    if size != end_of_tar(end):
        faults.add(f"the spans end at byte {end:,}, the samples elsewhere")


def _check_samples(task: ShardTask, path: Path, faults: "_Faults") -> tuple[int, int]:
    """Compare what WebDataset reads with the index, sample by sample."""
    expected = _expected(task)
    seen = decoded = 0
    with path.open("rb") as file, path.open("rb") as shard:
        try:
            for sample in _webdataset_samples(shard):
                key = sample["__key__"]
                wanted = next(expected, None)
                if wanted is None or key != wanted.key:
                    faults.add(f"sample {key} stands where the index has {wanted.key if wanted else 'no more'}")
                    break
                seen += 1
                _check_sample(sample, wanted, file, faults)
                if task.decode and _decodes(sample.get("jpg", b""), key, task.dataset.image_size, faults):
                    decoded += 1
                count()
        except (OSError, ValueError, EOFError, KeyError, tarfile.TarError) as error:
            # WebDataset adds what it was reading to the error's arguments; the first one is the message.
            reason = error.args[0] if error.args else type(error).__name__
            faults.add(f"WebDataset's reader stops after {seen:,} samples: {reason}")
    missing = sum(1 for _ in expected)
    if missing:
        faults.add(f"{missing:,} samples of the index were not found")
    return seen, decoded


class _Expected(NamedTuple):
    """What the index says of a sample: its key, its JSON, the bytes of its JPEG, and those of its identity's faces."""

    key: str
    described: dict[str, object]
    begin: int
    length: int
    span: range


def _expected(task: ShardTask) -> Iterator[_Expected]:
    """The samples of a shard, in order."""
    number, face = -1, 0
    people = task.identities.rows(named=True)
    for row in task.index.table(task.faces.start, task.faces.stop).iter_rows(named=True):
        face = face + 1 if row["identity"] == number else 0
        number = row["identity"]
        person = people[number - task.first]
        described = {
            "identity": person["identity"],
            "identity_number": number,
            "group": person["group"],
            "confidence": person["confidence"],
            "source_image": row["source_image"],
        }
        span = range(person["offset"] + BLOCK, person["offset"] + person["length"])
        yield _Expected(sample_key(number, face), described, row["offset"], row["length"], span)


def _webdataset_samples(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    from webdataset import tariterators  # it loads torch, for which only this verb has a reason to wait

    # Its WebDataset would take the path for a URL, in which "?", "{" and "::" mean something.
    return iter(tariterators.group_by_keys(tariterators.tar_file_expander([{"url": file.name, "stream": file}])))


def _check_sample(sample: Mapping[str, Any], expected: _Expected, file: IO[bytes], faults: "_Faults") -> None:
    try:
        described = json.loads(sample["json"])
        jpeg = sample["jpg"]
        if not isinstance(described, dict):
            raise ValueError("its json is not an object")
    except (KeyError, ValueError) as error:
        faults.add(f"sample {expected.key} is not a jpg and a json: {error!r}")
        return
    if described != expected.described:
        differing = [name for name, value in expected.described.items() if described.get(name) != value]
        faults.add(
            f"sample {expected.key}: its json differs from the index in {', '.join(differing) or 'extra fields'}"
        )
    file.seek(expected.begin)
    if len(jpeg) != expected.length or file.read(expected.length) != jpeg:
        faults.add(f"sample {expected.key}: its JPEG is not where the index places it, at byte {expected.begin:,}")
    if not expected.span.start <= expected.begin <= expected.span.stop - expected.length:
        faults.add(f"sample {expected.key} lies outside its identity's span")


def _decodes(jpeg: bytes, key: str, size: int, faults: "_Faults") -> bool:
    from ethnoshard.alignment import decode_face

    try:
        shape = decode_face(jpeg).shape
    except UnreadableImageError as error:
        faults.add(f"sample {key}: the JPEG can't be decoded: {error}")
        return False
    if shape != (size, size, 3):
        faults.add(f"sample {key} is {shape[1]} x {shape[0]} px, not {size} x {size}")
        return False
    return True


class _Faults:
    """Collects a shard's faults, not more than a person will read."""

    def __init__(self, shard: str) -> None:
        self._shard = shard
        self._texts: list[str] = []
        self._more = 0

    def add(self, text: str) -> None:
        if len(self._texts) < MOST_FAULTS:
            self._texts.append(f"{self._shard}: {text}")
        else:
            self._more += 1

    def texts(self) -> list[str]:
        more = [f"{self._shard}: {self._more:,} more faults"] if self._more else []
        return self._texts + more
