"""What a dataset is once the bytes of its shards are known: who lies where in them, the index, manifest and card."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import read_json, sha256_of, whole_file, write_long_table, write_table
from ethnoshard._json import as_json
from ethnoshard._tar import BLOCK
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._card import dataset_card
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
from ethnoshard.shards._layout import Layout
from ethnoshard.shards._manifest import DecisionRecord, GroupEntry, Manifest, ShardEntry, manifest_of
from ethnoshard.shards._write_shard import ShardRecord, ShardTask
from ethnoshard.work import WorkFolder

UNFINISHED = ".packing"
"""Folder in an unfinished dataset: what is being made, and which shards are there already."""


NOTE = "plan.json"
"""In it: all that decides what is made."""


def plan_digest(plan: Mapping[str, object]) -> str:
    """SHA-256 (hex) of all that decides the dataset folder's bytes."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Place:
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


def places_of(target: Path, layout: Layout) -> list[Place]:
    """All shards. Rows are sorted by shard, so each takes a slice of both tables."""
    people = np.bincount(layout.identities["shard"].to_numpy(), minlength=len(layout.shards))
    ends = np.cumsum(people)
    first_face = np.concatenate([[0], np.cumsum(layout.identities["faces"].to_numpy(), dtype=np.int64)])
    return [
        Place(
            path=target / SHARDS / shard["name"],
            record=target / UNFINISHED / shard["name"],
            people=range(end - number, end),
            faces=range(int(first_face[end - number]), int(first_face[end])),
        )
        for shard, number, end in zip(layout.shards, people.tolist(), ends.tolist(), strict=True)
    ]


def task_of(work: WorkFolder, layout: Layout, place: Place) -> ShardTask:
    """What one process needs to write one shard, and no more."""
    return ShardTask(
        path=place.path,
        record=place.record,
        work=work,
        first=place.people.start,
        identities=layout.identities[place.people.start : place.people.stop],
        faces=layout.faces.table(place.faces.start, place.faces.stop),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """The two tables, which are written, and what they and the shards come to.

    Attributes:
        fingerprint: of the dataset.
        image_size: side of the faces, pixels.
        shards: under their final names, which hold a mark of the fingerprint.
        identities: the table of identities.
    """

    fingerprint: str
    image_size: int
    shards: list[ShardEntry]
    identities: pl.DataFrame


def write_index(target: Path, layout: Layout, places: list[Place]) -> Index:
    """Write the tables of identities and faces, by the records of all shards.

    Args:
        target: folder that the tables go to, and in which the unfinished dataset's note is.
        layout: who goes where.
        places: all shards.

    Raises:
        EthnoshardError: a record is gone, or the disk is full.
    """
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
    image_size = _align(target)["settings"]["size"]
    whole = fingerprint(layout.groups, image_size, shards, identities, partial(_face_column, layout, written.offsets))
    return Index(
        fingerprint=whole,
        image_size=image_size,
        shards=[replace(shard, name=f"{SHARDS}/{shard_name(shard.name, whole)}") for shard in shards],
        identities=identities,
    )


def write_card(
    target: Path, plan: Mapping[str, object], layout: Layout, index: Index, decided: DecisionRecord | None
) -> tuple[Manifest, dict[str, object]]:
    """Write the card; returns the manifest, also as JSON, which whoever calls writes last.

    Raises:
        EthnoshardError: the disk is full.
    """
    content: dict[str, object] = {
        "format": FORMAT,
        "fingerprint": index.fingerprint,
        "plan": plan_digest(plan),
        "image_size": index.image_size,
        "groups": as_json(_groups(layout, index.identities, index.shards)),
        "identities": len(index.identities),
        "faces": len(layout.faces),
        "bytes": sum(shard.bytes for shard in index.shards),
        "left_out": layout.left_out,
        "align": {key: value for key, value in _align(target).items() if key not in ("format", "complete", "parts")},
        "label": {"sources": layout.label_sources},
        "pack": plan["settings"],
        "index": {name: sha256_of(target / name) for name in (IDENTITIES, FACES)},
        "shards": as_json(index.shards),
        **({} if decided is None else {"decisions": as_json(decided)}),
    }
    manifest = manifest_of(content, target / MANIFEST)
    with whole_file(target / CARD) as file:
        file.write(dataset_card(manifest, index.identities).encode(errors="replace"))
    return manifest, content


def _align(target: Path) -> dict[str, Any]:
    """The work folder's record, as the unfinished dataset's note has it."""
    align: dict[str, Any] = read_json(target / UNFINISHED / NOTE)["align"]
    return align


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


def _written(places: list[Place], faces: int) -> _Written:
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
