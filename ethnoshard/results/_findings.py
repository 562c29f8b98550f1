"""A finding with types, and the one check of a table of findings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import msgspec
import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.results._audit import FINDINGS_SCHEMA, FindingKind

_NEVER_NULL = ("kind", "identity", "how", "sure")
_LISTS = ("faces", "other_faces")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A row of ``findings.parquet``.

    Attributes:
        kind: what is suspected.
        identity: that it is about.
        image: of the identity; None where the finding is about an identity as a whole.
        other_identity: whom it resembles, or is; None where nobody.
        other_image: the same image elsewhere; None of other kinds.
        other_set: set of the other identity; None for the set that was audited.
        how: of what the similarity is, or what of two images is the same.
        figure: cosine similarity that it rests on; None where there is none.
        sure: share of findings like this that are right, 0 to 1.
        group: of the identity; None where not known.
        other_group: of the other identity; None where not known.
        images: of several people, those of the smaller part; None of other kinds.
        faces: numbers of pictures of the identity in ``faces.tar``, the most typical first.
        other_faces: numbers of pictures of the other identity, or of the smaller part.
    """

    kind: FindingKind
    identity: str
    image: str | None = None
    other_identity: str | None = None
    other_image: str | None = None
    other_set: str | None = None
    how: str = ""
    figure: float | None = None
    sure: float
    group: str | None = None
    other_group: str | None = None
    images: tuple[str, ...] | None = None
    faces: tuple[int, ...] = ()
    other_faces: tuple[int, ...] = ()


def findings_of(table: pl.DataFrame) -> list[Finding]:
    """Each row of a table that ``checked_findings`` gave."""
    return msgspec.convert(table.select(FINDINGS_SCHEMA.names()).to_dicts(), list[Finding])


def checked_findings(table: pl.DataFrame, where: object) -> pl.DataFrame:
    """The columns of ``FINDINGS_SCHEMA``; faces that are null are none, and a similarity that is no number is null.

    Args:
        table: as read, or as to be written; what other columns it has is passed over.
        where: the file, for messages.

    Raises:
        EthnoshardError: a column is missing, of another type, null or out of its bounds; the message names it.
    """
    problem = next(_problems(table), None)
    if problem is not None:
        raise EthnoshardError(f"{where} is damaged: {problem}; audit again")
    return table.select(
        pl.col(name).fill_null([]) if name in _LISTS else pl.col(name).fill_nan(None) if name == "figure" else name
        for name in FINDINGS_SCHEMA.names()
    )


def _problems(table: pl.DataFrame) -> Iterator[str]:
    for name, kind in FINDINGS_SCHEMA.items():
        if name not in table.columns:
            yield f"it has no column {name}"
        elif table.schema[name] != kind:
            yield f"column {name} is {table.schema[name]}, not {kind}"
    for name in _NEVER_NULL:
        if table[name].null_count():
            yield f"column {name} is empty in {table[name].null_count():,} of {len(table):,} rows"
    unknown = table.filter(~pl.col("kind").is_in(get_args(FindingKind)))
    if len(unknown):
        yield f"column kind holds {unknown['kind'][0]!r}, which is none of {', '.join(get_args(FindingKind))}"
    wrong = table.filter(~pl.col("sure").is_between(0, 1))
    if len(wrong):
        yield f"column sure holds {wrong['sure'][0]:g}, which is not 0 to 1"


def people_of_findings(table: pl.DataFrame) -> dict[str | None, list[str]]:
    """Set -> people that findings name in it, by name; None for the set that was audited."""
    own = pl.concat([table["identity"], table.filter(pl.col("other_set").is_null())["other_identity"]])
    others = table.filter(pl.col("other_set").is_not_null() & pl.col("other_identity").is_not_null())
    people: dict[str | None, list[str]] = {None: own.drop_nulls().unique().sort().to_list()}
    for name in others["other_set"].unique().sort().to_list():
        people[name] = others.filter(pl.col("other_set") == name)["other_identity"].unique().sort().to_list()
    return people
