"""Is a dataset folder what its manifest says? Everything is read again, the shards by WebDataset's own reader."""

import contextlib
import itertools
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import sha256_of
from ethnoshard._parallel import Executor, check_workers, count, in_processes
from ethnoshard._progress import SILENT, Progress
from ethnoshard._tar import BLOCK, end_of_tar
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._face_index import FaceIndex
from ethnoshard.shards._format import (
    FACES,
    FACES_SCHEMA,
    IDENTITIES,
    IDENTITIES_SCHEMA,
    SHARDS,
    fingerprint,
    sample_key,
)
from ethnoshard.shards._manifest import GroupEntry, Manifest, ShardEntry
from ethnoshard.shards._remote import RemoteShards

MOST_FAULTS = 20
"""Faults named of one shard; more are counted."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The outcome of verifying.

    Attributes:
        shards: shards read.
        samples: samples read.
        decoded: JPEGs decoded.
        faults: what is wrong, a text for each; empty if all is well.
    """

    shards: int
    samples: int
    decoded: int
    faults: list[str]


@dataclass(frozen=True, kw_only=True)
class _ShardTask:
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
class _ShardOutcome:
    shard: int
    samples: int
    decoded: int
    faults: list[str]


def verify(
    path: str | Path,
    *,
    decode: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> Verification:
    """Check every checksum, every tar by WebDataset's own reader, every row of the index, if wanted every JPEG.

    Call it from a script only under ``if __name__ == "__main__":``, because it starts processes.

    Args:
        path: the dataset folder, or as a string its URL. Each shard is then fetched into the cache, as the loader does.
        decode: decode every JPEG as well.
        workers: processes; one a core by default.
        executor: what reads the shards; by default processes of this machine.
        progress: told how many faces there are, and how many are done.

    Raises:
        EthnoshardError: the folder is not a dataset, so that there is nothing to check.
    """
    workers = check_workers(workers)
    dataset = FaceDataset.open(path)
    faces = dataset.face_index()
    faults = list(_index_faults(dataset, faces))
    if faults:
        # With an index that can't be trusted every face would be a fault.
        return Verification(shards=0, samples=0, decoded=0, faults=faults)
    progress.begun(dataset.manifest.faces, 0)
    tasks, shards = _tasks(dataset, faces, decode), len(dataset.manifest.shards)
    check = executor or in_processes
    outcomes = sorted(
        check(_check_shard, tasks, workers=min(workers, shards), progress=progress),
        key=lambda outcome: outcome.shard,
    )
    return Verification(
        shards=len(outcomes),
        samples=sum(outcome.samples for outcome in outcomes),
        decoded=sum(outcome.decoded for outcome in outcomes),
        faults=[fault for outcome in outcomes for fault in outcome.faults],
    )


def _index_faults(dataset: FaceDataset, faces: FaceIndex) -> Iterator[str]:
    """What is wrong with the manifest and the two tables."""
    manifest, identities = dataset.manifest, dataset.identities
    for name, sha256 in manifest.index.items():
        if sha256_of(dataset.path / name) != sha256:
            yield f"{name}: its bytes are not those that the manifest vouches for"
    if faces.schema() != FACES_SCHEMA:
        yield f"faces.parquet: has other columns than format {manifest.format} prescribes"
        return
    blank = [
        *_blank(IDENTITIES, {name: identities[name].null_count() for name in IDENTITIES_SCHEMA}),
        *_blank(FACES, {name: faces.blank(name) for name in FACES_SCHEMA}),
    ]
    if blank:
        yield from blank
        return
    rows = len(faces)
    if rows != identities["faces"].sum() or rows != manifest.faces:
        yield (
            f"faces.parquet has {rows:,} rows, identities.parquet counts {identities['faces'].sum():,} faces, "
            f"the manifest {manifest.faces:,}"
        )
        return
    if not _are_counted(faces, identities["faces"].to_numpy()):
        yield "faces.parquet: its faces are not those that identities.parquet counts, identity by identity"
    in_order = identities["shard"].is_sorted()
    if not in_order or identities["shard"].unique(maintain_order=True).to_list() != list(range(len(manifest.shards))):
        yield "identities.parquet: it is not in the order of the shards, or a shard holds nobody"
        return
    yield from _count_faults(manifest, identities)
    if (
        fingerprint(dataset.groups, dataset.image_size, manifest.shards, identities, faces.column)
        != dataset.fingerprint
    ):
        yield "dataset.json: the fingerprint is not that of the index and the shards' checksums"
    groups = pl.Series([shard.group for shard in manifest.shards], dtype=pl.String)
    others = identities.filter(pl.col("group") != groups.gather(identities["shard"]))["shard"].value_counts(sort=False)
    for number, people in others.sort("shard").iter_rows():
        shard = manifest.shards[number]
        yield f"{shard.name} is of group {shard.group!r} but holds {people} identities of other groups"
    known = {shard.name for shard in manifest.shards}
    for name in sorted(known):
        if name != f"{SHARDS}/{Path(name).name}":
            yield f"dataset.json: {name} does not lie in {SHARDS}/"
    # A mirror may hold shards of what lay at the URL before.
    for path in sorted((dataset.path / SHARDS).glob("*.tar")) if dataset.url is None else ():
        if f"{SHARDS}/{path.name}" not in known:
            yield f"{SHARDS}/{path.name}: not in the manifest; a reader that takes all tars would read it"


def _blank(name: str, empty: Mapping[str, int]) -> list[str]:
    """Columns with empty places, by their number, that may have none."""
    optional = {"confidence", "probability"}
    return [
        f"{name}: {column} is empty somewhere" for column, number in empty.items() if number and column not in optional
    ]


def _are_counted(faces: FaceIndex, counts: NDArray[np.int32]) -> bool:
    """Whether the table of faces has so many of each identity, one or more, one identity after the other."""
    if len(counts) and counts.min() < 1:
        return False
    ends, start = np.cumsum(counts, dtype=np.int64), 0
    for identity in faces.column("identity"):
        stop = start + len(identity)
        if not np.array_equal(identity.to_numpy(), np.searchsorted(ends, np.arange(start, stop), side="right")):
            return False
        start = stop
    return True


def _count_faults(manifest: Manifest, identities: pl.DataFrame) -> Iterator[str]:
    """Counts of the manifest that the table of identities contradicts."""
    by_shard = identities.group_by("shard", maintain_order=True).agg(pl.len(), pl.col("faces").sum()).rows()
    for shard, (_, people, faces) in zip(manifest.shards, by_shard, strict=True):
        yield from _differing(shard, {"identities": people, "faces": faces}, shard.name)
    for group in manifest.groups:
        own = [shard for shard in manifest.shards if shard.group == group.name]
        sums = {key: sum(getattr(shard, key) for shard in own) for key in ("identities", "faces", "bytes")}
        yield from _differing(group, {**sums, "shards": len(own)}, f"group {group.name!r}")
    wanted = {"identities": len(identities), "bytes": sum(shard.bytes for shard in manifest.shards)}
    yield from _differing(manifest, wanted, "the whole")


def _differing(entry: Manifest | GroupEntry | ShardEntry, wanted: dict[str, int], of: str) -> Iterator[str]:
    for key, number in wanted.items():
        if getattr(entry, key) != number:
            yield f"dataset.json: {of} has {number:,} {key}, not {getattr(entry, key):,}"


def _tasks(dataset: FaceDataset, index: FaceIndex, decode: bool) -> Iterator[_ShardTask]:
    """A task for each shard, of no more than it needs: identities are in the order of the shards."""
    manifest, identities = dataset.manifest, dataset.identities
    ends = np.cumsum(np.bincount(identities["shard"].to_numpy(), minlength=len(manifest.shards))).tolist()
    first_face = np.concatenate([[0], np.cumsum(identities["faces"].to_numpy(), dtype=np.int64)])
    bare = replace(dataset, identities=identities.clear())
    for number, (start, stop) in enumerate(itertools.pairwise([0, *ends])):
        alone = replace(bare, manifest=replace(manifest, shards=[manifest.shards[number]]))
        # The cache of a remote dataset is bounded by the sizes of all of its shards.
        of, shard = (alone, 0) if dataset.url is None else (bare, number)
        yield _ShardTask(
            number=number,
            dataset=of,
            shard=shard,
            first=start,
            identities=identities[start:stop],
            faces=range(int(first_face[start]), int(first_face[stop])),
            index=index,
            decode=decode,
        )


def _check_shard(task: _ShardTask) -> _ShardOutcome:
    """Check one shard, in a worker process; one that can't be fetched as it was packed is a fault."""
    if task.dataset.url is None:
        return _check_file(task)
    name = task.dataset.manifest.shards[task.shard].name
    try:
        with contextlib.closing(RemoteShards(task.dataset)) as shards, shards.held(task.shard):
            return _check_file(task)
    except EthnoshardError as error:
        return _ShardOutcome(shard=task.number, samples=0, decoded=0, faults=[f"{name}: {error}"])


def _check_file(task: _ShardTask) -> _ShardOutcome:
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
    return _ShardOutcome(shard=task.number, samples=samples, decoded=decoded, faults=faults.texts())


def _check_spans(task: _ShardTask, faults: "_Faults") -> None:
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


def _check_samples(task: _ShardTask, path: Path, faults: "_Faults") -> tuple[int, int]:
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


def _expected(task: _ShardTask) -> Iterator[_Expected]:
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
