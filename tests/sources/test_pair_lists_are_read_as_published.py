"""Every published form comes to the same arrays: keys, people, answers, folds."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pair_lists import bfw_lines, lfw_lines, write, write_cfp, write_rfw

from ethnoshard.sources import (
    open_source,
    read_bfw_pairs,
    read_bin_pairs,
    read_cfp_pairs,
    read_lfw_pairs,
    read_rfw_pairs,
)


@pytest.mark.parametrize(("folds", "number"), [(10, 3), (1, 4)])
def test_lfw(tmp_path: Path, folds: int, number: int) -> None:
    pairs = read_lfw_pairs(write(tmp_path / "pairs.txt", lfw_lines(folds, number)))
    assert len(pairs) == folds * 2 * number
    assert pairs.fold.tolist() == [fold for fold in range(folds) for _ in range(2 * number)]
    assert pairs.same.tolist() == ([True] * number + [False] * number) * folds
    assert (pairs.first[0], pairs.second[0]) == ("Person_0_0/Person_0_0_0001.jpg", "Person_0_0/Person_0_0_0003.jpg")
    assert pairs.first_person is not None and pairs.second_person is not None
    assert (pairs.first_person[number], pairs.second_person[number]) == ("Person_0_0", "Person_0_1")
    assert pairs.second[number] == "Person_0_1/Person_0_1_0001.jpg"


def test_the_head_of_view_1_is_one_number(tmp_path: Path) -> None:
    lines = lfw_lines(1, 5)
    two = read_lfw_pairs(write(tmp_path / "a.txt", lines))
    one = read_lfw_pairs(write(tmp_path / "b.txt", ["5", *lines[1:]]))
    assert one.first.tolist() == two.first.tolist() and one.fold.tolist() == two.fold.tolist() == [0] * 10


@pytest.mark.parametrize("where", ["", "Protocol"])
def test_cfp(tmp_path: Path, where: str) -> None:
    write_cfp(tmp_path)
    frontal = read_cfp_pairs(tmp_path / where, "FF")
    profile = read_cfp_pairs(tmp_path / where, "FP")
    assert len(frontal) == len(profile) == 2 * 2 * 4
    assert frontal.fold.tolist() == profile.fold.tolist() == [0] * 8 + [1] * 8
    assert frontal.same.tolist() == ([True] * 4 + [False] * 4) * 2
    assert (frontal.first[1], frontal.second[1]) == ("002/frontal/01.jpg", "002/frontal/04.jpg")
    assert (profile.first[8], profile.second[8]) == ("001/frontal/02.jpg", "001/profile/01.jpg")
    assert (profile.first[15], profile.second[15]) == ("004/frontal/02.jpg", "001/profile/01.jpg")
    assert profile.first_person is not None
    assert profile.first_person.tolist() == [key[:3] for key in profile.first.tolist()]


def test_rfw(tmp_path: Path) -> None:
    pairs = read_rfw_pairs(write_rfw(tmp_path))
    assert len(pairs) == 2 * 2 * 600
    assert pairs.first_group is not None and pairs.second_group is not None and pairs.first_person is not None
    assert pairs.first_group.tolist() == pairs.second_group.tolist() == ["African"] * 1200 + ["Asian"] * 1200
    assert pairs.first[1200] == "Asian/Person_0_0/Person_0_0_0001.jpg"
    assert pairs.first_person[1200] == "Asian/Person_0_0"
    assert np.bincount(pairs.fold).tolist() == [1200, 1200]
    assert int(pairs.same.sum()) == 1200


def test_bfw(tmp_path: Path) -> None:
    pairs = read_bfw_pairs(write(tmp_path / "bfw.csv", bfw_lines()))
    assert len(pairs) == 2 * 2 * 3 * 2
    assert pairs.fold.tolist() == [0] * 12 + [1] * 12
    assert pairs.same.tolist() == [True, False] * 12
    assert pairs.first_group is not None and pairs.first_person is not None and pairs.second_person is not None
    assert set(pairs.first_group.tolist()) == {"asian_females", "black_males"}
    assert pairs.second_person[1] == "asian_females/n100001"
    assert ((pairs.first_person == pairs.second_person) == pairs.same).all()


IMAGES = [bytes([255, 216, place]) + b"\x00'\n\\" * 100 for place in range(23)] + [b""]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_bin_as_python_3_writes_it(tmp_path: Path, protocol: int) -> None:
    answers = [place % 3 == 0 for place in range(12)]
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps((IMAGES, answers), protocol))
    found = read_bin_pairs(path)
    assert found.images == tuple(IMAGES)
    assert found.pairs.same.tolist() == answers
    assert (found.pairs.first[11], found.pairs.second[11]) == ("000022", "000023")
    assert found.pairs.fold.tolist() == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_bin_as_python_2_writes_it(tmp_path: Path) -> None:
    # Protocol 2 of ([str] * 20, [bool] * 10): Python 2's str is U or T and its length, kept by q and fetched by h.
    images = b"]q\x01(" + b"U\x03\xff\xd8\x00q\x02" + b"T\x02\x00\x00\x00\x80'q\x03" + b"h\x02" * 18 + b"e"
    path = tmp_path / "set.bin"
    path.write_bytes(b"\x80\x02" + images + b"]q\x04(" + b"\x88" * 4 + b"\x89" * 6 + b"e\x86q\x05.")
    found = read_bin_pairs(path)
    assert found.images == (b"\xff\xd8\x00", b"\x80'", *[b"\xff\xd8\x00"] * 18)
    assert found.pairs.same.tolist() == [True] * 4 + [False] * 6


@pytest.mark.realdata
def test_the_real_lists_of_lfw(real_data: Path) -> None:
    lists = {name: read_lfw_pairs(real_data / "lfw" / name) for name in ("pairs.txt", "pairsDevTrain.txt")}
    view_2 = lists["pairs.txt"]
    assert len(view_2) == 6000 and int(view_2.same.sum()) == 3000
    assert np.bincount(view_2.fold).tolist() == [600] * 10
    assert all(int(view_2.same[view_2.fold == fold].sum()) == 300 for fold in range(10))
    assert len(lists["pairsDevTrain.txt"]) == 2200 and view_2.duplicates == 0
    there = {ref.name for ref in open_source(real_data / "lfw" / "lfw.tar").refs}
    for pairs in lists.values():
        assert not pairs.missing(there)
