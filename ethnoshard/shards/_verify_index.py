"""Are a dataset's manifest and its two tables what one another says of them? No shard is opened."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard._files import sha256_of
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._face_index import FaceIndex
from ethnoshard.shards._format import FACES, FACES_SCHEMA, IDENTITIES, IDENTITIES_SCHEMA, SHARDS, fingerprint
from ethnoshard.shards._manifest import GroupEntry, Manifest, ShardEntry


def index_faults(dataset: FaceDataset, faces: FaceIndex) -> Iterator[str]:
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
