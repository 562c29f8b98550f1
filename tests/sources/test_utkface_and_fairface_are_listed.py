"""UTKFace by its names, FairFace by its tables; what is malformed is listed and skipped."""

import io
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_labelled

GOOD = ["26_1_3_20170104234454339.jpg.chip.jpg", "1_0_0_20161219140623097.jpg", "116_1_4_20170117154613.jpg.chip.jpg"]
BAD = ["39_1_20170116174525125.jpg.chip.jpg", "26_2_3_2017.jpg", "26_1_5_2017.jpg", "151_1_1_2017.jpg", "face.jpg"]


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def utkface(tmp_path: Path) -> Path:
    folder = tmp_path / "UTKFace"
    folder.mkdir()
    for name in GOOD + BAD:
        (folder / name).write_bytes(picture())
    (folder / "readme.txt").write_text("x")
    return folder


def test_utkface_is_read_from_its_names(utkface: Path) -> None:
    faces = open_labelled(utkface)
    assert faces.collection == "utkface"
    assert [ref.name for ref in faces.refs] == sorted(GOOD)
    by_name = dict(zip(sorted(GOOD), zip(faces.ages, faces.genders, faces.classes, strict=True), strict=True))
    assert [by_name[name] for name in GOOD] == [(26, 1, 3), (1, 0, 0), (116, 1, 4)]
    assert faces.malformed == sorted(BAD)
    assert sum(map(len, faces.skipped.values())) == 1
    with faces.open() as reader:
        assert reader.read(faces.refs[0]) == picture()


def test_an_archive_says_the_same_as_the_folder(utkface: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        tar.add(utkface, "some/where/UTKFace")
    assert open_labelled(tmp_path / "set.tar").digest() == open_labelled(utkface).digest()


def test_all_names_malformed_is_one_message(utkface: Path) -> None:
    for name in GOOD:
        (utkface / name).unlink()
    with pytest.raises(
        EthnoshardError, match=r"holds no usable image .* 5 images are not of the form .* for example '151_"
    ):
        open_labelled(utkface)


def test_fairface_is_read_from_its_tables(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    for number in (1, 2, 3):
        (tmp_path / "train" / f"{number}.jpg").write_bytes(picture())
    table = tmp_path / "fairface_label_train.csv"
    rows = [
        "file,age,gender,race,service_test",
        "train/1.jpg,50-59,Male,East Asian,True",
        "train/2.jpg,more than 70,Female,Indian,False",
    ]
    table.write_text("\n".join([*rows, "train/3.jpg,0-2,Male,Martian,True", "train/9.jpg,0-2,Male,White,True"]) + "\n")
    for path in (tmp_path, table):
        faces = open_labelled(path)
        assert (faces.collection, faces.classes.tolist(), faces.ages.tolist()) == ("fairface", [3, 5], [50, 70])
        assert faces.genders.tolist() == [0, 1]
        assert faces.malformed == ["train/3.jpg", "train/9.jpg (no such image)"]
    table.write_text("file,age\n")
    with pytest.raises(EthnoshardError, match="lacks the column gender and race"):
        open_labelled(tmp_path)


@pytest.mark.realdata
def test_the_three_malformed_names_of_utkface_are_found(real_data: Path) -> None:
    faces = open_labelled(real_data / "utkface" / "utkface.tar")
    assert (len(faces.refs), len(faces.malformed)) == (6500, 3)
    assert [int((faces.classes == number).sum()) for number in range(5)] == [1500, 1500, 1400, 1400, 700]
