"""The lookup table (Kalinga 2020, figures 3.5, 4.12 and 4.13): one row for each identity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ethnoshard._command import command
from ethnoshard._files import read_json, read_table, write_json, write_table
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Remark, plain
from ethnoshard.work._folder import WorkFolder
from ethnoshard.work._people import gives_groups

LABELS_SCHEMA = pl.Schema(
    [
        ("identity", pl.String()),
        ("group", pl.String()),
        ("confidence", pl.Float32()),
        ("probabilities", pl.List(pl.Float32)),
        ("faces", pl.Int32()),
        ("faces_used", pl.Int32()),
        ("agreement", pl.Float32()),
        ("source", pl.String()),
    ]
)
"""Columns of ``labels.parquet``, in the order of the source.

``group`` is null for an identity that packing leaves out; ``confidence`` (0 to 1) is null where the source gives none;
``probabilities`` are a classifier's, in the order of its taxonomy, else null; ``faces`` counts the identity's aligned
faces, ``faces_used`` those that the label rests on; ``agreement`` is the share of these which by themselves would have
got the identity's group from a classifier, else null; ``source`` says who gave the label, "file NAME" or
"classifier NAME SHA".
"""

LABEL_FACES_SCHEMA = pl.Schema(
    [
        ("identity", pl.String()),
        ("image", pl.String()),
        ("face", pl.Int16()),
        ("probabilities", pl.List(pl.Float32)),
    ]
)
"""Columns of ``label_faces.parquet``, a row for each face that a classifier looked at, in the order of the source.

``image`` and ``face`` are those of the parts' tables; ``probabilities`` stand in the order of the classifier's classes.
"""

FORMAT = 1
"""Version of the format of ``label.json`` and ``agreement.json``."""

LABEL_FACES, LABEL_RECORD, AGREEMENT = "label_faces.parquet", "label.json", "agreement.json"
"""Files beside the lookup table. The record is written last and removed first: where it is, they belong together."""

BY_CLASSIFIER = "classifier "
"""How the ``source`` of labels begins that a classifier gave."""


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What labelling did.

    Attributes:
        table: the lookup table, ``LABELS_SCHEMA``.
        missing: identities of the work folder that the source of labels doesn't name, or names without a group; of a
            classifier, those without a face that it could look at.
        extra: identities that only the source of labels names.
        unknown_groups: groups outside the list that was asked for, with how many identities have them.
        unlabelled: what became of identities without a group, "drop" or "unknown".
        left_out: rows of the source that give nobody a group, as (reason, count, the first of them).
        resembling: names of ``extra`` that are but for their writing one of ``missing`` (reason, count, first).
        read_as: which column of the source was taken for what, where their names don't say it themselves.
        kept: what is odd about the source, though it is used (reason, count, first).
        otherwise: identities found by another name than their own (reason, count, first).
        undecodable: images whose aligned face could not be decoded when a classifier was to look at it.
    """

    table: pl.DataFrame
    missing: list[str]
    extra: list[str]
    unknown_groups: dict[str, int]
    unlabelled: str
    undecodable: list[str] = field(default_factory=list)
    left_out: tuple[Remark, ...] = ()
    resembling: tuple[Remark, ...] = ()
    read_as: tuple[str, ...] = ()
    kept: tuple[Remark, ...] = ()
    otherwise: tuple[Remark, ...] = ()


def write_labels(
    work: WorkFolder,
    table: pl.DataFrame,
    *,
    faces: pl.DataFrame | None = None,
    classifier: Mapping[str, object] | None = None,
    left_out: tuple[Remark, ...] = (),
) -> None:
    """Write the lookup table, its record, and what it rests on; what an older labelling left is replaced or removed.

    Args:
        work: the work folder, held.
        table: ``LABELS_SCHEMA``, at least one row.
        faces: ``LABEL_FACES_SCHEMA``, if a classifier gave the labels.
        classifier: of the record: which classifier, and how it was asked.
        left_out: of the record: rows of the source that give nobody a group.
    """
    for name in (LABEL_RECORD, AGREEMENT, *([LABEL_FACES] if faces is None else [])):
        (work.path / name).unlink(missing_ok=True)
    if faces is not None:
        _write(work.path / LABEL_FACES, faces, LABEL_FACES_SCHEMA)
    _write(work.labels_path, table, LABELS_SCHEMA)
    _write_record(work, table, classifier, plain(left_out))


def write_comparison(
    work: WorkFolder, faces: pl.DataFrame, classifier: Mapping[str, object], agreement: Mapping[str, object]
) -> None:
    """Write what a classifier says beside labels that a file gave; the lookup table stays.

    Args:
        work: the work folder, held and labelled.
        faces: ``LABEL_FACES_SCHEMA``, the classifier's.
        classifier: of the record: which classifier, and how it was asked.
        agreement: how far the two agree.
    """
    record = work.path / LABEL_RECORD
    left_out = read_json(record).get("left_out", []) if record.is_file() else []
    for name in (LABEL_RECORD, AGREEMENT):
        (work.path / name).unlink(missing_ok=True)
    _write(work.path / LABEL_FACES, faces, LABEL_FACES_SCHEMA)
    write_json(work.path / AGREEMENT, {"format": FORMAT, **agreement})
    _write_record(work, read_labels(work), classifier, left_out)


def _write(path: Path, table: pl.DataFrame, schema: pl.Schema) -> None:
    write_table(path, table.select(pl.col(name).cast(kind) for name, kind in schema.items()))


def _write_record(
    work: WorkFolder, table: pl.DataFrame, classifier: Mapping[str, object] | None, left_out: list[dict[str, str | int]]
) -> None:
    """``label.json``: who gave the labels, counts, and the classifier behind ``label_faces.parquet`` if any."""
    groups = table.drop_nulls("group").group_by("group").len().sort("group")
    record = {
        "format": FORMAT,
        "source": table["source"][0],
        "counts": {
            "identities": len(table),
            "groups": dict(groups.iter_rows()),
            "without_group": table["group"].null_count(),
        },
        "left_out": left_out,
        "classifier": classifier,
    }
    write_json(work.path / LABEL_RECORD, record)


def ways_to_label(work: WorkFolder) -> tuple[str, ...]:
    """The commands that label a work folder; the first needs no table where the source gave groups itself."""
    own = (command("label", work.path),) if gives_groups(work) else ()
    return (*own, command("label", work.path, "--labels", "FILE.csv"), command("label", work.path, "--classifier"))


def read_labels(work: WorkFolder) -> pl.DataFrame:
    """Read the lookup table.

    Raises:
        EthnoshardError: the work folder is not labelled yet, or the table is damaged.
    """
    work.record()
    if not work.labels_path.exists():
        raise EthnoshardError(
            f"{work.path} is not labelled yet: run {' or '.join(f'`{way}`' for way in ways_to_label(work))} first"
        )
    try:
        return read_table(work.labels_path).select(LABELS_SCHEMA.names())
    except pl.exceptions.PolarsError as error:
        raise EthnoshardError(f"{work.labels_path} is damaged ({error}); label again") from error
