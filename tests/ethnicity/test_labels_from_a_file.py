"""A table gives the groups; what doesn't fit is counted and named."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import label_from_file
from ethnoshard.sources import Remark
from ethnoshard.work import LABELS_SCHEMA, WorkFolder, read_labels

pytestmark = pytest.mark.usefixtures("here")


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


def told(remarks: tuple[Remark, ...]) -> dict[str, tuple[int, str]]:
    return {remark.reason.partition(",")[0]: (remark.count, remark.first) for remark in remarks}


def test_rows_that_give_nobody_a_group_are_counted_with_their_line(work: Path, tmp_path: Path) -> None:
    rows = ["p000,A", ",B", "p001,", "p000,A", ",", "p002,B", ",,", " ,C", "p003, "]
    path = csv(tmp_path, "\n".join(["identity,group,", *rows]) + "\n\n")
    labelling = label_from_file(work, path)
    assert told(labelling.left_out) == {
        "empty row": (3, "labels.csv, line 6"),
        "row without an identity": (2, "labels.csv, line 3"),
        "row without a group": (2, "labels.csv, line 4"),
        "row that says what one before said": (1, "labels.csv, line 5"),
    }
    assert labelling.table["group"].drop_nulls().to_list() == ["A", "B"] and len(labelling.missing) == 28
    record = json.loads((work / "label.json").read_text())
    assert [one["count"] for one in record["left_out"]] == [3, 2, 2, 1]


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_of_a_spreadsheet_says_the_same(
    work: Path, noise: Path, tmp_path: Path, separator: str, encoding: str
) -> None:
    wanted = label_from_file(work, noise / "labels.csv").table
    text = (noise / "labels.csv").read_text().replace(",", separator).replace("\n", f"{separator}\r\n")
    text = text.replace("p004", '"p004"')
    (tmp_path / "labels.csv").write_bytes(text.encode(encoding))
    found = label_from_file(work, tmp_path / "labels.csv")
    assert found.table.equals(wanted) and found.left_out == ()


def numbered(tmp_path: Path, noise: Path, names: list[str]) -> Path:
    for name in names:
        (tmp_path / "faces" / name).mkdir(parents=True)
        (tmp_path / "faces" / name / "1.jpg").write_bytes((noise / "faces" / "p000" / "000.jpg").read_bytes())
    align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=64), workers=1)
    return tmp_path / "work"


def test_identities_that_a_spreadsheet_rewrote_are_counted_with_advice(tmp_path: Path, noise: Path) -> None:
    work = numbered(tmp_path, noise, ["0000045", "0000046", "0000100", "Ada", "m.1", "x1"])
    rows = ["45,A", "46.0,B", "000100,A", "ada,A", "African/m.1,B", "x1,B", "stranger,A"]
    labelling = label_from_file(work, csv(tmp_path, "\n".join(["identity,group", *rows]) + "\n"))
    assert labelling.extra == ["45", "46.0", "000100", "ada", "stranger"]
    assert labelling.missing == ["0000045", "0000046", "0000100", "Ada"]
    assert told(labelling.resembling) == {
        "leading zeros cut off": (2, "'45' for '0000045'"),
        "made a decimal number; read the column of identities as text": (1, "'46.0' for '0000046'"),
        "upper and lower case": (1, "'ada' for 'Ada'"),
    }
    assert told(labelling.otherwise) == {"identity found by the last folder of a path": (1, "'m.1' is 'African/m.1'")}


def test_where_nobody_is_left_the_message_says_what_a_spreadsheet_did(tmp_path: Path, noise: Path) -> None:
    work = numbered(tmp_path, noise, ["0000045", "0000046"])
    with pytest.raises(EthnoshardError, match=r"none of the 2 .*2 x leading zeros cut off, as .*'45' for '0000045'"):
        label_from_file(work, csv(tmp_path, "identity,group\n45,A\n46,B\n"))
    # Of two that it could be, none is chosen.
    other = numbered(tmp_path / "other", noise, ["045", "0045"])
    with pytest.raises(EthnoshardError, match="none of the 2") as caught:
        label_from_file(other, csv(tmp_path, "identity,group\n45,A\n"))
    assert "zeros" not in str(caught.value)
