"""What is in a dataset, by group."""

from dataclasses import dataclass

import polars as pl

from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._manifest import DecisionRecord, LeftOut


@dataclass(frozen=True, kw_only=True)
class GroupInfo:
    """One group of a dataset, or all of it.

    Attributes:
        name: the group, "all" for the whole.
        identities: number of people.
        faces: number of faces.
        share: of the dataset's faces, 0 to 1.
        least: fewest faces of an identity.
        median: median of the faces of an identity.
        most: most faces of an identity.
        confidence: mean over identities, 0 to 1; None where the labels came without.
        shards: number of shards.
        bytes: size of the shards.
    """

    name: str
    identities: int
    faces: int
    share: float
    least: int
    median: float
    most: int
    confidence: float | None
    shards: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """Composition of a dataset.

    Attributes:
        path: the folder, as it was given.
        fingerprint: hex.
        image_size: side of a face, pixels.
        groups: one for each group.
        whole: all groups together.
        label_sources: who gave the groups.
        statuses: images of the source by what became of them.
        left_out: identities and faces that are not in the dataset, by reason.
        decisions: what was left out, merged and moved by decision; None where nothing was decided.
    """

    path: str
    fingerprint: str
    image_size: int
    groups: list[GroupInfo]
    whole: GroupInfo
    label_sources: list[str]
    statuses: dict[str, int]
    left_out: dict[str, LeftOut]
    decisions: DecisionRecord | None = None


def describe(dataset: FaceDataset) -> DatasetInfo:
    """Count a dataset by group; reads nothing but what ``dataset`` holds already."""
    shards = dataset.manifest.shards
    groups = [
        _group(
            name,
            dataset.identities.filter(pl.col("group") == name),
            [shard.bytes for shard in shards if shard.group == name],
            int(dataset.identities["faces"].sum()),
        )
        for name in dataset.groups
    ]
    return DatasetInfo(
        path=str(dataset.path),
        fingerprint=dataset.fingerprint,
        image_size=dataset.image_size,
        groups=groups,
        whole=_group(
            "all",
            dataset.identities,
            [shard.bytes for shard in shards],
            int(dataset.identities["faces"].sum()),
        ),
        label_sources=dataset.manifest.label.sources,
        statuses=dataset.manifest.align.statuses,
        left_out=dataset.manifest.left_out,
        decisions=dataset.manifest.decisions,
    )


def _group(name: str, identities: pl.DataFrame, sizes: list[int], all_faces: int) -> GroupInfo:
    faces = identities["faces"]
    return GroupInfo(
        name=name,
        identities=len(identities),
        faces=int(faces.sum()),
        share=int(faces.sum()) / all_faces,
        least=_whole(faces.min()),
        median=_number(faces.cast(pl.Float64).median()) or 0.0,
        most=_whole(faces.max()),
        confidence=_number(identities["confidence"].mean()),
        shards=len(sizes),
        bytes=sum(sizes),
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
