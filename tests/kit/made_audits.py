"""An audit of people who were drawn, with findings of every kind made by hand."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from ethnoshard._wilson import wilson
from ethnoshard.reports import audit_report, write_report
from ethnoshard.results import (
    FINDINGS_SCHEMA,
    Audit,
    FindingCounts,
    FindingKind,
    FindingSummary,
    Images,
    OtherSet,
    Source,
)
from ethnoshard.synthetic import draw_face
from tests.kit.jpegs import jpeg

PEOPLE = {
    "Ann Lee": "A",
    "Bea Roy": "A",
    "Cay Doe": "A",
    "Dan Poe": "B",
    "Eve May": "B",
    "Flo Orr": "B",
    "Gus Ray": "B",
}
OTHER_SET = "lfw"
FACES = 3
"""Pictures of each of ``PEOPLE`` in ``faces.tar``."""
KINDS: tuple[FindingKind, ...] = ("stranger", "same-person", "several-people", "same-image", "shared")


@cache
def pictures() -> list[bytes]:
    """Drawn faces: ``FACES`` of each of ``PEOPLE``, in their order."""
    return [
        jpeg(draw_face(5, person, image, group="AB".index(group), size=64))
        for person, group in enumerate(PEOPLE.values())
        for image in range(FACES)
    ]


def faces_of(person: str) -> list[int]:
    first = FACES * list(PEOPLE).index(person)
    return list(range(first, first + FACES))


def finding(kind: str, identity: str, sure: float, other: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of the table; what isn't said is null, groups and faces are those of the people."""
    known = {
        "kind": kind, "identity": identity, "other_identity": other, "how": "mean of the identity", "figure": sure / 2,
        "sure": sure, "group": PEOPLE.get(identity), "faces": faces_of(identity) if identity in PEOPLE else [],
        "other_group": PEOPLE.get(other or ""), "other_faces": faces_of(other) if other in PEOPLE else [],
    }  # fmt: skip
    return {name: None for name in FINDINGS_SCHEMA.names()} | known | more


def rows() -> list[dict[str, Any]]:
    """Findings of all kinds; of each the surest isn't the first."""
    return [
        finding("stranger", "Ann Lee", 0.71, image="Ann Lee/003.jpg"),
        finding("stranger", "Bea Roy", 0.97, "Dan Poe", image="Bea Roy/001.jpg"),
        finding("same-person", "Cay Doe", 0.93, "Eve May"),
        finding("same-person", "Flo Orr", 0.99, "Gus Ray"),
        finding("several-people", "Dan Poe", 0.88, images=["Dan Poe/004.jpg", "Dan Poe/005.jpg"]),
        finding("same-image", "Ann Lee", 0.995, "Ann Lee", image="Ann Lee/001.jpg", other_image="Ann Lee/002.jpg",
                how="bytes", figure=1.0),
        finding("same-image", "Eve May", 0.91, "Flo Orr", image="Eve May/001.jpg", other_image="Flo Orr/002.jpg",
                how="mirrored"),
        finding("shared", "Gus Ray", 0.96, "Gus_Ray", other_set=OTHER_SET, other_group=None),
        finding("shared", "Ann Lee", 0.55, "Ann_Li", other_set=OTHER_SET, other_group=None),
    ]  # fmt: skip


def table_of(findings: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(findings), schema=FINDINGS_SCHEMA)


def counts(table: pl.DataFrame, of: int) -> FindingCounts:
    affected = table["identity"].n_unique()
    return FindingCounts(
        of=of, affected=affected, findings=len(table), expected=float(table["sure"].sum()), wilson=wilson(affected, of)
    )


def made_audit(
    table: pl.DataFrame, *, groups: bool = True, pictures: int = 0, left_out: dict[FindingKind, str] | None = None
) -> Audit:
    """What was looked at, and the table's counts."""
    of: dict[str | None, int] = {None: 70, "A": 30, "B": 40}
    kinds: dict[FindingKind, FindingSummary] = {}
    for kind in KINDS:
        own = table.filter(pl.col("kind") == kind)
        by_group = {
            group: counts(own.filter(pl.col("group") == group), number) for group, number in of.items() if group
        }
        kinds[kind] = FindingSummary(
            unit="images" if kind in ("stranger", "same-image") else "identities",
            overall=counts(own, of[None]),
            by_group=by_group if groups else {},
            planted=200,
            recall=0.93,
            prior=0.002,
            left_out=(left_out or {}).get(kind),
        )
    return Audit(
        model=None,
        source=Source(kind="work folder", name="drawn.work"),
        flip=True,
        images=Images(statuses={"embedded": 700}, people=70, embedding=128),
        labels=("file labels.csv",) if groups else (),
        against=(OtherSet(name=OTHER_SET, source=None, images=500, people=90),),
        least=0.5,
        seed=0,
        pictures=pictures,
        kinds=kinds,
    )


def write_audit(
    folder: Path,
    findings: Sequence[dict[str, Any]] | None = None,
    *,
    groups: bool = True,
    faces: bool = True,
    left_out: dict[FindingKind, str] | None = None,
) -> pl.DataFrame:
    """Write a report folder of an audit and return its findings.

    Args:
        folder: to be made.
        findings: rows as ``finding`` makes them; those of ``rows`` if not given.
        groups: whether groups are known.
        faces: whether there are pictures.
        left_out: kind -> why it wasn't looked for.
    """
    made = rows() if findings is None else list(findings)
    if not groups:
        made = [{**row, "group": None, "other_group": None} for row in made]
    if not faces:
        made = [{**row, "faces": [], "other_faces": []} for row in made]
    table, jpegs = table_of(made), pictures() if faces else []
    audit = made_audit(table, groups=groups, pictures=len(jpegs), left_out=left_out)
    write_report(audit_report(audit, table, jpegs), folder)
    return table
