"""Which identity goes into which shard: decided before a byte is written, by the tables alone."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._face_rows import FACES_LAID_OUT, FaceRows, OrderedFaces
from ethnoshard.shards._format import hash_columns, hash_values


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Everything that is known of a dataset before it is written.

    Attributes:
        groups: their names, sorted.
        shards: for each its ``name``, which gets the dataset's mark once that is known, and its ``group``.
        identities: in the order of the dataset: identity, group, confidence, shard, faces.
        faces: in the order of the dataset.
        label_sources: who gave the groups.
        left_out: identities that are not in the dataset: number of them, and of their faces, by reason.
    """

    groups: list[str]
    shards: list[dict[str, str]]
    identities: pl.DataFrame
    faces: OrderedFaces
    label_sources: list[str]
    left_out: dict[str, dict[str, int]]


def lay_out(
    tables: Iterable[pl.DataFrame],
    labels: pl.DataFrame,
    shard_bytes: int,
    *,
    decided: Mapping[str, dict[str, int]] | None = None,
) -> Layout:
    """Sort identities into groups and groups into shards of about equal size.

    Args:
        tables: all rows of all parts, in source order, some at a time.
        labels: the lookup table.
        shard_bytes: what a shard should not exceed; one that holds a single identity may.
        decided: identities and faces that somebody's decisions took out of both tables already, by reason.

    Raises:
        EthnoshardError: nothing is left to pack, or an identity has no row in the lookup table.
    """
    rows = FaceRows(tables)
    lost = rows.runs.join(labels, on="identity", how="anti")["identity"].unique(maintain_order=True).to_list()
    if lost:
        raise EthnoshardError(
            f"{len(lost):,} identities of the parts are not in the lookup table, {lost[0]!r} among them; label again"
        )
    labelled = labels.filter(pl.col("group").is_not_null())
    groups = sorted(labelled.filter(pl.col("faces") > 0)["group"].unique().to_list())
    if not groups:
        raise EthnoshardError(
            f"nothing to pack: of {len(labels):,} identities {len(labelled):,} have a group, none of them with a face"
        )
    people = (
        rows.runs.group_by("identity", maintain_order=True)
        .agg(pl.col("faces").sum(), pl.col("size").sum())
        .join(labelled.select("identity", "group", "confidence"), on="identity", how="inner", maintain_order="left")
        # A stable sort: within a group the source's order stays.
        .sort("group", maintain_order=True)
    )
    shard_numbers, shards = _shards(people, groups, shard_bytes)
    people = people.with_columns(pl.Series("shard", shard_numbers, pl.Int32)).with_row_index("number")
    runs = rows.runs.join(people.select("identity", "number"), on="identity", how="inner", maintain_order="left")
    return Layout(
        groups=groups,
        shards=shards,
        identities=people.select("identity", "group", "confidence", "shard", "faces"),
        faces=OrderedFaces(rows, runs.drop("identity").sort("number", maintain_order=True)),
        label_sources=sorted(labelled["source"].unique().to_list()),
        left_out=_left_out(labels) | dict(decided or {}),
    )


def _shards(people: pl.DataFrame, groups: list[str], shard_bytes: int) -> tuple[list[int], list[dict[str, str]]]:
    """Number of the shard of each row of ``people`` (sorted by group), and the shards."""
    slugs = file_names(groups)
    numbers: list[int] = []
    shards: list[dict[str, str]] = []
    for group in groups:
        sizes = people.filter(pl.col("group") == group)["size"].to_list()
        # As few shards as the limit allows, and these about equal: a small rest would be a bad place to mix from.
        share = sum(sizes) / max(1, -(-sum(sizes) // shard_bytes))
        own, filled, done = 0, 0, 0
        for size in sizes:
            if filled and (done + size / 2 > (own + 1) * share or filled + size > shard_bytes):
                own, filled = own + 1, 0
            filled, done = filled + size, done + size
            numbers.append(len(shards) + own)
        shards += [{"name": f"{slugs[group]}-{number:06d}.tar", "group": group} for number in range(own + 1)]
    return numbers, shards


def file_names(groups: list[str]) -> dict[str, str]:
    """A name for each group that every file system and every shell takes: lower-case a-z, 0-9 and "-"."""
    names: dict[str, str] = {}
    for number, group in enumerate(groups):
        slug = re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-")[:48] or f"group-{number}"
        while slug in names.values():
            slug = f"{slug}-{number}"
        names[group] = slug
    return names


def _left_out(labels: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Count what packing leaves out."""
    has_group = pl.col("group").is_not_null()
    reasons = {
        "no group": labels.filter(~has_group & (pl.col("faces") > 0)),
        "no face": labels.filter(pl.col("faces") == 0),
    }
    return {
        reason: {"identities": len(table), "faces": int(table["faces"].sum())}
        for reason, table in reasons.items()
        if len(table)
    }


def digest(layout: Layout) -> str:
    """SHA-256 (hex) of a layout, so that an interrupted pack goes on only with its own shards."""
    sha = hashlib.sha256(json.dumps([layout.groups, layout.shards, layout.left_out]).encode())
    hash_columns(sha, layout.identities)
    for name in FACES_LAID_OUT:
        hash_values(sha, layout.faces.column(name))
    return sha.hexdigest()
