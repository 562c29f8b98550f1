"""FairFace by its tables; a row that can't be used is listed with the reason, an image without a row too."""

import io
from pathlib import Path

import pytest
from PIL import Image

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._taxonomy import taxonomy
from ethnoshard.sources import open_labelled

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
    assert faces.classes.tolist() == [0]
    assert faces.malformed == [
        "train/1.jpg (has a row before)",
        "train/2.jpg (unknown race 'Martian')",
        "train/3.jpg (unknown age '12')",
        "train/4.jpg (unknown gender 'male')",
        "train/5.jpg (unknown gender '')",
        "train/9.jpg (no such image)",
    ]
    assert faces.skipped["no row in the tables given"] == ["train/6.jpg"]


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
        (HEADER.encode() + b"\n\xff\n", "can't be read as a table of FairFace: .*utf-8.*; fetch it again"),
        (HEADER.encode() + b'\n"train/1.jpg,0-2,Male,White,True\n', "can't be read as a table of FairFace: .*end of"),
        (HEADER.encode() + b"\n", r"none of the 0 rows of fairface_label_train\.csv can be used; unpack"),
        (
            HEADER.encode() + b"\ntrain/7.jpg,0-2,Male,White,True\n",
            r"none of the 1 rows of fairface_label_train\.csv can be used, the first of them train/7\.jpg \(no such "
            r"image\); unpack FairFace's images so that its folders train and val lie beside the tables",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_one_message(tmp_path: Path, content: bytes, words: str) -> None:
    write(tmp_path, "train", [], 1).write_bytes(content)
    with pytest.raises(EthnoshardError, match=words):
        open_labelled(tmp_path)
