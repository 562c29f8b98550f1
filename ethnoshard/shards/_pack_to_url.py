"""A labelled work folder to a dataset behind a URL: the bytes that ``pack`` writes, with no more than a shard a worker
on the local disk.

A store has no rename, and a shard's name holds a mark of the whole dataset, which is known once the bytes of all shards
are. To upload under another name and have the store copy each shard would double what is asked of the store, and leave
names that nobody clears away after a kill. So the shards are measured first, which reads every face and writes nothing
but a record of each shard in the work folder; then each goes straight to its final name. It is all the same where that
was interrupted: what there is to do follows from the work folder and from what the store says that it holds, so another
machine goes on as well as this one.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ethnoshard._files import make_folder, passing_file, read_json, remove_unfinished, write_json
from ethnoshard._parallel import Executor, count, counted_here, in_processes, in_this_process
from ethnoshard._progress import Progress
from ethnoshard._upload import UploadFolder
from ethnoshard._upload_sums import Sums, agreement
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import CARD, FACES, FORMAT, IDENTITIES, MANIFEST, SHARDS
from ethnoshard.shards._layout import Layout
from ethnoshard.shards._manifest import DecisionRecord, Manifest, ShardEntry, manifest_of
from ethnoshard.shards._packed import NOTE, UNFINISHED, Place, places_of, plan_digest, task_of, write_card, write_index
from ethnoshard.shards._write_shard import ShardRecord, ShardTask, copy_shard, measure_shard
from ethnoshard.work import WorkFolder

STAGING = ".upload"
"""Folder in the work folder: records of the shards, the tables, and for a while each shard on its way."""

_NOTE = f"{UNFINISHED}/{NOTE}"
"""What an unfinished dataset is known by, at its URL too."""


@dataclass(frozen=True, kw_only=True)
class UploadTask:
    """A shard to be uploaded.

    Attributes:
        shard: how it is made; its path is in the staging folder.
        name: below the dataset.
        sums: of its bytes.
        target: where it goes.
        known: what the store says of a file there that may be the one, though it doesn't say enough.
    """

    shard: ShardTask
    name: str
    sums: Sums
    target: UploadFolder
    known: Mapping[str, object] | None


def pack_to_url(
    work: WorkFolder,
    target: UploadFolder,
    layout: Layout,
    plan: Mapping[str, object],
    decided: DecisionRecord | None,
    *,
    workers: int,
    executor: Executor | None,
    progress: Progress,
) -> tuple[Manifest, int]:
    """Upload what isn't there yet; returns the manifest, and how many shards that were.

    Raises:
        EthnoshardError: the URL holds something else or can't be written to, other processes can't, the local disk is
            full, or a face changed while it was packed.
    """
    if target.of_this_process and executor is not None:
        raise EthnoshardError(f"{target.url_of()} is in the memory of this process, which no other machine can reach")
    write = in_this_process if target.of_this_process else executor or in_processes
    packed_before = _whole_before(target, plan)
    if packed_before is not None:
        return packed_before, 0
    staging = work.path / STAGING
    _begin(target, plan)
    _stage(staging, plan)
    places = places_of(staging, layout)
    _measure(work, layout, places, write, workers, progress)
    index = write_index(staging, layout, places)
    shards = [
        _Shard(place=place, entry=shard, sums=_sums(place)) for place, shard in zip(places, index.shards, strict=True)
    ]
    written = _upload(work, target, layout, shards, write, workers, progress)
    manifest, content = write_card(staging, plan, layout, index, decided)
    write_json(staging / MANIFEST, content)
    # In this order: whoever finds the manifest finds all that it names.
    for name in (IDENTITIES, FACES, CARD, MANIFEST):
        target.put(staging / name, name)
    target.remove(_NOTE)
    shutil.rmtree(staging)
    return manifest, written


@dataclass(frozen=True, kw_only=True)
class _Shard:
    """A shard that was measured: where it is made, what the manifest says of it, and its sums."""

    place: Place
    entry: ShardEntry
    sums: Sums


def _measure(
    work: WorkFolder, layout: Layout, places: list[Place], write: Executor, workers: int, progress: Progress
) -> None:
    """Write the records that are not there yet.

    Raises:
        EthnoshardError: other machines wrote them elsewhere.
    """
    lacking = [place for place in places if not ShardRecord.is_there(place.record)]
    progress.begun(len(layout.faces), len(layout.faces) - _faces(lacking))
    if lacking:
        tasks = (task_of(work, layout, place) for place in lacking)
        for _ in write(measure_shard, tasks, workers=min(workers, len(lacking)), progress=progress):
            pass
    gone = [place.path.name for place in lacking if not ShardRecord.is_there(place.record)]
    if gone:
        raise EthnoshardError(
            f"{len(gone):,} of {len(places):,} shards were measured, but their records are not in {work.path}, the "
            f"first {gone[0]}: does every machine see the same {work.path}?"
        )


def _upload(
    work: WorkFolder,
    target: UploadFolder,
    layout: Layout,
    shards: list[_Shard],
    write: Executor,
    workers: int,
    progress: Progress,
) -> int:
    """Upload the shards that are not there, or of which the store doesn't say enough; returns how many those were.

    Raises:
        EthnoshardError: one can't be uploaded, or isn't there afterwards.
    """
    known = target.files()
    lacking = [
        shard for shard in shards if shard.entry.name not in known or not agreement(shard.sums, known[shard.entry.name])
    ]
    progress.begun(len(layout.faces), len(layout.faces) - _faces(shard.place for shard in lacking))
    if not lacking:
        return 0
    tasks = (
        UploadTask(
            shard=task_of(work, layout, shard.place),
            name=shard.entry.name,
            sums=shard.sums,
            target=target,
            known=known.get(shard.entry.name),
        )
        for shard in lacking
    )
    written = sum(write(upload_shard, tasks, workers=min(workers, len(lacking)), progress=progress))
    files = target.files()
    gone = [shard.entry.name for shard in shards if files.get(shard.entry.name, {}).get("size") != shard.sums.bytes]
    if gone:
        raise EthnoshardError(
            f"{len(gone):,} of {len(shards):,} shards were uploaded but are not at {target.url_of()}, the first "
            f"{gone[0]}: does every process reach the same store there, and does nobody else write or delete?"
        )
    return written


def upload_shard(task: UploadTask) -> bool:
    """Upload a shard, unless it is there; returns whether it was. Whoever else uploads it uploads the same bytes."""
    there = task.known is not None and task.target.holds(task.name, task.sums, task.known)
    if not there:
        with passing_file(task.shard.path) as path:
            with counted_here():
                sums = copy_shard(task.shard, path)
            if sums != task.sums:
                raise EthnoshardError(
                    f"{task.name} would be another now than when it was measured: faces in {task.shard.work.path} "
                    f"were changed since; delete {task.shard.path.parent.parent} and pack again"
                )
            task.target.put(path, task.name, sums)
    count(len(task.shard.faces))
    return not there


def _whole_before(target: UploadFolder, plan: Mapping[str, object]) -> Manifest | None:
    """The manifest of a dataset that was finished before; None if there is none, or some of it is gone.

    Shards' bytes are not read.

    Raises:
        EthnoshardError: it is not the one that was asked for.
    """
    found = target.read(MANIFEST)
    if found is None:
        return None
    content = _read_json(found, target.url_of(MANIFEST))
    if content.get("plan") != plan_digest(plan):
        raise EthnoshardError(
            f"{target.url_of()} holds a finished dataset of other settings, decisions, labels or faces; delete it, or "
            f"give another URL"
        )
    files = target.files()
    try:
        manifest = manifest_of(content, Path(MANIFEST))
    except EthnoshardError:
        return None
    if not _is_whole(target, manifest, files):
        return None
    if _NOTE in files:
        target.remove(_NOTE)
    return manifest


def _is_whole(target: UploadFolder, manifest: Manifest, files: Mapping[str, Mapping[str, object]]) -> bool:
    """Whether all that a manifest names is there: shards by their size, tables by their checksum."""
    sizes = all(files.get(shard.name, {}).get("size") == shard.bytes for shard in manifest.shards)
    return sizes and all(name in files and target.sha256(name) == sha256 for name, sha256 in manifest.index.items())


def _begin(target: UploadFolder, plan: Mapping[str, object]) -> None:
    """Leave a note at the URL, or check that the one that is there is ours.

    It also shows, before the long work, that something may be written there.
    """
    files, url = target.files(), target.url_of()
    found = target.read(_NOTE) if _NOTE in files else None
    note = {"format": FORMAT, "plan": plan_digest(plan)}
    if found is not None and _read_json(found, target.url_of(_NOTE)) != note:
        raise EthnoshardError(
            f"{url} holds an unfinished dataset of other settings, other decisions or another work folder; delete it, "
            f"or give another URL"
        )
    if found is None and files and MANIFEST not in files:
        raise EthnoshardError(
            f"{url} is not empty and holds no dataset of ours ({min(files)} for example); give another URL"
        )
    if found is None:
        target.put_bytes(json.dumps(note).encode(), _NOTE)
    if MANIFEST in files:
        # Of a finished dataset some of which is gone; at each moment it is finished or known as unfinished.
        target.remove(MANIFEST)


def _stage(staging: Path, plan: Mapping[str, object]) -> None:
    """Make the staging folder; records of another plan, or of nobody knows which, are of no use."""
    note = staging / _NOTE
    if not note.exists() or read_json(note) != plan:
        shutil.rmtree(staging, ignore_errors=True)
    for folder in (note.parent, staging / SHARDS):
        make_folder(folder)
    if not note.exists():
        write_json(note, plan)
    for folder in (staging, note.parent, staging / SHARDS):
        remove_unfinished(folder)


def _sums(place: Place) -> Sums:
    record = ShardRecord.read(place.record)
    assert record is not None, "read a moment ago for the index"
    return record.sums


def _faces(places: Iterable[Place]) -> int:
    return sum(len(place.faces) for place in places)


def _read_json(content: bytes, url: str) -> dict[str, object]:
    """A JSON object of ours that lies at a URL.

    Raises:
        EthnoshardError: it is none.
    """
    try:
        found = json.loads(content)
    except ValueError as error:
        raise EthnoshardError(f"{url} is not JSON ({error}); it was not written by ethnoshard") from error
    if not isinstance(found, dict):
        raise EthnoshardError(f"{url} holds no JSON object; it was not written by ethnoshard")
    return found
