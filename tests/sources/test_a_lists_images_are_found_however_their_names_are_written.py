"""One rule for all pair lists: what is unambiguous is found, what could be two is refused, the rest is shown."""

import re
from pathlib import Path

import pytest
from pair_lists import bfw_lines, csv_lines, lfw_lines, lfw_pairs, two_lines, write, write_cfp, write_rfw

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import (
    PairList,
    explain_absent,
    find_pairs,
    read_bfw_pairs,
    read_cfp_pairs,
    read_label_first_pairs,
    read_lfw_csv_pairs,
    read_lfw_pairs,
    read_rfw_pairs,
    read_two_line_pairs,
)
from ethnoshard.sources.pairs._matching import match_names


def label_first_lines() -> list[str]:
    return [f"{label} {one} {two}" for label, one, two, _ in lfw_pairs(2, 3)]


LISTS = {
    "lfw": lambda path: read_lfw_pairs(write(path / "pairs.txt", lfw_lines(2, 3))),
    "cfp": lambda path: read_cfp_pairs(write_cfp(path), "FP"),
    "rfw": lambda path: read_rfw_pairs(write_rfw(path, folds=1)),
    "bfw": lambda path: read_bfw_pairs(write(path / "bfw.csv", bfw_lines())),
    "lfw-csv": lambda path: read_lfw_csv_pairs(write(path / "pairs.csv", csv_lines(2, 3))),
    "label-first": lambda path: read_label_first_pairs(write(path / "ann.txt", label_first_lines())),
    "two-line": lambda path: read_two_line_pairs(write(path / "calfw.txt", two_lines(2, 3, numbered=True))),
}


@pytest.fixture(params=list(LISTS))
def pairs(request: pytest.FixtureRequest, tmp_path: Path) -> PairList:
    return LISTS[request.param](tmp_path)


def test_a_list_without_folders_finds_images_in_one_and_in_those_of_people(tmp_path: Path) -> None:
    pairs = LISTS["two-line"](tmp_path)
    flat = [f"aligned images/{name}" for name in pairs.images()]
    assert find_pairs(pairs, flat).names == dict(zip(pairs.images(), flat, strict=True))
    of_people = [f"lfw/{name.rpartition('_')[0]}/{name}" for name in pairs.images()]
    assert find_pairs(pairs, of_people).names == dict(zip(pairs.images(), of_people, strict=True))
    with pytest.raises(EthnoshardError, match=r"which could be 'aligned images/.*' or 'lfw/"):
        find_pairs(pairs, [*flat, *of_people])


@pytest.mark.parametrize("ending", ["png", "JPG", "jpeg", "webp", "avif"])
def test_an_image_in_another_format_is_the_image(pairs: PairList, ending: str) -> None:
    there = [f"{name.removesuffix('.jpg')}.{ending}" for name in pairs.images()]
    found = find_pairs(pairs, there)
    assert found.names == dict(zip(pairs.images(), there, strict=True)) and found.absent == ()
    assert found.otherwise is not None
    assert (found.otherwise.count, found.otherwise.first) == (len(there), f"{pairs.images()[0]} is {there[0]}")


def test_a_number_padded_otherwise_is_the_number(pairs: PairList) -> None:
    for padding in ("", "00000"):
        there = [re.sub(r"(?<=[_/])0*([0-9]+\.jpg)$", rf"{padding}\1", name) for name in pairs.images()]
        assert there != pairs.images()
        found = find_pairs(pairs, there)
        assert found.names == dict(zip(pairs.images(), there, strict=True))


def test_a_folder_above_all_may_stay_or_go(pairs: PairList) -> None:
    there = [f"deep/funneled/{name}" for name in pairs.images()]
    assert find_pairs(pairs, there).names == dict(zip(pairs.images(), there, strict=True))


def test_letter_by_letter_comes_first_and_takes_the_image(pairs: PairList) -> None:
    images = pairs.images()
    found = find_pairs(pairs, [*images, *(f"{name.removesuffix('.jpg')}.png" for name in images)])
    assert found.names == {name: name for name in images} and found.otherwise is None


def test_of_one_race_the_images_are_found_with_and_without_its_folder(tmp_path: Path) -> None:
    write_rfw(tmp_path, races=("African",), folds=1)
    pairs = read_rfw_pairs(tmp_path)
    there = [name.removeprefix("African/") for name in pairs.images()]
    assert find_pairs(pairs, there).absent == find_pairs(pairs, pairs.images()).absent == ()
    write_rfw(tmp_path, folds=1)
    alone = read_rfw_pairs(tmp_path / "txts" / "African")
    assert len(read_rfw_pairs(tmp_path)) == 1200 and alone.first.tolist() == pairs.first.tolist()


def test_of_all_races_with_the_images_of_one_the_message_says_so_and_its_advice_works(tmp_path: Path) -> None:
    pairs = read_rfw_pairs(write_rfw(tmp_path, folds=1))
    there = [name for name in pairs.images() if name.startswith("Asian/")]
    found = find_pairs(pairs, there)
    assert len(found.absent) == len(there) == 900
    text = explain_absent(pairs, found.absent, there)
    assert "names 900 images that were never there; it names 1,800, and 900 are there" in text
    assert text.endswith(
        "Of African no image is there; if you have the images of Asian alone, give their part of the list alone"
    )
    assert find_pairs(read_rfw_pairs(tmp_path / "txts" / "Asian"), there).absent == ()


def test_two_images_that_a_name_could_be_are_refused_with_both(pairs: PairList) -> None:
    images = pairs.images()
    first = images[0].removesuffix(".jpg")
    with pytest.raises(EthnoshardError) as caught:
        find_pairs(pairs, [*images[1:], f"{first}.png", f"{first}.webp"])
    assert f"{images[0]!r}, which could be '{first}.png' or '{first}.webp'; 1 of its {len(images):,} images" in str(
        caught.value
    )


def test_one_image_that_two_names_could_be_is_refused_with_both(tmp_path: Path) -> None:
    pairs = read_rfw_pairs(write_rfw(tmp_path, folds=1))  # the same names of people in both races
    there = [name.removeprefix("Asian/") for name in pairs.images() if name.startswith("Asian/")]
    with pytest.raises(
        EthnoshardError, match=r"'African/.*' and 'Asian/.*', which could both be 'Person_0_0/"
    ) as caught:
        find_pairs(pairs, there)
    assert "; 1,800 of its 1,800 images are so" in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("m.01abc/m.01abc_0001.jpg", "m.1abc/m.1abc_0001.jpg"),  # two identities of Freebase
        ("n000002/0001_01.jpg", "n2/0001_01.jpg"),
        ("A/A_0001.jpg", "B/A_0001.jpg"),
        ("A/A_0001.jpg", "xA/A_0001.jpg"),
        ("A/A_0001.jpg", "A/a_0001.jpg"),
        ("African/A/A_0001.jpg", "Asian/A/A_0001.jpg"),
        ("A/A_0010.jpg", "A/A_0001.jpg"),
        ("A/A_0001.jpg", "A/A_0001.txt"),
        ("A/A_0001.jpg", "A_0001.jpg"),
    ],
)
def test_what_is_another_image_is_not_found(wanted: str, there: str) -> None:
    assert match_names([wanted], [there]).found == {}


def test_names_that_one_system_composes_and_another_does_not_are_one_name() -> None:
    assert match_names(["Zoë/Zoë_0001.jpg"], ["Zoe\u0308/Zoe\u0308_0001.jpg"]).otherwise == ["Zoë/Zoë_0001.jpg"]


def test_the_nearest_name_that_is_there_is_shown_with_the_numbers(tmp_path: Path) -> None:
    pairs = read_lfw_pairs(write(tmp_path / "pairs.txt", lfw_lines(2, 3)))
    images = pairs.images()
    there = [name.replace("Person_0_0/Person_0_0_0001", "Person_0_0/Person_0_0_0001a") for name in images]
    absent = find_pairs(pairs, there).absent
    assert absent == ("Person_0_0/Person_0_0_0001.jpg",)
    assert explain_absent(pairs, absent, there) == (
        f"{pairs.path} names 1 images that were never there; it names 18, and 18 are there. The list says "
        "'Person_0_0/Person_0_0_0001.jpg'; nearest there: 'Person_0_0/Person_0_0_0001a.jpg'"
    )
    assert "nearest there" not in explain_absent(pairs, absent, [])
