"""A table gives the groups; what doesn't fit is counted and named."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.ethnicity import label_from_file
from ethnoshard.work import LABELS_SCHEMA, WorkFolder, read_labels


@pytest.fixture
def work(tmp_path: Path, noise: Path) -> Iterator[Path]:
    folder = tmp_path / "work"
    align(noise / "faces", folder, AlignSettings(aligned=True, size=64), workers=1)
    yield folder


def csv(tmp_path: Path, text: str) -> Path:
    (tmp_path / "labels.csv").write_text(text)
    return tmp_path / "labels.csv"


def test_the_table_has_a_row_for_every_identity_in_the_sources_order(work: Path, noise: Path) -> None:
    labelling = label_from_file(work, noise / "labels.csv")
    table = read_labels(WorkFolder(work))
    assert table.equals(labelling.table) and table.schema == LABELS_SCHEMA
    assert table["identity"].to_list() == [f"p{number:03d}" for number in range(30)]
    assert table.row(4, named=True) == {
        "identity": "p004",
        "group": "C",
        "confidence": pytest.approx(0.5),
        "probabilities": None,
        "faces": 4,
        "faces_used": 0,
        "agreement": None,
        "source": "file labels.csv",
    }
    assert (labelling.missing, labelling.extra, labelling.unknown_groups) == ([], [], {})


def test_parquet_and_csv_say_the_same(work: Path, noise: Path, tmp_path: Path) -> None:
    pl.read_csv(noise / "labels.csv").write_parquet(tmp_path / "labels.parquet")
    from_parquet = label_from_file(work, tmp_path / "labels.parquet").table.drop("source")
    assert from_parquet.equals(label_from_file(work, noise / "labels.csv").table.drop("source"))


def test_missing_and_extra_identities_are_named(work: Path, tmp_path: Path) -> None:
    path = csv(tmp_path, "identity,group,note\np003,X,hi\np001,,\nghost,X,\n")
    labelling = label_from_file(work, path)
    assert labelling.extra == ["ghost"]
    assert labelling.missing == [f"p{number:03d}" for number in range(30) if number != 3]
    assert labelling.table["group"].drop_nulls().to_list() == ["X"]


def test_without_a_group_they_are_dropped_or_unknown(work: Path, tmp_path: Path) -> None:
    path = csv(tmp_path, "identity,group\np003,X\n")
    assert label_from_file(work, path, unlabelled="drop").table["group"].null_count() == 29
    unknown = label_from_file(work, path, unlabelled="unknown").table["group"].value_counts().sort("count")
    assert unknown.rows() == [("X", 1), ("unknown", 29)]


def test_groups_that_were_not_asked_for_count_as_none(work: Path, noise: Path) -> None:
    labelling = label_from_file(work, noise / "labels.csv", groups=["A", "B"])
    assert labelling.unknown_groups == {"C": 18} and len(labelling.missing) == 18


def test_leading_zeros_are_kept(tmp_path: Path, noise: Path) -> None:
    for name in ("0000045", "45"):
        home = tmp_path / "faces" / name
        home.mkdir(parents=True)
        (home / "1.jpg").write_bytes((noise / "faces" / "p000" / "000.jpg").read_bytes())
    align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=64), workers=1)
    table = label_from_file(tmp_path / "work", csv(tmp_path, "identity,group\n45,B\n0000045,A\n")).table
    assert table.select("identity", "group").rows() == [("0000045", "A"), ("45", "B")]
