"""The list beside a RecordIO set is the bridge to the names that others use; its records may say more of people."""

import random
from pathlib import Path

import polars as pl
import pytest
from recordio_writer import MAGIC, image_record, write_records

from ethnoshard.sources import People, Source, open_source
from ethnoshard.sources.recordio import _labels as labels_module
from ethnoshard.sources.recordio import _names as names_module

LABELS = (0, 0, 1, 2, 2, 2, 10)


def said(source: Source) -> dict[str, tuple[int, str]]:
    return {remark.reason: (remark.count, remark.first) for remark in source.remarks}


def rows(source: Source) -> list[tuple[str, ...]]:
    assert isinstance(source.people, People)
    return source.people.rows.rows()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_records(tmp_path, {key: image_record(label, b"x") for key, label in enumerate(LABELS)})
    return tmp_path


PATHS = ["m.0a/1.jpg", "m.0a/2.jpg", "n000002/0001_01.jpg", "Zoë/a.jpg", "Zoë/b c.jpg", "Zoë/c.jpg", "0000045/9.jpg"]
NAMED = [("0", "m.0a"), ("1", "n000002"), ("2", "Zoë"), ("10", "0000045")]


@pytest.mark.parametrize("above", ["", "/data/faces/", "./", "D:\\faces\\"])
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("train.lst", "1\t{path}\t{label}"),
        ("train.lst", "0\t{path}\t{label}\t10\t20\t30\t40\t1.5\t2.5"),
        ("train.lst", "{key}\t{label}.000000\t{path}"),
        ("train.lst", "{key}\t{label}.0\t1.000000\t{path}\r"),
        ("train.tsv", "{key}\t{path}\t{label}"),
    ],
)
def test_the_folder_of_the_path_is_the_other_name(folder: Path, file: str, line: str, above: str) -> None:
    (folder / file).write_text(
        "".join(
            line.format(key=key, path=above + path, label=label) + "\n"
            for key, (path, label) in enumerate(zip(PATHS, LABELS, strict=True))
        )
    )
    source = open_source(folder)
    assert rows(source) == NAMED and source.people is not None
    assert source.people.rows.columns == ["identity", "name"] and source.people.given_by == {"name": file}
    assert source.remarks == ()
    assert rows(open_source(folder / "train.rec")) == NAMED


def test_without_a_list_nothing_is_said_of_anybody(folder: Path) -> None:
    source = open_source(folder)
    assert source.people is None and source.remarks == ()


def test_names_that_are_not_of_one_person_are_left_out_and_counted(folder: Path) -> None:
    lines = ["1\tA/1.jpg\t0", "1\tB/1.jpg\t0", "1\tC/1.jpg\t1", "1\tC/2.jpg\t2", "1\tD/1.jpg\t99", "1\tD/1.jpg\t10"]
    (folder / "train.lst").write_text("\n".join(lines))
    source = open_source(folder)
    assert rows(source) == [("10", "D")]
    assert said(source) == {
        "label with several folders in train.lst, so that it has no name": (1, "0 (A, B)"),
        "folder with several labels in train.lst, so that it is nobody's name": (1, "C (1, 2)"),
        "label of train.lst that no record has": (1, "99"),
    }


def test_lines_that_name_nobody_are_counted(folder: Path) -> None:
    lines = ["1\tA/1.jpg\t0", "1\tA/1.jpg", "", "1\tB/1.jpg\t1.5", "1\tloose.jpg\t2", "\xff", "1\tE/1.jpg\t10"]
    (folder / "train.lst").write_bytes("\n".join(lines).encode("latin-1"))
    source = open_source(folder)
    assert rows(source) == [("0", "A"), ("10", "E")]
    assert said(source) == {
        "line of train.lst without a label or a folder's name": (4, f"{folder / 'train.lst'} line 2"),
        "label of the records that train.lst gives no name": (2, "1"),
    }


def test_of_several_sets_each_is_said(tmp_path: Path) -> None:
    for number, name in enumerate("AB"):
        write_records(tmp_path / name, {number: image_record(number, b"x")})
        (tmp_path / name / "train.lst").write_text(f"1\tm.1/1.jpg\t{number}\n1\tm.1\n1\tm.1/2.jpg\t{number}\n")
    source = open_source([tmp_path / "A", tmp_path / "B"])
    assert [remark.first for remark in source.remarks] == [f"{tmp_path / name / 'train.lst'} line 2" for name in "AB"]


@pytest.mark.parametrize("text", ["", "\n", "a,b,c\n1,2,3\n", "1\t2\t3\n", "a\tb\tc\n", "\x00\x01\x02", "0\tA/1.jpg\n"])
def test_a_list_of_another_form_names_nobody_and_stops_nobody(folder: Path, text: str) -> None:
    (folder / "train.lst").write_text(text)
    source = open_source(folder)
    assert source.people is None and len(source.refs) == len(LABELS)
    (remark,) = source.remarks
    assert "of no form that is known" in remark.reason and remark.first == str(folder / "train.lst")


def test_a_long_list_is_read_a_piece_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "train.lst").write_text("".join(f"1\t{p}\t{k}\n" for p, k in zip(PATHS, LABELS, strict=True)) * 20)
    monkeypatch.setattr(names_module, "_TEXT_AT_ONCE", 30)
    monkeypatch.setattr(names_module, "_PAIRS_AT_LEAST", 2)
    assert rows(open_source(folder)) == NAMED


@pytest.mark.parametrize("index", [True, False], ids=["indexed", "scanned"])
def test_further_labels_are_columns_of_people(tmp_path: Path, index: bool) -> None:
    records = [(4.0, 1.0, 0.25), (2.0, 1.0, 7.0), (4.0, 1.0, 0.25), (2.0, 1.0, 7.0), (9.0,), 5.0]
    data = [b"x", b"y", MAGIC * 3, b"zz", b"", b"w"]
    images = {key: image_record(*each) for key, each in enumerate(zip(records, data, strict=True), 1)}
    write_records(tmp_path, {0: image_record((7.0, 7.0), b""), **images}, index=index)
    source = open_source(tmp_path)
    assert source.people is not None
    assert source.people.rows.columns == ["identity", "label_2", "label_3"]
    assert rows(source) == [("2", "1", "7"), ("4", "1", "0.25")]
    assert source.people.given_by == {"label_2": "the records", "label_3": "the records"}
    assert source.remarks == ()


def test_what_differs_between_images_is_said_of_nobody(tmp_path: Path) -> None:
    people = [(float(i), float(i % 3), float(n)) for i in range(20) for n in range(2)]
    people[0] = (0.0, 9.0, 0.0)
    write_records(tmp_path, {key: image_record(labels, b"x") for key, labels in enumerate(people)})
    source = open_source(tmp_path)
    assert rows(source) == [(str(i), str(i % 3)) for i in range(1, 20)]
    assert said(source) == {
        "person whose records differ in label_2, so that it has none": (1, "0"),
        "person whose records differ in label_3, which is thus none of people": (20, "0"),
    }


def test_labels_of_many_people_are_summed_up_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_module, "_AT_LEAST", 3)
    monkeypatch.setattr("ethnoshard.sources.recordio._index._RECORDS_AT_ONCE", 5)
    numbers = random.Random(0)
    people = [numbers.randrange(30) for _ in range(200)]
    records = {key: image_record((float(who), who / 2), b"x") for key, who in enumerate(people)}
    write_records(tmp_path, records)
    source = open_source(tmp_path)
    assert source.people is not None
    assert source.people.rows["label_2"].cast(pl.Float64).to_list() == [who / 2 for who in sorted(set(people))]


def test_of_very_many_labels_the_first_are_looked_at_and_the_rest_is_said(tmp_path: Path) -> None:
    write_records(tmp_path, {key: image_record((float(key), *([1.0] * 29)), b"x") for key in range(3)})
    source = open_source(tmp_path)
    assert source.people is not None and source.people.rows.width == 16
    assert said(source) == {
        "record with more than 16 labels; the rest of them was not looked at": (3, str(tmp_path / "train.rec"))
    }
