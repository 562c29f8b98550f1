"""The manifest, ``dataset.json``: what a dataset holds, how it came about, and what vouches for its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ethnoshard._json import from_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import FACES, IDENTITIES
from ethnoshard.work import AlignmentRecord


@dataclass(frozen=True, kw_only=True)
class ShardEntry:
    """One shard.

    Attributes:
        name: path below the dataset folder, ``shards/white-3f9c2e81-000003.tar``.
        group: the group of all its identities.
        bytes: size of the file.
        faces: number of faces.
        identities: number of identities.
        sha256: of the file, hex.
    """

    name: str
    group: str
    bytes: int
    faces: int
    identities: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class GroupEntry:
    """One group: its name and the sums over its shards."""

    name: str
    identities: int
    faces: int
    shards: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Identities, and their faces, that a dataset doesn't hold for one reason."""

    identities: int
    faces: int


@dataclass(frozen=True, kw_only=True)
class LabelRecord:
    """Who gave the groups, as ``file labels.csv`` or ``classifier NAME DIGEST``."""

    sources: list[str]


@dataclass(frozen=True, kw_only=True)
class PackRecord:
    """How the dataset was cut; :class:`~ethnoshard.shards.PackSettings` describes the value."""

    shard_bytes: int


@dataclass(frozen=True, kw_only=True)
class DecisionCounts:
    """What decisions of one action, or of one kind, came to.

    Attributes:
        decisions: number of them, repeated ones once.
        identities: that were left out or merged as a whole.
        faces: that were left out or went to another identity; each counts for one decision, that on its image first.
    """

    decisions: int
    identities: int
    faces: int


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """Decisions on identities and images that were carried out when the dataset was packed.

    Attributes:
        name: of their file.
        digest: hex SHA-256 of the decisions, whatever their order; :class:`~ethnoshard.shards.Decisions` makes it.
        decisions: number of them, repeated ones once.
        new_identities: that images of others were moved to.
        by_action: counts by action, such as "leave-out".
        by_kind: counts by the kind of finding that led to them.
    """

    name: str
    digest: str
    decisions: int
    new_identities: int
    by_action: dict[str, DecisionCounts]
    by_kind: dict[str, DecisionCounts]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of ``dataset.json``.

    Attributes:
        format: version of the dataset's format.
        fingerprint: hex SHA-256 of all that decides the batches.
        plan: hex SHA-256 of all that decides the folder's bytes.
        image_size: side of the square faces, pixels.
        groups: one for each group; a group's number is its index here.
        identities: number of identities.
        faces: number of faces.
        bytes: size of all shards.
        left_out: what was labelled or aligned but is not here, by reason.
        align: how the faces came about.
        label: who gave the groups.
        pack: how the dataset was cut.
        index: hex SHA-256 of each table, by its name.
        shards: one for each shard, in the order of the identities.
        decisions: what was left out, merged and moved by decision; None where nothing was decided.
    """

    format: int
    fingerprint: str
    plan: str
    image_size: int
    groups: list[GroupEntry]
    identities: int
    faces: int
    bytes: int
    left_out: dict[str, LeftOut]
    align: AlignmentRecord
    label: LabelRecord
    pack: PackRecord
    index: dict[str, str]
    shards: list[ShardEntry]
    decisions: DecisionRecord | None = None


def manifest_of(content: Mapping[str, object], path: Path) -> Manifest:
    """The manifest in a JSON object.

    Args:
        content: as read, of a format that is known.
        path: of the file, for messages.

    Raises:
        EthnoshardError: something is missing or of another type; the message has its place.
    """
    try:
        manifest = from_json(Manifest, content, path)
        for name in (IDENTITIES, FACES):
            if name not in manifest.index:
                raise EthnoshardError(f"{path} is damaged: index.{name} is missing")
    except EthnoshardError as error:
        raise EthnoshardError(f"{error}; pack the dataset again") from error
    return manifest
