"""A labelled work folder to a dataset folder."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ethnoshard._checks import check_number
from ethnoshard._files import (
    disk_error,
    flush_folder,
    make_folder,
    read_json,
    remove_unfinished,
    sha256_of,
    write_json,
)
from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._progress import SILENT, Progress
from ethnoshard._upload import UploadFolder
from ethnoshard._urls import place_of
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._decided import decide
from ethnoshard.shards._decisions import Decisions
from ethnoshard.shards._format import FORMAT, MANIFEST, SHARDS
from ethnoshard.shards._layout import Layout, digest, lay_out
from ethnoshard.shards._manifest import DecisionRecord, Manifest, manifest_of
from ethnoshard.shards._pack_to_url import pack_to_url
from ethnoshard.shards._packed import NOTE, UNFINISHED, Place, places_of, plan_digest, task_of, write_card, write_index
from ethnoshard.shards._write_shard import ShardRecord, write_shard
from ethnoshard.work import WorkFolder, read_labels


@dataclass(frozen=True, kw_only=True)
class PackSettings:
    """How a dataset is cut into shards.

    Attributes:
        shard_bytes: what a shard should not exceed, bytes; one that holds a single identity may.
    """

    shard_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_number("shard-bytes", self.shard_bytes, at_least=2**16)


@dataclass(frozen=True, kw_only=True)
class PackReport:
    """What packing did.

    Attributes:
        manifest: what is in the dataset.
        written: shards written by this call; the others were there from an earlier one.
        left_out: identities and faces that are not in the dataset, by reason.
    """

    manifest: Manifest
    written: int
    left_out: dict[str, dict[str, int]]


def pack(
    work: str | Path,
    dataset: str | Path,
    settings: PackSettings | None = None,
    *,
    decisions: Decisions | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
    storage_options: Mapping[str, object] | None = None,
) -> PackReport:
    """Copy the aligned, labelled faces of a work folder into shards of one group each, with index and manifest.

    Call it from a script only under ``if __name__ == "__main__":``, because it starts processes. Faces are copied,
    never encoded again. The same work folder, settings and decisions give the same bytes, whatever ``workers``.
    Interrupted, it loses the shards in hand; called again in the same way it goes on.

    To a URL the same bytes go, a shard at a time, and ``dataset.json`` last: a dataset is there whole or not at all.
    Faces are read twice, once to know the shards' names and checksums, and once to upload what isn't there yet. The
    work folder's disk needs room for a shard a worker, and the two tables.

    Args:
        work: a work folder, aligned and labelled.
        dataset: the dataset folder; made if it is not there. As a string also a URL of a store that fsspec writes to:
            ``s3://``, ``gs://`` and others; the bucket has to be there.
        settings: how to cut.
        decisions: what to leave out, merge and move first, as ``read_decisions`` reads it; all are checked before
            anything is written.
        workers: processes; one a core by default.
        executor: what writes the shards; by default processes of this machine.
        progress: told how many faces there are, and how many are done; for a URL twice, see above.
        storage_options: for fsspec's file system of the URL.

    Returns:
        The manifest and the counts.

    Raises:
        EthnoshardError: the work folder is not finished, decisions can't be carried out, the dataset folder holds
            something else, the disk is full, or the URL can't be written to.
    """
    settings = settings or PackSettings()
    workers = check_workers(workers)
    folder, target = WorkFolder(Path(work)), place_of(dataset)
    record = folder.finished()
    with folder.held():
        layout, decided = _laid_out(folder, record.parts, settings, decisions)
        plan = {
            "format": FORMAT,
            "settings": asdict(settings),
            "layout": digest(layout),
            "align": read_json(folder.record_path),
            **({} if decided is None else {"decisions": decided.digest}),
        }
        if not isinstance(target, Path):
            remote = UploadFolder(url=target, options=dict(storage_options or {}))
            manifest, written = pack_to_url(
                folder, remote, layout, plan, decided, workers=workers, executor=executor, progress=progress
            )
            return PackReport(manifest=manifest, written=written, left_out=layout.left_out)
        if (target / MANIFEST).exists():
            packed_before = _whole_before(target, plan)
            if packed_before is not None:
                return PackReport(manifest=packed_before, written=0, left_out=layout.left_out)
            _begin_anew(target, plan)
        _begin(target, plan)
        places = places_of(target, layout)
        missing = [place for place in places if not ShardRecord.is_there(place.record)]
        to_do = sum(len(place.faces) for place in missing)
        progress.begun(len(layout.faces), len(layout.faces) - to_do)
        if missing:
            tasks = (task_of(folder, layout, place) for place in missing)
            write = executor or in_processes
            for _ in write(write_shard, tasks, workers=min(workers, len(missing)), progress=progress):
                pass
            _check_there(target, missing)
        manifest = _finish(target, plan, layout, places, decided)
    return PackReport(manifest=manifest, written=len(missing), left_out=layout.left_out)


def _laid_out(
    work: WorkFolder, parts: int, settings: PackSettings, decisions: Decisions | None
) -> tuple[Layout, DecisionRecord | None]:
    """Where everything goes, and what decisions changed of it."""
    labels, tables = read_labels(work), partial(work.tables, parts)
    if not decisions:
        return lay_out(tables(), labels, settings.shard_bytes), None
    decided = decide(decisions, tables, labels)
    layout = lay_out(decided.tables(tables), decided.labels, settings.shard_bytes, decided=decided.left_out)
    return layout, decided.record


def _begin(target: Path, plan: Mapping[str, object]) -> None:
    """Make the dataset folder, or check that an unfinished one is ours to go on with."""
    note = target / UNFINISHED / NOTE
    # The note comes first: killed before it, the folder holds nothing but an empty one of ours.
    foreign = target.is_dir() and not note.exists() and any(entry.name != UNFINISHED for entry in target.iterdir())
    if foreign:
        raise EthnoshardError(f"{target} is not empty and holds no dataset of ours; give another folder")
    make_folder(note.parent)
    if not note.exists():
        write_json(note, plan)
    elif read_json(note) != plan:
        raise EthnoshardError(
            f"{target} holds an unfinished dataset of other settings, other decisions or another work folder; "
            f"delete it, or give another folder"
        )
    make_folder(target / SHARDS)
    for folder in (target, target / SHARDS, note.parent):
        remove_unfinished(folder)


def _whole_before(target: Path, plan: Mapping[str, object]) -> Manifest | None:
    """The manifest of a dataset that was finished before; None if some of it is gone. Shards' bytes are not read.

    Raises:
        EthnoshardError: it is not the one that was asked for.
    """
    content = read_json(target / MANIFEST)
    if content.get("plan") != plan_digest(plan):
        raise EthnoshardError(
            f"{target} holds a finished dataset of other settings, decisions, labels or faces; delete it, or give "
            f"another folder"
        )
    shutil.rmtree(target / UNFINISHED, ignore_errors=True)
    try:
        manifest = manifest_of(content, target / MANIFEST)
        sizes = all((target / shard.name).stat().st_size == shard.bytes for shard in manifest.shards)
        index = sizes and all(sha256_of(target / name) == sha256 for name, sha256 in manifest.index.items())
        return manifest if index else None
    except (EthnoshardError, OSError):
        return None


def _begin_anew(target: Path, plan: Mapping[str, object]) -> None:
    """Make of a finished dataset, some of which is gone, an unfinished one, at each moment one or the other."""
    make_folder(target / UNFINISHED)
    write_json(target / UNFINISHED / NOTE, plan)
    (target / MANIFEST).unlink()


def _finish(
    target: Path, plan: Mapping[str, object], layout: Layout, places: list[Place], decided: DecisionRecord | None
) -> Manifest:
    """Write the index, the card and last of all the manifest, which says that the dataset is whole."""
    index = write_index(target, layout, places)
    for place, shard in zip(places, index.shards, strict=True):
        _take_final_name(place.path, target / shard.name)
    flush_folder(target / SHARDS)
    manifest, content = write_card(target, plan, layout, index, decided)
    write_json(target / MANIFEST, content)
    shutil.rmtree(target / UNFINISHED)
    # A machine that was given up may have been slow only. From now on what it writes has no place any more.
    for place in places:
        place.path.unlink(missing_ok=True)
    flush_folder(target)
    return manifest


def _check_there(target: Path, places: list[Place]) -> None:
    """Refuse to go on without shards that other machines wrote.

    Raises:
        EthnoshardError: one isn't here.
    """
    lacking = [place.path.name for place in places if not ShardRecord.is_there(place.record)]
    if lacking:
        raise EthnoshardError(
            f"{len(lacking):,} of {len(places):,} shards were written but are not in {target}, the first {lacking[0]}: "
            f"does every machine see the same {target}? It has to lie on a file system that they share, "
            f"under the same path"
        )


def _take_final_name(path: Path, final: Path) -> None:
    """Rename a shard that is on disk, unless an interrupted call did."""
    try:
        path.replace(final)
    except FileNotFoundError as error:
        if not final.exists():
            raise EthnoshardError(
                f"{path} is gone since it was packed; delete {path.parent.parent} and pack again"
            ) from error
    except OSError as error:
        raise disk_error(error, final) from error
