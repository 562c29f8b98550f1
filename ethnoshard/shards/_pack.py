"""A labelled work folder to a dataset folder."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._checks import check_number
from ethnoshard._files import (
    disk_error,
    flush_folder,
    make_folder,
    read_json,
    remove_unfinished,
    sha256_of,
    whole_file,
    write_json,
    write_long_table,
    write_table,
)
from ethnoshard._json import as_json
from ethnoshard._parallel import Executor, check_workers, in_processes
from ethnoshard._progress import SILENT, Progress
from ethnoshard._tar import BLOCK
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._card import dataset_card
from ethnoshard.shards._decided import decide
from ethnoshard.shards._decisions import Decisions
from ethnoshard.shards._format import (
    CARD,
    FACES,
    FACES_SCHEMA,
    FORMAT,
    IDENTITIES,
    IDENTITIES_SCHEMA,
    MANIFEST,
    SHARDS,
    fingerprint,
    shard_name,
)
from ethnoshard.shards._layout import Layout, digest, lay_out
from ethnoshard.shards._manifest import DecisionRecord, GroupEntry, Manifest, ShardEntry, manifest_of
from ethnoshard.shards._write_shard import ShardRecord, ShardTask, write_shard
from ethnoshard.work import WorkFolder, read_labels

_UNFINISHED = ".packing"
"""Folder in an unfinished dataset: what is being made, and which shards are there already."""


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
) -> PackReport:
    """Copy the aligned, labelled faces of a work folder into shards of one group each, with index and manifest.

    Call it from a script only under ``if __name__ == "__main__":``, because it starts processes. Faces are copied,
    never encoded again. The same work folder, settings and decisions give the same bytes, whatever ``workers``.
    Interrupted, it loses the shards in hand; called again in the same way it goes on.

    Args:
        work: a work folder, aligned and labelled.
        dataset: the dataset folder; made if it is not there.
        settings: how to cut.
        decisions: what to leave out, merge and move first, as ``read_decisions`` reads it; all are checked before
            anything is written.
        workers: processes; one a core by default.
        executor: what writes the shards; by default processes of this machine.
        progress: told how many faces there are, and how many are done.

    Returns:
        The manifest and the counts.

    Raises:
        EthnoshardError: the work folder is not finished, decisions can't be carried out, the dataset folder holds
            something else, the disk is full.
    """
    settings = settings or PackSettings()
    workers = check_workers(workers)
    folder, target = WorkFolder(Path(work)), Path(dataset)
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
        if (target / MANIFEST).exists():
            packed_before = _whole_before(target, plan)
            if packed_before is not None:
                return PackReport(manifest=packed_before, written=0, left_out=layout.left_out)
            _begin_anew(target, plan)
        _begin(target, plan)
        places = _places(target, layout)
        missing = [place for place in places if not ShardRecord.is_there(place.record)]
        to_do = sum(len(place.faces) for place in missing)
        progress.begun(len(layout.faces), len(layout.faces) - to_do)
        if missing:
            tasks = (_task(folder, layout, place) for place in missing)
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
    labels = read_labels(work)
    if not decisions:
        return lay_out(work.tables(parts), labels, settings.shard_bytes), None
    decided = decide(decisions, work.faces(parts), labels)
    layout = lay_out([decided.rows], decided.labels, settings.shard_bytes, decided=decided.left_out)
    return layout, decided.record


def _begin(target: Path, plan: Mapping[str, object]) -> None:
    """Make the dataset folder, or check that an unfinished one is ours to go on with."""
    note = target / _UNFINISHED / "plan.json"
    # The note comes first: killed before it, the folder holds nothing but an empty one of ours.
    foreign = target.is_dir() and not note.exists() and any(entry.name != _UNFINISHED for entry in target.iterdir())
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
    if content.get("plan") != _plan_digest(plan):
        raise EthnoshardError(
            f"{target} holds a finished dataset of other settings, decisions, labels or faces; delete it, or give "
            f"another folder"
        )
    shutil.rmtree(target / _UNFINISHED, ignore_errors=True)
    try:
        manifest = manifest_of(content, target / MANIFEST)
        sizes = all((target / shard.name).stat().st_size == shard.bytes for shard in manifest.shards)
        index = sizes and all(sha256_of(target / name) == sha256 for name, sha256 in manifest.index.items())
        return manifest if index else None
    except (EthnoshardError, OSError):
        return None


def _begin_anew(target: Path, plan: Mapping[str, object]) -> None:
    """Make of a finished dataset, some of which is gone, an unfinished one, at each moment one or the other."""
    make_folder(target / _UNFINISHED)
    write_json(target / _UNFINISHED / "plan.json", plan)
    (target / MANIFEST).unlink()


def _plan_digest(plan: Mapping[str, object]) -> str:
    """SHA-256 (hex) of all that decides the dataset folder's bytes."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A shard of the layout.

    Attributes:
        path: where it goes.
        record: where its record goes, without a suffix.
        people: its rows of the layout's identities.
        faces: its faces, by their places in the layout.
    """

    path: Path
    record: Path
    people: range
    faces: range


def _places(target: Path, layout: Layout) -> list[_Place]:
    """All shards. Rows are sorted by shard, so each takes a slice of both tables."""
    people = np.bincount(layout.identities["shard"].to_numpy(), minlength=len(layout.shards))
    ends = np.cumsum(people)
    first_face = np.concatenate([[0], np.cumsum(layout.identities["faces"].to_numpy(), dtype=np.int64)])
    return [
        _Place(
            path=target / SHARDS / shard["name"],
            record=target / _UNFINISHED / shard["name"],
            people=range(end - number, end),
            faces=range(int(first_face[end - number]), int(first_face[end])),
        )
        for shard, number, end in zip(layout.shards, people.tolist(), ends.tolist(), strict=True)
    ]


def _task(work: WorkFolder, layout: Layout, place: _Place) -> ShardTask:
    """What one process needs to write one shard, and no more."""
    return ShardTask(
        path=place.path,
        record=place.record,
        work=work,
        first=place.people.start,
        identities=layout.identities[place.people.start : place.people.stop],
        faces=layout.faces.table(place.faces.start, place.faces.stop),
    )


def _finish(
    target: Path, plan: Mapping[str, object], layout: Layout, places: list[_Place], decided: DecisionRecord | None
) -> Manifest:
    """Write the index, the card and last of all the manifest, which says that the dataset is whole."""
    written = _written(places, len(layout.faces))
    identities = _identities(layout, written)
    shards = [
        ShardEntry(
            name=shard["name"],
            group=shard["group"],
            bytes=size,
            identities=len(place.people),
            faces=len(place.faces),
            sha256=sha256,
        )
        for place, shard, size, sha256 in zip(places, layout.shards, written.bytes, written.sha256, strict=True)
    ]
    write_table(target / IDENTITIES, identities)
    write_long_table(target / FACES, len(layout.faces), partial(_face_table, layout, written.offsets))
    align = read_json(target / _UNFINISHED / "plan.json")["align"]
    image_size = align["settings"]["size"]
    whole = fingerprint(layout.groups, image_size, shards, identities, partial(_face_column, layout, written.offsets))
    shards = [
        replace(shard, name=f"{SHARDS}/{_take_final_name(place.path, whole)}")
        for shard, place in zip(shards, places, strict=True)
    ]
    flush_folder(target / SHARDS)
    content = {
        "format": FORMAT,
        "fingerprint": whole,
        "plan": _plan_digest(plan),
        "image_size": image_size,
        "groups": as_json(_groups(layout, identities, shards)),
        "identities": len(identities),
        "faces": len(layout.faces),
        "bytes": sum(written.bytes),
        "left_out": layout.left_out,
        "align": {key: value for key, value in align.items() if key not in ("format", "complete", "parts")},
        "label": {"sources": layout.label_sources},
        "pack": plan["settings"],
        "index": {name: sha256_of(target / name) for name in (IDENTITIES, FACES)},
        "shards": as_json(shards),
        **({} if decided is None else {"decisions": as_json(decided)}),
    }
    manifest = manifest_of(content, target / MANIFEST)
    with whole_file(target / CARD) as file:
        file.write(dataset_card(manifest, identities).encode(errors="replace"))
    write_json(target / MANIFEST, content)
    shutil.rmtree(target / _UNFINISHED)
    # A machine that was given up may have been slow only. From now on what it writes has no place any more.
    for place in places:
        place.path.unlink(missing_ok=True)
    flush_folder(target)
    return manifest


def _check_there(target: Path, places: list[_Place]) -> None:
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


def _take_final_name(path: Path, fingerprint: str) -> str:
    """Rename a shard that is on disk, unless an interrupted call did; returns its final name."""
    final = path.with_name(shard_name(path.name, fingerprint))
    try:
        path.replace(final)
    except FileNotFoundError as error:
        if not final.exists():
            raise EthnoshardError(
                f"{path} is gone since it was packed; delete {path.parent.parent} and pack again"
            ) from error
    except OSError as error:
        raise disk_error(error, final) from error
    return final.name


@dataclass(frozen=True, kw_only=True, eq=False)
class _Written:
    """What the records of all shards say.

    Attributes:
        bytes: of each shard.
        sha256: of each shard, hex.
        ends: where the last sample of each ends, bytes.
        offsets: place of each face's JPEG in its shard, bytes, (faces,).
    """

    bytes: list[int]
    sha256: list[str]
    ends: list[int]
    offsets: NDArray[np.int64]


def _written(places: list[_Place], faces: int) -> _Written:
    """Read the records one after the other."""
    written = _Written(bytes=[], sha256=[], ends=[], offsets=np.zeros(faces, np.int64))
    for place in places:
        record = ShardRecord.read(place.record)
        if record is None or len(record.offsets) != len(place.faces):
            raise EthnoshardError(
                f"{place.record}.json is gone or damaged since {place.path.name} was packed; delete "
                f"{place.path.parent.parent} and pack again"
            )
        written.bytes.append(record.bytes)
        written.sha256.append(record.sha256)
        written.ends.append(record.end)
        written.offsets[place.faces.start : place.faces.stop] = record.offsets
    return written


def _identities(layout: Layout, written: _Written) -> pl.DataFrame:
    """The table of identities, now that the place of every face is known."""
    shard, faces = (layout.identities[name].to_numpy() for name in ("shard", "faces"))
    start = written.offsets[np.cumsum(faces, dtype=np.int64) - faces] - BLOCK
    # An identity's span ends where the next one's begins, or where its shard's samples end.
    end = np.append(start[1:], 0)
    last = np.append(shard[1:] != shard[:-1], True)
    end[last] = np.array(written.ends, np.int64)[shard[last]]
    identities = layout.identities.with_columns(pl.Series("offset", start), pl.Series("length", end - start))
    return _as(IDENTITIES_SCHEMA, identities)


def _face_table(layout: Layout, offsets: NDArray[np.int64], start: int, stop: int) -> pl.DataFrame:
    """Some rows of the table of faces."""
    return _as(
        FACES_SCHEMA, layout.faces.table(start, stop).with_columns(pl.Series("offset", offsets[start:stop], pl.Int64))
    )


def _face_column(layout: Layout, offsets: NDArray[np.int64], name: str) -> Iterable[pl.Series]:
    """A column of the table of faces that the fingerprint needs."""
    return [pl.Series(name, offsets)] if name == "offset" else layout.faces.column(name)


def _as(schema: pl.Schema, table: pl.DataFrame) -> pl.DataFrame:
    return table.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _groups(layout: Layout, identities: pl.DataFrame, shards: list[ShardEntry]) -> list[GroupEntry]:
    """Counts by group, in the order of the groups' numbers."""
    counts = identities.group_by("group").agg(pl.len().alias("identities"), pl.col("faces").sum())
    by_group = {row["group"]: row for row in counts.iter_rows(named=True)}
    return [
        GroupEntry(
            name=group,
            identities=by_group[group]["identities"],
            faces=by_group[group]["faces"],
            shards=sum(shard.group == group for shard in shards),
            bytes=sum(shard.bytes for shard in shards if shard.group == group),
        )
        for group in layout.groups
    ]
