"""UTKFace by its names alone, in any container; what is malformed, or there twice, is listed and left out."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_labelled

GOOD = {
    "26_1_3_20170104234454339.jpg.chip.jpg": (26, 1, 3),
    "1_0_0_20161219140623097.jpg": (1, 0, 0),
    "116_1_4_20170117154613.jpg.chip.jpg": (116, 1, 4),
    "0_0_1_20170110213120740.jpg.chip.jpg": (0, 0, 1),
    "150_0_2_20170110213120741.jpg": (150, 0, 2),
    "30_0_2_20170110213120742.JPG": (30, 0, 2),
    "31_0_2_20170110213120743.jpg.chip.png": (31, 0, 2),
}
BAD = [
    "39_1_20170116174525125.jpg.chip.jpg",  # no race, as three real ones
    "26_2_3_2017.jpg",
    "26_1_5_2017.jpg",
    "26_1_-1_2017.jpg",
    "151_1_1_2017.jpg",
    "_1_1_2017.jpg",
    "26_1_3_.jpg",
    "26_1_3.jpg",
    "26_1_3_2017.jpg.chip",
    "26_1_3_2017.gif.jpg",
    "26_1_3_2017_2.jpg",
    "a26_1_3_2017.jpg",
    "٢_1_3_2017.jpg",  # a digit, but not of ASCII
    "face.jpg",
]


IMAGES_BAD = [name for name in BAD if not name.endswith(".chip")]


def picture(shade: int = 128) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), shade).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def utkface(tmp_path: Path) -> Path:
    folder = tmp_path / "UTKFace"
    folder.mkdir()
    for name in [*GOOD, *BAD]:
        (folder / name).write_bytes(picture())
    (folder / "readme.txt").write_text("x")
    (folder / ".hidden.jpg").write_bytes(picture())
    return folder


def test_age_gender_and_race_are_read_from_the_name(utkface: Path) -> None:
    faces = open_labelled(utkface)
    assert (faces.collection, faces.kind, faces.path) == ("utkface", "folder", utkface)
    assert [ref.name for ref in faces.refs] == sorted(GOOD)
    assert {ref.identity for ref in faces.refs} == {""}
    said = zip(faces.ages.tolist(), faces.genders.tolist(), faces.classes.tolist(), strict=True)
    assert list(said) == [GOOD[name] for name in sorted(GOOD)]
    assert {str(array.dtype) for array in (faces.ages, faces.genders, faces.classes)} == {"int64"}
    with faces.open() as reader:
        assert [reader.read(ref) for ref in faces.refs] == [picture()] * len(GOOD)


def test_malformed_names_and_other_files_are_listed(utkface: Path) -> None:
    faces = open_labelled(utkface)
    assert faces.malformed == sorted(IMAGES_BAD)
    assert sorted(name for names in faces.skipped.values() for name in names) == [
        ".hidden.jpg",
        "26_1_3_2017.jpg.chip",
        "readme.txt",
    ]
    assert {remark.reason: (remark.count, remark.first) for remark in faces.left_out} == {
        "the name is not of the form [age]_[gender]_[race]_[date and time].jpg": (10, "26_1_-1_2017.jpg"),
        "the name has fewer fields than age, gender, race and date": (2, "26_1_3.jpg"),
        "the name's age is above 150": (1, "151_1_1_2017.jpg"),
        "no image extension (.chip)": (1, "26_1_3_2017.jpg.chip"),
        "no image extension (.txt)": (1, "readme.txt"),
        "hidden file (a name that begins with a dot)": (1, ".hidden.jpg"),
    }


def test_any_container_and_any_folders_say_the_same(utkface: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "deep.tar", "w") as tar:
        tar.add(utkface, "some/where/UTKFace")
    with tarfile.open(tmp_path / "loose.tar.gz", "w:gz") as tar:
        for file in utkface.iterdir():
            tar.add(file, file.name)
    with zipfile.ZipFile(tmp_path / "parts.zip", "w") as archive:
        for number, file in enumerate(sorted(utkface.iterdir())):
            archive.write(file, f"part{number % 3}/{file.name}")
    listed = [open_labelled(utkface)]
    for name, kind in (("deep.tar", "tar"), ("loose.tar.gz", "tar.gz"), ("parts.zip", "zip")):
        listed.append(open_labelled(tmp_path / name))
        assert listed[-1].kind == kind
        with listed[-1].open() as reader:
            assert [reader.read(ref) for ref in listed[-1].refs] == [picture()] * len(GOOD)
    assert len({faces.digest() for faces in listed}) == 1
    assert len({tuple(ref.name for ref in faces.refs) for faces in listed}) == 1
    assert {len(faces.malformed) for faces in listed} == {len(IMAGES_BAD)}


def test_the_digest_tells_names_and_sizes(utkface: Path) -> None:
    before = open_labelled(utkface).digest()
    first = utkface / min(GOOD)
    first.write_bytes(picture() + b"\0")
    grown = open_labelled(utkface).digest()
    first.rename(utkface / min(GOOD).replace(".jpg.chip.jpg", "0.jpg.chip.jpg"))  # another date, the class stays
    assert len({before, grown, open_labelled(utkface).digest()}) == 3


def test_a_photograph_that_is_there_twice_counts_once_and_cropped(tmp_path: Path) -> None:
    """Or one copy of it would train and another test."""
    for folder, name, shade in [
        ("UTKFace", "26_1_3_2017.jpg.chip.jpg", 1),
        ("crop_part1", "26_1_3_2017.jpg.chip.jpg", 1),
        ("a_wild", "26_1_3_2017.jpg", 200),
        ("a_wild", "27_1_3_2017.jpg", 200),
    ]:
        (tmp_path / "set" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / folder / name).write_bytes(picture(shade))
    faces = open_labelled(tmp_path / "set")
    assert [ref.name for ref in faces.refs] == ["26_1_3_2017.jpg.chip.jpg", "27_1_3_2017.jpg"]
    assert faces.skipped == {
        "another copy of a photograph listed before": ["crop_part1/26_1_3_2017.jpg.chip.jpg", "a_wild/26_1_3_2017.jpg"]
    }
    assert faces.malformed == []
    with faces.open() as reader:
        assert reader.read(faces.refs[0]) == picture(1)


def test_all_names_malformed_is_one_message_with_an_example(utkface: Path) -> None:
    for name in GOOD:
        (utkface / name).unlink()
    with pytest.raises(EthnoshardError) as caught:
        open_labelled(utkface)
    text = str(caught.value)
    assert text.startswith(f"{utkface} holds neither UTKFace nor FairFace: none of its 13 images has a usable name")
    assert f"the first is {min(IMAGES_BAD)!r}" in text
    assert "[age]_[gender]_[race]_[date and time].jpg, such as 26_1_3_20170104234454339.jpg.chip.jpg" in text
    assert "fairface_label_train.csv" in text


def test_no_image_at_all_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(EthnoshardError, match=r"are no images \(1 x no image extension \(\.txt\)\)\. UTKFace's images"):
        open_labelled(tmp_path)
    with pytest.raises(EthnoshardError, match="does not exist"):
        open_labelled(tmp_path / "nowhere")


@pytest.mark.realdata
def test_the_real_utkface_has_its_three_malformed_names(real_data: Path) -> None:
    faces = open_labelled(real_data / "utkface" / "utkface.tar")
    assert (len(faces.refs), len(faces.malformed), faces.skipped) == (6500, 3, {})
    assert [int((faces.classes == number).sum()) for number in range(5)] == [1500, 1500, 1400, 1400, 700]
