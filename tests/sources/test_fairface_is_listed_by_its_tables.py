"""FairFace by its tables; a row that can't be used is listed with the reason, an image without a row too."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._taxonomy import taxonomy
from ethnoshard.sources import Remark, open_labelled

RACES = ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
HEADER = "file,age,gender,race,service_test"


def write(folder: Path, part: str, rows: list[str], images: int) -> Path:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), 128).save(buffer, "JPEG")
    (folder / part).mkdir(parents=True, exist_ok=True)
    for number in range(1, images + 1):
        (folder / part / f"{number}.jpg").write_bytes(buffer.getvalue())
    table = folder / f"fairface_label_{part}.csv"
    table.write_text("\n".join([HEADER, *rows]) + "\n")
    return table


def test_every_race_and_range_of_ages_is_read(tmp_path: Path) -> None:
    rows = [
        f"train/{number}.jpg,{AGES[number - 1]},{('Male', 'Female')[number % 2]},{RACES[number % 7]},True"
        for number in range(1, 10)
    ]
    write(tmp_path, "train", rows, 9)
    faces = open_labelled(tmp_path)
    assert (faces.collection, faces.kind, faces.path) == ("fairface", "folder", tmp_path)
    assert [ref.name for ref in faces.refs] == [f"train/{number}.jpg" for number in range(1, 10)]
    assert faces.ages.tolist() == [0, 3, 10, 20, 30, 40, 50, 60, 70]
    assert faces.genders.tolist() == [1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert faces.classes.tolist() == [1, 2, 3, 4, 5, 6, 0, 1, 2]
    assert faces.malformed == []
    with faces.open() as reader:
        assert all(Image.open(io.BytesIO(reader.read(ref))).size == (8, 8) for ref in faces.refs)


def test_the_numbers_of_the_classes_are_the_taxonomys(tmp_path: Path) -> None:
    write(tmp_path, "train", [f"train/{n + 1}.jpg,0-2,Male,{race},True" for n, race in enumerate(RACES)], 7)
    faces = open_labelled(tmp_path)
    assert [taxonomy(faces.collection).classes[number] for number in faces.classes] == list(RACES)


def test_both_tables_of_a_folder_or_the_one_that_is_given(tmp_path: Path) -> None:
    train = write(tmp_path, "train", ["train/1.jpg,0-2,Male,White,True", "train/2.jpg,0-2,Male,Black,True"], 2)
    val = write(tmp_path, "val", ["val/1.jpg,20-29,Female,Indian,True"], 1)
    whole = ["train/1.jpg", "train/2.jpg", "val/1.jpg"]
    for path, names in ((tmp_path, whole), (train, whole[:2]), (val, whole[2:])):
        faces = open_labelled(path)
        assert [ref.name for ref in faces.refs] == names
        assert faces.path == tmp_path
        left = [name for name in whole if name not in names]
        assert faces.skipped.get("no row in the tables given", []) == left


def test_a_row_that_cannot_be_used_is_listed_with_its_reason(tmp_path: Path) -> None:
    rows = [
        "train/1.jpg,0-2,Male,White,True",
        "train/1.jpg,0-2,Male,Black,True",
        "train/2.jpg,0-2,Male,Martian,True",
        "train/3.jpg,12,Male,White,True",
        "train/4.jpg,0-2,male,White,True",
        "train/5.jpg,0-2",
        "train/9.jpg,0-2,Male,White,True",
    ]
    write(tmp_path, "train", rows, 6)
    faces = open_labelled(tmp_path)
    assert [ref.name for ref in faces.refs] == ["train/1.jpg", "train/3.jpg", "train/4.jpg"]
    assert faces.ages.tolist() == [0, -1, 0]
    assert faces.malformed == [
        "train/1.jpg (the image has a row before)",
        "train/2.jpg (unknown race, 'Martian')",
        "train/5.jpg (unknown race, '')",
        "train/9.jpg (the row's image is not there)",
    ]
    assert faces.skipped["no row in the tables given"] == ["train/6.jpg"]
    table = "fairface_label_train.csv"
    assert told(faces.left_out) == {
        "no row in the tables given": (1, "train/6.jpg"),
        "unknown race": (2, f"{table}, line 4: train/2.jpg, 'Martian'"),
        "the image has a row before": (1, f"{table}, line 3: train/1.jpg"),
        "the row's image is not there": (1, f"{table}, line 8: train/9.jpg"),
    }
    assert told(faces.kept) == {"kept without an age: the row's is none of FairFace's": (1, f"{table}, line 5: '12'")}


def told(remarks: tuple[Remark, ...]) -> dict[str, tuple[int, str]]:
    return {remark.reason: (remark.count, remark.first) for remark in remarks}


@pytest.mark.parametrize(
    ("three", "ten"),
    [
        ("9-Mar", "19-Oct"),
        ("3-Sep", "Oct-19"),
        ("03-Sep", "19 oct."),
        ("09.Mrz", "Okt 19"),
        ("9-mars", "19-octobre"),
        ("2026-03-09 00:00:00", "2026-10-19"),
        ("03/09/2026", "10/19/2026"),
        ("9/3/2026", "01/10/2019"),
        ("3 – 9", "10—19"),
    ],
)
def test_ages_that_a_spreadsheet_made_dates_of_are_the_ranges_that_they_were(
    tmp_path: Path, three: str, ten: str
) -> None:
    rows = [
        f"train/{n + 1}.jpg,{age},Male,{RACES[n]},True" for n, age in enumerate([three, ten, three, "more than 70"])
    ]
    write(tmp_path, "train", rows, 4)
    faces = open_labelled(tmp_path)
    assert faces.ages.tolist() == [3, 10, 3, 70] and faces.classes.tolist() == [0, 1, 2, 3]
    assert faces.malformed == []
    dates = (3, f"fairface_label_train.csv, line 2: {three!r} is 3-9")
    name = "age that a spreadsheet made a date of, read as the range that it was"
    assert told(faces.kept) == ({} if "–" in three else {name: dates})


@pytest.mark.parametrize("age", ["", "9-Apr", "Mar-10", "45360", "3-9-10", "19", "2026-03-10", "9-Mar-9", "٣-9"])
def test_an_age_that_is_not_certain_is_unknown_and_the_row_is_kept(tmp_path: Path, age: str) -> None:
    write(tmp_path, "train", [f"train/1.jpg,{age},,Black,True"], 1)
    faces = open_labelled(tmp_path)
    assert (faces.ages.tolist(), faces.genders.tolist(), faces.classes.tolist()) == ([-1], [-1], [1])
    assert told(faces.kept) == {
        "kept without an age: the row's is none of FairFace's": (1, f"fairface_label_train.csv, line 2: {age!r}"),
        "kept without a gender: the row's is neither Male nor Female": (1, "fairface_label_train.csv, line 2: ''"),
    }


def test_a_table_that_a_spreadsheet_saved_says_the_same(tmp_path: Path) -> None:
    rows = ["train/1.jpg,0-2,Male,East Asian,True", "train/2.jpg,60-69,Female,Black,False"]
    table = write(tmp_path, "train", rows, 2)
    before = open_labelled(tmp_path)
    text = table.read_text()
    saved = {
        "semicolons": text.replace(",", ";").encode(),
        "tabs in UTF-16": text.replace(",", "\t").encode("utf-16"),
        "quotes": "\r\n".join(",".join(f'"{f}"' for f in line.split(",")) for line in text.splitlines()).encode(),
        "empty columns and rows": (text.replace("\n", ",,\n") + ",,,,,,\n" * 3).encode(),
        "case": text.replace("East Asian", "EAST ASIAN").replace("True", "TRUE").encode(),
    }
    for what, content in saved.items():
        table.write_bytes(content)
        after = open_labelled(tmp_path)
        assert (after.digest(), after.ages.tolist(), after.genders.tolist()) == (before.digest(), [0, 60], [0, 1]), what
        assert told(after.left_out) == ({"empty row": (3, f"{table.name}, line 4")} if "rows" in what else {}), what


def test_images_in_another_format_or_folder_are_found_and_two_are_not_chosen_from(tmp_path: Path) -> None:
    table = write(tmp_path, "train", ["train/1.jpg,0-2,Male,White,True", "train/2.jpg,0-2,Male,Black,True"], 2)
    (tmp_path / "margin025").mkdir()
    (tmp_path / "train").rename(tmp_path / "margin025" / "train")
    (tmp_path / "margin025" / "train" / "2.jpg").rename(tmp_path / "margin025" / "train" / "2.JFIF")
    faces = open_labelled(tmp_path)
    assert [(ref.name, ref.locator) for ref in faces.refs] == [
        ("train/1.jpg", "margin025/train/1.jpg"),
        ("train/2.jpg", "margin025/train/2.JFIF"),
    ]
    assert told(faces.kept) == {
        "image found under another name than the row's": (
            2, f"{table.name}, line 2: train/1.jpg is margin025/train/1.jpg"
        )
    }  # fmt: skip
    (tmp_path / "margin125" / "train").mkdir(parents=True)
    (tmp_path / "margin125" / "train" / "1.jpg").write_bytes(b"x")
    faces = open_labelled(tmp_path)
    assert [ref.name for ref in faces.refs] == ["train/2.jpg"]
    assert "no row in the tables given" not in told(faces.left_out)
    assert told(faces.left_out)["the row could mean more than one image"] == (
        1, f"{table.name}, line 2: train/1.jpg, margin025/train/1.jpg or margin125/train/1.jpg"
    )  # fmt: skip


def test_the_digest_tells_classes(tmp_path: Path) -> None:
    digests = set()
    for race in RACES:
        write(tmp_path, "train", [f"train/1.jpg,0-2,Male,{race},True"], 1)
        digests.add(open_labelled(tmp_path).digest())
    assert len(digests) == len(RACES)


def test_a_table_from_windows_says_the_same(tmp_path: Path) -> None:
    table = write(tmp_path, "train", ["train/1.jpg,0-2,Male,East Asian,True"], 1)
    before = open_labelled(tmp_path).digest()
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert open_labelled(tmp_path).digest() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"file,age\n",
            r"fairface_label_train\.csv lacks the column gender and race; FairFace's tables have file,age,",
        ),
        (b"", "lacks the column file and age and gender and race"),
        (HEADER.encode() + b"\n\xff\n", "can't be read as CSV: line 2 is not UTF-8 text; save it as CSV UTF-8"),
        (HEADER.encode() + b'\n"train/1.jpg,0-2,Male,White,True\n', "can't be read as a table of FairFace: .*end of"),
        (HEADER.encode() + b"\n", r"none of the 0 rows of fairface_label_train\.csv can be used; unpack"),
        (
            HEADER.encode() + b"\ntrain/7.jpg,0-2,Male,White,True\n",
            r"none of the 1 rows of fairface_label_train\.csv can be used, the first of them train/7\.jpg \(the "
            r"row's image is not there\); unpack FairFace's images so that its folders train and val lie beside",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_one_message(tmp_path: Path, content: bytes, words: str) -> None:
    write(tmp_path, "train", [], 1).write_bytes(content)
    with pytest.raises(EthnoshardError, match=words):
        open_labelled(tmp_path)
