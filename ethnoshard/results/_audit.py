"""What an audit suspects of a dataset: findings, a row each, and their counts by kind and group."""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from ethnoshard._json import stored_as
from ethnoshard._wilson import RateInterval
from ethnoshard.results._about import Images, Model, Source

FindingKind = Literal["stranger", "same-person", "several-people", "same-image", "shared"]
"""``stranger``: a face that doesn't belong to its identity. ``same-person``: one person under two identities.
``several-people``: one identity whose faces are of two people or more. ``same-image``: an image that comes twice.
``shared``: a person of another set, such as a test set."""

FINDINGS_SCHEMA = pl.Schema(
    [
        ("kind", pl.String()),
        ("identity", pl.String()),
        ("image", pl.String()),
        ("other_identity", pl.String()),
        ("other_image", pl.String()),
        ("other_set", pl.String()),
        ("how", pl.String()),
        ("figure", pl.Float32()),
        ("sure", pl.Float32()),
        ("group", pl.String()),
        ("other_group", pl.String()),
        ("images", pl.List(pl.String())),
        ("faces", pl.List(pl.Int32())),
        ("other_faces", pl.List(pl.Int32())),
    ]
)
"""Columns of ``findings.parquet``, most certain first within each kind.

``image`` is null where a finding is about an identity as a whole, ``other_identity`` where a stranger resembles nobody,
``other_set`` where the other one is in the same set, ``group`` and ``other_group`` where they aren't known. ``figure``
is the similarity that the finding rests on: a cosine, of what is given in ``how``. ``how`` says of images what is the
same ("bytes", "pixels", "near", "mirrored"). ``sure`` is the share of findings like this that are right, 0 to 1.
``images`` are, of several people, the images of the smaller part, else null. ``faces`` and ``other_faces`` number
pictures of the two in ``faces.tar``, the most typical first; empty where there are none. Of a stranger ``faces`` begins
with the face itself, and of several people ``other_faces`` are those of the smaller part. Of two identities that are
one person ``identity`` is the one with fewer images, and of two images of one set ``image`` is the later one.
"""


@dataclass(frozen=True, kw_only=True)
class FindingCounts:
    """How many findings of one kind one group has, or all groups together.

    Attributes:
        of: identities, or images, that were looked at.
        affected: of them, those that at least one finding is about.
        findings: rows; a finding across two groups counts in that of ``identity``.
        expected: findings that are right if each is as often right as it says: the sum of ``sure``.
        wilson: interval of ``affected`` / ``of``, as if each were independent of the others.
    """

    of: int
    affected: int
    findings: int
    expected: float
    wilson: RateInterval


@dataclass(frozen=True, kw_only=True)
class FindingSummary:
    """Findings of one kind, and what their certainty rests on.

    Attributes:
        unit: what ``of`` and ``affected`` count.
        overall: of everybody.
        by_group: group -> its own; empty where no groups are known.
        planted: faults of this kind that were made on purpose out of this very set, to know how they look.
        recall: share of the planted faults that come out as findings; None of none planted.
        prior: faults there are for each of ``of``, by the certainty of all that was looked at, listed or not; None
            where it isn't estimated.
        left_out: why this kind wasn't looked for; None where it was.
    """

    unit: Literal["identities", "images"]
    overall: FindingCounts
    by_group: dict[str, FindingCounts]
    planted: int = 0
    recall: float | None = None
    prior: float | None = None
    left_out: str | None = None


@dataclass(frozen=True, kw_only=True)
class OtherSet:
    """A set that was looked for the same people and images.

    Attributes:
        name: of its folder or file.
        source: where its images are from; None where not known.
        images: with an embedding.
        people: of them.
    """

    name: str
    source: Source | None
    images: int
    people: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """What was looked at, and how much was found.

    Attributes:
        model: the network; None of another program's embeddings.
        source: where the images are from; None where not known.
        flip: whether embeddings are averages of an image and its mirror image; None where not known.
        images: that were looked at.
        labels: who gave the groups, as "file labels.csv"; empty where none are known.
        against: other sets that were looked through.
        least: findings less sure than this are not in the table.
        seed: of what is planted.
        pictures: faces in ``faces.tar``.
        kinds: a summary of each kind.
    """

    model: Model | None
    source: Source | None = field(metadata=stored_as("place"))
    flip: bool | None
    images: Images
    labels: tuple[str, ...]
    against: tuple[OtherSet, ...]
    least: float
    seed: int
    pictures: int
    kinds: dict[FindingKind, FindingSummary]

    @property
    def title(self) -> str:
        """What tables call the set."""
        return self.source.name if self.source else "embeddings"
